//! `Header` and `Headers`.

use plumego_contract::extract::{Bearer, Header, Headers, TypedHeader, UserAgent};

use super::{Ask, told};

#[derive(Debug, PartialEq)]
struct Tags(Vec<String>);

impl TypedHeader for Tags {
    const NAME: &'static str = "x-tags";
    const EXPECTED: &'static str = "a list of tags";
    const LIST: bool = true;

    fn parse(value: &str) -> Option<Self> {
        let tags: Vec<String> = value.split(", ").map(str::to_owned).collect();
        tags.iter().all(|tag| !tag.is_empty()).then_some(Self(tags))
    }
}

#[tokio::test]
async fn a_header_is_missing_malformed_or_there() {
    type Agent = Header<UserAgent>;
    assert_eq!(
        told(Ask::get("/").take::<Agent, _>().await),
        (400, "invalid_header")
    );
    assert_eq!(
        Ask::get("/").take::<Option<Agent>, _>().await.unwrap(),
        None
    );
    let there = Ask::get("/").header("User-Agent", " curl/8 ");
    assert_eq!(there.take::<Agent, _>().await.unwrap().0.0, "curl/8");
    for twice_or_no_text in [["a", "a"], ["é", "é"]] {
        let [first, second] = twice_or_no_text;
        let ask = Ask::get("/")
            .header("user-agent", first)
            .header("user-agent", second);
        assert_eq!(
            told(ask.take::<Option<Agent>, _>().await),
            (400, "invalid_header")
        );
    }
}

#[tokio::test]
async fn the_lines_of_a_list_are_one() {
    let ask = Ask::get("/").header("x-tags", "a, b").header("x-tags", "c");
    let tags = ask.take::<Header<Tags>, _>().await.unwrap().0;
    assert_eq!(tags.0, ["a", "b", "c"]);
    let ask = Ask::get("/").header("x-tags", "a, , b");
    let error = ask.take::<Header<Tags>, _>().await.unwrap_err();
    assert_eq!(
        error.detail(),
        Some("The header `x-tags` must be a list of tags.")
    );
}

#[tokio::test]
async fn a_bearer_token_is_asked_for_with_a_challenge_and_never_shown() {
    let error = Ask::get("/").take::<Header<Bearer>, _>().await.unwrap_err();
    assert_eq!((error.status().as_u16(), error.is_absent()), (401, true));
    assert_eq!(error.headers()["www-authenticate"], "Bearer");
    for value in [
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer a b",
        "Bearer =",
        "Bearer a,b",
        "bearera",
        "Bearer\ta",
        "Bearer \ta",
    ] {
        let ask = Ask::get("/").header("authorization", value);
        assert_eq!(
            told(ask.take::<Header<Bearer>, _>().await),
            (401, "unauthenticated"),
            "{value}"
        );
    }
    let ask = Ask::get("/").header("authorization", "bearer  abc.d-e_f~g+h/i==");
    let Header(bearer) = ask.take::<Header<Bearer>, _>().await.unwrap();
    assert!(bearer.0.matches("abc.d-e_f~g+h/i=="));
    assert!(!format!("{bearer:?}").contains("abc"));
}

#[tokio::test]
async fn all_headers_come_at_once() {
    let ask = Ask::get("/").header("x-a", "1").header("x-b", "é");
    let headers = ask.take::<Headers, _>().await.unwrap();
    assert_eq!(
        (
            headers.text("x-a"),
            headers.text("x-b"),
            headers.text("x-c")
        ),
        (Some("1"), None, None)
    );
}
