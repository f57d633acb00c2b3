//! Twenty ways to hide a request in another one: bytes that two readers may read in two ways. The hidden one asks for
//! `/admin`. More of them, and the rules, are in `fixtures/http/`.

use super::editor::answer;
use super::http::expect;
use super::stage::{Exchange, Stage, Stop, exchanges, values};
use crate::log::Side;

/// The id, the status of the refusal, the bytes. The command has the same bytes: `printf` knows the same escapes.
macro_rules! ways {
    ($($id:literal, $status:literal, $bytes:literal;)+) => {
        exchanges! { "7.3", "http"; $(
            $id, false, |stage| refused(stage, $status, $bytes.as_bytes()),
            [concat!("printf ", stringify!($bytes), " | nc 127.0.0.1 {http.port}")];
        )+ }
    };
}

ways! {
    "smuggling.01", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 37\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    "smuggling.02", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 37\r\n\r\nhelloGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    "smuggling.03", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 32, 32\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    "smuggling.04", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +32\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    "smuggling.05", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0x20\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    "smuggling.06", 413, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551621\r\n\r\nhelloGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    "smuggling.07", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n20\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n\r\n0\r\n\r\n";
    "smuggling.08", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n25\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n\r\n0\r\n\r\n";
    "smuggling.09", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n20\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n\r\n0\r\n\r\n";
    "smuggling.10", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 37\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    "smuggling.11", 400, "POST /echo HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n\r\n0\r\n\r\n";
    "smuggling.12", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length : 32\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    "smuggling.13", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nX: a\r\n Content-Length: 32\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    "smuggling.14", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nX: a\nContent-Length: 32\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    "smuggling.15", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nX: a\rContent-Length: 32\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    "smuggling.16", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\0: chunked\r\nContent-Length: 37\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    "smuggling.17", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+20\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n\r\n0\r\n\r\n";
    "smuggling.18", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    "smuggling.19", 400, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;\nxx\r\n25\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n\r\n0\r\n\r\n";
    "smuggling.20", 400, "GET /admin HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";
}

fn refused(stage: &Stage, status: u16, bytes: &[u8]) -> Result<(), Stop> {
    let stream = stage.connect("http")?;
    stage.send(&stream, bytes)?;
    let answer = answer(stage, &stream)?;
    let answer = String::from_utf8_lossy(&answer);
    let status = status.to_string();
    let begins = format!("HTTP/1.1 {status} ");
    expect(
        answer.starts_with(&begins),
        &format!("{status} was to come"),
    )?;
    expect(
        answer.matches("HTTP/1.1 ").count() == 1,
        "behind a refusal nothing is served",
    )?;
    stage.saw(Side::Client, "http.refused", values!(status));
    Ok(())
}
