//! The bytes that the page of `framing` draws: `HELLO`, then an empty message.

use super::feed::stream;
use barewire::framing::{Delimiter, Fixed, Framer, Header16, Header32, Padding, Prefix};

fn wire<F: Framer>(framer: F) -> Vec<u8> {
    stream(&framer, [b"HELLO".to_vec(), Vec::new()]).1
}

#[test]
fn hello_and_an_empty_message() {
    let cells = wire(Fixed::<8>::new(Padding::Strip));
    assert_eq!(cells, b"HELLO\0\0\0\0\0\0\0\0\0\0\0");
    assert_eq!(wire(Delimiter::CRLF), b"HELLO\r\n\r\n");
    assert_eq!(wire(Header16::new()), b"\0\0\0\x05HELLO\0\x01\0\0");
    assert_eq!(wire(Header32::new()), b"\0\0\0\0\0\x05HELLO\0\x01\0\0\0\0");
    assert_eq!(wire(Prefix::new()), b"\0\x05HELLO\0\0");
}
