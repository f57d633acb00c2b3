//! Feeds chunks to a decoder.

use barewire::framing::{Decode, Encode, Error, Framer, Message, Part, Prefix, PrefixDecoder};
use std::io::Read;

/// The messages of a stream, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) end: Result<(), Error>,
}

/// Feeds the chunks of one connection to a new decoder.
pub(crate) fn receive<'c, F: Framer>(
    framer: &F,
    chunks: impl IntoIterator<Item = &'c [u8]>,
) -> Received {
    let mut decoder = framer.decoder();
    let mut messages = Vec::new();
    for mut chunk in chunks {
        if let Err(error) = drain(&mut decoder, &mut chunk, &mut messages) {
            assert_stays_broken(&mut decoder, chunk, error);
            let end = Err(error);
            return Received { messages, end };
        }
        assert!(chunk.is_empty(), "\"not yet\", but {} left", chunk.len());
    }
    let end = decoder.finish();
    Received { messages, end }
}

fn drain<D: Decode>(
    decoder: &mut D,
    chunk: &mut &[u8],
    messages: &mut Vec<Vec<u8>>,
) -> Result<(), Error> {
    loop {
        let before = *chunk;
        let message = decoder.decode(chunk)?;
        let message = message.map(|message| (message.len(), message.to_vec()));
        let used = &before[..before.len() - chunk.len()];
        let returned = decoder.returned(used);
        assert_eq!(
            returned.map(|returned| (returned.len(), returned.to_vec())),
            message,
            "once more"
        );
        match message {
            Some((len, message)) => {
                assert_eq!(len, message.len());
                messages.push(message);
            }
            None => return Ok(()),
        }
    }
}

/// After an error no message is returned, whatever arrives.
fn assert_stays_broken<D: Decode>(decoder: &mut D, rest: &[u8], error: Error) {
    let more = b"\0\0\x01\r\naab\n\0\0\0\0\0\0";
    for mut input in [rest, b"", more, more] {
        assert_eq!(decoder.decode(&mut input).err(), Some(error));
    }
}

/// Some messages and their stream, both without the messages that the framer refuses.
pub(crate) fn stream<F: Framer>(
    framer: &F,
    from: impl IntoIterator<Item = Vec<u8>>,
) -> (Vec<Vec<u8>>, Vec<u8>) {
    let (mut encoder, mut wire) = (framer.encoder(), Vec::new());
    let mut messages = Vec::new();
    for message in from {
        let before = wire.len();
        match encoder.encode(&message, &mut wire) {
            Ok(()) => messages.push(message),
            Err(_) => assert_eq!(wire.len(), before, "refused, but something was appended"),
        }
    }
    (messages, wire)
}

/// `Prefix` as a program with a socket uses it: a read writes directly into the ring.
pub(crate) struct ReadIntoRing(pub(crate) Prefix);

impl Framer for ReadIntoRing {
    type Encoder = Prefix;
    type Decoder = RingReader;

    fn encoder(&self) -> Prefix {
        self.0
    }

    fn decoder(&self) -> RingReader {
        RingReader(self.0.decoder())
    }

    fn parts(&self, length: usize) -> Vec<(Part, usize)> {
        self.0.parts(length)
    }
}

pub(crate) struct RingReader(PrefixDecoder);

impl Decode for RingReader {
    type Message<'a> = <PrefixDecoder as Decode>::Message<'a>;

    fn decode<'a, 'b: 'a>(
        &'a mut self,
        input: &mut &'b [u8],
    ) -> Result<Option<Self::Message<'a>>, Error> {
        let ring = &mut self.0;
        while ring.fill(|space| input.read(space)).unwrap() > 0 {}
        ring.take()
    }

    fn returned<'a>(&'a self, used: &'a [u8]) -> Option<Self::Message<'a>> {
        self.0.returned(used)
    }

    fn finish(&self) -> Result<(), Error> {
        self.0.finish()
    }
}
