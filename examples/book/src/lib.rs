//! The code of the book, compiled and run as tests: `cargo test -p book`. The facade does the same
//! for the README.
//!
//! A new page is listed here as well. The Chinese pages have the same code.

macro_rules! pages {
    ($($name:ident = $path:literal;)*) => {$(
        #[doc = include_str!(concat!("../../../", $path))]
        mod $name {}
    )*};
}

pages! {
    introduction = "docs/en/src/introduction.md";
    getting_started = "docs/en/src/guides/getting-started.md";
    routing = "docs/en/src/guides/routing.md";
    handlers_and_extractors = "docs/en/src/guides/handlers-and-extractors.md";
    input = "docs/en/src/guides/input.md";
    responses = "docs/en/src/guides/responses.md";
    errors = "docs/en/src/guides/errors.md";
    middleware = "docs/en/src/guides/middleware.md";
    protecting = "docs/en/src/guides/protecting.md";
    authorization = "docs/en/src/guides/authorization.md";
    passwords = "docs/en/src/guides/passwords.md";
    sessions = "docs/en/src/guides/sessions.md";
    api_keys = "docs/en/src/guides/api-keys.md";
    tokens = "docs/en/src/guides/tokens.md";
    configuration = "docs/en/src/guides/configuration.md";
    components = "docs/en/src/guides/components.md";
    lifecycle_and_shutdown = "docs/en/src/guides/lifecycle-and-shutdown.md";
    health_and_metrics = "docs/en/src/guides/health-and-metrics.md";
    logging_and_tracing = "docs/en/src/guides/logging-and-tracing.md";
    telemetry = "docs/en/src/guides/telemetry.md";
    client = "docs/en/src/guides/client.md";
    tls = "docs/en/src/guides/tls.md";
    behind_a_proxy = "docs/en/src/guides/behind-a-proxy.md";
    streaming = "docs/en/src/guides/streaming.md";
    uploads = "docs/en/src/guides/uploads.md";
    static_files = "docs/en/src/guides/static-files.md";
    testing = "docs/en/src/guides/testing.md";
    devtools = "docs/en/src/guides/devtools.md";
    operators = "docs/en/src/operating/operators.md";
    axum_interop = "docs/en/src/guides/axum-interop.md";
    layer_request_id = "docs/en/src/layers/request-id.md";
    layer_observe = "docs/en/src/layers/observe.md";
    layer_security_headers = "docs/en/src/layers/security-headers.md";
    layer_cors = "docs/en/src/layers/cors.md";
    layer_rate_limit = "docs/en/src/layers/rate-limit.md";
    layer_body_limit = "docs/en/src/layers/body-limit.md";
    layer_body_deadline = "docs/en/src/layers/body-deadline.md";
    layer_timeout = "docs/en/src/layers/timeout.md";
    layer_compression = "docs/en/src/layers/compression.md";
    layer_decompression = "docs/en/src/layers/decompression.md";
    layer_conditional = "docs/en/src/layers/conditional.md";
    layer_csrf = "docs/en/src/layers/csrf.md";
    layer_token_auth = "docs/en/src/layers/token-auth.md";
    layer_auth = "docs/en/src/layers/auth.md";
    layer_from_fn = "docs/en/src/layers/from-fn.md";
}
