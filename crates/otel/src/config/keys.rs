//! The keys of the room: the standard variables of OpenTelemetry.

use std::time::Duration;

use plumego_config::{Key, Kind};

const fn time(min: Duration, max: Duration) -> Kind {
    Kind::Duration { min, max }
}

const TICK: Duration = Duration::from_millis(1);

/// Everything that can be set for the export of telemetry, under the names that the OpenTelemetry
/// specification gives to the variables. For
/// [`ConfigLoader::keys`](https://docs.rs/plumego-app/latest/plumego_app/struct.ConfigLoader.html).
pub const OTEL_KEYS: &[Key] = &[
    Key::new("otel.disabled", Kind::Bool)
        .env("OTEL_SDK_DISABLED")
        .default("false")
        .doc(
            "Whether no telemetry is exported, whatever else is set.",
            "是否完全不导出遥测数据，无论其他设置如何。",
        ),
    Key::new("otel.endpoint", Kind::Text)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT")
        .default("")
        .doc(
            "Base address of the collector, such as `http://localhost:4318`; empty for no export.",
            "采集器的基地址，例如 `http://localhost:4318`；为空则不导出。",
        ),
    Key::new("otel.traces_endpoint", Kind::Text)
        .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        .default("")
        .doc(
            "Whole address for traces, in place of the base address and `/v1/traces`.",
            "链路的完整地址，取代基地址加 `/v1/traces`。",
        ),
    Key::new("otel.metrics_endpoint", Kind::Text)
        .env("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
        .default("")
        .doc(
            "Whole address for metrics, in place of the base address and `/v1/metrics`.",
            "指标的完整地址，取代基地址加 `/v1/metrics`。",
        ),
    Key::new("otel.headers", Kind::Text)
        .env("OTEL_EXPORTER_OTLP_HEADERS")
        .default("")
        .secret()
        .doc(
            "Headers for the collector: `name=value`, separated by commas, values percent-encoded.",
            "发给采集器的请求头：`名=值`，以逗号分隔，值用百分号编码。",
        ),
    Key::new("otel.timeout", time(TICK, Duration::from_mins(5)))
        .env("OTEL_EXPORTER_OTLP_TIMEOUT")
        .default("10s")
        .doc(
            "Time for one request to the collector.",
            "每次请求采集器的时限。",
        ),
    Key::new("otel.compression", Kind::Choice(&["none", "gzip"]))
        .env("OTEL_EXPORTER_OTLP_COMPRESSION")
        .default("none")
        .doc(
            "How what is sent to the collector is compressed.",
            "发给采集器的数据的压缩方式。",
        ),
    Key::new("otel.protocol", Kind::Choice(&["http/protobuf"]))
        .env("OTEL_EXPORTER_OTLP_PROTOCOL")
        .default("http/protobuf")
        .doc("The protocol of the collector.", "采集器的协议。"),
    Key::new("otel.certificate", Kind::Path)
        .env("OTEL_EXPORTER_OTLP_CERTIFICATE")
        .default("")
        .doc(
            "PEM file with the authorities that the collector's certificate is checked against.",
            "用于校验采集器证书的 CA 的 PEM 文件。",
        ),
    Key::new("otel.service_name", Kind::Text)
        .env("OTEL_SERVICE_NAME")
        .default("")
        .doc(
            "Name of the service, over the one in the resource attributes.",
            "服务名称，优先于资源属性中的名称。",
        ),
    Key::new("otel.resource_attributes", Kind::Text)
        .env("OTEL_RESOURCE_ATTRIBUTES")
        .default("")
        .doc(
            "Attributes of the service: `name=value`, separated by commas, percent-encoded.",
            "服务的属性：`名=值`，以逗号分隔，用百分号编码。",
        ),
    Key::new("otel.traces_exporter", Kind::Choice(&["otlp", "none"]))
        .env("OTEL_TRACES_EXPORTER")
        .default("otlp")
        .doc("Whether traces are exported.", "是否导出链路。"),
    Key::new("otel.metrics_exporter", Kind::Choice(&["otlp", "none"]))
        .env("OTEL_METRICS_EXPORTER")
        .default("otlp")
        .doc("Whether metrics are exported.", "是否导出指标。"),
    Key::new(
        "otel.traces_sampler",
        Kind::Choice(&[
            "always_on",
            "always_off",
            "traceidratio",
            "parentbased_always_on",
            "parentbased_always_off",
            "parentbased_traceidratio",
        ]),
    )
    .env("OTEL_TRACES_SAMPLER")
    .default("parentbased_always_on")
    .doc(
        "Which traces are recorded; `parentbased` ones keep to what the caller decided.",
        "记录哪些链路；`parentbased` 遵从调用方的决定。",
    ),
    Key::new("otel.traces_sampler_arg", Kind::Text)
        .env("OTEL_TRACES_SAMPLER_ARG")
        .default("1.0")
        .doc(
            "Share of traces that a `traceidratio` sampler records, 0 to 1.",
            "`traceidratio` 采样器记录的链路比例，0 到 1。",
        ),
    Key::new(
        "otel.metric_export_interval",
        time(TICK, Duration::from_hours(1)),
    )
    .env("OTEL_METRIC_EXPORT_INTERVAL")
    .default("60s")
    .doc(
        "Time between two exports of the metrics.",
        "两次导出指标的间隔。",
    ),
    Key::new("otel.span_delay", time(TICK, Duration::from_mins(5)))
        .env("OTEL_BSP_SCHEDULE_DELAY")
        .default("5s")
        .doc(
            "Longest time a span waits to be sent.",
            "跨度等待发送的最长时间。",
        ),
    Key::new(
        "otel.span_queue",
        Kind::Integer {
            min: 1,
            max: 1_000_000,
        },
    )
    .env("OTEL_BSP_MAX_QUEUE_SIZE")
    .default("2048")
    .doc(
        "Most spans that wait to be sent; more are dropped and counted.",
        "等待发送的最大跨度数；超出者丢弃并计数。",
    ),
    Key::new(
        "otel.span_batch",
        Kind::Integer {
            min: 1,
            max: 100_000,
        },
    )
    .env("OTEL_BSP_MAX_EXPORT_BATCH_SIZE")
    .default("512")
    .doc(
        "Most spans in one request to the collector.",
        "每次请求采集器的最大跨度数。",
    ),
];
