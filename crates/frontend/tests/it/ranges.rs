//! Parts of files, from memory, from disk and from the program.

use plumego_frontend::Frontend;
use proptest::prelude::*;

use crate::web::{Answer, Folder, Web, noise};

const LENGTH: usize = 300_000;

struct Sites {
    bytes: Vec<u8>,
    webs: Vec<Web>,
    _folder: Folder,
}

/// The same file from memory, from disk and from the program.
async fn sites() -> Sites {
    let bytes = noise(LENGTH);
    let folder = Folder::new(&[("a.bin", &bytes), ("empty.bin", b"")]);
    let files = [("a.bin", bytes.clone()), ("empty.bin", Vec::new())];
    let sites = [
        Frontend::dir(folder.path()),
        Frontend::dir(folder.path()).max_file_bytes(0),
        Frontend::files(files),
    ];
    let mut webs = Vec::new();
    for site in sites {
        webs.push(Web::of(site).await);
    }
    Sites {
        bytes,
        webs,
        _folder: folder,
    }
}

async fn ask(web: &Web, range: &str) -> Answer {
    web.ask("GET", "/a.bin", &[("range", range)]).await
}

#[tokio::test]
async fn one_range_is_206() {
    let sites = sites().await;
    for web in &sites.webs {
        for (range, start, end) in [
            ("bytes=0-0", 0, 1),
            ("bytes=10-19", 10, 20),
            ("bytes=299999-", 299_999, LENGTH),
            ("bytes=-5", LENGTH - 5, LENGTH),
            ("bytes=-999999", 0, LENGTH),
            ("bytes=100-999999", 100, LENGTH),
            ("bytes=0-1,2-200000,150000-250000", 0, 250_001),
        ] {
            let answer = ask(web, range).await;
            assert_eq!(answer.status, 206, "{range}");
            let expected = format!("bytes {start}-{}/{LENGTH}", end - 1);
            assert_eq!(answer.header("content-range"), Some(&*expected));
            assert_eq!(
                answer.header("content-length"),
                Some(&*(end - start).to_string())
            );
            assert!(answer.body == sites.bytes[start..end], "{range}");
            assert!(answer.header("etag").is_some());
        }
    }
}

#[tokio::test]
async fn what_is_beyond_the_end_is_416_and_what_is_no_range_is_the_whole() {
    let sites = sites().await;
    for web in &sites.webs {
        for range in ["bytes=300000-", "bytes=-0", "bytes=300000-300001,400000-"] {
            let answer = ask(web, range).await;
            assert_eq!(answer.status, 416, "{range}");
            assert_eq!(answer.header("content-range"), Some("bytes */300000"));
            assert!(answer.text().contains("range_not_satisfiable"));
        }
        let many: Vec<_> = (0..17).map(|n| format!("{}-{}", n * 9, n * 9)).collect();
        let many = format!("bytes={}", many.join(","));
        for range in ["bytes=5-2", "bytes=x", "lines=0-1", "bytes=", &*many] {
            let answer = ask(web, range).await;
            assert_eq!(answer.status, 200, "{range}");
            assert!(answer.body == sites.bytes);
        }
        let empty = web.ask("GET", "/empty.bin", &[("range", "bytes=0-")]).await;
        assert_eq!(
            (empty.status, empty.header("content-range")),
            (416, Some("bytes */0"))
        );
        web.get("/empty.bin").await.is(200, "");
        let head = web.ask("HEAD", "/a.bin", &[("range", "bytes=0-0")]).await;
        assert_eq!(
            (head.status, head.header("content-length")),
            (200, Some("300000"))
        );
    }
}

#[tokio::test]
async fn several_ranges_are_parts_of_one_body() {
    let sites = sites().await;
    for web in &sites.webs {
        let ranges = "bytes=200000-299000, 0-9, 5-19,-3 , 150000-150000";
        let answer = ask(web, ranges).await;
        assert_eq!(answer.status, 206);
        assert_eq!(answer.header("content-range"), None);
        assert_eq!(
            answer.header("content-length"),
            Some(&*answer.body.len().to_string())
        );
        let parts = multipart(&answer);
        let expected = [
            (0, 20),
            (150_000, 150_001),
            (200_000, 299_001),
            (LENGTH - 3, LENGTH),
        ];
        assert_eq!(parts.len(), expected.len());
        for ((range, body), (start, end)) in parts.iter().zip(expected) {
            assert_eq!(*range, format!("bytes {start}-{}/{LENGTH}", end - 1));
            assert!(**body == sites.bytes[start..end]);
        }
    }
}

#[tokio::test]
async fn if_range_sends_the_whole_when_it_is_another_file() {
    let sites = sites().await;
    for web in &sites.webs {
        let tag = web.get("/a.bin").await.header("etag").unwrap().to_owned();
        for (value, status) in [(&*tag, 206), (&format!("W/{tag}"), 200), ("\"other\"", 200)] {
            let asked = [("range", "bytes=0-0"), ("if-range", value)];
            assert_eq!(
                web.ask("GET", "/a.bin", &asked).await.status,
                status,
                "{value}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_bytes_that_come_are_those_that_were_asked_for(
        ranges in proptest::collection::vec((0..LENGTH, 0..60_000_usize), 1..6),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let sites = sites().await;
            let text: Vec<_> = ranges
                .iter()
                .map(|(at, more)| format!("{at}-{}", at + more))
                .collect();
            let text = format!("bytes={}", text.join(","));
            for web in &sites.webs {
                let answer = ask(web, &text).await;
                assert_eq!(answer.status, 206);
                let single = answer.header("content-range").map(str::to_owned);
                let parts = match single {
                    Some(range) => vec![(range, answer.body.clone())],
                    None => multipart(&answer),
                };
                let mut asked = vec![false; LENGTH];
                for (at, more) in &ranges {
                    asked[*at..(at + more + 1).min(LENGTH)].fill(true);
                }
                for (range, body) in &parts {
                    let (start, end) = bounds(range);
                    assert!(*body == sites.bytes[start..=end], "{range}");
                    assert!(asked[start..=end].iter().all(|asked| *asked));
                    asked[start..=end].fill(false);
                }
                assert!(!asked.contains(&true));
            }
        });
    }
}

fn bounds(range: &str) -> (usize, usize) {
    let range = range.strip_prefix("bytes ").unwrap();
    let (range, _) = range.split_once('/').unwrap();
    let (start, end) = range.split_once('-').unwrap();
    (start.parse().unwrap(), end.parse().unwrap())
}

/// The parts of a multipart body: what range each says it is, and its bytes.
fn multipart(answer: &Answer) -> Vec<(String, Vec<u8>)> {
    let kind = answer.header("content-type").unwrap();
    let boundary = kind
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let mark = format!("--{boundary}");
    let mut rest = answer.body.strip_prefix(mark.as_bytes()).unwrap();
    let mut parts = Vec::new();
    while rest != b"--\r\n" {
        let end = rest
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = std::str::from_utf8(&rest[..end]).unwrap().to_owned();
        assert!(
            head.contains("\r\ncontent-type: application/octet-stream"),
            "{head}"
        );
        let range = head.split_once("content-range: ").unwrap().1;
        let (start, last) = bounds(range);
        let body = &rest[end + 4..];
        let (body, after) = body.split_at(last - start + 1);
        parts.push((range.to_owned(), body.to_vec()));
        rest = after
            .strip_prefix(format!("\r\n{mark}").as_bytes())
            .unwrap();
    }
    parts
}
