//! One test for each defect that was fixed.

use std::io::{Seek, SeekFrom, Write};
use std::time::{Duration, SystemTime};

use plumego_frontend::Frontend;
use plumego_router::Router;

use crate::web::{Download, Folder, Web};

fn page() -> Folder {
    Folder::new(&[("index.html", b"<p>app"), ("404.html", b"<p>not here")])
}

// acceptance 21.2 (2)
#[tokio::test]
async fn no_method_makes_something_of_what_is_excluded_or_missing() {
    let folder = page();
    let site = || {
        let site = Frontend::dir(folder.path()).exclude("/api");
        site.not_found_page("404.html").build().unwrap()
    };
    let routes = |router: Router| router.post("/api/orders", async || "made");
    let web = Web::routes(routes(Router::new().site("/", site()))).await;
    let mounted = Web::routes(Router::new().mount("/", site())).await;
    for method in ["POST", "PUT", "DELETE", "BREW"] {
        for target in ["/api", "/api/typo", "/%61pi/typo", "/api//typo"] {
            web.ask(method, target, &[]).await.is_missing();
            mounted.ask(method, target, &[]).await.is_missing();
        }
        for target in ["/nothing", "/nothing.js", "/a%00", "/.env"] {
            web.ask(method, target, &[]).await.is_missing();
        }
        for target in ["/", "/index.html"] {
            let answer = web.ask(method, target, &[]).await;
            assert_eq!(answer.status, 405, "{method} {target}");
            assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"));
        }
    }
    assert_eq!(web.ask("GET", "/api/orders", &[]).await.status, 405);
    web.ask("POST", "/api/orders", &[]).await.is(200, "made");
}

#[tokio::test]
async fn a_refused_path_below_an_excluded_prefix_gets_no_page() {
    let folder = page();
    let site = Frontend::dir(folder.path()).exclude("/api").spa();
    let web = Web::of(site.not_found_page("404.html")).await;
    let long = format!("/api/{}", "a".repeat(5000));
    for target in [
        "/api//x",
        "/api/.x",
        "/api/%00",
        "/api/%ff",
        "/%61pi/..",
        &long,
    ] {
        let answer = web.ask("GET", target, &[("accept", "text/html")]).await;
        answer.is_missing();
    }
    web.ask("GET", "/apis//x", &[("accept", "text/html")])
        .await
        .is(404, "<p>not here");
}

#[tokio::test]
async fn what_is_missing_says_that_it_depends_on_what_fetches_it() {
    let folder = page();
    let web = Web::of(Frontend::dir(folder.path()).not_found_page("404.html")).await;
    for dest in ["document", "script"] {
        let answer = web.ask("GET", "/no", &[("sec-fetch-dest", dest)]).await;
        assert_eq!(
            answer.list("vary"),
            "accept, sec-fetch-dest, sec-fetch-mode"
        );
    }
}

#[tokio::test]
async fn the_tag_of_a_long_file_tells_nothing_of_the_disk() {
    let folder = Folder::new(&[("long.bin", b"")]);
    let path = folder.path().join("long.bin");
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(17 * 1024 * 1024).unwrap();
    let web = Web::of(Frontend::dir(folder.path()).revalidate_after(Duration::ZERO)).await;
    let answer = web.ask("HEAD", "/long.bin", &[]).await;
    let tag = answer.header("etag").unwrap().to_owned();
    let digits = tag.trim_matches('"');
    assert!(digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    folder.touch("long.bin", SystemTime::now() - Duration::from_hours(1));
    let answer = web.ask("HEAD", "/long.bin", &[]).await;
    assert_ne!(answer.header("etag"), Some(&*tag));
}

#[tokio::test]
async fn a_file_that_is_rewritten_while_it_is_sent_cuts_the_connection() {
    let mut download = Download::begin().await;
    download.file.seek(SeekFrom::End(-10)).unwrap();
    download.file.write_all(b"other text").unwrap();
    let answer = download.rest().await;
    let length = Download::LENGTH.to_string();
    assert_eq!(answer.header("content-length"), Some(&*length));
    let received = answer.body.len() as u64;
    assert!(received < Download::LENGTH, "parts of two files");
}

#[tokio::test]
async fn a_file_that_is_replaced_by_renaming_is_sent_to_its_end() {
    let mut download = Download::begin().await;
    let folder = download.folder.path();
    std::fs::write(folder.join("new.bin"), b"new").unwrap();
    std::fs::rename(folder.join("new.bin"), folder.join("long.bin")).unwrap();
    let answer = download.rest().await;
    assert_eq!(answer.body.len() as u64, Download::LENGTH);
}

#[tokio::test]
async fn the_way_to_a_folder_is_kept_no_longer_than_a_page() {
    let folder = Folder::new(&[("docs/index.html", b"<p>docs")]);
    for (site, expected) in [
        (Frontend::dir(folder.path()), Some("no-cache")),
        (
            Frontend::dir(folder.path()).cache_pages("max-age=5"),
            Some("max-age=5"),
        ),
        (Frontend::dir(folder.path()).cache_pages(""), None),
    ] {
        let answer = Web::of(site).await.get("/docs").await;
        assert_eq!(answer.status, 308);
        assert_eq!(answer.header("cache-control"), expected);
    }
}
