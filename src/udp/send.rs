//! Sending: one call is one datagram, and an error says what to do.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};

use super::family::invalid;
use super::socket::Socket;

/// The longest message: 65,535 bytes less the UDP header, and over IPv4 less the IP header (the length in
/// the header of IPv6 does not count that header).
const MAX_OVER_IPV4: usize = 65_535 - 20 - 8;
const MAX_OVER_IPV6: usize = 65_535 - 8;

impl Socket {
    /// The book's `send(buf, offset, length, port, address)`: sends the `length` bytes of `buf` from
    /// `offset` on as one message. The address may be a name, which is looked up first; an address of
    /// the socket's family is preferred. Returns the number of bytes sent, not of bytes that arrived.
    ///
    /// # Errors
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a range outside of `buf` and for a host that this
    /// family cannot reach; the errors of the look-up; those of [`send_to`](Socket::send_to).
    pub fn send(
        &self,
        buf: &[u8],
        offset: usize,
        length: usize,
        port: u16,
        address: &str,
    ) -> io::Result<usize> {
        let message = part(buf, offset, length)?;
        self.send_to(message, self.family().resolve(address, port)?)
    }

    /// Sends all of `message` to an address. A socket of IPv6 also accepts an address of IPv4.
    ///
    /// # Errors
    /// - [`InvalidInput`](ErrorKind::InvalidInput): the message is longer than a datagram (65,507 bytes,
    ///   over IPv6 65,527), the port is 0, or the family cannot reach the address.
    /// - [`PermissionDenied`](ErrorKind::PermissionDenied): a broadcast address without
    ///   [`set_broadcast`](Socket::set_broadcast), or a firewall.
    /// - [`ConnectionRefused`](ErrorKind::ConnectionRefused) and similar on a connected socket: the
    ///   report of an earlier datagram, see [`recv`](Socket::recv). This one was not sent.
    /// - [`is_closed`](super::is_closed).
    pub fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<usize> {
        let to = self.family().reach(to)?;
        check(message, to)?;
        self.using(|socket| socket.send_to(message, to))
            .map_err(|e| explain(e, to))
    }

    /// Sends to the peer that the socket is [`connect`](Socket::connect)ed to.
    ///
    /// # Errors
    /// [`NotConnected`](ErrorKind::NotConnected) if it is not connected; those of
    /// [`send_to`](Socket::send_to).
    pub fn send_connected(&self, message: &[u8]) -> io::Result<usize> {
        let to = self.using(UdpSocket::peer_addr)?;
        check(message, to)?;
        self.using(|socket| socket.send(message))
            .map_err(|e| explain(e, to))
    }

    /// Sets the only peer of this socket. No datagram is sent for it. A connected socket gets the
    /// network's reports that a datagram did not arrive ([`recv`](Socket::recv)). It can be connected to
    /// another peer, but not disconnected: the standard library has no call for that.
    ///
    /// # Errors
    /// As for [`send`](Socket::send) of an empty message.
    pub fn connect(&self, port: u16, address: &str) -> io::Result<()> {
        let peer = self.family().resolve(address, port)?;
        check(b"", peer)?;
        self.using(|socket| socket.connect(peer))
            .map_err(|e| explain(e, peer))
    }

    /// The peer that the socket is connected to.
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.using(UdpSocket::peer_addr).ok()
    }
}

fn part(buf: &[u8], offset: usize, length: usize) -> io::Result<&[u8]> {
    let end = offset.checked_add(length);
    let part = end.and_then(|end| buf.get(offset..end));
    part.ok_or_else(|| {
        let have = buf.len();
        invalid(format!(
            "{length} bytes from offset {offset} on: the buffer has {have}"
        ))
    })
}

// RFC 768 §Fields: "Length is the length in octets of this user datagram including this header and
// the data."
fn check(message: &[u8], to: SocketAddr) -> io::Result<()> {
    let max = match to.ip().to_canonical() {
        IpAddr::V4(_) => MAX_OVER_IPV4,
        IpAddr::V6(_) => MAX_OVER_IPV6,
    };
    let length = message.len();
    if length > max {
        let advice = "send several, or use a stream (TCP)";
        return Err(invalid(format!(
            "a message of {length} bytes to {to}: a datagram has room for {max}; {advice}"
        )));
    }
    match to.port() {
        0 => Err(invalid(format!("{to}: no socket has port 0"))),
        _ => Ok(()),
    }
}

fn explain(e: io::Error, to: SocketAddr) -> io::Error {
    if e.kind() != ErrorKind::PermissionDenied {
        return e;
    }
    let advice = "if it is a broadcast address, call set_broadcast(true) first";
    io::Error::new(e.kind(), format!("cannot send to {to}: {e}; {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_outside_of_the_buffer_is_an_error() {
        let buf = b"0123456789";
        assert_eq!(part(buf, 0, 10).unwrap(), buf);
        assert_eq!(part(buf, 3, 4).unwrap(), b"3456");
        assert_eq!(part(buf, 10, 0).unwrap(), b"");
        for (offset, length) in [(0, 11), (11, 0), (5, 6), (1, usize::MAX), (usize::MAX, 1)] {
            let e = part(buf, offset, length).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::InvalidInput);
        }
        let e = part(buf, 5, 6).unwrap_err().to_string();
        assert_eq!(e, "6 bytes from offset 5 on: the buffer has 10");
    }

    #[test]
    fn the_limit_depends_on_the_ip_version() {
        let fits = |length: usize, to: &str| check(&vec![0; length], to.parse().unwrap());
        let last = [
            ("127.0.0.1:9", 65_507),
            ("[::ffff:127.0.0.1]:9", 65_507),
            ("[::1]:9", 65_527),
        ];
        for (to, max) in last {
            fits(max, to).unwrap();
            let e = fits(max + 1, to).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::InvalidInput);
            assert!(e.to_string().contains(&format!("room for {max};")), "{e}");
        }
        assert!(fits(0, "127.0.0.1:0").is_err());
    }
}
