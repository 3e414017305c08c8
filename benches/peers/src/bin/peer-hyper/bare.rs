//! hyper and a router, nothing else.

use std::convert::Infallible;
use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use peers::{Failure, Settings};
use tokio::net::TcpListener;

use crate::answer::{self, Answer};
use crate::work::{Found, Routes};

pub(crate) async fn serve(settings: Settings) -> Result<(), Failure> {
    let routes = Arc::new(Routes::new()?);
    let listener = TcpListener::bind(peers::address(&settings)).await?;
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let routes = Arc::clone(&routes);
        let limit = settings.body;
        tokio::spawn(async move {
            let service = service_fn(|request| respond(&routes, limit, request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that goes away is no error of the server.
            let _ = connection.await;
        });
    }
}

async fn respond(
    routes: &Routes,
    limit: usize,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    let (parts, body) = request.into_parts();
    let answer = match routes.find(&parts.method, parts.uri.path()) {
        Found::Route(route, _) => route.run(body, limit).await,
        Found::Nothing => answer::refusal(404),
        Found::OtherMethod => answer::refusal(405),
    };
    Ok(answer)
}
