//! What has passed: the one value between those that see connections and those that write down what they carry.

use super::layer::{Direction, Layer};
use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// Something that has passed, in a conversation.
///
/// A capture's [`Reader`](super::capture::Reader) finds events; a [`Recorder`](crate::trace::Recorder) makes them of
/// what passes over connections. An [`Explainer`](super::Explainer) explains them, and a capture's
/// [`Writer`](super::capture::Writer) writes them down.
///
/// ```
/// use barewire::trace::wire::capture::{Reader, Writer};
/// use barewire::trace::wire::{Direction::FromClient, Event, What};
/// use std::time::Duration;
///
/// let (client, server) = ("127.0.0.1:50000".parse()?, "127.0.0.1:1337".parse()?);
/// let passed = [
///     Event::new(0, FromClient, Duration::ZERO, What::begins(client, server)),
///     Event::new(0, FromClient, Duration::from_millis(3), What::bytes(b"hello")),
/// ];
/// let mut file = Vec::new();
/// let mut writer = Writer::new(&mut file);
/// for event in &passed {
///     writer.event(event)?;
/// }
/// let events: Vec<Event> = Reader::new(&file[..]).collect::<Result<_, _>>()?;
/// assert_eq!(events, passed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event<'a> {
    /// Of which conversation. A reader counts them from 0. `None`: a [`Notice`] about no one conversation.
    pub conversation: Option<u64>,
    /// Who has sent it. The client begins; of a [`Notice`] it says nothing.
    pub from: Direction,
    /// When: since 1970-01-01 00:00:00 UTC; in a capture that of the packet with which it came.
    pub time: Duration,
    /// What.
    pub what: What<'a>,
}

/// What has passed: see [`Event`].
///
/// ```
/// use barewire::trace::wire::What;
///
/// let What::Begins { about, .. } = What::begins("[::1]:50000".parse()?, "[::1]:1337".parse()?) else { panic!() };
/// assert_eq!(about, "client [::1]:50000 connects to server [::1]:1337");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What<'a> {
    /// A TCP connection: in a capture a SYN, or bytes of a connection that was there before it.
    Begins {
        /// The side that opened it; see [`capture`](super::capture) for how that is known there.
        client: SocketAddr,
        /// The other side.
        server: SocketAddr,
        /// The same for a reader: also of a Unix socket, whose addresses in a capture are
        /// [invented](super::capture::invented).
        about: String,
    },
    /// The next bytes of one direction, of this layer: [`Layer::Tcp`], or what TLS carries. A capture's are those of
    /// one packet, if no packet is missing.
    Bytes(Layer, Cow<'a, [u8]>),
    /// So many bytes of one direction are not in the capture; at least one.
    Gap(u64),
    /// A direction has ended. It comes once for each direction at most, and is the last event of it.
    Ends {
        /// Not by a FIN but by a RST, of either side. It ends both directions.
        reset: bool,
    },
    /// This side has cut the connection.
    Cut,
    /// This side is the recorder's, and has closed the connection. Nothing more comes of it.
    Closed,
    /// A UDP datagram. The datagrams between two addresses are a conversation, which no event begins or ends.
    Datagram {
        /// The side that sent the first one of the conversation.
        client: SocketAddr,
        /// The other side.
        server: SocketAddr,
        /// Its bytes.
        bytes: Cow<'a, [u8]>,
        /// How many bytes behind them are not in the capture.
        missing: u64,
    },
    /// What must be known about the events around it.
    Notice(Notice),
}

impl<'a> Event<'a> {
    /// In this conversation.
    pub fn new(conversation: u64, from: Direction, time: Duration, what: What<'a>) -> Event<'a> {
        Event {
            conversation: Some(conversation),
            from,
            time,
            what,
        }
    }
}

impl<'a> What<'a> {
    /// A TCP connection between these addresses begins.
    pub fn begins(client: SocketAddr, server: SocketAddr) -> What<'a> {
        What::Begins {
            client,
            server,
            about: between(client, server),
        }
    }

    /// Some bytes pass over TCP.
    pub fn bytes(bytes: impl Into<Cow<'a, [u8]>>) -> What<'a> {
        What::Bytes(Layer::Tcp, bytes.into())
    }
}

pub(in crate::trace) fn between(client: impl fmt::Display, server: impl fmt::Display) -> String {
    format!("client {client} connects to server {server}")
}

/// What a capture's [`Reader`](super::capture::Reader) or a [`Recorder`](crate::trace::Recorder) has noticed and could
/// not repair. Its `Display` is a sentence.
///
/// ```
/// use barewire::trace::wire::Notice;
///
/// let sentence = "an IP packet came in fragments, which are not put together: its bytes are missing";
/// assert_eq!(Notice::Fragment.to_string(), sentence);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The connection was there before the capture. What comes is not its first byte.
    BeganBefore,
    /// A segment lies 1 GiB or more ahead of the last one, which no window allows. It is passed over.
    FarAhead,
    /// There were more connections than [`Limits::connections`](super::capture::Limits::connections). This one had been
    /// silent for the longest time. What it still sends is another conversation.
    Forgotten,
    /// An IP packet came in fragments. What they carry is missing.
    Fragment,
    /// A packet is not what its headers say, or is cut inside them. It is passed over.
    BadPacket,
    /// The packets of an interface have a link type that is not read here. They are passed over.
    LinkTypeUnknown(u16),
    /// An output of a recorder took nothing for too long. Nothing more comes of this connection.
    TooSlow,
    /// The same: nothing comes of this connection, nor of so many that began behind it.
    Unrecorded(u64),
}

impl fmt::Display for Notice {
    #[rustfmt::skip]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Notice::BeganBefore => "the connection began before the capture: its first bytes are missing",
            Notice::FarAhead => "a segment lies 1 GiB or more ahead of the last one: it is passed over",
            Notice::Forgotten => "there are too many connections: this one was silent and is forgotten",
            Notice::Fragment => "an IP packet came in fragments, which are not put together: its bytes are missing",
            Notice::BadPacket => "a packet is not what its headers say: it is passed over",
            Notice::TooSlow => "the output was too slow: not recorded from here on",
            Notice::LinkTypeUnknown(number) => {
                return write!(f, "link type {number} is not read here: its packets are passed over");
            }
            Notice::Unrecorded(behind) => {
                return write!(f, "the output was too slow: not recorded, nor the {behind} behind it");
            }
        })
    }
}
