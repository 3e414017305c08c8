//! What the compiler says of a handler that is none, and of a router that is frozen.

#[test]
fn the_messages_are_readable() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
