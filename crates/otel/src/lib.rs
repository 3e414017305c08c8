//! Traces and metrics to a collector by OTLP over HTTP.
