//! The headers of most answers, put together before there is a request.

use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use plumego_contract::{LateFields, RequestContext, RequestId, Response};
use plumego_observe::trace::TraceContext;
use plumego_security::headers::CspNonce;
use plumego_security::limit::Decision;
use plumego_stdx::Shard;

use super::FusedLayer;
use super::lines::Lines;
use super::service::Shared;
use crate::observe::{SPAN_ID, TRACERESPONSE, span_value, trace_value};
use crate::rate_limit::{RATELIMIT, RATELIMIT_POLICY, RateLimitHeaders};

/// What the headers of one answer depend on, beside its trace.
#[derive(Clone, Default)]
pub(super) struct Said {
    pub(super) id: Option<RequestId>,
    pub(super) secure: bool,
    pub(super) nonce: Option<CspNonce>,
    /// Whether the answer is marked for CORS: not when it is the answer to a preflight.
    pub(super) by_cors: bool,
    pub(super) origin: Option<HeaderValue>,
    pub(super) decision: Option<Decision>,
}

/// Complete headers with stand-ins for the few values that differ from answer to answer.
///
/// Copying such a map and filling in the values costs a third of putting each header into a map
/// that grows. There is one for each of the four kinds of answers that make up nearly all: with and
/// without an origin that may read it, secure or not.
#[derive(Debug)]
pub(super) struct Prepared {
    plain: Ready,
    secure: Ready,
    shared: Ready,
    shared_secure: Ready,
}

/// One of these maps.
#[derive(Debug)]
pub(super) struct Ready {
    headers: HeaderMap,
    /// What the first of the headers are, in the order in which the map and its copies show them;
    /// the others are always the same.
    parts: Box<[Part]>,
    /// The same for an answer that goes out as text.
    lines: Lines,
}

/// A header that differs from answer to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    ContentType,
    RatePolicy,
    RateLimit,
    Origin,
    Trace,
    Span,
    Id,
}

impl FusedLayer {
    /// Adds the headers between the handler and what observes it, innermost first.
    pub(super) fn mark(&self, response: &mut Response, said: &Said) {
        if let (Some(layer), Some(decision)) = (&self.abuse_guard, &said.decision) {
            layer.shared().mark(response.headers_mut(), decision);
        }
        if let Some(layer) = self.cors.as_ref().filter(|_| said.by_cors) {
            layer
                .policy
                .mark(response.headers_mut(), said.origin.clone());
        }
        if let Some(layer) = &self.security_headers {
            let policy = &layer.policy;
            policy.apply(response, said.secure, said.nonce.as_ref());
        }
    }

    /// Adds what tells answers apart, over whatever is there.
    pub(super) fn tell_apart(&self, headers: &mut HeaderMap, said: &Said, trace: &TraceContext) {
        if let Some(layer) = &self.observe {
            let values = [
                (
                    TRACERESPONSE,
                    layer.trace_response.then(|| trace_value(trace)),
                ),
                (SPAN_ID, layer.span_id.then(|| span_value(trace))),
            ];
            for (name, value) in values {
                if let Some(value) = value.flatten() {
                    headers.insert(name, value);
                }
            }
        }
        if let (Some(layer), Some(id)) = (&self.request_id, &said.id) {
            headers.insert(layer.header.clone(), id.to_header());
        }
    }
}

impl Prepared {
    /// `None` where more differs from answer to answer than is filled in here.
    pub(super) fn new(layers: &FusedLayer) -> Option<Self> {
        let policy = layers.security_headers.as_ref().map(|it| &it.policy);
        let guard = layers.abuse_guard.as_ref();
        let standard =
            guard.is_none_or(|guard| guard.shared().headers() == RateLimitHeaders::Standard);
        if layers.debug_errors.is_some()
            || !standard
            || policy.is_some_and(|policy| policy.needs_nonce())
        {
            return None;
        }
        Some(Self {
            plain: Ready::new(layers, false, false)?,
            secure: Ready::new(layers, true, false)?,
            shared: Ready::new(layers, false, true)?,
            shared_secure: Ready::new(layers, true, true)?,
        })
    }

    /// The headers for this answer, or `None` when they must be put together one by one: because
    /// its own are among those that are added, or are lists.
    pub(super) fn of(&self, layers: &FusedLayer, own: &HeaderMap, said: &Said) -> Option<&Ready> {
        let complete = said.by_cors == layers.cors.is_some()
            && said.decision.is_some() == layers.abuse_guard.is_some()
            && said.id.is_some() == layers.request_id.is_some();
        if !complete || own.len() != own.keys_len() {
            return None;
        }
        let ready = self.kind(said);
        // Most answers have a content type and nothing else.
        let apart = if own.len() == 1 {
            own.keys().all(|name| name == CONTENT_TYPE)
        } else {
            let apart = |name| name == CONTENT_TYPE || !ready.headers.contains_key(name);
            own.contains_key(CONTENT_TYPE) && own.keys().all(apart)
        };
        apart.then_some(ready)
    }
}

impl Prepared {
    fn kind(&self, said: &Said) -> &Ready {
        match (said.origin.is_some(), said.secure) {
            (false, false) => &self.plain,
            (false, true) => &self.secure,
            (true, false) => &self.shared,
            (true, true) => &self.shared_secure,
        }
    }
}

impl Ready {
    /// `None` when a copy of the map would not show the headers in the same order, which no version
    /// of `http` is known to do.
    fn new(layers: &FusedLayer, secure: bool, shared: bool) -> Option<Self> {
        let all = stand_in(layers, secure, shared);
        let id = layers.request_id.as_ref().map(|layer| &layer.header);
        let part = |name: &HeaderName| match name {
            name if Some(name) == id => Some(Part::Id),
            name if name == CONTENT_TYPE => Some(Part::ContentType),
            name if name == RATELIMIT_POLICY => Some(Part::RatePolicy),
            name if name == RATELIMIT => Some(Part::RateLimit),
            name if name == ACCESS_CONTROL_ALLOW_ORIGIN => Some(Part::Origin),
            name if name == TRACERESPONSE => Some(Part::Trace),
            name if name == SPAN_ID => Some(Part::Span),
            _ => None,
        };
        let parts: Box<[Part]> = all.keys().filter_map(part).collect();
        let mut headers = HeaderMap::with_capacity(all.len());
        for differs in [true, false] {
            let some = all
                .iter()
                .filter(|(name, _)| part(name).is_some() == differs);
            for (name, value) in some {
                // The policy is no constant: one of its own, so that no two processors count
                // references in one place.
                let own = (name == RATELIMIT_POLICY).then(|| value.as_bytes());
                let own = own.and_then(|text| HeaderValue::from_bytes(text).ok());
                let value = own.unwrap_or_else(|| value.clone());
                headers.append(name.clone(), value);
            }
        }
        let copy = headers.clone();
        copy.iter().eq(headers.iter()).then_some(Self {
            lines: Lines::new(&headers, &parts),
            headers,
            parts,
        })
    }

    /// The headers of one answer.
    pub(super) fn fill(
        &self,
        mut own: HeaderMap,
        layers: &FusedLayer,
        said: Said,
        trace: &TraceContext,
    ) -> HeaderMap {
        let mut headers = self.headers.clone();
        let mut origin = said.origin;
        let mut rate = match (&layers.abuse_guard, &said.decision) {
            (Some(layer), Some(decision)) => Some(layer.shared().limit(decision)),
            _ => None,
        };
        let guard = layers.abuse_guard.as_ref();
        let empty = HeaderValue::from_static("");
        let kind = if own.len() == 1 {
            own.values_mut().next()
        } else {
            own.get_mut(CONTENT_TYPE)
        };
        let mut kind = kind.map(|kind| std::mem::replace(kind, empty));
        // The parts that differ come first.
        for (part, there) in self.parts.iter().zip(headers.values_mut()) {
            let value = match part {
                Part::ContentType => kind.take(),
                Part::RatePolicy => guard.and_then(|guard| guard.shared().changed_policy()),
                Part::RateLimit => rate.take(),
                Part::Origin => origin.take(),
                Part::Trace => trace_value(trace),
                Part::Span => span_value(trace),
                Part::Id => said.id.as_ref().map(RequestId::to_header),
            };
            if let Some(value) = value {
                *there = value;
            }
        }
        if own.len() > 1 {
            own.remove(CONTENT_TYPE);
            // No header comes twice: see `Prepared::of`.
            headers.extend(own);
        }
        headers
    }
}

/// The headers of one answer, which its server adds to its own.
pub(super) struct Late {
    pub(super) shared: Shard<Shared>,
    pub(super) said: Said,
}

impl Late {
    fn ready(&self) -> Option<&Ready> {
        self.shared.prepared.as_ref().map(|it| it.kind(&self.said))
    }
}

impl LateFields for Late {
    fn write_lines(&self, context: &RequestContext, out: &mut Vec<u8>) {
        if let Some(ready) = self.ready() {
            let layers = &self.shared.layers;
            ready.lines.write(out, layers, &self.said, context.trace());
        }
    }

    fn add_to(&self, context: &RequestContext, headers: &mut HeaderMap) {
        if let Some(ready) = self.ready() {
            let said = self.said.clone();
            let own = std::mem::take(headers);
            *headers = ready.fill(own, &self.shared.layers, said, context.trace());
        }
    }
}

/// The headers with something in each place, made as those of any answer are.
fn stand_in(layers: &FusedLayer, secure: bool, shared: bool) -> HeaderMap {
    let something = || HeaderValue::from_static("-");
    let said = Said {
        id: layers.request_id.as_ref().map(|_| RequestId::generate()),
        secure,
        nonce: None,
        by_cors: layers.cors.is_some(),
        origin: shared.then(something),
        decision: layers
            .abuse_guard
            .as_ref()
            .map(|guard| guard.shared().example()),
    };
    let mut response = Response::default();
    response.headers_mut().insert(CONTENT_TYPE, something());
    layers.mark(&mut response, &said);
    layers.tell_apart(response.headers_mut(), &said, &TraceContext::new_root());
    std::mem::take(response.headers_mut())
}
