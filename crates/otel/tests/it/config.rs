//! Settings: from the standard variables, and what is wrong with them.

use std::time::Duration;

use plumego_app::{App, Config, LoadError};
use plumego_otel::{Compression, OTEL_KEYS, Observability, OtelConfig, SamplerKind};

fn load(variables: &[(&str, &str)]) -> Result<OtelConfig, LoadError> {
    let directory = tempfile::tempdir().unwrap();
    let config = Config::loader()
        .keys(OTEL_KEYS)
        .directory(directory.path())
        .environment(variables.iter().copied())
        .load()?;
    Ok(config.section("otel").unwrap())
}

fn problems(variables: &[(&str, &str)]) -> String {
    let config = load(variables).unwrap();
    let app = App::builder().component(Observability::new(config)).build();
    app.unwrap_err().to_string()
}

#[test]
fn the_defaults_of_the_table_are_those_of_the_type() {
    assert_eq!(load(&[]).unwrap(), {
        let mut config = OtelConfig::default();
        config.headers = load(&[]).unwrap().headers;
        config
    });
}

#[test]
fn the_standard_variables_are_read() {
    let config = load(&[
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "https://collector:4318/base/",
        ),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=s3cr3t"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1500"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_SERVICE_NAME", "shop"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=web"),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "15000"),
        ("OTEL_BSP_SCHEDULE_DELAY", "2s"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10"),
    ])
    .unwrap();
    assert_eq!(config.timeout, Duration::from_millis(1500));
    assert_eq!(config.compression, Compression::Gzip);
    assert_eq!(config.traces_sampler, SamplerKind::ParentBasedTraceIdRatio);
    assert_eq!(config.traces_sampler_arg, "0.25");
    assert_eq!(config.metric_export_interval, Duration::from_secs(15));
    assert_eq!(config.span_delay, Duration::from_secs(2));
    assert_eq!((config.span_queue, config.span_batch), (100, 10));
    assert!(config.exports_traces() && config.exports_metrics());
    assert!(!format!("{config:?}").contains("s3cr3t"));
    let app = App::builder().component(Observability::new(config)).build();
    app.unwrap();
}

#[test]
fn a_signal_can_be_left_out_and_all_of_it_be_switched_off() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
    let config = load(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")]).unwrap();
    assert!(!config.exports_traces() && config.exports_metrics());
    let config = load(&[endpoint, ("OTEL_METRICS_EXPORTER", "none")]).unwrap();
    assert!(config.exports_traces() && !config.exports_metrics());
    let config = load(&[endpoint, ("OTEL_SDK_DISABLED", "true")]).unwrap();
    assert!(!config.exports_traces() && !config.exports_metrics());
}

#[test]
fn what_is_malformed_names_its_variable_and_no_secret() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
    for (variable, value) in [
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
    ] {
        let error = load(&[endpoint, (variable, value)])
            .unwrap_err()
            .to_string();
        assert!(error.contains(variable), "{error}");
    }
    for (variable, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://c:4318/otlp?key=s3cr3t",
        ),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318#s3cr3t"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "s3cr3t"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a b=s3cr3t"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file.pem"),
    ] {
        let text = problems(&[endpoint, (variable, value)]);
        assert!(text.contains(variable), "{variable}: {text}");
        if variable.ends_with("CERTIFICATE") {
            assert_eq!(text.matches(variable).count(), 1, "told once: {text}");
        }
        assert!(!text.contains("s3cr3t"), "{text}");
    }
    let ratio = [
        endpoint,
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
    ];
    assert!(problems(&ratio).contains("OTEL_TRACES_SAMPLER_ARG"));
}

#[test]
fn a_configuration_made_by_hand_is_held_to_the_bounds_too() {
    let mut config = OtelConfig::to("http://c:4318");
    config.timeout = Duration::ZERO;
    config.span_delay = Duration::MAX;
    config.metric_export_interval = Duration::ZERO;
    config.span_queue = 0;
    config.span_batch = usize::MAX;
    let app = App::builder().component(Observability::new(config)).build();
    let text = app.unwrap_err().to_string();
    for key in [
        "timeout",
        "span_delay",
        "metric_export_interval",
        "span_queue",
        "span_batch",
    ] {
        assert!(
            text.contains(&format!("otel.{key} is out")),
            "{key}: {text}"
        );
    }
}
