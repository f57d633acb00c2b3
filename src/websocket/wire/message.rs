//! Messages, and the buffer that collects the pieces of one.
//!
//! ```text
//!   81 05 "Hello"                     whole in what was read: borrowed, not copied
//!
//!   01 03 "Hel" │ 89 00 │ 80 02 "lo"
//!         ├───▶ Hel            ├──▶ Hello          one buffer, for all messages of a connection
//!                  ▲ a ping changes nothing in it
//! ```
//!
//! A limit counts bytes, not frames: a thousand frames of one byte cost as much memory as one frame of a
//! thousand.

use super::error::Error;
use super::utf8;
use crate::text::{Decoder, Encoding};

/// What a message is.
///
/// ```
/// use barewire::websocket::{Data, Kind};
///
/// assert_eq!(Data::Text("hello").kind(), Kind::Text);
/// assert_eq!(Data::Binary(&[1, 2, 3]).kind(), Kind::Binary);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
}

/// A message, or a part of one: text or bytes, borrowed from the buffer in which it lies.
///
/// [`text`](Self::text) is for a program that talks in texts, `match` for one that needs both kinds. It equals the
/// text or the bytes that it is. What must outlive the next `receive` is kept with
/// [`into_owned`](Self::into_owned).
///
/// ```
/// use barewire::websocket::Data;
///
/// fn answer(message: Data<'_>) -> String {
///     match message {
///         Data::Text(text) => format!("a text: {text}"),
///         Data::Binary(bytes) => format!("{} bytes", bytes.len()),
///     }
/// }
///
/// assert_eq!(answer(Data::Text("hello")), "a text: hello");
/// assert_eq!(answer(Data::Binary(&[0; 3])), "3 bytes");
/// assert!(Data::Text("hello") == "hello");
/// assert!(Data::Binary(b"hello") != "hello"); // bytes are no text, whatever they are
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data<'a> {
    /// A text. A part of one ends between two characters.
    Text(&'a str),
    /// Any bytes.
    Binary(&'a [u8]),
}

/// A message that was copied, to be kept: put into a queue, or sent to another thread.
///
/// ```
/// use barewire::websocket::{Data, OwnedData};
/// use std::sync::mpsc;
///
/// let (queue, messages) = mpsc::channel();
/// let received = Data::Text("hello"); // as `receive` returns it
/// queue.send(received.into_owned())?;
///
/// assert_eq!(messages.recv()?, OwnedData::Text("hello".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It can be sent as it is, or by reference: it is [`AsData`](crate::websocket::AsData).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedData {
    /// A text.
    Text(String),
    /// Any bytes.
    Binary(Vec<u8>),
}

impl<'a> Data<'a> {
    /// Text or binary.
    #[inline]
    pub fn kind(&self) -> Kind {
        match self {
            Data::Text(_) => Kind::Text,
            Data::Binary(_) => Kind::Binary,
        }
    }

    /// Its bytes.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        match *self {
            Data::Text(text) => text.as_bytes(),
            Data::Binary(bytes) => bytes,
        }
    }

    /// A copy, which outlives the next `receive`.
    pub fn into_owned(self) -> OwnedData {
        match self {
            Data::Text(text) => OwnedData::Text(text.to_owned()),
            Data::Binary(bytes) => OwnedData::Binary(bytes.to_owned()),
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&'a str> {
        match *self {
            Data::Text(text) => Some(text),
            Data::Binary(_) => None,
        }
    }

    /// A message that lies whole in one place: the standard library judges the text.
    #[inline]
    pub(super) fn whole(kind: Kind, bytes: &'a [u8]) -> Result<Data<'a>, Error> {
        match kind {
            Kind::Text => utf8::whole(bytes).map(Data::Text),
            Kind::Binary => Ok(Data::Binary(bytes)),
        }
    }
}

/// What one frame carries: a message or a part of one, as it is or [compressed](super::Deflater).
///
/// ```
/// use barewire::websocket::wire::{Connection, Data, Kind, Limits, Payload, Received, Role, Agreement};
///
/// let agreement = Agreement::default();
/// let connection = |role| Connection::new(role, Limits::default()).with_deflate(&agreement);
/// let (mut server, mut client) = (connection(Role::Server), connection(Role::Client));
/// let key = || unreachable!("a server masks nothing");
///
/// let mut out = Vec::new();
/// let bytes = &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
/// let hello = Payload { kind: Kind::Text, bytes, is_compressed: true };
/// server.sender().send(hello, key, &mut out)?;
/// assert_eq!(out[..2], [0xc1, 7]); // RSV1 is set
/// let received = client.receive(&mut &mut out[..])?;
/// assert_eq!(received, Some(Received::Message(Data::Text("Hello"))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload<'a> {
    /// Of which kind the message is.
    pub kind: Kind,
    /// The bytes of the frame, before they are masked.
    pub bytes: &'a [u8],
    /// Whether the message is compressed. All its parts are, or none is.
    pub is_compressed: bool,
}

impl<'a> From<Data<'a>> for Payload<'a> {
    #[inline]
    fn from(data: Data<'a>) -> Payload<'a> {
        Payload {
            kind: data.kind(),
            bytes: data.bytes(),
            is_compressed: false,
        }
    }
}

impl PartialEq<str> for Data<'_> {
    fn eq(&self, text: &str) -> bool {
        *self == Data::Text(text)
    }
}

impl PartialEq<&str> for Data<'_> {
    fn eq(&self, text: &&str) -> bool {
        *self == Data::Text(text)
    }
}

impl PartialEq<[u8]> for Data<'_> {
    fn eq(&self, bytes: &[u8]) -> bool {
        *self == Data::Binary(bytes)
    }
}

impl PartialEq<&[u8]> for Data<'_> {
    fn eq(&self, bytes: &&[u8]) -> bool {
        *self == Data::Binary(bytes)
    }
}

impl<const N: usize> PartialEq<[u8; N]> for Data<'_> {
    fn eq(&self, bytes: &[u8; N]) -> bool {
        *self == Data::Binary(bytes)
    }
}

/// Limits of one connection.
///
/// ```
/// use barewire::websocket::wire::Limits;
///
/// assert_eq!(Limits::default().message_bytes, 16 * 1024 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The payload of a message, all its frames together; beyond it 1009. 16 MiB. Each header is judged
    /// by it, before any payload has come. Of a compressed message, what comes out of it is counted, and no more is made. A message that is received in parts is not kept, and has
    /// no limit.
    pub message_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            message_bytes: 16 * 1024 * 1024,
        }
    }
}

/// A message that comes in several pieces.
#[derive(Debug)]
pub(super) struct Collected {
    body: Body,
    decoder: Decoder,
}

/// Both forms have the same buffer: between two messages it is empty, and its form may change.
#[derive(Debug)]
enum Body {
    Text(String),
    Binary(Vec<u8>),
}

impl Collected {
    pub(super) fn new() -> Collected {
        Collected {
            body: Body::Binary(Vec::new()),
            decoder: Decoder::strict(Encoding::Utf8),
        }
    }

    /// At the start of a message; keeps the memory.
    pub(super) fn start(&mut self, kind: Kind) {
        let mut buffer = match std::mem::replace(&mut self.body, Body::Binary(Vec::new())) {
            Body::Text(text) => text.into_bytes(),
            Body::Binary(bytes) => bytes,
        };
        buffer.clear();
        self.body = match kind {
            Kind::Text => Body::Text(String::from_utf8(buffer).unwrap_or_default()),
            Kind::Binary => Body::Binary(buffer),
        };
    }

    /// Text or binary.
    #[inline]
    pub(super) fn kind(&self) -> Kind {
        self.data().kind()
    }

    /// Appends the next piece. Of a text it appends the characters that are complete, and judges them.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), Error> {
        match &mut self.body {
            Body::Text(text) => self.decoder.decode(piece, text).map_err(utf8::refused),
            Body::Binary(bytes) => {
                bytes.extend_from_slice(piece);
                Ok(())
            }
        }
    }

    /// The buffer to append to, unless it is a text, which [`push`](Self::push) judges.
    pub(super) fn binary(&mut self) -> Option<&mut Vec<u8>> {
        match &mut self.body {
            Body::Text(_) => None,
            Body::Binary(bytes) => Some(bytes),
        }
    }

    /// The last piece has come: a text must not end inside a character.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        match &mut self.body {
            Body::Text(text) => self.decoder.finish(text).map_err(utf8::refused),
            Body::Binary(_) => Ok(()),
        }
    }

    /// What has come so far.
    pub(super) fn data(&self) -> Data<'_> {
        match &self.body {
            Body::Text(text) => Data::Text(text),
            Body::Binary(bytes) => Data::Binary(bytes),
        }
    }

    /// Forgets the part that was returned; the message goes on.
    pub(super) fn part_returned(&mut self) {
        match &mut self.body {
            Body::Text(text) => text.clear(),
            Body::Binary(bytes) => bytes.clear(),
        }
    }

    /// How much memory the buffer has.
    pub(super) fn capacity(&self) -> usize {
        match &self.body {
            Body::Text(text) => text.capacity(),
            Body::Binary(bytes) => bytes.capacity(),
        }
    }

    /// Gives the memory back, down to `bytes`.
    pub(super) fn shrink(&mut self, bytes: usize) {
        match &mut self.body {
            Body::Text(text) => text.shrink_to(bytes),
            Body::Binary(buffer) => buffer.shrink_to(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_buffer_serves_text_and_binary() {
        let mut collected = Collected::new();
        for kind in [Kind::Binary, Kind::Text, Kind::Text, Kind::Binary] {
            collected.start(kind);
            collected.push("月".repeat(100).as_bytes()).expect("good");
            collected.finish().expect("whole");
            let data = collected.data();
            assert_eq!((data.kind(), data.bytes().len()), (kind, 300));
        }
        let Body::Binary(buffer) = collected.body else {
            panic!("the last message was binary");
        };
        let grown = buffer.capacity();
        assert!((300..1000).contains(&grown), "one buffer of {grown} bytes");
    }

    #[test]
    fn parts_that_were_returned_are_not_kept() {
        let mut collected = Collected::new();
        collected.start(Kind::Text);
        for (piece, part) in [(&b"a\xe6"[..], "a"), (b"\x9c", ""), (b"\x88b", "月b")] {
            collected.push(piece).expect("good so far");
            assert_eq!(collected.data(), Data::Text(part));
            collected.part_returned();
        }
        assert_eq!(collected.finish(), Ok(()));
    }
}
