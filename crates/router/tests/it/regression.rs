//! One test for each defect that was fixed.

use plumego_router::Pattern;

#[test]
fn the_canonical_form_of_an_encoded_control_character_parses_again() {
    for written in [
        "/%C2%85",
        "/%0A",
        "/%7F",
        "/%3Aa",
        "/%2Aa",
        "/a%3Ab",
        "/%20%25%2F",
    ] {
        let pattern: Pattern = written.parse().unwrap();
        let canonical = pattern.to_string();
        assert_eq!(canonical.parse(), Ok(pattern), "{written}: {canonical:?}");
    }
}
