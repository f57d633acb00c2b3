//! E14: the notes' code for a delimiter, which precedes each message.

use super::feed::receive;
use barewire::framing::{Delimiter, Error};

const DELIMITER: &[u8] = b"\r\n";

/// The server's `data` handler: the bytes between a delimiter and the next one, *or the end of what has
/// arrived*, are a message; the bytes before the first delimiter are dropped.
#[derive(Default)]
struct Faulty {
    rest: Vec<u8>,
}

impl Faulty {
    fn data(&mut self, chunk: &[u8]) -> Vec<String> {
        let mut data = [&std::mem::take(&mut self.rest), chunk].concat();
        let mut messages = Vec::new();
        while !data.is_empty() {
            let Some(start) = index_of(&data, 0) else {
                self.rest = data;
                break;
            };
            let next = index_of(&data, start + 1).unwrap_or(data.len());
            let message = &data[start + DELIMITER.len()..next];
            messages.push(message.escape_ascii().to_string());
            data.drain(..next);
        }
        messages
    }
}

fn index_of(data: &[u8], from: usize) -> Option<usize> {
    let mut windows = data[from..].windows(DELIMITER.len());
    Some(from + windows.position(|window| window == DELIMITER)?)
}

fn faulty(chunks: &[&[u8]]) -> Vec<String> {
    let mut faulty = Faulty::default();
    chunks.iter().flat_map(|chunk| faulty.data(chunk)).collect()
}

/// `HELLO`, `WORLD` and the beginning of a message are sent.
#[test]
fn erratum_e14_unfinished_messages_are_delivered() {
    let chunks: [&[u8]; 4] = [b"\r\nHEL", b"LO\r\nWORLD", b"\r", b"\nX"];
    assert_eq!(faulty(&chunks), ["HEL", "WORLD", "X"]);
    assert_eq!(faulty(&[&chunks.concat()]), ["HELLO", "WORLD", "X"]);

    // Ours takes the first delimiter for the end of an empty message, and waits for the end of X.
    let ours = receive(&Delimiter::CRLF, chunks);
    assert_eq!(ours.messages, [&b""[..], b"HELLO", b"WORLD"]);
    assert_eq!(ours.end, Err(Error::Unfinished { got: 1, of: None }));
    assert_eq!(receive(&Delimiter::CRLF, [&chunks.concat()[..]]), ours);
}

/// The same messages as ours sends them, cut at the same places.
#[test]
fn erratum_e14_the_last_message_never_ends() {
    let chunks: [&[u8]; 4] = [b"HEL", b"LO\r\nWORLD", b"\r", b"\n"];
    assert_eq!(faulty(&chunks), ["WORLD", ""]);
    let ours = receive(&Delimiter::CRLF, chunks);
    assert_eq!(ours.messages, [b"HELLO", b"WORLD"]);
    assert_eq!(ours.end, Ok(()));
}
