//! The listening socket and its connections: HTTP/1.x with keep-alive, as hyper does it by default.

use std::{convert::Infallible, future, io, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::{handlers, mark::RequestMark, marked::Marked, work::Work};

/// Accepts connections and serves each until its client leaves.
pub(crate) async fn accept_forever(listener: &TcpListener, work: &Arc<Work>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(serve(stream, Arc::clone(work)))),
            Err(error) => pause_after(&error),
        }
    }
}

/// A client that has gone is no matter; without free descriptors, accept would fail again at once and forever.
fn pause_after(error: &io::Error) {
    if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        eprintln!("cannot accept a connection: {error}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Serves one connection.
async fn serve(stream: TcpStream, work: Arc<Work>) {
    // Without it Nagle's algorithm and delayed acknowledgements would be measured instead of the tracer.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(|request| {
        let mark = RequestMark::begin(&request);
        let response = Marked::answer(handlers::answer(request, &work), mark);
        future::ready(Ok::<_, Infallible>(response))
    });
    // A broken request or a client that leaves early ends this connection and nothing else.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}
