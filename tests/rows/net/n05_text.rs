//! N05: with an encoding set, `text` comes in place of `data`, and no character is cut.

use super::stage::Recorder;
use crate::support::{Log, Script};
use barewire::net::{Socket, SocketEvents};
use barewire::text::Encoding;
use std::sync::Arc;

/// Notes the text of each event.
struct Reads(Log);

impl SocketEvents for Reads {
    fn text(&self, _socket: &Socket, text: &str) {
        self.0.note(text);
    }

    fn end(&self, _socket: &Socket) {
        self.0.note("(end)");
    }
}

fn texts(pieces: &[&[u8]]) -> Vec<String> {
    let log = Log::default();
    let socket = Socket::new(Arc::new(Script::new(pieces.iter().copied())));
    socket.set_encoding(Encoding::Utf8);
    socket.run(Reads(log.clone())).unwrap();
    log.all()
}

/// 你 is E4 BD A0.
#[test]
fn row_n05_no_character_is_cut() {
    assert_eq!(texts(&[b"hello", b" you"]), ["hello", " you", "(end)"]);
    assert_eq!(texts(&[b"a\xe4", b"\xbd", b"\xa0b"]), ["a", "你b", "(end)"]);
    assert_eq!(texts(&[b"\xe4\xbd", b"\xa0"]), ["你", "(end)"]);
}

/// What the end leaves of a character comes before it.
#[test]
fn row_n05_half_a_character_at_the_end() {
    assert_eq!(texts(&[b"a\xe4\xbd"]), ["a", "\u{fffd}", "(end)"]);
}

/// The encoding may be set when the first bytes show which it is.
#[test]
fn row_n05_an_encoding_can_be_set_in_data() {
    let log = Log::default();
    let socket = Socket::new(Arc::new(Script::new([&b"utf8:"[..], b"hello"])));
    let events = Recorder::new(&log).on("data", |socket| socket.set_encoding(Encoding::Utf8));
    let bytes = events.bytes();
    socket.run(events).unwrap();
    assert_eq!(log.all(), ["data", "text", "end", "close"]);
    assert_eq!(*bytes.lock().unwrap(), b"utf8:hello");
}
