//! Mistakes are told when the site is built, all at once.

use std::time::Duration;

use plumego_frontend::Frontend;

use crate::web::Folder;

#[track_caller]
fn problems(frontend: &Frontend, expected: &[&str]) {
    let problems = frontend.build().unwrap_err();
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), expected.len(), "{problems}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.contains(expected), "{told}\nwithout {expected}");
        assert!(told.contains("building.rs"), "{told} names no line");
    }
}

// acceptance 21.1 (45)
#[test]
fn a_folder_has_to_be_there() {
    let folder = Folder::new(&[("file.txt", b"x")]);
    let missing = folder.path().join("nowhere");
    problems(&Frontend::dir(missing), &["is not there: make it"]);
    let file = folder.path().join("file.txt");
    problems(&Frontend::dir(file), &["is a file: expected the folder"]);
    problems(
        &Frontend::files::<String, Vec<u8>>([]),
        &["there is not one file"],
    );
    Frontend::dir(folder.path()).build().unwrap();
}

// acceptance 21.1 (45)
#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let folder = Folder::new(&[("file.txt", b"x")]);
    let site = Frontend::dir(folder.path())
        .spa()
        .index("sub/page.html")
        .index("")
        .not_found_page("../404.html")
        .not_found_page("404.html")
        .exclude("api")
        .exclude("/")
        .exclude("/a/../b")
        .with_header("bad name", "1")
        .with_header("x-bad", "a\nb")
        .with_headers([("Content-Length", "7"), ("etag", "\"x\"")])
        .cache_pages("a\nb")
        .immutable_under("assets")
        .content_type(".js", "text/javascript")
        .content_type("js", "javascript")
        .max_memory_bytes(10)
        .max_file_bytes(20)
        .max_entries(0)
        .revalidate_after(Duration::ZERO);
    problems(
        &site,
        &[
            "index `sub/page.html`",
            "index ``",
            "not-found page `../404.html`",
            "excluded prefix `api`",
            "excluded prefix `/`",
            "excluded prefix `/a/../b`",
            "header `bad name`: this is no header name",
            "header `x-bad`: its value",
            "header `Content-Length`: it follows from the file",
            "header `etag`: it follows from the file",
            "cache control",
            "immutable folder `assets`",
            "content type `text/javascript` of `.js`",
            "content type `javascript` of `js`",
            "files of up to 20 bytes",
            "no file is to be remembered",
            "index `index.html` is not in folder",
            "not-found page `404.html` is not in folder",
        ],
    );
}

#[test]
fn names_of_the_program_have_to_be_paths() {
    let site = Frontend::files([
        ("ok.txt", "1"),
        ("ok.txt", "2"),
        ("/leading", "3"),
        ("a/../b", "4"),
        (".env", "5"),
        ("", "6"),
    ]);
    problems(
        &site,
        &[
            "`ok.txt` is there twice",
            "`/leading`",
            "`a/../b`",
            "`.env`",
            "`` cannot be asked for",
        ],
    );
    let lacks = Frontend::files([("a.txt", "1")])
        .spa()
        .not_found_page("404.html");
    problems(
        &lacks,
        &[
            "index `index.html` is not among the files",
            "`404.html` is not among the files",
        ],
    );
}
