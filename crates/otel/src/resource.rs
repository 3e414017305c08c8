//! Who tells: the attributes that all spans and metrics of a process share.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use plumego_stdx::random;

/// The conventions that the attributes follow.
pub(crate) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.30.0";
const UNKNOWN: &str = "unknown_service";

/// The resource: what was configured, and what is known anyway. The first attribute of a name
/// counts.
pub(crate) fn resource(service_name: &str, configured: Vec<(String, String)>) -> Resource {
    let named = (!service_name.is_empty()).then(|| ("service.name", service_name.to_owned()));
    let instance = random::hex::<16>().as_str().to_owned();
    let known = [
        ("service.name", UNKNOWN.to_owned()),
        ("service.instance.id", instance),
        ("telemetry.sdk.name", "plumego".to_owned()),
        ("telemetry.sdk.language", "rust".to_owned()),
        (
            "telemetry.sdk.version",
            env!("CARGO_PKG_VERSION").to_owned(),
        ),
    ];
    let known = known.map(|(name, value)| (name.to_owned(), value));
    let named = named.map(|(name, value)| (name.to_owned(), value));
    let mut attributes: Vec<KeyValue> = Vec::new();
    for (name, value) in named.into_iter().chain(configured).chain(known) {
        if attributes.iter().all(|there| there.key != name) {
            attributes.push(attribute(name, Value::StringValue(value)));
        }
    }
    Resource {
        attributes,
        ..Resource::default()
    }
}

/// The part of the program that tells.
pub(crate) fn scope(name: &str) -> InstrumentationScope {
    InstrumentationScope {
        name: name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

pub(crate) fn attribute(key: impl Into<String>, value: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

pub(crate) fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

pub(crate) fn number(key: &str, value: impl TryInto<i64>) -> KeyValue {
    attribute(key, Value::IntValue(value.try_into().unwrap_or(i64::MAX)))
}
