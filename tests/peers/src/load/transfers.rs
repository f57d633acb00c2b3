//! One long body, down or up, on one connection.

use super::answer::{self, Both};
use super::{report, wait_for_start};
use crate::Outcome;
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;

/// What one write has at least.
const WRITE_BYTES: usize = 64 * 1024;

/// Reads the body of `path`, again if its end comes before the seconds are over.
pub(super) fn download(
    port: u16,
    tls: Option<Arc<ClientConfig>>,
    path: &str,
    seconds: Duration,
) -> Outcome {
    let mut stream = answer::connect(port, tls.as_ref())?;
    let mut buffer = vec![0; 256 * 1024];
    let mut left = ask(&mut *stream, path)?;
    let began = wait_for_start()?;
    let mut received = 0;
    while began.elapsed() < seconds {
        if left == 0 {
            left = ask(&mut *stream, path)?;
        }
        let most = left.min(buffer.len());
        let bytes = stream.read(&mut buffer[..most])?;
        if !buffer[..bytes].starts_with(b"x") {
            return Err("the body has ended early, or is another one".into());
        }
        left -= bytes;
        received += bytes as u64;
    }
    report(received, began);
    Ok(())
}

/// Returns how much of the body is still to come.
fn ask(stream: &mut dyn Both, path: &str) -> Result<usize, answer::Failure> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let (received, head_bytes) = answer::read(stream, answer::head)?;
    answer::check(&received, b"")?;
    let body_bytes = answer::content_length(&received[..head_bytes]);
    let came = received.len() - head_bytes;
    Ok(body_bytes.ok_or("the body has no length")? - came)
}

/// Sends chunks until the seconds are over, and waits for the answer.
pub(super) fn upload(port: u16, chunk_bytes: usize, seconds: Duration) -> Outcome {
    let mut chunk = format!("{chunk_bytes:x}\r\n").into_bytes();
    chunk.resize(chunk.len() + chunk_bytes, b'x');
    chunk.extend_from_slice(b"\r\n");
    let chunks = WRITE_BYTES.div_ceil(chunk_bytes);
    let block = chunk.repeat(chunks);
    let mut stream = answer::connect(port, None)?;
    stream.write_all(
        b"POST /upload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
    )?;
    let began = wait_for_start()?;
    let mut sent = 0;
    while began.elapsed() < seconds {
        stream.write_all(&block)?;
        sent += (chunks * chunk_bytes) as u64;
    }
    stream.write_all(b"0\r\n\r\n")?;
    let (received, _) = answer::read(&mut *stream, answer::response)?;
    answer::check(&received, b"")?;
    report(sent, began);
    Ok(())
}
