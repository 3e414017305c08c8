//! What pages of other origins and browsers ask.

use super::{PROTOCOLS, assert_marked, assert_refused, open, story, vary};

// acceptance 21.1 (30): who is no page learns nothing, a strange page neither; both are served.
#[tokio::test]
async fn without_an_allowed_origin_the_handler_runs_and_nothing_is_allowed() {
    let Some(shop) = open(1000, |_| ()).await else {
        return;
    };
    for protocol in PROTOCOLS {
        for origin in ["", " https://evil.example", " null"] {
            let line = format!("Origin:{origin}");
            let answer = shop.curl_as(&line, "/", &[protocol]).await;
            assert_eq!((answer.status(), &*answer.body), (200, "hello"));
            assert!(!answer.head.contains("access-control-"), "{answer:?}");
            assert!(vary(&answer).contains(&"origin".to_owned()), "{answer:?}");
        }
    }
    shop.house.stop().await;
}

// acceptance 21.1 (30)
#[tokio::test]
async fn preflight_is_answered_before_every_limit_and_a_strange_page_learns_nothing() {
    let Some(shop) = open(1, |_| ()).await else {
        return;
    };
    for protocol in PROTOCOLS {
        while shop.curl("/", &[protocol]).await.status() == 200 {}
        let preflight = [
            protocol,
            "--request",
            "OPTIONS",
            "--header",
            "Access-Control-Request-Method: PUT",
            "--header",
            "Access-Control-Request-Headers: content-type, x-forged",
        ];
        for path in ["/notes", "/nowhere"] {
            let answer = shop.curl(path, &preflight).await;
            assert_eq!((answer.status(), &*answer.body), (204, ""), "{answer:?}");
            assert_marked(&answer);
            let allowed = answer.header("access-control-allow-methods").unwrap();
            assert!(allowed.contains("PUT"), "{allowed}");
            let headers = answer.header("access-control-allow-headers").unwrap();
            assert_eq!(headers.to_lowercase(), "content-type");
            assert_eq!(answer.header("access-control-max-age"), Some("600"));
            assert_eq!(answer.header("ratelimit"), None, "it is not counted");
        }
        for origin in ["https://app.example.com.evil.example", "null"] {
            let strange = format!("Origin: {origin}");
            let answer = shop.curl_as(&strange, "/notes", &preflight).await;
            assert!(!answer.head.contains("access-control-allow"), "{answer:?}");
            assert!(vary(&answer).contains(&"origin".to_owned()), "{answer:?}");
        }
    }
    shop.house.stop().await;
}

/// What Chromium sends with every request, beside what depends on the request.
const CHROMIUM: [&str; 6] = [
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/142.0.0.0 Safari/537.36",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: de-DE,de;q=0.9,en;q=0.8",
    "sec-ch-ua: \"Chromium\";v=\"142\", \"Not_A Brand\";v=\"99\"",
    "sec-ch-ua-mobile: ?0",
    "sec-ch-ua-platform: \"Linux\"",
];

// acceptance 21.1 (30)
#[tokio::test]
async fn what_a_browser_sends_is_answered_as_it_needs() {
    let Some(shop) = open(1000, |_| ()).await else {
        return;
    };
    let browser: Vec<_> = CHROMIUM
        .iter()
        .flat_map(|line| ["--header", line])
        .collect();
    let fetch = |site: &'static str| {
        let lines = [
            "Accept: */*",
            "Sec-Fetch-Mode: cors",
            "Sec-Fetch-Dest: empty",
            site,
        ];
        lines.into_iter().flat_map(|line| ["--header", line])
    };
    for protocol in PROTOCOLS {
        let args = |more: Vec<&'static str>| [vec![protocol, "--compressed"], more].concat();
        let page = browser.iter().copied().chain([
            "--header",
            "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "--header",
            "Sec-Fetch-Mode: navigate",
            "--header",
            "Sec-Fetch-Site: none",
            "--header",
            "Upgrade-Insecure-Requests: 1",
            "--header",
            "Cookie: theme=dark; session=0123456789abcdef",
        ]);
        let answer = shop.curl("/story", &args(page.collect())).await;
        assert_eq!(
            (answer.status(), answer.header("content-encoding")),
            (200, Some("zstd"))
        );
        assert_eq!(answer.body, story());
        assert_marked(&answer);
        for (site, status) in [
            ("Sec-Fetch-Site: same-origin", 200),
            ("Sec-Fetch-Site: none", 200),
            ("Sec-Fetch-Site: same-site", 403),
            ("Sec-Fetch-Site: cross-site", 403),
        ] {
            let post = browser.iter().copied().chain(fetch(site));
            let post = post.chain(["--request", "POST"]);
            let answer = shop.curl("/cart", &args(post.collect())).await;
            assert_eq!(answer.status(), status, "{site}");
            if status == 403 {
                assert_refused(&answer, 403, "csrf_rejected");
            }
        }
    }
    shop.house.stop().await;
}
