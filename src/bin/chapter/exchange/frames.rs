//! Free play: any frames, also those that are forbidden.

use super::editor::answer;
use super::http::expect;
use super::stage::{Exchange, Stage, Stop, exchanges};
use crate::json::Value;
use crate::log::Side;
use barewire::websocket::wire::{Close, CloseCode, Connection, Limits, Received, Role};
use std::fmt::Display;

const MOST_FRAMES: usize = 16;

exchanges! { "7.4", "websocket";
    "websocket.builder", false, builder, [
        r"printf 'GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x05hello' | nc 127.0.0.1 {websocket.port} | od -c"
    ];
}

/// Sends the frames, each in a write of its own, and waits for what they bring: an echo, a pong, a Close. Then it ends
/// as a client should, unless a Close was among the frames.
fn builder(stage: &Stage) -> Result<(), Stop> {
    let described = stage.settings().get("frames").map_or(&[][..], Value::items);
    expect(
        described.len() <= MOST_FRAMES,
        "a run has at most 16 frames",
    )?;
    let mut frames: Vec<Vec<u8>> = described.iter().map(frame).collect();
    if frames.is_empty() {
        frames.push(b"\x81\x05hello".to_vec()); // not masked
    }
    let stream = stage.connect("websocket")?;
    let host = stage.door("websocket")?;
    let request = format!(
        "GET /echo HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stage.send(&stream, request.as_bytes())?;
    let head = stage.read_until(&stream, |head| head.ends_with(b"\r\n\r\n"))?;
    expect(head.starts_with(b"HTTP/1.1 101 "), "101 was to come")?;

    for frame in &frames {
        // A server that has refused a frame may read no more of them.
        if stage.send(&stream, frame).is_err() {
            break;
        }
    }
    let sent = Frames::read(Role::Server, &frames.concat());
    let mut bytes = stage.read_until(&stream, |bytes| {
        Frames::read(Role::Client, bytes).answer(&sent)
    })?;
    let mut came = Frames::read(Role::Client, &bytes);
    for message in &came.messages {
        let text = String::from_utf8_lossy(message);
        let values: [(_, &dyn Display); 2] = [("bytes", &message.len()), ("text", &text)];
        stage.saw(Side::Client, "websocket.message", &values);
    }
    if let Some(pong) = &came.pong {
        stage.saw(Side::Client, "websocket.pong", &[("bytes", &pong.len())]);
    }
    if sent.close.is_none() {
        let (mut close, key) = (Vec::new(), || [0; 4]);
        let sender = came.connection.sender();
        // RFC 6455 §5.5.1: "If an endpoint receives a Close frame and did not previously send a Close
        // frame, the endpoint MUST send a Close frame in response."
        match came.close {
            Some(_) => sender.append_pending_control(key, &mut close),
            None => sender.close(Close::new(CloseCode::NORMAL, "")?, key, &mut close)?,
        }
        let _ = stage.send(&stream, &close); // a server that has refused a frame may have left
    }
    bytes.extend(answer(stage, &stream)?);
    if let Some((code, reason)) = Frames::read(Role::Client, &bytes).close {
        let values: [(_, &dyn Display); 2] = [("code", &code), ("reason", &reason)];
        stage.saw(Side::Client, "websocket.closed", &values);
    }
    Ok(())
}

/// What frames are to the one that receives them.
struct Frames {
    messages: Vec<Vec<u8>>,
    /// The last of them.
    ping: Option<Vec<u8>>,
    pong: Option<Vec<u8>>,
    /// Its code and its reason.
    close: Option<(u16, String)>,
    is_refused: bool,
    connection: Connection,
}

impl Frames {
    fn read(role: Role, bytes: &[u8]) -> Frames {
        let mut frames = Frames {
            messages: Vec::new(),
            ping: None,
            pong: None,
            close: None,
            is_refused: false,
            connection: Connection::new(role, Limits::default()),
        };
        let mut bytes = bytes.to_vec(); // they are unmasked in place
        let mut rest = &mut bytes[..];
        loop {
            match frames.connection.receive(&mut rest) {
                Ok(Some(Received::Message(data))) => frames.messages.push(data.bytes().to_vec()),
                Ok(Some(Received::Ping(payload))) => frames.ping = Some(payload.to_vec()),
                Ok(Some(Received::Pong(payload))) => frames.pong = Some(payload.to_vec()),
                Ok(Some(Received::Close(close))) => {
                    frames.close = Some((close.number(), close.reason().to_owned()));
                }
                Ok(Some(Received::Part { .. })) => {} // messages are received whole
                Ok(None) => return frames,
                Err(_) => {
                    frames.is_refused = true;
                    return frames;
                }
            }
        }
    }

    /// Whether a server that echoes has answered all that was sent. It may answer the last of several pings only.
    fn answer(&self, sent: &Frames) -> bool {
        let is_echoed = self.messages.len() >= sent.messages.len();
        let has_pong = sent.ping.is_none() || self.pong == sent.ping;
        let is_open = sent.close.is_none() && !sent.is_refused;
        self.close.is_some() || self.is_refused || (is_open && is_echoed && has_pong)
    }
}

/// A frame as it is described. What is left out is 0, or the right thing: FIN is set, the mask too, and the length has
/// the form that it needs.
///
/// ```text
///   FIN RSV1 RSV2 RSV3 opcode(4)   MASK length(7)   length(16 or 64)   key(32)   payload
/// ```
fn frame(wanted: &Value) -> Vec<u8> {
    let flag = |name, default| wanted.get(name).and_then(Value::flag).unwrap_or(default);
    let hex = |name| wanted.get(name).and_then(Value::hex).unwrap_or_default();
    let bits = ["fin", "rsv1", "rsv2", "rsv3"].map(|name| flag(name, name == "fin"));
    let bits = bits.iter().fold(0, |bits, &bit| bits << 1 | u8::from(bit));
    let opcode = wanted.get("opcode").and_then(Value::number).unwrap_or(1);
    let (mut payload, key) = (hex("payload"), hex("key"));
    let length = payload.len();
    let needed = match length {
        0..=125 => "7",
        126..=0xffff => "16",
        _ => "64",
    };
    let form = wanted.get("form").and_then(Value::text);
    let is_masked = flag("mask", true);
    let mask = u8::from(is_masked) << 7;
    let mut out = vec![bits << 4 | (opcode & 0xf) as u8];
    match form.unwrap_or(needed) {
        "16" => {
            out.push(mask | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes()); // what does not fit is lost
        }
        "64" => {
            out.push(mask | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
        _ => out.push(mask | length.min(125) as u8), // the next values mean another form
    }
    if is_masked {
        let key: Vec<u8> = key.into_iter().chain([0; 4]).take(4).collect();
        let masked = payload.iter_mut().zip(key.iter().cycle());
        masked.for_each(|(byte, key)| *byte ^= key);
        out.extend_from_slice(&key);
    }
    out.append(&mut payload);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn built(text: &str) -> Vec<u8> {
        frame(&json::read(text).expect("JSON"))
    }

    #[test]
    fn a_frame_is_built_as_it_is_described() {
        // The book's, with the key of RFC 6455 §5.7.
        let hello = r#"{"key":"37fa213d","payload":"68656c6c6f"}"#;
        assert_eq!(
            built(hello),
            b"\x81\x85\x37\xfa\x21\x3d\x5f\x9f\x4d\x51\x58"
        );
        let forbidden =
            r#"{"fin":false,"rsv1":true,"rsv3":true,"opcode":9,"mask":false,"form":"64"}"#;
        assert_eq!(built(forbidden), b"\x59\x7f\0\0\0\0\0\0\0\0");
        assert_eq!(
            built(r#"{"mask":false,"form":"16","payload":"00"}"#),
            b"\x81\x7e\0\x01\0"
        );
        let long = format!(
            r#"{{"mask":false,"form":"7","payload":"{}"}}"#,
            "41".repeat(200)
        );
        assert_eq!((built(&long)[1], built(&long).len()), (125, 202));
    }
}
