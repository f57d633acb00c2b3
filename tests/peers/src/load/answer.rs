//! The first answer of a server: whether it is right, and how long. All others are as long.

use super::frame_head;
use crate::Outcome;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

pub(super) type Failure = Box<dyn Error + Send + Sync>;

/// A connection that blocks, in the clear or over TLS.
pub(super) trait Both: Read + Write {}
impl<S: Read + Write> Both for S {}

pub(super) fn session(config: &Arc<ClientConfig>) -> Result<ClientConnection, rustls::Error> {
    let name = ServerName::try_from("localhost").expect("a name");
    ClientConnection::new(Arc::clone(config), name)
}

pub(super) fn connect(
    port: u16,
    tls: Option<&Arc<ClientConfig>>,
) -> Result<Box<dyn Both>, Failure> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    Ok(match tls {
        None => Box::new(stream),
        Some(config) => Box::new(StreamOwned::new(session(config)?, stream)),
    })
}

/// Reads until `whole` has the length of an answer. Returns what came, and that length.
pub(super) fn read(
    stream: &mut dyn Both,
    whole: impl Fn(&[u8]) -> Option<usize>,
) -> Result<(Vec<u8>, usize), Failure> {
    let (mut received, mut buffer) = (Vec::new(), vec![0; 256 * 1024]);
    loop {
        if let Some(length) = whole(&received) {
            return Ok((received, length));
        }
        match stream.read(&mut buffer)? {
            0 => return Err("the server closed the connection before its answer was whole".into()),
            bytes => received.extend_from_slice(&buffer[..bytes]),
        }
    }
}

/// The length of a head.
pub(super) fn head(received: &[u8]) -> Option<usize> {
    let at = received.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(at + 4)
}

pub(super) fn content_length(head: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let (_, behind) = text.split_once("\r\ncontent-length:")?;
    behind.split("\r\n").next()?.trim().parse().ok()
}

/// The length of a response, its body included.
pub(super) fn response(received: &[u8]) -> Option<usize> {
    let length = head(received)?;
    let whole = match content_length(&received[..length]) {
        Some(body_bytes) => length + body_bytes,
        // In chunks: the last one ends the answer, since nothing else was asked for.
        None if received.ends_with(b"\r\n0\r\n\r\n") => received.len(),
        None => return None,
    };
    (whole <= received.len()).then_some(whole)
}

/// Whether `received` is a 200 with this body somewhere behind its head.
pub(super) fn check(received: &[u8], body: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(&received[..received.len().min(500)]);
    match received.starts_with(b"HTTP/1.1 200 ") && contains(received, body) {
        true => Ok(()),
        false => Err(format!("another answer came: {text}").into()),
    }
}

fn contains(received: &[u8], part: &[u8]) -> bool {
    part.is_empty() || received.windows(part.len()).any(|window| window == part)
}

/// Whether an upgrade is answered, and a message is echoed. Returns the length of the echo.
pub(super) fn echo(
    stream: &mut dyn Both,
    opening: &[u8],
    message: &[u8],
    payload: &[u8],
) -> Result<usize, Failure> {
    stream.write_all(opening)?;
    let (answer, _) = read(stream, head)?;
    // RFC 6455 §1.3 shows the answer to this key.
    match contains(&answer, b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") {
        true => stream.write_all(message)?,
        false => return Err("the upgrade was not answered rightly".into()),
    }
    let expected = [frame_head(payload.len()), payload.into()].concat();
    let is_whole = |received: &[u8]| (received.len() >= expected.len()).then_some(expected.len());
    match read(stream, is_whole)? {
        (echo, length) if echo == expected => Ok(length),
        _ => Err("another message came back".into()),
    }
}
