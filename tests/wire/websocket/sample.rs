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

/// The same, where permessage-deflate was agreed on: `yes no window 15 9` are the takeovers and the windows.
pub(crate) fn samples_agreed(agreed: &str) -> (Vec<u8>, Vec<u8>) {
    let words: Vec<&str> = agreed.split_whitespace().collect();
    let [server, client, "window", of_server, of_client] = words[..] else {
        panic!("no agreement: {agreed}");
    };
    let mut params =
        format!("; server_max_window_bits={of_server}; client_max_window_bits={of_client}");
    for (side, takeover) in [("server", server), ("client", client)] {
        if takeover == "no" {
            params += &format!("; {side}_no_context_takeover");
        }
    }
    let with = |head: Vec<u8>, params: &str| {
        let field = format!("Sec-WebSocket-Extensions: permessage-deflate{params}\r\n\r\n");
        [&head[..head.len() - 2], field.as_bytes()].concat()
    };
    let (request, response) = samples();
    let request = with(request, "; client_max_window_bits");
    (request, with(response, &params))
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
    let extensions = case.find("asks");
    let extensions = extensions.map(|asks| format!("Sec-WebSocket-Extensions: {asks}"));
    lines.extend(extensions.as_deref());
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
