//! What came back.

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A response, read to its end.
#[derive(Debug, Clone)]
pub struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl TestResponse {
    pub(crate) fn new(parts: Parts, body: Bytes) -> Self {
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The first header of that name, when it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        match std::str::from_utf8(&self.body) {
            Ok(text) => text,
            Err(error) => panic!("the body is not UTF-8: {error}"),
        }
    }

    /// The body out of JSON.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("the body does not fit: {error}\n{}", self.excerpt()),
        }
    }

    /// Fails unless the status is this one.
    #[track_caller]
    pub fn assert_status(&self, expected: u16) -> &Self {
        let status = self.status.as_u16();
        assert!(
            status == expected,
            "status {status}, expected {expected}\n{}",
            self.excerpt()
        );
        self
    }

    /// Fails unless there is such a header with this value.
    #[track_caller]
    pub fn assert_header(&self, name: &str, expected: &str) -> &Self {
        let value = self.header(name);
        assert!(
            value == Some(expected),
            "{name} is {value:?}, expected {expected:?}"
        );
        self
    }

    /// Fails unless the body is this JSON value.
    #[track_caller]
    pub fn assert_json(&self, expected: &Value) -> &Self {
        let value: Value = self.json();
        assert!(
            value == *expected,
            "the body is {value:#}, expected {expected:#}"
        );
        self
    }

    /// Fails unless the answer is an error with this code, as a problem or in an envelope.
    #[track_caller]
    pub fn assert_code(&self, expected: &str) -> &Self {
        let body: Value = self.json();
        let code = body.get("code").or_else(|| body.pointer("/error/code"));
        let code = code.and_then(Value::as_str);
        assert!(
            code == Some(expected),
            "code {code:?}, expected {expected:?}\n{body:#}"
        );
        self
    }

    /// The beginning of the body, for messages.
    fn excerpt(&self) -> String {
        String::from_utf8_lossy(
            self.body
                .get(..self.body.len().min(2000))
                .unwrap_or_default(),
        )
        .into_owned()
    }
}
