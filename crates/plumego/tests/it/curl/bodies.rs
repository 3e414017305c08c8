//! Bodies that are smaller, and those that are not sent at all.

use super::{PROTOCOLS, assert_marked, open, story, vary};

// acceptance 21.2 (13)
#[tokio::test]
async fn bodies_are_decoded_weights_honoured_and_both_headers_are_in_vary() {
    let Some(shop) = open(1000, |_| ()).await else {
        return;
    };
    for protocol in PROTOCOLS {
        for (accept, coding) in [
            ("gzip, deflate, br, zstd", Some("zstd")),
            ("gzip, deflate, br", Some("br")),
            ("gzip", Some("gzip")),
            ("gzip;q=1, br;q=0.5, zstd;q=0.5", Some("gzip")),
            ("gzip;q=0, zstd;q=0, br;q=0", None),
            ("gzip;q=0", None),
            ("*;q=0", None),
            ("identity", None),
            ("", None),
        ] {
            let accept = format!("Accept-Encoding: {accept}");
            let args = [protocol, "--compressed", "--header", &accept];
            for method in ["GET", "HEAD"] {
                let head = ["--head"];
                let args = [&args[..], if method == "HEAD" { &head } else { &[] }].concat();
                let answer = shop.curl("/story", &args).await;
                assert_marked(&answer);
                assert_eq!(answer.header("content-encoding"), coding, "{accept}");
                let weak = answer.header("etag").unwrap().starts_with("W/");
                assert_eq!(weak, coding.is_some(), "{accept}: {answer:?}");
                assert_eq!(vary(&answer), ["accept-encoding", "origin"], "{answer:?}");
                let body = if method == "HEAD" {
                    String::new()
                } else {
                    story()
                };
                assert_eq!(answer.body, body, "{accept}");
            }
        }
        // A small body is left alone, and says all the same what it depends on.
        let small = shop.curl("/", &[protocol, "--compressed"]).await;
        assert_eq!(small.header("content-encoding"), None);
        assert_eq!(vary(&small), ["accept-encoding", "origin"], "{small:?}");
    }
    shop.house.stop().await;
}

#[tokio::test]
async fn what_curl_has_already_is_not_sent_again() {
    let Some(shop) = open(1000, |_| ()).await else {
        return;
    };
    let files = tempfile::tempdir().unwrap();
    for protocol in PROTOCOLS {
        for accept in ["gzip", "identity"] {
            let tag = files.path().join(format!("{protocol}{accept}"));
            let tag = tag.to_str().unwrap();
            let accept = format!("Accept-Encoding: {accept}");
            let args = [protocol, "--compressed", "--header", &accept];
            let save = [&args[..], &["--etag-save", tag]].concat();
            let whole = shop.curl("/story", &save).await;
            assert_eq!((whole.status(), &*whole.body), (200, &*story()));
            let compare = [&args[..], &["--etag-compare", tag]].concat();
            let known = shop.curl("/story", &compare).await;
            assert_eq!((known.status(), &*known.body), (304, ""), "{known:?}");
            assert_eq!(known.header("etag"), whole.header("etag"));
            assert_eq!(vary(&known), ["accept-encoding", "origin"], "{known:?}");
            assert_marked(&known);
        }
        for (condition, status) in [
            ("If-None-Match: *", 304),
            ("If-None-Match: \"other\", W/\"another\"", 200),
            ("If-Match: \"other\"", 412),
        ] {
            let answer = shop
                .curl("/story", &[protocol, "--header", condition])
                .await;
            assert_eq!(answer.status(), status, "{condition}");
            assert_marked(&answer);
        }
    }
    shop.house.stop().await;
}
