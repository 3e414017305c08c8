//! Paths by chance, held against a reading of them byte by byte.

use plumego_contract::{Body, Request};
use plumego_frontend::{Frontend, Site};
use proptest::prelude::*;
use tower::ServiceExt;

const FILES: [(&str, &str); 5] = [
    ("a", "1"),
    ("a b", "2"),
    ("d/e.txt", "3"),
    ("d/é", "4"),
    ("%2e", "5"),
];

fn site() -> Site {
    Frontend::files(FILES).build().unwrap()
}

/// The file that a path means: escapes decoded once, then compared byte by byte.
fn meant(path: &str) -> Option<&'static str> {
    let mut decoded = Vec::new();
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let byte = if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            let text = std::str::from_utf8(&digits).ok()?;
            let escaped = u8::from_str_radix(text, 16).ok()?;
            if escaped == b'/' || text.contains('+') {
                return None;
            }
            escaped
        } else {
            byte
        };
        decoded.push(byte);
    }
    let name = decoded.strip_prefix(b"/")?;
    let file = FILES.iter().find(|(there, _)| there.as_bytes() == name);
    file.map(|(_, body)| *body)
}

fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "/", "a", "a%20b", "d", "e.txt", "%C3%A9", "%c3%a9", "%252e", "%2e", "..", ".", "%2f",
        "%00", "%61", "%", "%6", "%zz", "//", "\\", "%5c", "%E9", "+",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[!-~]{1,3}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_path_means_one_file_or_none(pieces in proptest::collection::vec(piece(), 0..7)) {
        let path = format!("/{}", pieces.concat());
        let Ok(request) = http::Request::get(&path).body(Body::empty()) else { return Ok(()) };
        let path = request.uri().path().to_owned();
        let (status, body) = ask(request);
        match meant(&path) {
            Some(expected) => prop_assert_eq!((status, body.as_str()), (200, expected), "{}", path),
            None => prop_assert!(status == 404, "{path}: {status} {body}"),
        }
    }
}

fn ask(request: Request) -> (u16, String) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let response = site().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().into_bytes(10_000).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    })
}
