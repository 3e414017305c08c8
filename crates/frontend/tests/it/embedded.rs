//! Files that rust-embed put into this program.

use plumego_frontend::Frontend;
use rust_embed::RustEmbed;

use crate::web::Web;

#[derive(RustEmbed)]
#[folder = "tests/assets"]
struct Assets;

// acceptance 21.1 (45), 21.2 (32)
#[tokio::test]
async fn embedded_files_have_tags_and_answer_304() {
    let web = Web::of(Frontend::embedded::<Assets>().spa()).await;
    web.get("/")
        .await
        .is(200, "<!doctype html>\n<title>embedded</title>\n");
    let script = web.get("/deep/app.js").await;
    script.is(200, "start();\n");
    let tag = script.header("etag").unwrap();
    let again = web
        .ask("GET", "/deep/app.js", &[("if-none-match", tag)])
        .await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    web.ask("GET", "/deep/app.js", &[("range", "bytes=0-4")])
        .await
        .is(206, "start");
    web.ask("GET", "/view", &[("accept", "text/html")])
        .await
        .is(200, "<!doctype html>\n<title>embedded</title>\n");
    web.get("/.hidden").await.is_missing();
    web.get("/nothing").await.is_missing();
}

#[test]
fn a_program_without_files_is_told_so() {
    #[derive(RustEmbed)]
    #[folder = "tests/assets"]
    #[include = "*.nothing"]
    struct Nothing;

    let problems = Frontend::embedded::<Nothing>().build().unwrap_err();
    assert!(
        problems.to_string().contains("there is not one file"),
        "{problems}"
    );
}
