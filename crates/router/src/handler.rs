//! Handlers: async functions whose arguments are extractors.

use plumego_contract::extract::Needs;
use plumego_contract::{FromParts, FromRequest, IntoResponse, Request, RequestContext, Response};

/// An async function or closure of 0 to 12 extractors that returns a response.
///
/// All arguments but the last are [`FromParts`], the last is [`FromRequest`] and may take the
/// body. What is returned is [`IntoResponse`]. A closure must be `Clone`; it is cloned for every
/// call, so what it captures should be cheap to clone.
///
/// An extractor that fails answers with its error, and neither the extractors after it nor the
/// handler run.
///
/// `T` tells the argument lists apart and is never written by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not a handler",
    note = "a handler is an async fn or async closure of at most 12 arguments",
    note = "all arguments but the last are `FromParts`: `State`, `Path`, `Query`, `Header`, …; \
            the last may take the body: `Json`, `Form`, `Bytes`, `Request`, …",
    note = "it returns anything that is `IntoResponse`, or `Result<T, E>` with \
            `E: Into<plumego::Error>`",
    note = "its future must be `Send`: no `Rc`, `RefCell` guard or `std::sync::MutexGuard` may \
            live across an `.await`"
)]
pub trait Handler<T>: Clone + Send + Sync + 'static {
    /// Takes the arguments out of the request, whose context this is, runs the function, makes the
    /// response.
    fn call(
        self,
        request: Request,
        context: RequestContext,
    ) -> impl Future<Output = Response> + Send;

    /// What the arguments need to work at all.
    fn needs(needs: &mut Needs);
}

impl<F, Fut, R> Handler<()> for F
where
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = R> + Send,
    R: IntoResponse,
{
    fn call(self, request: Request, cx: RequestContext) -> impl Future<Output = Response> + Send {
        // The head is of no use any more and not moved into the future. The body stays as long as
        // the handler works: to drop it is to close the connection for reading.
        let body = request.into_body();
        async move {
            let response = self().await.respond(&cx);
            drop(body);
            response
        }
    }

    fn needs(_: &mut Needs) {}
}

impl<F, Fut, R, M, T1> Handler<(M, T1)> for F
where
    F: FnOnce(T1) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = R> + Send,
    R: IntoResponse,
    T1: FromRequest<M>,
{
    async fn call(self, mut request: Request, cx: RequestContext) -> Response {
        cx.clone().put_into(request.extensions_mut());
        match T1::from_request(request).await {
            Ok(value) => self(value).await.respond(&cx),
            Err(error) => error.respond(&cx),
        }
    }

    fn needs(needs: &mut Needs) {
        T1::needs(needs);
    }
}

macro_rules! handlers {
    ($(($($head:ident),*) $last:ident;)*) => {$(
        impl<F, Fut, R, M, $($head,)* $last> Handler<(M, $($head,)* $last)> for F
        where
            F: FnOnce($($head,)* $last) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = R> + Send,
            R: IntoResponse,
            $($head: FromParts,)*
            $last: FromRequest<M>,
        {
            #[expect(non_snake_case, reason = "the arguments are named after their types")]
            async fn call(self, mut request: Request, cx: RequestContext) -> Response {
                cx.clone().put_into(request.extensions_mut());
                let (mut parts, body) = request.into_parts();
                $(
                    let $head = match $head::from_parts(&mut parts).await {
                        Ok(value) => value,
                        Err(error) => return error.respond(&cx),
                    };
                )*
                let request = Request::from_parts(parts, body);
                let $last = match $last::from_request(request).await {
                    Ok(value) => value,
                    Err(error) => return error.respond(&cx),
                };
                self($($head,)* $last).await.respond(&cx)
            }

            fn needs(needs: &mut Needs) {
                $($head::needs(needs);)*
                $last::needs(needs);
            }
        }
    )*};
}

handlers! {
    (T1) T2;
    (T1, T2) T3;
    (T1, T2, T3) T4;
    (T1, T2, T3, T4) T5;
    (T1, T2, T3, T4, T5) T6;
    (T1, T2, T3, T4, T5, T6) T7;
    (T1, T2, T3, T4, T5, T6, T7) T8;
    (T1, T2, T3, T4, T5, T6, T7, T8) T9;
    (T1, T2, T3, T4, T5, T6, T7, T8, T9) T10;
    (T1, T2, T3, T4, T5, T6, T7, T8, T9, T10) T11;
    (T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11) T12;
}
