//! Text on its way into HTML.

use std::borrow::Cow;

/// The text with `&`, `<`, `>`, `"` and `'` as references, for the content of an element and for
/// the value of an attribute **in quotes**. Not for what is inside `<script>` and `<style>`, in an
/// attribute with a script (`onclick`), and not for a URL, which may be `javascript:`; check that
/// with [`web_url`](super::web_url).
///
/// ```
/// use plumego_security::input::escape_html;
///
/// let name = r#""><script>alert(1)</script>"#;
/// let field = format!(r#"<input value="{}">"#, escape_html(name));
/// assert!(!field.contains("<script>"));
/// ```
pub fn escape_html(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + text.len() / 8 + 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}
