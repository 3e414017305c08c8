//! Compressed forms of a file.

use std::io::Read;

use plumego_frontend::Frontend;
use plumego_middleware::CompressionLayer;
use plumego_router::Router;

use crate::web::{Answer, Folder, Web};

fn story() -> Vec<u8> {
    b"It was a dark and stormy night.\n".repeat(200)
}

/// Siblings that are told apart by what they hold, which nobody checks.
fn folder() -> Folder {
    Folder::new(&[
        ("app.js", &story()),
        ("app.js.br", b"as brotli"),
        ("app.js.zst", b"as zstd"),
        ("app.js.gz", b"as gzip"),
        ("only.css", &story()),
        ("only.css.gz", b"css as gzip"),
        ("plain.txt", &story()),
        ("tiny.txt", b"tiny"),
        ("photo.png", &story()),
    ])
}

fn site(folder: &Folder) -> Frontend {
    Frontend::dir(folder.path()).compress(false)
}

async fn ask(web: &Web, target: &str, accept: &str) -> Answer {
    web.ask("GET", target, &[("accept-encoding", accept)]).await
}

// acceptance 21.1 (45)
#[tokio::test]
async fn siblings_go_to_those_who_take_them() {
    let folder = folder();
    let web = Web::of(site(&folder)).await;
    for (target, accept, coding, body) in [
        (
            "/app.js",
            "gzip, deflate, br, zstd",
            Some("br"),
            "as brotli",
        ),
        ("/app.js", "br", Some("br"), "as brotli"),
        ("/app.js", "zstd, gzip", Some("zstd"), "as zstd"),
        ("/app.js", "gzip", Some("gzip"), "as gzip"),
        ("/app.js", "gzip;q=1, br;q=0.5", Some("gzip"), "as gzip"),
        ("/app.js", "br;q=0, *", Some("zstd"), "as zstd"),
        ("/only.css", "br, gzip", Some("gzip"), "css as gzip"),
    ] {
        let answer = ask(&web, target, accept).await;
        answer.is(200, body);
        assert_eq!(answer.header("content-encoding"), coding, "{accept}");
        assert_eq!(answer.list("vary"), "accept-encoding", "{accept}");
        let kind = if target == "/app.js" {
            "text/javascript"
        } else {
            "text/css"
        };
        assert!(answer.header("content-type").unwrap().starts_with(kind));
    }
    for (target, accept) in [
        ("/app.js", ""),
        ("/app.js", "br;q=0"),
        ("/app.js", "brotli, gzipped, deflate"),
        ("/app.js", "identity, br;q=0.5"),
        ("/only.css", "br"),
    ] {
        let answer = ask(&web, target, accept).await;
        assert!(answer.body == story(), "{accept}");
        assert_eq!(answer.header("content-encoding"), None);
        assert_eq!(answer.list("vary"), "accept-encoding", "{accept}");
    }
    let plain = ask(&web, "/plain.txt", "br, gzip").await;
    assert_eq!(
        (plain.header("content-encoding"), plain.header("vary")),
        (None, None)
    );
    // By its own name a sibling is a file like any other.
    ask(&web, "/app.js.br", "br").await.is(200, "as brotli");
    let without = Web::of(site(&folder).precompressed(false)).await;
    assert!(ask(&without, "/app.js", "br").await.body == story());
}

#[tokio::test]
async fn each_form_has_a_tag_and_is_revalidated_by_it() {
    let folder = folder();
    let web = Web::of(site(&folder)).await;
    let mut tags = Vec::new();
    for accept in ["br", "zstd", "gzip", "identity"] {
        let answer = ask(&web, "/app.js", accept).await;
        let tag = answer.header("etag").unwrap().to_owned();
        assert!(!tags.contains(&tag));
        let asked = [("accept-encoding", accept), ("if-none-match", &*tag)];
        let again = web.ask("GET", "/app.js", &asked).await;
        assert_eq!(
            (again.status, again.list("vary")),
            (304, "accept-encoding".to_owned())
        );
        let other = [
            ("accept-encoding", accept),
            (
                "if-none-match",
                tags.last().map_or("\"x\"", |tag: &String| tag),
            ),
        ];
        assert_eq!(web.ask("GET", "/app.js", &other).await.status, 200);
        tags.push(tag);
    }
}

#[tokio::test]
async fn a_range_is_one_of_the_plain_file_unless_the_client_holds_another_form() {
    let folder = folder();
    let web = Web::of(site(&folder)).await;
    let asked = [("accept-encoding", "br"), ("range", "bytes=0-1")];
    let part = web.ask("GET", "/app.js", &asked).await;
    part.is(206, "It");
    assert_eq!(part.header("content-encoding"), None);
    let tag = ask(&web, "/app.js", "br")
        .await
        .header("etag")
        .unwrap()
        .to_owned();
    let asked = [
        ("accept-encoding", "br"),
        ("range", "bytes=3-"),
        ("if-range", &*tag),
    ];
    let rest = web.ask("GET", "/app.js", &asked).await;
    rest.is(206, "brotli");
    assert_eq!(rest.header("content-encoding"), Some("br"));
    assert_eq!(rest.header("content-range"), Some("bytes 3-8/9"));
}

#[tokio::test]
async fn the_compression_layer_leaves_what_is_compressed() {
    let folder = folder();
    let site = site(&folder).build().unwrap();
    let router = Router::new().layer(CompressionLayer::new()).site("/", site);
    let web = Web::routes(router).await;
    let answer = ask(&web, "/app.js", "br").await;
    answer.is(200, "as brotli");
    assert_eq!(answer.list("content-encoding"), "br");
    assert_eq!(answer.list("vary"), "accept-encoding");
    let tag = answer.header("etag").unwrap();
    let asked = [("accept-encoding", "br"), ("if-none-match", tag)];
    let again = web.ask("GET", "/app.js", &asked).await;
    assert_eq!((again.status, again.header("etag")), (304, Some(tag)));
    // What has no form of its own is the layer's.
    let plain = ask(&web, "/plain.txt", "gzip").await;
    assert_eq!(plain.list("content-encoding"), "gzip");
    assert_eq!(gunzip(&plain.body), story());
    let part = [("accept-encoding", "gzip"), ("range", "bytes=0-1")];
    web.ask("GET", "/plain.txt", &part).await.is(206, "It");
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn what_has_no_sibling_is_compressed_once() {
    let folder = folder();
    let program = Frontend::files([("plain.txt", story())]);
    let mut tags = Vec::new();
    for site in [Frontend::dir(folder.path()), program] {
        let web = Web::of(site).await;
        for (accept, coding) in [
            ("gzip", "gzip"),
            ("br", "br"),
            ("zstd", "zstd"),
            ("*", "br"),
        ] {
            for _ in 0..2 {
                let answer = ask(&web, "/plain.txt", accept).await;
                assert_eq!(answer.header("content-encoding"), Some(coding));
                assert_eq!(answer.list("vary"), "accept-encoding");
                assert!(answer.body.len() < 500);
                assert_eq!(decoded(coding, &answer.body), story());
                let tag = answer.header("etag").unwrap().to_owned();
                assert!(tag.starts_with('"') && tag.contains(coding), "{tag}");
                let asked = [("accept-encoding", accept), ("if-none-match", &*tag)];
                assert_eq!(web.ask("GET", "/plain.txt", &asked).await.status, 304);
                tags.push(tag);
            }
        }
        // Half a file is never taken for a whole one.
        let tag = tags.last().unwrap();
        let asked = [
            ("accept-encoding", "br"),
            ("range", "bytes=0-9"),
            ("if-range", tag),
        ];
        let part = web.ask("GET", "/plain.txt", &asked).await;
        assert_eq!(
            (part.status, part.header("content-encoding")),
            (206, Some("br"))
        );
        let whole = ask(&web, "/plain.txt", "br").await;
        assert_eq!(part.body, whole.body[..10]);
    }
    let web = Web::of(Frontend::dir(folder.path())).await;
    for target in ["/tiny.txt", "/photo.png"] {
        assert_eq!(
            ask(&web, target, "gzip").await.header("content-encoding"),
            None
        );
    }
    // Siblings come first, and what they lack is made.
    ask(&web, "/only.css", "gzip").await.is(200, "css as gzip");
    let made = ask(&web, "/only.css", "br").await;
    assert_eq!(decoded("br", &made.body), story());
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn many_at_once_get_the_same_compressed_form() {
    let folder = folder();
    let web = std::sync::Arc::new(Web::of(Frontend::dir(folder.path())).await);
    let all = (0..24).map(|_| {
        let web = std::sync::Arc::clone(&web);
        tokio::spawn(async move { ask(&web, "/plain.txt", "br").await })
    });
    for answer in all.collect::<Vec<_>>() {
        assert_eq!(decoded("br", &answer.await.unwrap().body), story());
    }
}

#[cfg(feature = "compression")]
fn decoded(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        "br" => {
            brotli::Decompressor::new(bytes, 4096)
                .read_to_end(&mut plain)
                .unwrap();
        }
        "zstd" => return zstd::decode_all(bytes).unwrap(),
        _ => return gunzip(bytes),
    }
    plain
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_end(&mut plain)
        .unwrap();
    plain
}
