//! The table of codes is one that clients can rely on.

use std::collections::HashSet;

use plumego_contract::{CODES, Category, Error};

#[test]
fn codes_are_unique_snake_case_words_with_docs_in_both_languages() {
    let mut seen = HashSet::new();
    for row in CODES {
        let code = row.code;
        assert!(seen.insert(code), "{code} is there twice");
        let word = code
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        assert!(
            word && !code.starts_with('_') && !code.ends_with('_'),
            "{code} is not snake case"
        );
        assert!(!code.contains("__"), "{code} is not snake case");
        let status = row.status;
        assert!(
            status.is_client_error() || status.is_server_error(),
            "{code} is {status}"
        );
        assert!(
            row.title.starts_with(|c: char| c.is_ascii_uppercase()),
            "{code}: {}",
            row.title
        );
        assert!(
            row.doc_en.ends_with('.') && row.doc_en.is_ascii(),
            "{code}: {}",
            row.doc_en
        );
        assert!(row.doc_zh.ends_with('。'), "{code}: {}", row.doc_zh);
        let server = row.category == Category::Server;
        assert!(
            !server || status.is_server_error(),
            "{code}: a client's fault is no server error"
        );
    }
    assert!(seen.len() > 20, "the table is there");
}

#[test]
fn an_error_of_a_row_has_what_the_row_says() {
    for row in CODES {
        let error = Error::new(*row);
        assert_eq!((error.code(), error.status()), (row.code, row.status));
        assert_eq!(error.category(), row.category);
        assert_eq!(error.detail(), None);
    }
}
