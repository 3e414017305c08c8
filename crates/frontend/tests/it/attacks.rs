//! What must never come out, and how one would try.

use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plumego_frontend::Frontend;
use plumego_router::Router;

use crate::web::{Folder, Web};

const SECRET: &str = "the secret";

/// One step up, in every way that some server once took for it.
const UPS: [&str; 30] = [
    "..",
    "%2e%2e",
    "%2E%2e",
    ".%2e",
    "%2e.",
    "..%2f",
    "..%5c",
    "..\\",
    "%2e%2e%2f",
    "%2e%2e%5c",
    "%252e%252e",
    "%252e%252e%252f",
    "..%252f",
    "%c0%ae%c0%ae",
    "%c0%ae%c0%ae%c0%af",
    "..%c0%af",
    "%e0%80%ae%e0%80%ae",
    "%uff0e%uff0e",
    "..;",
    "...",
    "....",
    ".../",
    "..%00",
    "..%0d%0a",
    "..%09",
    ".%00.",
    "..%ff",
    "%%32%65%%32%65",
    "%2%65%2%65",
    "\u{ff0e}\u{ff0e}",
];

/// Other names that nobody may ask for.
const TARGETS: [&str; 46] = [
    "/.env",
    "/%2eenv",
    "/.%65nv",
    "/.git/config",
    "/.git/",
    "/docs/.htpasswd",
    "/docs/%2ehtpasswd",
    "/.well-known/.hidden",
    "/.well-known/%2ehidden",
    "/.well-known/../.env",
    "/./.env",
    "//.env",
    "/docs/..%2f.env",
    "/back%5cslash.txt",
    "/con",
    "/CON",
    "/aux.txt",
    "/AUX.TXT",
    "/stream:data",
    "/stream%3adata",
    "/dot.",
    "/dot%2e",
    "/space%20",
    "/bell%07",
    "/index.html%00",
    "/index.html%00.js",
    "/%00",
    "/index.html%0a",
    "/secret.txt",
    "/../secret.txt",
    "/../web-backup/secret.txt",
    "/..web-backup/secret.txt",
    "/web/../secret.txt",
    "/etc/passwd",
    "//etc/passwd",
    "///etc/passwd",
    "/%2fetc%2fpasswd",
    "/file:///etc/passwd",
    "/c:/windows/win.ini",
    "/docs/page.html/",
    "/docs/page.html/..",
    "/docs/page.html/../../.env",
    "/proc/self/cwd/etc/passwd",
    "/dev/stdin",
    "/index.html::$DATA",
    "/INDEX~1.HTM",
];

/// A site with things in and beside it that nobody may read.
fn folder() -> Folder {
    let folder = Folder::new(&[
        ("index.html", b"<p>home"),
        ("docs/page.html", b"<p>docs"),
        (".env", SECRET.as_bytes()),
        (".git/config", SECRET.as_bytes()),
        ("docs/.htpasswd", SECRET.as_bytes()),
        (".well-known/ok.txt", b"fine"),
        (".well-known/.hidden", SECRET.as_bytes()),
        ("back\\slash.txt", SECRET.as_bytes()),
        ("con", SECRET.as_bytes()),
        ("aux.txt", SECRET.as_bytes()),
        ("stream:data", SECRET.as_bytes()),
        ("dot.", SECRET.as_bytes()),
        ("space ", SECRET.as_bytes()),
        ("bell\u{7}", SECRET.as_bytes()),
        ("%2e%2e", b"a strange name"),
    ]);
    std::fs::write(folder.outside().join("secret.txt"), SECRET).unwrap();
    std::fs::create_dir(folder.outside().join("web-backup")).unwrap();
    std::fs::write(folder.outside().join("web-backup/secret.txt"), SECRET).unwrap();
    folder
}

/// Ways out of a root.
fn targets() -> Vec<String> {
    let mut targets = Vec::new();
    for up in UPS {
        let encoded = escaped(up);
        for depth in 1..=3 {
            for slash in ["/", "//", "/./"] {
                let way = format!("{encoded}{slash}").repeat(depth);
                targets.push(format!("/{way}secret.txt"));
                targets.push(format!("/docs{slash}{way}secret.txt"));
                targets.push(format!("/{way}web-backup/secret.txt"));
            }
        }
    }
    targets.extend(TARGETS.map(str::to_owned));
    targets
}

/// What a client may put on the line: the rest as escapes.
fn escaped(text: &str) -> String {
    let mut line = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_graphic() {
            line.push(char::from(byte));
        } else {
            write!(line, "%{byte:02x}").unwrap();
        }
    }
    line
}

// acceptance 21.1 (21), (45), 21.2 (32)
#[tokio::test]
async fn no_way_of_writing_a_path_leads_out_or_to_hidden_files() {
    let folder = folder();
    let site = || Frontend::dir(folder.path());
    let spa = site().spa().not_found_page("index.html").build().unwrap();
    let below = Router::new().site("/deep/er", site().build().unwrap());
    let mounted = Router::new().mount("/deep/er", site().build().unwrap());
    let (plain, spa) = (
        Web::of(site()).await,
        Web::routes(Router::new().site("/", spa)).await,
    );
    let (below, mounted) = (Web::routes(below).await, Web::routes(mounted).await);
    for target in targets() {
        for (web, prefix) in [(&plain, ""), (&below, "/deep/er"), (&mounted, "/deep/er")] {
            let answer = web.get(&format!("{prefix}{target}")).await;
            assert!(
                matches!(answer.status, 404 | 400),
                "{prefix}{target}: {answer:?}"
            );
            assert!(!answer.text().contains(SECRET), "{target}");
        }
        let answer = spa.ask("GET", &target, &[("accept", "text/html")]).await;
        assert!(!answer.text().contains(SECRET), "{target}");
        assert!(!answer.text().contains("root:"), "{target}");
    }
    // They are there to be found.
    plain.get("/docs/page.html").await.is(200, "<p>docs");
    plain.get("/.well-known/ok.txt").await.is(200, "fine");
    plain.get("/%252e%252e").await.is(200, "a strange name");
}

#[tokio::test]
async fn links_that_lead_out_lead_nowhere() {
    let folder = folder();
    let web = folder.path();
    let outside = folder.outside().canonicalize().unwrap();
    symlink("../secret.txt", web.join("relative.txt")).unwrap();
    symlink(outside.join("secret.txt"), web.join("absolute.txt")).unwrap();
    symlink("..", web.join("up")).unwrap();
    symlink("/", web.join("whole")).unwrap();
    symlink("/proc/self/fd", web.join("fd")).unwrap();
    symlink("round.txt", web.join("round.txt")).unwrap();
    symlink("../../secret.txt", web.join("docs/chain.txt")).unwrap();
    symlink("docs/chain.txt", web.join("chain.txt")).unwrap();
    symlink("page.html", web.join("docs/inside.html")).unwrap();
    let site = Web::of(Frontend::dir(&web)).await;
    for target in [
        "/relative.txt",
        "/absolute.txt",
        "/up/secret.txt",
        "/whole/etc/passwd",
        "/round.txt",
        "/docs/chain.txt",
        "/chain.txt",
        "/fd/0",
        "/fd/1",
        "/up/",
        "/whole/",
    ] {
        site.get(target).await.is_missing();
    }
    if cfg!(target_os = "linux") {
        site.get("/docs/inside.html").await.is(200, "<p>docs");
    }
}

#[tokio::test]
async fn a_name_that_is_swapped_for_a_link_meanwhile_never_tells_the_secret() {
    let folder = folder();
    let web = folder.path();
    std::fs::create_dir(web.join("safe")).unwrap();
    std::fs::write(web.join("safe/secret.txt"), "harmless").unwrap();
    symlink("safe", web.join("swap")).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let racing = {
        let (stop, web) = (Arc::clone(&stop), web.clone());
        std::thread::spawn(move || race(&web, &stop))
    };
    let site = Frontend::dir(&web).revalidate_after(Duration::ZERO);
    let site = Web::of(site.precompressed(false)).await;
    let (mut found, mut gone) = (0, 0);
    for _ in 0..600 {
        let answer = site.get("/swap/secret.txt").await;
        if answer.status == 200 {
            answer.is(200, "harmless");
            found += 1;
        } else {
            answer.is_missing();
            gone += 1;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let turns = racing.join().unwrap();
    assert!(turns > 10, "{turns} swaps, {found} found, {gone} gone");
}

/// Points the link in and out in turn, as fast as it goes.
fn race(web: &Path, stop: &AtomicBool) -> u32 {
    let mut turns = 0;
    while !stop.load(Ordering::Relaxed) {
        for to in ["..", "safe"] {
            let fresh = web.join("fresh");
            symlink(to, &fresh).unwrap();
            std::fs::rename(&fresh, web.join("swap")).unwrap();
        }
        turns += 1;
    }
    turns
}

#[tokio::test]
async fn what_is_no_regular_file_is_never_opened_for_long() {
    let folder = folder();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    symlink("/dev/zero", folder.path().join("zero")).unwrap();
    let web = Web::of(Frontend::dir(folder.path())).await;
    for target in ["/pipe", "/socket", "/zero", "/docs"] {
        web.get(target).await.is_missing();
    }
}

#[tokio::test]
async fn a_file_that_nobody_may_read_is_missing() {
    use std::os::unix::fs::PermissionsExt;

    let folder = folder();
    let path = folder.path().join("docs/page.html");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    let web = Web::of(Frontend::dir(folder.path())).await;
    let answer = web.get("/docs/page.html").await;
    // Root reads everything.
    if std::fs::read(&path).is_err() {
        answer.is_missing();
    }
    assert!(!answer.text().contains("ermission"));
}

#[tokio::test]
async fn long_paths_and_many_names_are_missing() {
    let folder = folder();
    let web = Web::of(Frontend::dir(folder.path())).await;
    for target in [
        "/a".repeat(2000),
        format!("/{}", "a".repeat(300)),
        "/a".repeat(3000),
    ] {
        assert_eq!(web.get(&target).await.status, 404);
    }
}
