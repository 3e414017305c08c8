//! What the conventions of OpenTelemetry call those metrics of ours that they know.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use plumego_observe::metrics::{FamilySnapshot, Sample, Snapshot, Unit};

use crate::resource::{number, text};

const STATUS: &str = "http.response.status_code";
const PORT: &str = "server.port";

/// One metric by its names.
pub(crate) struct Convention {
    ours: &'static str,
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    /// A number that goes up and down and makes sense as a sum over processes.
    pub(crate) is_up_down: bool,
    labels: &'static [(&'static str, &'static str)],
}

/// Metrics of the application that are told in other words: those for exporters stand for them.
const REPLACED: [(&str, &str); 2] = [
    (
        "http_request_duration_seconds",
        "http_server_request_duration_seconds",
    ),
    (
        "http_client_request_duration_seconds",
        "http_client_request_duration_seconds",
    ),
];

/// Those of the metrics for exporters. Semantic conventions 1.30; what a client is called has no
/// name there.
const FOR_EXPORTERS: [Convention; 2] = [
    Convention {
        ours: "http_server_request_duration_seconds",
        name: "http.server.request.duration",
        unit: "s",
        is_up_down: false,
        labels: &[
            ("method", "http.request.method"),
            ("scheme", "url.scheme"),
            ("route", "http.route"),
            ("status", STATUS),
            ("error", "error.type"),
            ("version", "network.protocol.version"),
        ],
    },
    Convention {
        ours: "http_client_request_duration_seconds",
        name: "http.client.request.duration",
        unit: "s",
        is_up_down: false,
        labels: &[
            ("client", "plumego.client"),
            ("method", "http.request.method"),
            ("address", "server.address"),
            ("port", PORT),
            ("status", STATUS),
            ("error", "error.type"),
        ],
    },
];

/// Those of the application's own metrics.
const OWN: [Convention; 3] = [
    Convention {
        ours: "http_requests_in_flight",
        name: "http.server.active_requests",
        unit: "{request}",
        is_up_down: true,
        labels: &[],
    },
    Convention {
        ours: "http_client_requests_in_flight",
        name: "http.client.active_requests",
        unit: "{request}",
        is_up_down: true,
        labels: &[("client", "plumego.client")],
    },
    Convention {
        ours: "process_uptime_seconds",
        name: "process.uptime",
        unit: "s",
        is_up_down: false,
        labels: &[],
    },
];

/// What is told: each metric, and what the conventions say of it.
pub(crate) fn told(
    own: Snapshot,
    for_exporters: Snapshot,
) -> Vec<(FamilySnapshot, Option<&'static Convention>)> {
    let is_there = |name: &str| for_exporters.family(name).is_some();
    let is_replaced = |family: &FamilySnapshot| {
        let mut replaced = REPLACED.iter();
        replaced.any(|(old, new)| family.name == *old && is_there(new))
    };
    let kept = own.families.into_iter().filter(|it| !is_replaced(it));
    let mut told: Vec<_> = kept.map(|family| with_convention(family, &OWN)).collect();
    let others = for_exporters.families.into_iter();
    told.extend(others.map(|family| with_convention(family, &FOR_EXPORTERS)));
    told
}

fn with_convention(
    family: FamilySnapshot,
    known: &'static [Convention],
) -> (FamilySnapshot, Option<&'static Convention>) {
    let convention = known.iter().find(|known| known.ours == family.name);
    (family, convention)
}

/// The unit as OpenTelemetry writes it (UCUM).
pub(crate) fn unit(family: &FamilySnapshot) -> &'static str {
    match family.unit {
        Some(Unit::Seconds) => "s",
        Some(Unit::Bytes) => "By",
        Some(Unit::Ratio) => "1",
        _ => "",
    }
}

/// The labels of a sample by the names of the conventions; those without a value are left out.
pub(crate) fn attributes(sample: &Sample, convention: Option<&Convention>) -> Vec<KeyValue> {
    let known = convention.map_or(&[][..], |convention| convention.labels);
    let attribute = |(label, value): (&str, &str)| {
        let name = known.iter().find(|(ours, _)| *ours == label);
        match name.map(|(_, theirs)| *theirs) {
            None => Some(text(label, value)),
            Some(_) if value.is_empty() => None,
            Some(whole @ (STATUS | PORT)) => value.parse::<u16>().ok().map(|it| number(whole, it)),
            Some(theirs) => Some(text(theirs, value)),
        }
    };
    sample.labels().filter_map(attribute).collect()
}
