//! The four framers, and none, behind one face.

use crate::shown;
use barewire::framing::{
    Decode, Delimiter, Encode, Error, Fixed, Framer, Header16, HeaderDecoder, HeaderEncoder,
    Message, Padding, Prefix, PrefixDecoder, Refusal,
};
use barewire::net::Socket;
use std::{fmt, io, mem};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    None,
    Fixed,
    Delimiter,
    Header,
    Ring,
}

impl Framing {
    pub(crate) const ALL: [Framing; 5] = [
        Framing::None,
        Framing::Fixed,
        Framing::Delimiter,
        Framing::Header,
        Framing::Ring,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Framing::None => "none",
            Framing::Fixed => "fixed",
            Framing::Delimiter => "delimiter",
            Framing::Header => "header",
            Framing::Ring => "ring",
        }
    }

    pub(crate) fn rule(self) -> &'static str {
        match self {
            Framing::None => "nothing tells where a message ends",
            Framing::Fixed => "a message fills a cell of 128 bytes, the rest is zeros",
            Framing::Delimiter => "a message ends with \\r\\n",
            Framing::Header => "a message begins with its number and its length, 2 bytes each",
            Framing::Ring => {
                "a message begins with its length, 2 bytes; a ring of 512 is read into"
            }
        }
    }

    /// For one end of one connection: two that share a decoder would mix their bytes.
    pub(crate) fn codec(self) -> Box<dyn Codec> {
        match self {
            Framing::None => Box::new(Plain::new(Bare)),
            Framing::Fixed => Box::new(Plain::new(Fixed::<128>::new(Padding::Strip))),
            Framing::Delimiter => Box::new(Plain::new(Delimiter::CRLF)),
            Framing::Header => Box::new(Numbered {
                encoder: Header16::new().encoder(),
                decoder: Header16::new().decoder(),
            }),
            Framing::Ring => Box::new(InRing {
                encoder: Prefix::new(),
                decoder: Prefix::new().decoder(),
            }),
        }
    }
}

/// A message that came.
pub(crate) struct Got {
    pub(crate) serial: Option<u16>,
    pub(crate) body: Vec<u8>,
}

/// As the book prints it.
impl fmt::Display for Got {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (length, body) = (self.body.len(), shown(&self.body));
        match self.serial {
            Some(serial) => write!(
                f,
                "{{ serialNum: {serial}, bodyLength: {length}, body: '{body}' }}"
            ),
            None => f.write_str(&body),
        }
    }
}

pub(crate) trait Codec {
    /// Appends a message to `out`. Where messages have numbers, a reply carries that of what it
    /// replies to.
    fn frame(
        &mut self,
        body: &[u8],
        reply_to: Option<u16>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal>;

    /// Reads once. How many bytes that brought, 0 for the end, and which messages are whole now.
    fn read(&mut self, from: &Socket) -> io::Result<(usize, Vec<Got>)>;
}

/// Messages are bytes and nothing else.
struct Plain<F: Framer> {
    encoder: F::Encoder,
    decoder: F::Decoder,
}

impl<F: Framer> Plain<F> {
    fn new(framer: F) -> Plain<F> {
        Plain {
            encoder: framer.encoder(),
            decoder: framer.decoder(),
        }
    }
}

impl<F: Framer<Decoder: 'static>> Codec for Plain<F> {
    fn frame(&mut self, body: &[u8], _: Option<u16>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.encoder.encode(body, out)
    }

    fn read(&mut self, from: &Socket) -> io::Result<(usize, Vec<Got>)> {
        read(&mut self.decoder, from, |message| Got {
            serial: None,
            body: message.to_vec(),
        })
    }
}

/// Messages have numbers.
struct Numbered {
    encoder: HeaderEncoder<2>,
    decoder: HeaderDecoder<2>,
}

impl Codec for Numbered {
    fn frame(
        &mut self,
        body: &[u8],
        reply_to: Option<u16>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        match reply_to {
            Some(serial) => self.encoder.encode_as(serial, body, out),
            None => self.encoder.encode(body, out),
        }
    }

    fn read(&mut self, from: &Socket) -> io::Result<(usize, Vec<Got>)> {
        read(&mut self.decoder, from, |packet| Got {
            serial: Some(packet.serial),
            body: packet.body.to_vec(),
        })
    }
}

fn read<D: Decode + 'static>(
    decoder: &mut D,
    from: &Socket,
    got: fn(D::Message<'_>) -> Got,
) -> io::Result<(usize, Vec<Got>)> {
    let (mut buf, mut messages) = ([0; 16 * 1024], Vec::new());
    let bytes = from.read(&mut buf)?;
    let mut chunk = &buf[..bytes];
    while let Some(message) = decoder.decode(&mut chunk)? {
        messages.push(got(message));
    }
    if bytes == 0 {
        decoder.finish()?;
    }
    Ok((bytes, messages))
}

/// The socket reads straight into the decoder.
struct InRing {
    encoder: Prefix,
    decoder: PrefixDecoder,
}

impl Codec for InRing {
    fn frame(&mut self, body: &[u8], _: Option<u16>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.encoder.encode(body, out)
    }

    fn read(&mut self, from: &Socket) -> io::Result<(usize, Vec<Got>)> {
        let mut messages = Vec::new();
        let bytes = self.decoder.fill(|space| from.read(space))?;
        while let Some(message) = self.decoder.take()? {
            let body = message.to_vec();
            messages.push(Got { serial: None, body });
        }
        if bytes == 0 {
            self.decoder.finish()?;
        }
        Ok((bytes, messages))
    }
}

/// No framing: whatever a read brings is taken for a message.
#[derive(Clone, Copy)]
struct Bare;

impl Framer for Bare {
    type Encoder = Bare;
    type Decoder = Bare;

    fn encoder(&self) -> Bare {
        Bare
    }

    fn decoder(&self) -> Bare {
        Bare
    }
}

impl Encode for Bare {
    fn encode(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
        out.extend_from_slice(message);
        Ok(())
    }
}

impl Decode for Bare {
    type Message<'a> = &'a [u8];

    fn decode<'a, 'b: 'a>(&'a mut self, input: &mut &'b [u8]) -> Result<Option<&'a [u8]>, Error> {
        let all = mem::take(input);
        Ok((!all.is_empty()).then_some(all))
    }

    fn finish(&self) -> Result<(), Error> {
        Ok(())
    }
}
