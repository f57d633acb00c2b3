//! What a capture says, packet after packet.

use crate::trace::wire::Direction;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// What a [`Reader`](super::Reader) finds in a capture. A `time` counts from 1970-01-01 00:00:00 UTC, and is that
/// of the packet with which the event came. Conversations are counted from 0.
///
/// ```
/// use barewire::trace::wire::Direction::FromClient;
/// use barewire::trace::wire::capture::{Event, Reader, Writer};
/// use std::time::Duration;
///
/// let (client, server) = ("127.0.0.1:50000".parse()?, "127.0.0.1:1337".parse()?);
/// let mut file = Vec::new();
/// let mut writer = Writer::new(&mut file)?;
/// writer.begins(7, Duration::ZERO, client, server)?;
/// writer.bytes(7, FromClient, Duration::from_millis(3), b"hello")?;
///
/// let events: Vec<Event> = Reader::new(&file[..]).collect::<Result<_, _>>()?;
/// let time = Duration::from_millis(3);
/// assert_eq!(events, [
///     Event::Begins { conversation: 0, time: Duration::ZERO, client, server },
///     Event::Bytes { conversation: 0, from: FromClient, time, bytes: b"hello".into() },
/// ]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The first packet of a TCP connection: a SYN, or bytes of a connection that was there before the capture.
    Begins {
        /// Its number.
        conversation: u64,
        /// When.
        time: Duration,
        /// The side that opened it; see [the page](super) for how it is known.
        client: SocketAddr,
        /// The other side.
        server: SocketAddr,
    },
    /// The next bytes of one direction.
    Bytes {
        /// Of which conversation.
        conversation: u64,
        /// Of which direction.
        from: Direction,
        /// When.
        time: Duration,
        /// At least one. They are those of one packet, if no packet is missing.
        bytes: Vec<u8>,
    },
    /// The next bytes of one direction, or the rest of the last datagram, are not in the capture.
    Gap {
        /// Of which conversation.
        conversation: u64,
        /// Of which direction.
        from: Direction,
        /// How many bytes: at least one.
        length: u64,
    },
    /// A direction has ended. It comes once for each direction at most, and is the last event of it.
    Ends {
        /// Of which conversation.
        conversation: u64,
        /// Of which direction.
        from: Direction,
        /// When.
        time: Duration,
        /// Not by a FIN but by a RST, of either side. It ends both directions.
        reset: bool,
    },
    /// A UDP datagram. The datagrams between two addresses are a conversation, which no event begins or ends.
    Datagram {
        /// Of which conversation.
        conversation: u64,
        /// The side that sent the first one of the conversation.
        client: SocketAddr,
        /// The other side.
        server: SocketAddr,
        /// Who has sent it.
        from: Direction,
        /// When.
        time: Duration,
        /// All its bytes, unless a [`Gap`](Event::Gap) follows.
        bytes: Vec<u8>,
    },
    /// What must be known about the events around it.
    Notice {
        /// About which conversation, if about one.
        conversation: Option<u64>,
        /// When.
        time: Duration,
        /// What.
        notice: Notice,
    },
}

impl Event {
    pub(super) fn notice(conversation: Option<u64>, time: Duration, notice: Notice) -> Event {
        Event::Notice {
            conversation,
            time,
            notice,
        }
    }
}

/// What a [`Reader`](super::Reader) has noticed and could not repair. Its `Display` is a sentence.
///
/// ```
/// use barewire::trace::wire::capture::Notice;
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
    /// There were more connections than [`Limits::connections`](super::Limits). This one had been silent for the
    /// longest time. What it still sends is another conversation.
    Forgotten,
    /// An IP packet came in fragments. What they carry is missing.
    Fragment,
    /// A packet is not what its headers say, or is cut inside them. It is passed over.
    BadPacket,
    /// The packets of an interface have a link type that is not read here. They are passed over.
    LinkTypeUnknown(u16),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Notice::BeganBefore => {
                "the connection began before the capture: its first bytes are missing"
            }
            Notice::FarAhead => {
                "a segment lies 1 GiB or more ahead of the last one: it is passed over"
            }
            Notice::Forgotten => {
                "there are too many connections: this one was silent and is forgotten"
            }
            Notice::Fragment => {
                "an IP packet came in fragments, which are not put together: its bytes are missing"
            }
            Notice::BadPacket => "a packet is not what its headers say: it is passed over",
            Notice::LinkTypeUnknown(number) => {
                return write!(
                    f,
                    "link type {number} is not read here: its packets are passed over"
                );
            }
        })
    }
}
