//! Free play: any bytes, in any cuts.

use super::stage::{Exchange, Stage, Stop, exchanges};
use crate::json::Value;
use crate::log::Side;
use barewire::net::Stream;
use std::sync::Arc;
use std::time::Duration;

/// A server of this machine that sends nothing for this time waits for more.
const SILENCE: Duration = Duration::from_millis(500);

exchanges! { "7.3", "http";
    "http.editor", true, editor, [
        r"printf 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' | nc -w 1 127.0.0.1 {http.port}"
    ];
}

fn editor(stage: &Stage) -> Result<(), Stop> {
    let bytes = stage.settings().get("bytes").and_then(Value::hex);
    let hello = || {
        format!(
            "GET / HTTP/1.1\r\nHost: {}\r\n\r\n",
            stage.door("http").unwrap_or("a")
        )
    };
    let bytes = bytes.unwrap_or_else(|| hello().into_bytes());
    let stream = stage.connect("http")?;
    // A server that has refused the first pieces reads no more: what counts is its answer.
    let _ = stage.send_in_cuts(&stream, &bytes, &stage.cuts());
    answer(stage, &stream).map(drop)
}

/// What a server answers to bytes that may be wrong or incomplete.
pub(super) fn answer(stage: &Stage, stream: &Arc<dyn Stream>) -> Result<Vec<u8>, Stop> {
    let mut answer = Vec::new();
    stage.each_read(stream, Some(SILENCE), |bytes| {
        answer.extend_from_slice(bytes);
        Ok(true)
    })?;
    let key = match stream.try_read(&mut [0]) {
        Ok(None) => "server.silent",
        _ => "server.closed",
    };
    stage.event(Side::Client, key, &[]);
    Ok(answer)
}
