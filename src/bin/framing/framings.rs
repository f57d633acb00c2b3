//! The framers, and none, behind one interface.

use crate::demo::printable;
use barewire::framing::{
    Decode, Delimiter, Encode, Fixed, Framer, Header16, HeaderDecoder, HeaderEncoder, Message,
    Padding, Prefix, PrefixDecoder, Refusal,
};
use barewire::net::Socket;
use std::{fmt, io};

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

    pub(crate) fn named(name: &str) -> Result<Framing, String> {
        let mut all = Framing::ALL.into_iter();
        let found = all.find(|framing| framing.name() == name);
        found.ok_or_else(|| format!("there is no framing {name:?}"))
    }

    pub(crate) fn name(self) -> &'static str {
        self.facts().0
    }

    /// What marks a message's end.
    pub(crate) fn rule(self) -> &'static str {
        self.facts().1
    }

    /// The book's.
    pub(crate) fn address(self) -> String {
        format!("127.0.0.1:{}", self.facts().2)
    }

    fn facts(self) -> (&'static str, &'static str, u16) {
        match self {
            Framing::None => ("none", "nothing says where a message ends", 8124),
            Framing::Fixed => {
                let rule = "a message fills a cell of 128 bytes, the rest is zeros";
                ("fixed", rule, 8125)
            }
            Framing::Delimiter => ("delimiter", "a message ends with \\r\\n", 8125),
            Framing::Header => {
                let rule = "a message begins with its number and its length, 2 bytes each";
                ("header", rule, 8124)
            }
            Framing::Ring => {
                let rule = "a message begins with its length, 2 bytes; a ring of 512 is read into";
                ("ring", rule, 8080)
            }
        }
    }

    /// For one end of one connection: two that share a decoder would mix their bytes.
    pub(crate) fn codec(self) -> Box<dyn Codec> {
        match self {
            Framing::None => Box::new(Unframed),
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

/// A message that arrived.
pub(crate) struct Received {
    pub(crate) serial: Option<u16>,
    pub(crate) body: Vec<u8>,
}

/// As the book prints it.
impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (length, body) = (self.body.len(), printable(&self.body));
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

    /// Reads once. Returns how many bytes that brought, 0 at the end, and the messages that are
    /// whole now.
    fn read(&mut self, from: &Socket) -> io::Result<(usize, Vec<Received>)>;
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

    fn read(&mut self, from: &Socket) -> io::Result<(usize, Vec<Received>)> {
        read(&mut self.decoder, from, |message| Received {
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

    fn read(&mut self, from: &Socket) -> io::Result<(usize, Vec<Received>)> {
        read(&mut self.decoder, from, |packet| Received {
            serial: Some(packet.serial),
            body: packet.body.to_vec(),
        })
    }
}

fn read<D: Decode + 'static>(
    decoder: &mut D,
    from: &Socket,
    received: fn(D::Message<'_>) -> Received,
) -> io::Result<(usize, Vec<Received>)> {
    let (mut buf, mut messages) = ([0; 16 * 1024], Vec::new());
    let bytes = from.read(&mut buf)?;
    let mut chunk = &buf[..bytes];
    while let Some(message) = decoder.decode(&mut chunk)? {
        messages.push(received(message));
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

    fn read(&mut self, from: &Socket) -> io::Result<(usize, Vec<Received>)> {
        let mut messages = Vec::new();
        let bytes = self.decoder.fill(|space| from.read(space))?;
        while let Some(message) = self.decoder.take()? {
            let body = message.to_vec();
            messages.push(Received { serial: None, body });
        }
        if bytes == 0 {
            self.decoder.finish()?;
        }
        Ok((bytes, messages))
    }
}

/// No framing: whatever a read returns is taken for a message.
struct Unframed;

impl Codec for Unframed {
    fn frame(&mut self, body: &[u8], _: Option<u16>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        out.extend_from_slice(body);
        Ok(())
    }

    fn read(&mut self, from: &Socket) -> io::Result<(usize, Vec<Received>)> {
        let mut buf = [0; 16 * 1024];
        let bytes = from.read(&mut buf)?;
        let message = Received {
            serial: None,
            body: buf[..bytes].to_vec(),
        };
        Ok((bytes, Vec::from_iter((bytes > 0).then_some(message))))
    }
}
