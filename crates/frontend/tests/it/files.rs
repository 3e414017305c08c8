//! Which file answers, and with which headers.

use plumego_frontend::Frontend;
use plumego_router::Router;

use crate::web::{Folder, Web, noise};

fn folder() -> Folder {
    Folder::new(&[
        ("index.html", b"<p>home"),
        ("app.js", b"start()"),
        ("docs/index.html", b"<p>docs"),
        ("docs/guide.txt", b"read me"),
        ("empty/.keep", b""),
        (".well-known/security.txt", b"Contact: x"),
    ])
}

// acceptance 21.1 (21), (45)
#[tokio::test]
async fn files_are_found_and_folders_have_an_index() {
    let folder = folder();
    folder.write("docs/a b/é.md", b"# e");
    let web = Web::of(Frontend::dir(folder.path())).await;
    for (target, body, kind) in [
        ("/", "<p>home", "text/html; charset=utf-8"),
        ("/index.html", "<p>home", "text/html; charset=utf-8"),
        ("/app.js", "start()", "text/javascript; charset=utf-8"),
        ("/app.js?v=1", "start()", "text/javascript; charset=utf-8"),
        ("/docs/", "<p>docs", "text/html; charset=utf-8"),
        ("/docs/guide.txt", "read me", "text/plain; charset=utf-8"),
        (
            "/docs/a%20b/%C3%A9.md",
            "# e",
            "text/markdown; charset=utf-8",
        ),
        (
            "/.well-known/security.txt",
            "Contact: x",
            "text/plain; charset=utf-8",
        ),
    ] {
        let answer = web.get(target).await;
        answer.is(200, body);
        assert_eq!(answer.header("content-type"), Some(kind), "{target}");
        assert_eq!(answer.header("accept-ranges"), Some("bytes"), "{target}");
        assert_eq!(
            answer.header("content-length"),
            Some(&*body.len().to_string())
        );
        assert!(answer.header("etag").unwrap().starts_with('"'), "{target}");
        assert!(answer.header("last-modified").unwrap().ends_with(" GMT"));
        let head = web.ask("HEAD", target, &[]).await;
        head.is(200, "");
        for name in ["content-type", "content-length", "etag", "last-modified"] {
            assert_eq!(head.header(name), answer.header(name), "{target} {name}");
        }
    }
    for target in [
        "/nothing",
        "/empty/",
        "/empty",
        "/app.js/",
        "/docs/nothing/",
        "/APP.JS",
    ] {
        web.get(target).await.is_missing();
    }
}

#[tokio::test]
async fn the_same_files_in_the_program_answer_the_same() {
    let site = Frontend::files([
        ("index.html", &b"<p>home"[..]),
        ("docs/index.html", b"<p>docs"),
        ("docs/guide.txt", b"read me"),
    ]);
    let web = Web::of(site).await;
    web.get("/").await.is(200, "<p>home");
    web.get("/docs/").await.is(200, "<p>docs");
    web.get("/docs/guide.txt").await.is(200, "read me");
    web.ask("HEAD", "/docs/guide.txt", &[]).await.is(200, "");
    assert_eq!(web.get("/docs").await.header("location"), Some("./docs/"));
    for target in ["/nothing", "/docs/guide.txt/", "/docs/nothing/", "/.env"] {
        web.get(target).await.is_missing();
    }
}

// acceptance 21.1 (45)
#[tokio::test]
async fn other_methods_are_405_with_allow() {
    let folder = folder();
    let site = Frontend::dir(folder.path()).spa().build().unwrap();
    let web = Web::routes(Router::new().site("/", site.clone())).await;
    let mounted = Web::routes(Router::new().mount("/", site)).await;
    for method in ["POST", "PUT", "DELETE", "PATCH", "BREW"] {
        for (web, allow) in [(&web, "GET, HEAD, OPTIONS"), (&mounted, "GET, HEAD")] {
            for target in ["/app.js", "/view", "/"] {
                let answer = web.ask(method, target, &[("accept", "text/html")]).await;
                assert_eq!(answer.status, 405, "{method} {target}");
                assert_eq!(answer.header("allow"), Some(allow));
                assert!(answer.text().contains("method_not_allowed"));
            }
        }
    }
}

#[tokio::test]
async fn a_folder_without_its_slash_leads_to_it_and_to_no_other_host() {
    let folder = folder();
    folder.write("evil.example/index.html", b"<p>mine");
    let site = || Frontend::dir(folder.path()).build().unwrap();
    let web = Web::routes(Router::new().site("/", site()).site("/shop", site())).await;
    for (target, location) in [
        ("/docs", Some("./docs/")),
        ("/docs?a=1&b=//x", Some("./docs/?a=1&b=//x")),
        ("/shop", Some("./shop/")),
        ("/shop?x", Some("./shop/?x")),
        ("/shop/docs", Some("./docs/")),
        ("/evil.example", Some("./evil.example/")),
        ("//evil.example", None),
        ("///evil.example", None),
        ("//evil.example/", None),
        ("/%2fevil.example", None),
        ("/%5cevil.example", None),
        ("/\\evil.example", None),
        ("/docs/..//evil.example", None),
    ] {
        let answer = web.get(target).await;
        assert_eq!(answer.header("location"), location, "{target}");
        let status = if location.is_some() { 308 } else { 404 };
        // What is no target at all, the engine refuses.
        assert!(answer.status == status || answer.status == 400, "{target}");
    }
    web.get("/shop/").await.is(200, "<p>home");
    web.get("/shop/app.js").await.is(200, "start()");
}

// acceptance 21.1 (45): an index of another name, own headers, types by extension
#[tokio::test]
async fn index_headers_and_types_are_the_programs_choice() {
    let folder = folder();
    folder.write("start.htm", b"<p>start");
    folder.write("model.weird", b"w");
    let site = Frontend::dir(folder.path())
        .index("start.htm")
        .content_type("WEIRD", "model/x-weird")
        .content_type("js", "application/javascript")
        .with_headers([
            ("content-security-policy", "default-src 'self'"),
            ("x-mine", "1"),
        ])
        .well_known(false);
    let web = Web::of(site).await;
    let home = web.get("/").await;
    home.is(200, "<p>start");
    assert_eq!(home.header("x-mine"), Some("1"));
    assert_eq!(
        home.header("content-security-policy"),
        Some("default-src 'self'")
    );
    let kind = async |target| {
        web.get(target)
            .await
            .header("content-type")
            .map(str::to_owned)
    };
    assert_eq!(kind("/model.weird").await.as_deref(), Some("model/x-weird"));
    assert_eq!(
        kind("/app.js").await.as_deref(),
        Some("application/javascript")
    );
    web.get("/.well-known/security.txt").await.is_missing();
    web.get("/docs/").await.is_missing();
}

#[tokio::test]
async fn long_files_come_whole_from_disk() {
    let bytes = noise(3_000_001);
    let folder = Folder::new(&[("long.bin", &bytes), ("edge.bin", &bytes[..1024])]);
    let site = Frontend::dir(folder.path()).max_file_bytes(1023);
    let web = Web::of(site).await;
    for (target, length) in [("/long.bin", bytes.len()), ("/edge.bin", 1024)] {
        for _ in 0..2 {
            let answer = web.get(target).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-length"), Some(&*length.to_string()));
            assert!(answer.body == bytes[..length], "{target}");
        }
        let head = web.ask("HEAD", target, &[]).await;
        assert_eq!(head.header("content-length"), Some(&*length.to_string()));
        assert_eq!(head.body, b"");
    }
}
