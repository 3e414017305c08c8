//! What a client has already.

use std::time::{Duration, SystemTime};

use plumego_frontend::Frontend;

use crate::web::{Folder, Web, noise};

const OLD: Duration = Duration::from_hours(10_000);

// acceptance 21.1 (45), 21.2 (32)
#[tokio::test]
async fn what_the_client_has_is_304_without_a_body() {
    let long = noise(40_000);
    let folder = Folder::new(&[("app.js", b"start()"), ("long.bin", &long)]);
    let modified = SystemTime::UNIX_EPOCH + OLD;
    folder.touch("app.js", modified);
    folder.touch("long.bin", modified);
    let date = httpdate(modified);
    let program = Frontend::files([("app.js", &b"start()"[..])]);
    let disk = Frontend::dir(folder.path()).max_file_bytes(1000);
    for (site, target, has_date) in [
        (disk.clone(), "/app.js", true),
        (disk, "/long.bin", true),
        (program, "/app.js", false),
    ] {
        let web = Web::of(site.with_header("x-mine", "1")).await;
        let tag = web.get(target).await.header("etag").unwrap().to_owned();
        let weak = format!("W/{tag}");
        let list = format!("\"x\" , {tag}");
        for (name, value, status) in [
            ("if-none-match", &*tag, 304),
            ("if-none-match", &weak, 304),
            ("if-none-match", &list, 304),
            ("if-none-match", "*", 304),
            ("if-none-match", "\"other\"", 200),
            ("if-none-match", "garbage", 200),
            ("if-modified-since", &date, if has_date { 304 } else { 200 }),
            ("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT", 200),
            ("if-modified-since", "yesterday", 200),
            ("if-match", &tag, 200),
            ("if-match", "\"other\"", 412),
            (
                "if-unmodified-since",
                "Thu, 01 Jan 1970 00:00:00 GMT",
                if has_date { 412 } else { 200 },
            ),
        ] {
            for method in ["GET", "HEAD"] {
                let answer = web.ask(method, target, &[(name, value)]).await;
                assert_eq!(answer.status, status, "{method} {target} {name}: {value}");
                if status == 304 {
                    assert_eq!(answer.body, b"");
                    assert_eq!(answer.header("etag"), Some(&*tag));
                    assert_eq!(answer.header("cache-control"), Some("no-cache"));
                    assert_eq!(answer.header("x-mine"), Some("1"));
                    assert_eq!(answer.header("content-type"), None);
                }
            }
        }
        // RFC 9110, section 13.2.2: the tag counts, not the date; and conditions before ranges.
        let both = [
            ("if-none-match", "\"other\""),
            ("if-modified-since", &*date),
        ];
        assert_eq!(web.ask("GET", target, &both).await.status, 200);
        let part = [("if-none-match", &*tag), ("range", "bytes=0-0")];
        assert_eq!(web.ask("GET", target, &part).await.status, 304);
    }
}

#[tokio::test]
async fn the_tag_is_of_the_content_wherever_it_lies() {
    let one = Folder::new(&[("a.txt", b"same"), ("b.txt", b"same"), ("c.txt", b"else")]);
    let other = Folder::new(&[("a.txt", b"same")]);
    other.touch("a.txt", SystemTime::UNIX_EPOCH + OLD);
    let tag = async |web: &Web, target| web.get(target).await.header("etag").unwrap().to_owned();
    let memory = Web::of(Frontend::dir(one.path())).await;
    let disk = Web::of(Frontend::dir(other.path()).max_file_bytes(0)).await;
    let program = Web::of(Frontend::files([("a.txt", &b"same"[..])])).await;
    let first = tag(&memory, "/a.txt").await;
    assert_eq!(first, tag(&memory, "/b.txt").await);
    assert_eq!(first, tag(&disk, "/a.txt").await);
    assert_eq!(first, tag(&program, "/a.txt").await);
    assert_ne!(first, tag(&memory, "/c.txt").await);
}

fn httpdate(at: SystemTime) -> String {
    httpdate::fmt_http_date(at)
}
