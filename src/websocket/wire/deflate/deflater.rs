//! The sending side: a message becomes the payload of its frames.
//!
//! ```text
//!   a message            "Hello"     f2 48 cd c9 c9 07 00            │ 00 00 ff ff is left out
//!   a part, not the last "Hel"       f2 48 cd 01 00 00 ff ff         nothing is: the stream stands at a whole byte
//!   nothing behind that  ""          00                              the begin of an empty stored block
//! ```

use super::PerMessageDeflate;
use crate::deflate::{Deflate, Flush};

/// What the receiver appends again.
const TAIL: &[u8] = &[0x00, 0x00, 0xff, 0xff];

/// Compresses the messages of one connection, or, without context takeover, of many.
///
/// ```
/// use barewire::websocket::wire::{Agreement, Deflater, PerMessageDeflate, Role};
///
/// let ours = PerMessageDeflate { send_takeover: true, ..Default::default() };
/// let agreement = Agreement::default(); // as the handshake returns it
/// let mut deflater = Deflater::new(&ours.agreed(Role::Server, &agreement));
/// let mut payload = Vec::new();
/// deflater.deflate(b"Hello", true, &mut payload);
/// assert_eq!(payload, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
/// payload.clear();
/// deflater.deflate(b"Hello", true, &mut payload); // it refers to the first one
/// assert_eq!(payload, [0x02, 0x13, 0x00, 0x00]); // five bytes again, from five back
/// ```
///
/// What it has compressed has to be sent in this order; if something is not sent, [`reset`](Self::reset) comes first.
/// [`Payload`](crate::websocket::wire::Payload) goes on with it.
#[derive(Clone, Debug)]
pub struct Deflater {
    options: PerMessageDeflate,
    /// Boxed: it is large, and a compressor that is not made yet takes no memory.
    deflate: Box<Deflate>,
}

impl Deflater {
    /// With these options, which must be [within the agreement](PerMessageDeflate::agreed).
    pub fn new(agreed: &PerMessageDeflate) -> Deflater {
        Deflater {
            options: *agreed,
            deflate: Box::new(Deflate::new(agreed.send_window_bits, agreed.level)),
        }
    }

    /// Whether it compresses with these options.
    pub(crate) fn is_for(&self, options: &PerMessageDeflate) -> bool {
        self.options == *options
    }

    /// Appends the payload of a message, or of its next part. `last`: the message ends with it.
    // RFC 7692 §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
    pub fn deflate(&mut self, part: &[u8], last: bool, out: &mut Vec<u8>) {
        let mut rest = part;
        // RFC 7692 §7.2.3.6: "the single octet 0x00"
        if last && part.is_empty() {
            out.push(0);
        }
        while !rest.is_empty() {
            let progress = self.deflate.deflate(rest, Flush::Sync, out, usize::MAX);
            rest = &rest[progress.consumed..];
        }
        if last && !part.is_empty() && out.ends_with(TAIL) {
            out.truncate(out.len() - TAIL.len());
        }
        // RFC 7692 §7.1.1.1: "the peer server doesn't use context takeover"
        if last && !self.options.send_takeover {
            self.reset();
        }
    }

    /// What comes next refers to nothing before it: between two messages, or between two parts of one.
    pub fn reset(&mut self) {
        self.deflate.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::wire::{
        Agreement, Connection, Data, Kind, Limits, Payload, Received, Role,
    };

    /// Messages, whole and in parts, with and without context takeover, come out as they went in.
    #[test]
    fn what_is_compressed_is_received() {
        let text = "compressed again and again; ".repeat(40);
        let long = "0123456789abcdef".repeat(5000);
        let messages: &[&[&str]] = &[
            &["Hello"],
            &[""],
            &["Hello"],
            &[&text],
            &["a", "", "b", ""],
            &["", &text],
            &[&text, "", &text],
            &["", ""],
            &[&long],
            &[&long, &text, &long],
            &["Hello"],
        ];
        for (takeover, bits) in [(false, 15), (true, 15), (true, 9), (true, 8), (false, 8)] {
            let agreement = Agreement {
                server_no_context_takeover: !takeover,
                server_max_window_bits: bits,
                ..Agreement::default()
            };
            let ours = PerMessageDeflate {
                send_takeover: true,
                ..Default::default()
            };
            let ours = ours.agreed(Role::Server, &agreement);
            assert_eq!(
                (ours.send_takeover, ours.send_window_bits),
                (takeover, bits)
            );
            let connection =
                |role| Connection::new(role, Limits::default()).with_deflate(&agreement);
            let (mut server, mut client) = (connection(Role::Server), connection(Role::Client));
            let mut deflater = Deflater::new(&ours);
            for parts in messages {
                let mut out = Vec::new();
                for (n, part) in parts.iter().enumerate() {
                    let (last, mut bytes) = (n + 1 == parts.len(), Vec::new());
                    deflater.deflate(part.as_bytes(), last, &mut bytes);
                    let payload = Payload {
                        kind: Kind::Text,
                        bytes: &bytes,
                        is_compressed: true,
                    };
                    let sent = server
                        .sender()
                        .send_part(payload, last, || [0; 4], &mut out);
                    sent.expect("in order");
                }
                let received = client.receive(&mut &mut out[..]);
                let expected = parts.concat();
                assert_eq!(received, Ok(Some(Received::Message(Data::Text(&expected)))));
            }
        }
    }

    /// A part that was not sent: what comes next is right nevertheless.
    #[test]
    fn a_reset_between_parts_keeps_the_stream_whole() {
        let agreement = Agreement::default();
        let ours = PerMessageDeflate {
            send_takeover: true,
            ..Default::default()
        };
        let mut deflater = Deflater::new(&ours);
        let (mut out, mut lost) = (Vec::new(), Vec::new());
        deflater.deflate(b"one, ", false, &mut out);
        deflater.deflate(b"one, two, three", false, &mut lost);
        deflater.reset();
        deflater.deflate(b"one, two, three", true, &mut out);
        let mut client = Connection::new(Role::Client, Limits::default()).with_deflate(&agreement);
        let mut frame = vec![0xc1, out.len() as u8];
        frame.append(&mut out);
        let received = client.receive(&mut &mut frame[..]);
        let expected = Received::Message(Data::Text("one, one, two, three"));
        assert_eq!(received, Ok(Some(expected)));
    }
}
