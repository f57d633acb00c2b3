//! One datagram as it arrives: its bytes, whole or known to be cut, and where it came from.
//!
//! The kernel gives a datagram that is longer than the buffer as much room as there is, throws the
//! rest away and (through the standard library) says nothing. So the buffer here is one byte longer
//! than the longest message that is wanted: whatever reaches into that byte was too long.
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

use super::family::Family;

/// No datagram is longer.
// RFC 768 §Fields: "Length is the length in octets of this user datagram including this header and
// the data."
const LONGEST: usize = u16::MAX as usize;

/// Room for one message, used again for the next.
pub struct Inbox {
    buf: Vec<u8>,
}

impl Inbox {
    /// With room for any datagram: nothing is ever truncated.
    pub fn new() -> Inbox {
        Inbox::with_capacity(LONGEST)
    }

    /// With room for messages of so many bytes; what is longer comes truncated, and says so.
    pub fn with_capacity(bytes: usize) -> Inbox {
        Inbox {
            buf: vec![0; bytes.min(LONGEST) + 1],
        }
    }

    /// The longest message there is room for.
    pub fn capacity(&self) -> usize {
        self.buf.len() - 1
    }

    /// Lets `receive` write one datagram to the buffer, of which it fills no more than there is,
    /// and tell its length and origin. For those who implement [`Datagrams`](super::Datagrams).
    ///
    /// ```
    /// use barewire::udp::Inbox;
    ///
    /// let mut inbox = Inbox::with_capacity(4);
    /// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// socket.send_to(b"fives", socket.local_addr()?)?;
    /// let message = inbox.fill(|buf| socket.recv_from(buf))?;
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

impl Default for Inbox {
    fn default() -> Inbox {
        Inbox::new()
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

/// A message that has arrived. It may be empty: a datagram without data is a message too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// What was sent, or its beginning if [`RemoteInfo::truncated`].
    pub bytes: &'a [u8],
    /// Where it came from.
    pub rinfo: RemoteInfo,
}

/// The book's `rinfo`. Its [`Display`](fmt::Display) form is `127.0.0.1:58682`.
///
/// The address is what the datagram *says*: nothing in UDP keeps a sender from writing another.
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

    /// The length of the message in bytes, as far as it has been received.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether the message was longer than its [`Inbox`], so that its end is lost.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// Address and port, for the answer (and the zone of an IPv6 link-local address, which
    /// [`address`](RemoteInfo::address) lacks).
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

    fn arrives(inbox: &mut Inbox, datagram: &[u8]) -> (Vec<u8>, bool) {
        let source = "127.0.0.1:58682".parse().unwrap();
        let received = inbox.fill(|buf| {
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
    fn one_byte_too_many_is_told() {
        let inbox = &mut Inbox::with_capacity(4);
        assert_eq!(arrives(inbox, b"fives"), (b"five".to_vec(), true));
        assert_eq!(arrives(inbox, b"four"), (b"four".to_vec(), false));
        assert_eq!(
            arrives(inbox, b"a good deal more"),
            (b"a go".to_vec(), true)
        );
        assert_eq!(arrives(inbox, b""), (b"".to_vec(), false));
        let none = &mut Inbox::with_capacity(0);
        assert_eq!(arrives(none, b""), (b"".to_vec(), false));
        assert_eq!(arrives(none, b"x"), (b"".to_vec(), true));
    }

    #[test]
    fn there_is_room_for_any_datagram_and_no_more() {
        assert_eq!(Inbox::new().capacity(), 65_535);
        assert_eq!(Inbox::with_capacity(usize::MAX).capacity(), 65_535);
    }
}
