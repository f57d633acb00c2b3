//! Two WebSocket echo servers of others: tungstenite in a thread for each connection, fastwebsockets on hyper and tokio.

use crate::{Args, Outcome, announce, with_hyper};
use fastwebsockets::upgrade::{UpgradeFut, upgrade};
use fastwebsockets::{FragmentCollector, OpCode, WebSocketError};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::net::{TcpListener, TcpStream};
use std::thread;

pub(crate) fn serve_tungstenite(args: &mut Args) -> Outcome {
    let listener = TcpListener::bind(args.word())?;
    announce(listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || echo_blocking(stream));
    }
    Ok(())
}

/// An error is the end of the connection.
fn echo_blocking(stream: TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut websocket = tungstenite::accept(stream).ok()?;
    loop {
        let message = websocket.read().ok()?;
        if message.is_text() || message.is_binary() {
            websocket.send(message).ok()?;
        }
    }
}

pub(crate) fn serve_fastwebsockets(args: &mut Args) -> Outcome {
    with_hyper::run(args.word(), async |stream| {
        let service = service_fn(async |mut request| {
            let (response, upgraded) = upgrade(&mut request)?;
            tokio::spawn(echo(upgraded));
            Ok::<_, WebSocketError>(response)
        });
        let connection = Builder::new().serve_connection(TokioIo::new(stream), service);
        // An error is the end of the connection.
        let _ = connection.with_upgrades().await;
    })
}

async fn echo(upgraded: UpgradeFut) -> Result<(), WebSocketError> {
    let mut websocket = FragmentCollector::new(upgraded.await?);
    loop {
        let frame = websocket.read_frame().await?;
        match frame.opcode {
            OpCode::Text | OpCode::Binary => websocket.write_frame(frame).await?,
            OpCode::Close => return Ok(()),
            _ => {}
        }
    }
}
