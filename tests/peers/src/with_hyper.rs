//! hyper on tokio with two worker threads; over TLS, tokio-rustls.

use crate::{Args, BIG_BYTES, BLOCK, HELLO, Outcome, announce, certificates};
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// As many as the machine that we measure on has cores.
const WORKERS: usize = 2;

pub(crate) fn serve(args: &mut Args) -> Outcome {
    let acceptor = match args.has("--tls") {
        true => Some(TlsAcceptor::from(certificates::server()?)),
        false => None,
    };
    run(args.word(), async move |stream| match acceptor {
        None => converse(stream).await,
        // A handshake that fails has ended the connection.
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                converse(stream).await;
            }
        }
    })
}

/// Runs `connection` as a task for each connection.
pub(crate) fn run<C, T>(listen: String, connection: C) -> Outcome
where
    C: FnOnce(TcpStream) -> T + Clone,
    T: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_io()
        .build()?;
    runtime.block_on(async move {
        let listener = TcpListener::bind(listen).await?;
        announce(listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(connection.clone()(stream));
        }
    })
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let connection = Builder::new()
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    // An error is the end of the connection.
    let _ = connection.await;
}

async fn answer(request: Request<Incoming>) -> io::Result<Response<Answer>> {
    let body = match (request.method(), request.uri().path()) {
        (&Method::POST, "/upload") => {
            let mut body = request.into_body();
            while let Some(frame) = body.frame().await {
                frame.map_err(io::Error::other)?;
            }
            Answer::whole(HELLO.into())
        }
        (&Method::POST, "/echo") => {
            let body = request.into_body().collect().await;
            Answer::whole(body.map_err(io::Error::other)?.to_bytes())
        }
        (_, "/big") => Answer {
            block: Bytes::from_static(&BLOCK),
            left: BIG_BYTES,
        },
        _ => Answer::whole(HELLO.into()),
    };
    let response = Response::builder().header("content-type", "text/plain");
    response.body(body).map_err(io::Error::other)
}

/// A body of `left` bytes that repeats a block.
struct Answer {
    block: Bytes,
    left: usize,
}

impl Answer {
    fn whole(block: Bytes) -> Answer {
        let left = block.len();
        Answer { block, left }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= self.block.len();
        Poll::Ready(Some(Ok(Frame::data(self.block.clone()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}
