//! The handshake, a frame, a message of several frames, and compressed messages.

use super::http::expect;
use super::stage::{Exchange, Stage, Stop, exchanges};
use crate::log::Side;
use barewire::http;
use barewire::trace::wire::Protocol;
use barewire::websocket::{self, Acceptor, Config, ConnectOptions, PerMessageDeflate, WebSocket};

exchanges! { "7.4", "websocket";
    "websocket.handshake", false, |stage| close(stage, connect(stage, "/hello")?), [
        "curl -v -m 2 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' http://{websocket}/hello",
        "printf dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11 | openssl sha1 -binary | base64"
    ];
    "websocket.frame", false, frame, [
        "echo 'hello world!' | ws_client ws://{websocket}/hello"
    ];
    // The masking keys are 0, so that the payload can be read.
    "websocket.fragments", false, fragments, [
        r"printf 'GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x01\x83\0\0\0\0one\x89\x80\0\0\0\0\x80\x83\0\0\0\0two\x88\x80\0\0\0\0' | nc 127.0.0.1 {websocket.port} | od -c"
    ];
    "websocket.deflate", false, deflate, [
        "printf 'Hello %.0s' $(seq 100) | ws_client --deflate ws://{websocket}/echo"
    ];
}

/// The book's greeting.
fn frame(stage: &Stage) -> Result<(), Stop> {
    let mut ws = connect(stage, "/hello")?;
    ws.send("hello world!")?;
    expect(receive(stage, &mut ws)? == "yakexi", "yakexi was to come")?;
    close(stage, ws)
}

fn fragments(stage: &Stage) -> Result<(), Stop> {
    let mut ws = connect(stage, "/echo")?;
    let writer = ws.writer();
    let mut parts = writer.message()?;
    parts.send("one ")?;
    parts.send("two ")?;
    writer.send_ping()?;
    parts.end("three")?;
    expect(
        receive(stage, &mut ws)? == "one two three",
        "the echo was to come",
    )?;
    close(stage, ws)
}

/// The same word twice: the second message may refer to the first.
fn deflate(stage: &Stage) -> Result<(), Stop> {
    let deflate = PerMessageDeflate {
        send_takeover: true,
        receive_takeover: true,
        threshold: 0,
        ..PerMessageDeflate::default()
    };
    let config = Config {
        deflate: Some(deflate),
        ..Config::default()
    };
    let acceptor = Acceptor::new().config(config.clone());
    let server = http::create_server(move |req, res| -> Result<(), websocket::Error> {
        if let Some(mut ws) = acceptor.accept(req, res)? {
            let writer = ws.writer();
            while let Some(data) = ws.receive()? {
                writer.send(data)?;
            }
        }
        Ok(())
    });
    let address = stage.keep(server.listen("127.0.0.1:0")?);
    let mut ws = connect_to(stage, &format!("ws://{address}/"), config)?;
    for _ in 0..2 {
        ws.send("Hello")?;
        expect(receive(stage, &mut ws)? == "Hello", "the echo was to come")?;
    }
    close(stage, ws)
}

fn connect(stage: &Stage, path: &str) -> Result<WebSocket, Stop> {
    let url = format!("ws://{}{path}", stage.door("websocket")?);
    connect_to(stage, &url, Config::default())
}

fn connect_to(stage: &Stage, url: &str, config: Config) -> Result<WebSocket, Stop> {
    let options = ConnectOptions::new()
        .config(config)
        .create_connection(stage.connector(Protocol::Http));
    let ws = websocket::connect_with(url, &options.handshake_timeout(stage.left()))?;
    stage.event(Side::Client, "websocket.open", &[]);
    Ok(ws)
}

/// The next message.
fn receive(stage: &Stage, ws: &mut WebSocket) -> Result<String, Stop> {
    let data = ws
        .receive()?
        .ok_or_else(|| Stop("the connection was closed".into()))?;
    let text = data.text().unwrap_or_default().to_owned();
    stage.saw(
        Side::Client,
        "websocket.message",
        &[("bytes", &text.len()), ("text", &text)],
    );
    Ok(text)
}

fn close(stage: &Stage, ws: WebSocket) -> Result<(), Stop> {
    let outcome = ws.close(1000, "")?;
    closed(stage, &outcome);
    Ok(())
}

pub(super) fn closed(stage: &Stage, outcome: &websocket::Outcome) {
    stage.saw(
        Side::Client,
        "websocket.closed",
        &[("code", &outcome.code), ("reason", &outcome.reason)],
    );
}
