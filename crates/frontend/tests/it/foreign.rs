//! curl and Python as clients.

use std::path::PathBuf;

use plumego_frontend::Frontend;
use tokio::process::Command;

use crate::web::{Folder, Web, noise};

/// This program, if it is there. Where `PLUMEGO_REQUIRE_SERVERS` is set, it has to be.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        let required = std::env::var_os("PLUMEGO_REQUIRE_SERVERS").is_some();
        assert!(!required, "no {name} in PATH");
        println!("skipped: no {name} in PATH");
    }
    found
}

async fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    output.stdout
}

#[tokio::test]
async fn curl_gets_parts_resumes_and_decodes() {
    let Some(curl) = program("curl") else { return };
    let bytes = noise(2_500_000);
    let story = b"once upon a time ".repeat(5000);
    let folder = Folder::new(&[("long.bin", &bytes), ("story.txt", &story)]);
    let web = Web::of(Frontend::dir(folder.path())).await;
    let url = format!("http://{}/long.bin", web.addr);
    let curl = |arguments: &[&str], url: &str| {
        let mut command = Command::new(&curl);
        command
            .args(["-sS", "--fail", "--max-time", "60"])
            .args(arguments)
            .arg(url);
        command
    };
    assert!(run(&mut curl(&[], &url)).await == bytes);
    assert!(run(&mut curl(&["-r", "100-1999999"], &url)).await == bytes[100..2_000_000]);
    assert!(run(&mut curl(&["-r", "-7"], &url)).await == bytes[bytes.len() - 7..]);
    let half = folder.outside().join("half.bin");
    std::fs::write(&half, &bytes[..1_234_567]).unwrap();
    let to = half.to_str().unwrap();
    run(&mut curl(&["-C", "-", "-o", to], &url)).await;
    assert!(std::fs::read(&half).unwrap() == bytes);
    let story_url = format!("http://{}/story.txt", web.addr);
    assert!(run(&mut curl(&["--compressed"], &story_url)).await == story);
    let (tags, copy) = (folder.outside().join("tags"), folder.outside().join("copy"));
    let (tags, to) = (tags.to_str().unwrap(), copy.to_str().unwrap());
    for expected in ["200", "304"] {
        let arguments = [
            "--etag-save",
            tags,
            "--etag-compare",
            tags,
            "-o",
            to,
            "-w",
            "%{http_code}",
        ];
        let code = run(&mut curl(&arguments, &story_url)).await;
        assert_eq!(String::from_utf8_lossy(&code), expected);
    }
}

/// Reads a multipart answer with the parser of e-mails in Python's library.
const PYTHON: &str = r#"
import email, http.client, sys
host, port = sys.argv[1].split(":")
connection = http.client.HTTPConnection(host, int(port), timeout=60)
whole = None
for headers in [{}, {"Range": "bytes=0-99,200000-399999,-50"}]:
    connection.request("GET", "/long.bin", headers=headers)
    response = connection.getresponse()
    body = response.read()
    if whole is None:
        assert response.status == 200, response.status
        whole = body
        continue
    assert response.status == 206, response.status
    kind = response.headers["content-type"]
    parts = email.message_from_bytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + body)
    parts = parts.get_payload()
    assert len(parts) == 3, parts
    for part in parts:
        span, length = part["content-range"].removeprefix("bytes ").split("/")
        start, end = map(int, span.split("-"))
        assert int(length) == len(whole)
        assert part.get_content_type() == "text/plain", part.get_content_type()
        assert part.get_payload(decode=True) == whole[start:end + 1], span
print("ok")
"#;

#[tokio::test]
async fn python_reads_several_ranges() {
    let Some(python) = program("python3") else {
        return;
    };
    // Letters, since a parser of e-mails may touch the ends of lines.
    let text: Vec<u8> = noise(500_000).iter().map(|byte| b'a' + byte % 26).collect();
    let folder = Folder::new(&[("long.bin", &text)]);
    let site = Frontend::dir(folder.path()).content_type("bin", "text/plain");
    for site in [site.clone(), site.max_file_bytes(0)] {
        let web = Web::of(site).await;
        let mut command = Command::new(&python);
        command.args(["-c", PYTHON]).arg(web.addr.to_string());
        assert_eq!(run(&mut command).await, b"ok\n");
    }
}
