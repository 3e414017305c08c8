//! Which traces are recorded.

use plumego_observe::trace::TraceContext;
use plumego_otel::{Sampler, SamplerKind};
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

use crate::receiver::Receiver;
use crate::support::{Served, app, config};

fn incoming(flags: &str) -> TraceContext {
    let header = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
    TraceContext::from_header_values(Some(header), None::<&str>)
}

#[test]
fn samplers_keep_to_the_parent_or_do_not() {
    use SamplerKind::{
        AlwaysOff, AlwaysOn, ParentBasedAlwaysOff, ParentBasedAlwaysOn, ParentBasedTraceIdRatio,
        TraceIdRatio,
    };
    let (root, yes, no) = (TraceContext::new_root(), incoming("01"), incoming("00"));
    for (kind, ratio, expected) in [
        (AlwaysOn, 1.0, [true, true, true]),
        (AlwaysOff, 1.0, [false, false, false]),
        (TraceIdRatio, 1.0, [true, true, true]),
        (TraceIdRatio, 0.0, [false, false, false]),
        (ParentBasedAlwaysOn, 1.0, [true, true, false]),
        (ParentBasedAlwaysOff, 1.0, [false, true, false]),
        (ParentBasedTraceIdRatio, 0.0, [false, true, false]),
        (ParentBasedTraceIdRatio, 1.0, [true, true, false]),
    ] {
        let sampler = Sampler::new(kind, ratio);
        let found = [&root, &yes, &no].map(|trace| sampler.samples(trace));
        assert_eq!(found, expected, "{kind:?} {ratio}");
    }
}

#[test]
fn a_share_is_about_that_share() {
    let sampler = Sampler::new(SamplerKind::TraceIdRatio, 0.25);
    let roots = std::iter::repeat_with(TraceContext::new_root).take(10_000);
    let count = roots.filter(|trace| sampler.samples(trace)).count();
    // Ten standard deviations to either side.
    assert!((2_067..2_933).contains(&count), "{count}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_larger_share_has_all_of_a_smaller_one(ratio in 0.0..1.0_f64, id: u128) {
        let header = format!("00-{:032x}-b7ad6b7169203331-00", id | 1);
        let trace = || TraceContext::from_header_values(Some(&header), None::<&str>);
        let small = Sampler::new(SamplerKind::TraceIdRatio, ratio);
        let large = Sampler::new(SamplerKind::TraceIdRatio, ratio.midpoint(1.0));
        prop_assert_eq!(small.samples(&trace()), small.samples(&trace()));
        prop_assert_eq!(small.samples(&trace()) && !large.samples(&trace()), false);
    }

    #[test]
    fn no_ratio_panics(ratio in any::<f64>()) {
        Sampler::new(SamplerKind::TraceIdRatio, ratio).samples(&TraceContext::new_root());
    }
}

#[tokio::test]
async fn only_what_is_sampled_is_sent() {
    let Some(mut receiver) = Receiver::start().await else {
        return;
    };
    let mut config = config(&receiver.url());
    config.traces_sampler = SamplerKind::ParentBasedAlwaysOff;
    let served = Served::start(app(config)).await;
    let ask = async |path: &str, flags: &str| {
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\n\
             traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}\r\n"
        );
        served.ask(&head).await
    };
    served.get("/users/1").await;
    ask("/users/2", "00").await;
    ask("/users/3", "malformed").await;
    let answer = ask("/users/4", "01").await;
    assert!(answer.contains("traceresponse: 00-0af7651916cd43dd8448eb211c80319c-"));
    let spans = receiver.spans(1).await;
    let path = crate::receiver::attribute(&spans[0], "url.path");
    assert_eq!(path.as_deref(), Some("/users/4"));
    served
        .until("otel_spans_total{outcome=\"exported\"} 1")
        .await;
    served.stop().await;
}
