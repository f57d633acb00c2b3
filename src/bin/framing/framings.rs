//! The framers, and none, behind one interface.

use crate::demo::printable;
use barewire::framing::{
    Decode, Delimiter, Encode, Fixed, Framer, Header16, Message, Misuse, Padding, Prefix,
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
    pub(crate) fn codec(self) -> Codec {
        match self {
            Framing::None => unframed(),
            Framing::Fixed => plain(&Fixed::<128>::new(Padding::Strip)),
            Framing::Delimiter => plain(&Delimiter::CRLF),
            Framing::Header => numbered(),
            Framing::Ring => ring(),
        }
    }
}

/// One end of a connection.
pub(crate) struct Codec {
    pub(crate) frame: Frame,
    pub(crate) read: Read,
}

/// Appends a message to a buffer. If messages have numbers, a reply has that of the message that it
/// replies to.
type Frame = Box<dyn FnMut(&[u8], Option<u16>, &mut Vec<u8>) -> Result<(), Misuse>>;

/// Reads once. Returns how many bytes that brought, 0 at the end, and the messages that are whole now.
type Read = Box<dyn FnMut(&Socket) -> io::Result<(usize, Vec<Received>)>>;

/// A message that arrived.
pub(crate) struct Received {
    pub(crate) serial: Option<u16>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    fn new(serial: Option<u16>, body: Vec<u8>) -> Received {
        Received { serial, body }
    }
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

/// Whatever a read returns is taken for a message.
fn unframed() -> Codec {
    Codec {
        frame: Box::new(|body, _, out| {
            out.extend_from_slice(body);
            Ok(())
        }),
        read: Box::new(|from| {
            let mut buf = [0; 16 * 1024];
            let bytes = from.read(&mut buf)?;
            let message = Received::new(None, buf[..bytes].to_vec());
            Ok((bytes, Vec::from_iter((bytes > 0).then_some(message))))
        }),
    }
}

/// Messages have a body and nothing else.
fn plain<F>(framer: &F) -> Codec
where
    F: Framer<Encoder: 'static, Decoder: 'static>,
{
    let (mut encoder, mut decoder) = (framer.encoder(), framer.decoder());
    Codec {
        frame: Box::new(move |body, _, out| encoder.encode(body, out)),
        read: Box::new(move |from| {
            read(&mut decoder, from, |message| {
                Received::new(None, message.to_vec())
            })
        }),
    }
}

fn numbered() -> Codec {
    let (mut encoder, mut decoder) = (Header16::new().encoder(), Header16::new().decoder());
    Codec {
        frame: Box::new(move |body, reply_to, out| match reply_to {
            Some(serial) => encoder.encode_as(serial, body, out),
            None => encoder.encode(body, out),
        }),
        read: Box::new(move |from| {
            read(&mut decoder, from, |packet| {
                Received::new(Some(packet.serial), packet.body.to_vec())
            })
        }),
    }
}

/// The socket reads straight into the decoder.
fn ring() -> Codec {
    let (mut encoder, mut decoder) = (Prefix::new(), Prefix::new().decoder());
    Codec {
        frame: Box::new(move |body, _, out| encoder.encode(body, out)),
        read: Box::new(move |from| {
            let mut messages = Vec::new();
            let bytes = decoder.fill(|space| from.read(space))?;
            while let Some(message) = decoder.take()? {
                messages.push(Received::new(None, message.to_vec()));
            }
            if bytes == 0 {
                decoder.finish()?;
            }
            Ok((bytes, messages))
        }),
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
