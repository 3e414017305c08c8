//! Saying what was wrong without handing the client's own bytes back in full.

use std::borrow::Cow;

/// The most bytes of foreign text in a detail.
pub(super) const MAX_TEXT_BYTES: usize = 200;

/// The most bytes of one name in a JSON pointer.
pub(super) const MAX_NAME_BYTES: usize = 64;

/// The beginning of a text, with an ellipsis where it was cut.
pub(super) fn excerpt(text: &str, max_bytes: usize) -> Cow<'_, str> {
    if text.len() <= max_bytes {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(max_bytes);
    Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default()))
}

/// What an error message of serde says, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    /// A stable word for the rule.
    pub(super) code: &'static str,
    /// What was expected. Never the value that came.
    pub(super) detail: Cow<'static, str>,
    /// The field that the message is about, below the place where the error arose.
    pub(super) field: Option<String>,
}

impl Complaint {
    /// Takes a message apart. serde hands errors on as text alone, in the forms of
    /// `serde::de::Error`; text in no known form is kept, cut to [`MAX_TEXT_BYTES`].
    pub(super) fn read(message: &str) -> Self {
        for (start, code, detail) in ABOUT_A_FIELD {
            if let Some(rest) = message.strip_prefix(start) {
                let end = rest.find("`, expected").or_else(|| rest.rfind('`'));
                let name = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
                return Self {
                    code,
                    detail: Cow::Borrowed(detail),
                    field: Some(excerpt(name, MAX_NAME_BYTES).into_owned()),
                };
            }
        }
        for (start, code) in ABOUT_A_VALUE {
            if let Some(rest) = message.strip_prefix(start) {
                // The value stands first and may hold anything; the expectation is ours.
                let wanted = rest.rsplit_once(", expected ").map(|(_, wanted)| wanted);
                let wanted = wanted.map(|text| excerpt(text, MAX_TEXT_BYTES));
                return Self {
                    code,
                    detail: wanted.map_or(Cow::Borrowed("This value does not fit."), |wanted| {
                        Cow::Owned(format!("Expected {wanted}."))
                    }),
                    field: None,
                };
            }
        }
        let known = KNOWN.iter().find(|(text, _)| *text == message);
        Self {
            code: "invalid",
            detail: known.map_or_else(
                || Cow::Owned(excerpt(message, MAX_TEXT_BYTES).into_owned()),
                |(_, detail)| Cow::Borrowed(*detail),
            ),
            field: None,
        }
    }
}

/// Beginnings of messages that name a field.
const ABOUT_A_FIELD: [(&str, &str, &str); 3] = [
    ("missing field `", "required", "This field is required."),
    (
        "unknown field `",
        "unknown_field",
        "This field is not known.",
    ),
    (
        "duplicate field `",
        "duplicate_field",
        "This field may be given only once.",
    ),
];

/// Beginnings of messages that show the value before they say what was expected.
const ABOUT_A_VALUE: [(&str, &str); 4] = [
    ("invalid type: ", "invalid_type"),
    ("invalid value: ", "invalid_value"),
    ("invalid length ", "invalid_length"),
    ("unknown variant `", "unknown_variant"),
];

/// What the number parsers of the standard library say, and `serde_html_form` of a repeated key.
const KNOWN: [(&str, &str); 7] = [
    ("unsupported value", "This may be given only once."),
    ("invalid digit found in string", "Expected a whole number."),
    (
        "cannot parse integer from empty string",
        "Expected a whole number.",
    ),
    (
        "number too large to fit in target type",
        "The number is too large.",
    ),
    (
        "number too small to fit in target type",
        "The number is too small.",
    ),
    ("invalid float literal", "Expected a number."),
    ("cannot parse float from empty string", "Expected a number."),
];

#[cfg(test)]
mod tests {
    use super::{Complaint, excerpt};

    #[test]
    fn messages_lose_the_value_and_keep_the_expectation() {
        for (message, code, detail, field) in [
            (
                "missing field `id`",
                "required",
                "This field is required.",
                Some("id"),
            ),
            (
                "unknown field `x`y`, expected `a` or `b`",
                "unknown_field",
                "This field is not known.",
                Some("x`y"),
            ),
            (
                "invalid type: string \"secret, expected nothing\", expected u32",
                "invalid_type",
                "Expected u32.",
                None,
            ),
            (
                "unknown variant `secret`, expected one of `a`, `b`",
                "unknown_variant",
                "Expected one of `a`, `b`.",
                None,
            ),
            (
                "invalid digit found in string",
                "invalid",
                "Expected a whole number.",
                None,
            ),
            ("no such thing", "invalid", "no such thing", None),
        ] {
            let complaint = Complaint::read(message);
            assert_eq!(complaint.code, code, "{message}");
            assert_eq!(complaint.detail, detail, "{message}");
            assert_eq!(complaint.field.as_deref(), field, "{message}");
        }
    }

    #[test]
    fn an_excerpt_is_cut_between_characters() {
        assert_eq!(excerpt("short", 5), "short");
        assert_eq!(excerpt("ééé", 3), "é…");
    }
}
