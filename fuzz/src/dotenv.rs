//! The `.env` parser.

/// Inputs to start from.
pub const SEEDS: &[&[u8]] = &[
    b"A=1\nexport B='two words' # three\nC=\"a\\n\\\"${A}\\\" $B\"\n",
    b"\xef\xbb\xbfKEY=value\r\nMULTI=\"one\ntwo\"\r\n",
    b"# nothing\n\n=x\nA\nB=${\n",
];

/// Parses; names and values that come out must be whole lines of text again.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match plumego_config::dotenv::parse(text) {
        Ok(pairs) => {
            for (name, _) in pairs {
                assert!(
                    !name.is_empty() && !name.contains(['=', '\n', ' ']),
                    "name {name:?}"
                );
            }
        }
        Err(error) => {
            assert!(
                error.line() <= text.lines().count() + 1,
                "line {} of {text:?}",
                error.line()
            );
        }
    }
}
