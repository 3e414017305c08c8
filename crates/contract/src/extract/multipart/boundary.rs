//! The boundary between the parts, RFC 2046 section 5.1.1.

use http::HeaderMap;

use super::invalid;
use crate::extract::media::MediaType;
use crate::{Error, codes};

/// The longest boundary.
const MAX_BYTES: usize = 70;

/// The one boundary that the content type names. Two of them are refused: parsers differ in which
/// of them they take, and so in what they see.
pub(super) fn boundary(headers: &HeaderMap) -> Result<String, Error> {
    let media = MediaType::of(headers)?.filter(|media| media.is("multipart/form-data"));
    let Some(media) = media else {
        return Err(Error::new(codes::UNSUPPORTED_MEDIA_TYPE)
            .with_detail("Content-Type must be multipart/form-data with a boundary."));
    };
    let mut all = media.values("boundary");
    match (all.next(), all.next()) {
        (Some(boundary), None) if is_boundary(boundary) => Ok(boundary.to_owned()),
        (Some(_), None) => Err(invalid(
            "The boundary must be 1 to 70 characters of RFC 2046, section 5.1.1.",
        )),
        _ => Err(invalid("Content-Type must name exactly one boundary.")),
    }
}

fn is_boundary(text: &str) -> bool {
    (1..=MAX_BYTES).contains(&text.len())
        && !text.ends_with(' ')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte))
}
