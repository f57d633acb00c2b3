//! Where a body ends, and which bodies are not sent at all.

use super::http::{Client, expect};
use super::stage::{Exchange, Stage, Stop, exchanges, values};
use crate::log::Side;
use barewire::http::wire::BodyLength;
use barewire::http::{self, ClientEvents};

exchanges! { "7.3", "http";
    "http.length", false, length, ["curl -v -d 你好 http://{http}/echo"];
    "http.chunked", false, chunked, [
        r"printf 'POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\nX-Checksum: 5d41\r\n\r\n' | nc 127.0.0.1 {http.port}",
        "curl -v -H 'Transfer-Encoding: chunked' -d hello http://{http}/echo"
    ];
    "http.until_close", false, until_close, [
        "curl -v --http1.0 http://{http}/stream"
    ];
    "http.continue", false, |stage| ask_first(stage, "/upload", 2_000, 200), [
        "head -c 2000 /dev/zero | curl -v -T - -H 'Expect: 100-continue' http://{http}/upload"
    ];
    "http.continue_refused", false, |stage| ask_first(stage, "/publish", 100_000, 405), [
        "head -c 100000 /dev/zero | curl -v -T - -H 'Expect: 100-continue' http://{http}/publish"
    ];
    "http.pipelined", true, pipelined, [
        r"printf 'GET /length HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' | nc 127.0.0.1 {http.port}"
    ];
    "http.head", false, head, ["curl -v -I http://{http}/length"];
}

/// Two characters of three bytes each, there and back.
fn length(stage: &Stage) -> Result<(), Stop> {
    let client = Client::new(stage)?;
    let body = client.ask(client.at("/echo")?.method("POST"), "你好", 200)?;
    expect(body.len() == 6, "six bytes were to come back")
}

/// Two chunks, and behind them the SHA-1 of their data, which nobody knows before.
fn chunked(stage: &Stage) -> Result<(), Stop> {
    let client = Client::new(stage)?;
    let mut request = http::request(client.at("/echo")?.method("POST"))?;
    request.add_trailer("X-Checksum", "2aae6c35c94fcfb415dbe95f408b9ce91ee846ed")?;
    request.write("hello ")?;
    request.write("world")?;
    let body = client.report(&mut request.end("")?, 200)?;
    expect(body == b"hello world", "the data was to come back")
}

fn until_close(stage: &Stage) -> Result<(), Stop> {
    let client = Client::new(stage)?;
    let mut response = http::request(client.at("/stream")?.http_1_0())?.end("")?;
    let length = response.body_length();
    client.report(&mut response, 200)?;
    expect(length == BodyLength::UntilClose, "a length came")
}

/// What the client is called with while it waits.
struct Asking(Stage);

impl ClientEvents for Asking {
    fn continued(&mut self) {
        self.0.event(Side::Client, "http.continued", &[]);
    }
}

fn ask_first(stage: &Stage, path: &str, bytes: usize, status: u16) -> Result<(), Stop> {
    let client = Client::new(stage)?;
    let options = client.at(path)?.header("Expect", "100-continue");
    stage.saw(Side::Client, "http.waits", values!(bytes));
    let request = http::request(options.method("PUT"))?.on(Asking(stage.clone()));
    let mut response = request.end(vec![b'x'; bytes])?;
    if response.status() >= 300 {
        stage.saw(Side::Client, "http.kept", values!(bytes));
    }
    client.report(&mut response, status).map(drop)
}

fn pipelined(stage: &Stage) -> Result<(), Stop> {
    let host = stage.door("http")?;
    let requests = format!(
        "GET /length HTTP/1.1\r\nHost: {host}\r\n\r\n\
         GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    );
    let stream = stage.connect("http")?;
    stage.send_in_cuts(&stream, requests.as_bytes(), &stage.cuts())?;
    let answers = stage.read_to_end(&stream)?;
    let answers = String::from_utf8_lossy(&answers);
    let count = answers.matches("HTTP/1.1 200 OK").count();
    expect(count == 2, "two answers were to come")
}

fn head(stage: &Stage) -> Result<(), Stop> {
    let client = Client::new(stage)?;
    let options = client.at("/length")?.method("HEAD");
    let mut response = http::request(options)?.end("")?;
    let announced = response.header("Content-Length") == Some("12");
    let body = client.report(&mut response, 200)?;
    expect(announced && body.is_empty(), "a length was to come alone")
}
