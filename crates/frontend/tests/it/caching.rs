//! What `Cache-Control` says.

use plumego_frontend::Frontend;

use crate::web::{Folder, Web};

const YEAR: &str = "public, max-age=31536000, immutable";

#[tokio::test]
async fn pages_are_asked_for_each_time_and_hashed_names_never_again() {
    let folder = Folder::new(&[
        ("index.html", b"<p>"),
        ("page.8e0d62a1.html", b"<p>"),
        ("assets/index-BdH3bPq2.js", b"1"),
        ("assets/plain.css", b"2"),
        ("logo.png", b"3"),
    ]);
    let site = Frontend::dir(folder.path());
    let cases = [
        ("/", Some("no-cache"), Some("no-store"), None),
        (
            "/page.8e0d62a1.html",
            Some("no-cache"),
            Some("no-store"),
            None,
        ),
        (
            "/assets/index-BdH3bPq2.js",
            Some(YEAR),
            Some("max-age=9"),
            None,
        ),
        (
            "/assets/plain.css",
            Some("no-cache"),
            Some("max-age=9"),
            None,
        ),
        ("/logo.png", Some("no-cache"), Some("max-age=60"), None),
    ];
    let own = site
        .clone()
        .cache_pages("no-store")
        .cache_hashed("max-age=9")
        .cache_others("max-age=60")
        .immutable_under("/assets/");
    let none = site
        .clone()
        .cache_pages("")
        .cache_hashed("")
        .cache_others("");
    let (default, own, none) = (Web::of(site).await, Web::of(own).await, Web::of(none).await);
    for (target, by_default, by_choice, without) in cases {
        for (web, expected) in [(&default, by_default), (&own, by_choice), (&none, without)] {
            assert_eq!(
                web.get(target).await.header("cache-control"),
                expected,
                "{target}"
            );
        }
    }
    let guess = Frontend::dir(folder.path()).hashed_when(|name| name == "logo.png");
    let web = Web::of(guess).await;
    let said = async |target| {
        web.get(target)
            .await
            .header("cache-control")
            .map(str::to_owned)
    };
    assert_eq!(said("/logo.png").await.as_deref(), Some(YEAR));
    assert_eq!(
        said("/assets/index-BdH3bPq2.js").await.as_deref(),
        Some("no-cache")
    );
}
