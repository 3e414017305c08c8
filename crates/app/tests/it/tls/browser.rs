//! What a browser relies on over HTTPS: cookies for it alone, and pages of others kept out.

use plumego_app::AppBuilder;
use plumego_contract::extract::{Cookies, SetCookie};
use plumego_middleware::CsrfLayer;

use super::authority::{Authority, Pair};
use super::foreign::{curl, has};
use super::{Site, of};
use crate::client::{Client, app, start, stop};

fn shop(app: AppBuilder) -> AppBuilder {
    app.layer(CsrfLayer::default()).routes(|r| {
        r.get("/in", async || {
            (SetCookie::new("__Host-session", "s3cret"), "in")
        })
        .get("/who", async |cookies: Cookies| {
            let value = cookies.get("__Host-session");
            value.unwrap_or("nobody").to_owned()
        })
        .post("/buy", async || "bought")
    })
}

fn with_tls(pair: &Pair) -> AppBuilder {
    shop(app().tls(of(pair)))
}

#[tokio::test]
async fn cookies_with_the_host_prefix_are_kept_and_sent_over_tls_alone() {
    if !has("curl") {
        return;
    }
    let authority = Authority::new("test");
    let site = Site::start(with_tls(&authority.server(&["shop.example"]))).await;
    let (ca, jar) = (authority.file(), authority.dir().join("jar"));
    let (ca, jar) = (ca.to_str().unwrap(), jar.to_str().unwrap());
    let kept = [
        "--cookie",
        jar,
        "--cookie-jar",
        jar,
        "--cacert",
        ca,
        "--include",
    ];
    for version in ["--http1.1", "--http2"] {
        let ask = async |path: &str| {
            let url = format!("https://shop.example:{{port}}{path}");
            curl(site.addr, &[&kept[..], &[version, &url]].concat()).await
        };
        let said = ask("/in").await;
        said.has("set-cookie: __Host-session=s3cret")
            .has("; Secure")
            .has("; Path=/")
            .lacks("omain=");
        ask("/who").await.has("\r\n\r\ns3cret");
    }
    // The same jar, the same name, and no TLS: another application on another port.
    let (running, addr) = start(shop(app())).await;
    let url = "http://shop.example:{port}/who";
    let said = curl(addr, &[&kept[..], &[url]].concat()).await;
    said.lacks("s3cret").lacks("strict-transport-security");
    stop(running).await;
    site.stop().await;
}

#[tokio::test]
async fn posts_of_foreign_pages_are_refused_over_tls_too() {
    if !has("curl") {
        return;
    }
    let authority = Authority::new("test");
    let site = Site::start(with_tls(&authority.server(&["shop.example"]))).await;
    let (ca, port) = (authority.file(), site.addr.port());
    let own = format!("origin: https://shop.example:{port}");
    for version in ["--http1.1", "--http2"] {
        for (header, passes) in [
            (own.as_str(), true),
            ("sec-fetch-site: same-origin", true),
            ("origin: https://evil.example", false),
            ("origin: https://shop.example.evil.example", false),
            ("origin: null", false),
            ("sec-fetch-site: cross-site", false),
            ("sec-fetch-site: same-site", false),
        ] {
            let url = "https://shop.example:{port}/buy";
            let ask = [
                "--include",
                "--cacert",
                ca.to_str().unwrap(),
                "--request",
                "POST",
            ];
            let rest = [version, "--header", header, url];
            let said = curl(site.addr, &[&ask[..], &rest].concat()).await;
            said.has(if passes { "bought" } else { "csrf_rejected" });
            said.has("strict-transport-security: max-age=");
        }
    }
    site.stop().await;

    // Over plain HTTP there is no such header (RFC 6797, section 7.2).
    let (running, addr) = start(shop(app())).await;
    let answer = Client::connect(addr).await.get("/in").await;
    assert_eq!(answer.header("strict-transport-security"), None);
    stop(running).await;
}
