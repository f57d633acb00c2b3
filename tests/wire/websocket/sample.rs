//! The heads of the cases of handshakes: the sample of RFC 6455 §1.3 with changes.

use super::websocket::Case;

/// The request of the RFC's sample, a line an item.
pub(crate) const REQUEST: [&str; 6] = [
    "GET /chat HTTP/1.1",
    "Host: server.example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
];

const RESPONSE: [&str; 4] = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
];

/// The head of a case: the sample, changed.
fn head(case: &Case, sample: &[&str]) -> Vec<u8> {
    let without = case.all("without");
    let left = |line: &&str| {
        let name = line.split_once(':').map_or("", |(name, _)| name);
        !without.iter().any(|other| other == name)
    };
    let line = case.find("line").unwrap_or(sample[0].to_string());
    let sample = sample[1..].iter().filter(|line| left(line));
    let mut lines = vec![line];
    lines.extend(sample.map(|line| line.to_string()));
    lines.extend(case.all("with"));
    let mut bytes: Vec<u8> = lines.iter().flat_map(|line| unescaped(line)).collect();
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// The sample of a request and of its response.
pub(crate) fn samples() -> (Vec<u8>, Vec<u8>) {
    let head = |lines: &[&str]| (lines.join("\r\n") + "\r\n\r\n").into_bytes();
    (head(&REQUEST), head(&RESPONSE))
}

/// The request of a case.
pub(crate) fn request(case: &Case) -> Vec<u8> {
    head(case, &REQUEST)
}

/// The response of a case, and the request that it answers.
pub(crate) fn response(case: &Case) -> (Vec<u8>, Vec<u8>) {
    let asked = case.find("asked").unwrap_or("chat superchat".into());
    let protocols = asked.split_whitespace().collect::<Vec<_>>().join(", ");
    let mut lines = REQUEST.to_vec();
    let protocols = format!("Sec-WebSocket-Protocol: {protocols}");
    lines.extend((!asked.is_empty()).then_some(&protocols[..]));
    let request = (lines.join("\r\n") + "\r\n\r\n").into_bytes();
    (request, head(case, &RESPONSE))
}

/// A line with its end; `\t` and `\xNN` understood.
fn unescaped(line: &str) -> Vec<u8> {
    let mut bytes = line.replace("\\t", "\t").into_bytes();
    while let Some(at) = bytes.windows(2).position(|two| two == b"\\x") {
        let digits = str::from_utf8(&bytes[at + 2..at + 4]).expect("digits");
        let byte = u8::from_str_radix(digits, 16).expect("two digits");
        bytes.splice(at..at + 4, [byte]);
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}
