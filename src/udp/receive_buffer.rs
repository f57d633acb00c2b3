//! One received datagram: its bytes, its sender, and whether it was truncated.
//!
//! If a datagram is longer than the buffer, the kernel fills the buffer, drops the rest and (through the
//! standard library) does not report it. So the buffer here is one byte longer than the longest message
//! that it accepts: a datagram that reaches into that byte was too long.
//!
//! ```text
//!   with_capacity(4)    ┌────┬────┬────┬────┬────┐
//!   "four"              │ f  │ o  │ u  │ r  │    │   4 bytes, whole
//!   "fives"             │ f  │ i  │ v  │ e  │ s  │   4 bytes, truncated
//!                       └────┴────┴────┴────┴────┘
//! ```

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::net::Family;

/// The longest datagram.
// RFC 768 §Fields: "Length is the length in octets of this user datagram including this header and
// the data."
const LONGEST: usize = u16::MAX as usize;

/// Room for one message; the next one reuses it.
///
/// ```
/// use barewire::udp::{self, Family, ReceiveBuffer};
///
/// let socket = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
/// let mut buffer = ReceiveBuffer::new(); // one for all messages
/// for message in ["one", "two"] {
///     socket.send_to(message.as_bytes(), socket.local_addr())?;
///     assert_eq!(socket.recv(&mut buffer)?.bytes, message.as_bytes());
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct ReceiveBuffer {
    buf: Vec<u8>,
}

impl ReceiveBuffer {
    /// With room for the longest datagram: none is truncated.
    pub fn new() -> ReceiveBuffer {
        ReceiveBuffer::with_capacity(LONGEST)
    }

    /// With room for messages of `bytes` bytes; a longer message is truncated, and marked
    /// ([`RemoteInfo::truncated`]).
    pub fn with_capacity(bytes: usize) -> ReceiveBuffer {
        ReceiveBuffer {
            buf: vec![0; bytes.min(LONGEST) + 1],
        }
    }

    /// The longest message there is room for.
    pub fn capacity(&self) -> usize {
        self.buf.len() - 1
    }

    /// `receive` writes one datagram to the buffer and returns its length and its sender. For
    /// implementations of [`Datagrams`](super::Datagrams).
    ///
    /// ```
    /// use barewire::udp::ReceiveBuffer;
    ///
    /// let mut buffer = ReceiveBuffer::with_capacity(4);
    /// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// socket.send_to(b"fives", socket.local_addr()?)?;
    /// let message = buffer.fill(|buf| socket.recv_from(buf))?;
    /// assert_eq!(message.bytes, b"five");
    /// assert!(message.rinfo.truncated());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of `receive`.
    pub fn fill<F>(&mut self, receive: F) -> io::Result<Received<'_>>
    where
        F: FnOnce(&mut [u8]) -> io::Result<(usize, SocketAddr)>,
    {
        let (length, source) = receive(&mut self.buf)?;
        let size = length.min(self.capacity());
        Ok(Received {
            bytes: &self.buf[..size],
            rinfo: RemoteInfo {
                source,
                size,
                truncated: length > size,
            },
        })
    }
}

impl Default for ReceiveBuffer {
    fn default() -> ReceiveBuffer {
        ReceiveBuffer::new()
    }
}

impl fmt::Debug for ReceiveBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiveBuffer")
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

/// A message that has arrived. It may be empty: a datagram without data is a message too.
///
/// ```
/// use barewire::udp::{self, Family, ReceiveBuffer, Received};
///
/// let socket = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
/// socket.send_to(b"hello", socket.local_addr())?;
/// let mut buffer = ReceiveBuffer::new();
/// let Received { bytes, rinfo } = socket.recv(&mut buffer)?;
/// assert_eq!((bytes, rinfo.socket_addr()), (&b"hello"[..], socket.local_addr()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// The message, or its beginning if [`RemoteInfo::truncated`].
    pub bytes: &'a [u8],
    /// The sender.
    pub rinfo: RemoteInfo,
}

/// The book's `rinfo`. Its [`Display`](fmt::Display) form is `127.0.0.1:58682`.
///
/// The sender writes this address itself; UDP does not check it.
///
/// ```
/// use barewire::udp::{self, Family, ReceiveBuffer};
///
/// let socket = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
/// socket.send_to(b"hello", socket.local_addr())?;
/// let mut buffer = ReceiveBuffer::with_capacity(4);
/// let rinfo = socket.recv(&mut buffer)?.rinfo;
/// assert_eq!((rinfo.port(), rinfo.size()), (socket.local_addr().port(), 4));
/// assert!(rinfo.truncated()); // it had five bytes
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteInfo {
    source: SocketAddr,
    size: usize,
    truncated: bool,
}

impl RemoteInfo {
    /// The sender's address.
    pub fn address(&self) -> IpAddr {
        self.source.ip()
    }

    /// The sender's port.
    pub fn port(&self) -> u16 {
        self.source.port()
    }

    /// The family of the address.
    pub fn family(&self) -> Family {
        Family::of(self.source.ip())
    }

    /// The length of the received part of the message, in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether the message was longer than its [`ReceiveBuffer`]; then its end is lost.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// Address and port, for an answer. Unlike [`address`](RemoteInfo::address) it has the zone of an
    /// IPv6 link-local address.
    pub fn socket_addr(&self) -> SocketAddr {
        self.source
    }
}

impl fmt::Display for RemoteInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrives(buffer: &mut ReceiveBuffer, datagram: &[u8]) -> (Vec<u8>, bool) {
        let source = "127.0.0.1:58682".parse().unwrap();
        let received = buffer.fill(|buf| {
            let n = datagram.len().min(buf.len()); // as the kernel does
            buf[..n].copy_from_slice(&datagram[..n]);
            Ok((n, source))
        });
        let Received { bytes, rinfo } = received.unwrap();
        assert_eq!(rinfo.size(), bytes.len());
        assert_eq!(rinfo.to_string(), "127.0.0.1:58682");
        (bytes.to_vec(), rinfo.truncated())
    }

    #[test]
    fn one_byte_too_many_is_truncated() {
        let buffer = &mut ReceiveBuffer::with_capacity(4);
        assert_eq!(arrives(buffer, b"fives"), (b"five".to_vec(), true));
        assert_eq!(arrives(buffer, b"four"), (b"four".to_vec(), false));
        assert_eq!(
            arrives(buffer, b"a good deal more"),
            (b"a go".to_vec(), true)
        );
        assert_eq!(arrives(buffer, b""), (b"".to_vec(), false));
        let none = &mut ReceiveBuffer::with_capacity(0);
        assert_eq!(arrives(none, b""), (b"".to_vec(), false));
        assert_eq!(arrives(none, b"x"), (b"".to_vec(), true));
    }

    #[test]
    fn the_buffer_has_room_for_the_longest_datagram() {
        assert_eq!(ReceiveBuffer::new().capacity(), 65_535);
        assert_eq!(ReceiveBuffer::with_capacity(usize::MAX).capacity(), 65_535);
    }
}
