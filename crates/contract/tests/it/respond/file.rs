//! Files from disk.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method};
use plumego_contract::{ErrorFormat, File, IntoResponse, RequestContext, Response, Streaming};
use tempfile::TempDir;

use crate::support::{context, context_of, frames, header, json, request, text};

/// 3 November 2026, 10:20:30 UTC.
const MODIFIED: u64 = 1_793_701_230;

/// A directory with one file in it, changed at [`MODIFIED`].
#[expect(
    clippy::disallowed_methods,
    reason = "the test makes the file it answers"
)]
fn written(name: &str, content: &[u8]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    set_modified(
        &path,
        SystemTime::UNIX_EPOCH + Duration::from_secs(MODIFIED),
    );
    (dir, path)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test changes the file it answers"
)]
fn set_modified(path: &Path, at: SystemTime) {
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_modified(at).unwrap();
}

fn get() -> RequestContext {
    context("/download")
}

async fn body(response: Response) -> Vec<u8> {
    let (chunks, result) = frames(response.into_body()).await;
    result.unwrap();
    chunks.concat()
}

#[tokio::test]
async fn a_file_comes_with_its_headers() {
    let (_dir, path) = written("page.html", b"<p>hello");
    let response = File::open(&path).await.unwrap().respond(&get());
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(&response, "content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(header(&response, "content-length"), Some("8"));
    assert_eq!(
        header(&response, "last-modified"),
        Some("Tue, 03 Nov 2026 10:20:30 GMT")
    );
    assert_eq!(header(&response, "accept-ranges"), Some("bytes"));
    assert_eq!(header(&response, "content-disposition"), None);
    let etag = header(&response, "etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with("-8\""), "{etag}");
    assert!(Streaming::marks(&response));
    assert_eq!(http_body::Body::size_hint(response.body()).exact(), Some(8));
    assert_eq!(body(response).await, b"<p>hello");
}

#[tokio::test]
async fn the_tag_changes_with_size_and_time() {
    let (_dir, path) = written("a.txt", b"one");
    let tag = async || {
        let response = File::open(&path).await.unwrap().into_response();
        header(&response, "etag").unwrap().to_owned()
    };
    let first = tag().await;
    assert_eq!(first, tag().await);
    set_modified(
        &path,
        SystemTime::UNIX_EPOCH + Duration::new(MODIFIED, 1_000_000),
    );
    assert_ne!(first, tag().await);
}

#[tokio::test]
async fn a_time_that_no_http_date_can_tell_is_left_out() {
    let (_dir, path) = written("a.txt", b"one");
    set_modified(&path, SystemTime::UNIX_EPOCH - Duration::from_mins(1));
    let response = File::open(&path).await.unwrap().into_response();
    assert_eq!(header(&response, "last-modified"), None);
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn the_extension_tells_the_content_type() {
    for (name, expected) in [
        ("a.css", "text/css; charset=utf-8"),
        ("a.MJS", "text/javascript; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.svg", "image/svg+xml"),
        ("a.wasm", "application/wasm"),
        ("a.png", "image/png"),
        ("a.pdf", "application/pdf"),
        ("a", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
    ] {
        let (_dir, path) = written(name, b"");
        let response = File::open(&path).await.unwrap().into_response();
        assert_eq!(header(&response, "content-type"), Some(expected), "{name}");
    }
    let (_dir, path) = written("a.png", b"");
    let open = async || File::open(&path).await.unwrap();
    let response = open().await.content_type("image/x-mine").into_response();
    assert_eq!(header(&response, "content-type"), Some("image/x-mine"));
    assert_eq!(
        open().await.content_type("a\nb").into_response().status(),
        500
    );
}

#[tokio::test]
async fn a_large_file_comes_in_chunks_of_64_kib() {
    let content: Vec<u8> = (0..200_001_u32).map(|n| n.to_le_bytes()[0]).collect();
    let (_dir, path) = written("large.bin", &content);
    let response = File::open(&path).await.unwrap().into_response();
    let (chunks, result) = frames(response.into_body()).await;
    assert!(result.is_ok());
    assert!(chunks.iter().all(|chunk| chunk.len() <= 64 * 1024));
    assert_eq!(chunks.concat(), content);
}

#[tokio::test]
async fn what_is_no_file_is_404_and_the_path_stays_inside() {
    let (dir, path) = written("secret-name.txt", b"x");
    for path in [
        dir.path().join("secret-missing"),
        dir.path().to_owned(),
        path.join("below"),
    ] {
        let error = File::open(&path).await.unwrap_err();
        assert_eq!(
            (error.status().as_u16(), error.code()),
            (404, "not_found"),
            "{path:?}"
        );
        let body = text(error.respond(&get()));
        assert!(!body.contains("secret") && !body.contains("tmp"), "{body}");
    }
}

#[tokio::test]
async fn a_file_that_shrinks_cuts_the_body_and_one_that_grows_does_not_lengthen_it() {
    let (_dir, path) = written("a.txt", b"0123456789");
    let shrunk = File::open(&path).await.unwrap().into_response();
    let (_other, grown_path) = written("b.txt", b"0123456789");
    let grown = File::open(&grown_path).await.unwrap().into_response();
    rewrite(&path, b"0123");
    rewrite(&grown_path, b"0123456789abc");
    let (chunks, result) = frames(shrunk.into_body()).await;
    assert_eq!(chunks.concat(), b"0123");
    assert!(result.is_err());
    assert_eq!(body(grown).await, b"0123456789");
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test changes the file it answers"
)]
fn rewrite(path: &Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
}

#[tokio::test]
async fn an_empty_file_has_no_frame() {
    let (_dir, path) = written("a.txt", b"");
    let response = File::open(&path).await.unwrap().into_response();
    assert_eq!(header(&response, "content-length"), Some("0"));
    assert_eq!(body(response).await, b"");
}

async fn disposition(name: &str) -> String {
    let (_dir, path) = written("a.txt", b"");
    let response = File::open(&path)
        .await
        .unwrap()
        .attachment(name)
        .into_response();
    assert_eq!(response.headers().len(), 6, "{:?}", response.headers());
    header(&response, "content-disposition").unwrap().to_owned()
}

#[tokio::test]
async fn an_attachment_has_a_name_that_every_client_reads() {
    for (name, expected) in [
        ("report.pdf", "attachment; filename=\"report.pdf\""),
        (
            "Report 2026.pdf",
            "attachment; filename=\"Report 2026.pdf\"",
        ),
        (
            "Größe.pdf",
            "attachment; filename=\"Gr__e.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf",
        ),
        (
            "50%.txt",
            "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt",
        ),
        ("a'b(c).txt", "attachment; filename=\"a'b(c).txt\""),
        ("", "attachment; filename=\"\""),
    ] {
        assert_eq!(disposition(name).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_hostile_name_stays_a_name() {
    for name in [
        "a\"; filename=\"evil.exe",
        "a.txt\r\nSet-Cookie: a=b",
        "a\\\"; x=\"",
        "..\\..\\evil.bat",
        "../../etc/passwd",
        "a\0b\tc\u{7f}",
        "invoice\u{202e}fdp.exe",
        "a\u{2028}b",
        "é\"; filename*=UTF-8''evil.exe",
    ] {
        let value = disposition(name).await;
        let inner = value.strip_prefix("attachment; filename=\"").unwrap();
        let (plain, rest) = inner.split_once('"').unwrap();
        assert!(
            !plain.contains(['\\', '/', '%']) && plain.is_ascii(),
            "{value}"
        );
        if !rest.is_empty() {
            let extended = rest.strip_prefix("; filename*=UTF-8''").unwrap();
            let fine = |c: char| c.is_ascii_alphanumeric() || "!#$&+-.^_`|~%".contains(c);
            assert!(extended.chars().all(fine), "{value}");
            let lower = extended.to_ascii_lowercase();
            assert!(
                ["%0d", "%0a", "%00", "%2f", "%5c", "%22", "%e2%80%ae"]
                    .iter()
                    .all(|escape| !lower.contains(escape)),
                "{value}"
            );
        }
    }
    let long = disposition(&"é".repeat(1000)).await;
    assert!(long.len() < 1000 && long.ends_with("%C3%A9"), "{long}");
}

/// Answers a file of ten digits to a request with these headers.
async fn ranged(method: Method, pairs: &[(&'static str, &str)]) -> Response {
    let (_dir, path) = written("a.txt", b"0123456789");
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, value.parse().unwrap());
    }
    let cx = context_of(request("/a.txt").method(method), ErrorFormat::Problem);
    File::open(&path)
        .await
        .unwrap()
        .for_request(&headers)
        .respond(&cx)
}

#[tokio::test]
async fn one_range_of_bytes_is_answered_alone() {
    for (range, expected, content) in [
        ("bytes=0-0", "bytes 0-0/10", "0"),
        ("bytes=2-5", "bytes 2-5/10", "2345"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=-2", "bytes 8-9/10", "89"),
        ("bytes=5-999", "bytes 5-9/10", "56789"),
    ] {
        let response = ranged(Method::GET, &[("range", range)]).await;
        assert_eq!(response.status(), 206, "{range}");
        assert_eq!(
            header(&response, "content-range"),
            Some(expected),
            "{range}"
        );
        let length = content.len().to_string();
        assert_eq!(
            header(&response, "content-length"),
            Some(length.as_str()),
            "{range}"
        );
        assert_eq!(body(response).await, content.as_bytes(), "{range}");
    }
}

#[tokio::test]
async fn what_is_not_one_range_of_bytes_is_the_whole_file() {
    let two = [("range", "bytes=0-1"), ("range", "bytes=2-3")];
    for pairs in [
        &[("range", "bytes=0-1,4-5")][..],
        &[("range", "bytes=5-2")],
        &[("range", "items=0-1")],
        &[("range", "bytes=0-1"), ("if-range", "\"other\"")],
        &[
            ("range", "bytes=0-1"),
            ("if-range", "Tue, 03 Nov 2026 10:20:31 GMT"),
        ],
        &two,
        &[],
    ] {
        let response = ranged(Method::GET, pairs).await;
        assert_eq!(response.status(), 200, "{pairs:?}");
        assert_eq!(header(&response, "content-range"), None);
        assert_eq!(body(response).await, b"0123456789");
    }
    let head = ranged(Method::HEAD, &[("range", "bytes=0-1")]).await;
    assert_eq!(
        (head.status().as_u16(), header(&head, "content-length")),
        (200, Some("10"))
    );
}

#[tokio::test]
async fn a_range_of_the_same_version_is_answered() {
    let etag = header(&ranged(Method::GET, &[]).await, "etag")
        .unwrap()
        .to_owned();
    let pairs = [("range", "bytes=0-1"), ("if-range", etag.as_str())];
    assert_eq!(ranged(Method::GET, &pairs).await.status(), 206);
}

#[tokio::test]
async fn a_range_beyond_the_end_is_416_with_the_length() {
    for range in ["bytes=10-", "bytes=99-100", "bytes=-0"] {
        let response = ranged(Method::GET, &[("range", range)]).await;
        assert_eq!(response.status(), 416, "{range}");
        assert_eq!(
            header(&response, "content-range"),
            Some("bytes */10"),
            "{range}"
        );
        assert_eq!(json(&response)["code"], "range_not_satisfiable");
    }
}
