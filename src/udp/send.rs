//! Sending: one call, one datagram, and errors that say what to do.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};

use super::socket::Socket;

/// What has room in a datagram: 65,535 bytes, less the IP header (of IPv4 only: the length in the
/// header of IPv6 does not count itself) and the UDP header.
const MOST_OVER_IPV4: usize = 65_535 - 20 - 8;
const MOST_OVER_IPV6: usize = 65_535 - 8;

impl Socket {
    /// The book's `send(buf, offset, length, port, address)`: the `length` bytes of `buf` from
    /// `offset` on, as one message. The address may be a name, for which this waits; the socket's
    /// own family is preferred. Returns the number of bytes sent. They are on their way: whether
    /// they arrive nobody will say.
    ///
    /// # Errors
    /// [`InvalidInput`](ErrorKind::InvalidInput) for what lies outside of `buf` and for a host
    /// that this family cannot reach; the look-up's errors; and as for
    /// [`send_to`](Socket::send_to).
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

    /// Sends all of `message` to an address. A socket of IPv6 may be given one of IPv4.
    ///
    /// # Errors
    /// - [`InvalidInput`](ErrorKind::InvalidInput): the message has no room in a datagram (65,507
    ///   bytes, over IPv6 65,527), the port is 0, or the family does not reach the address.
    /// - [`PermissionDenied`](ErrorKind::PermissionDenied): a broadcast address without
    ///   [`set_broadcast`](Socket::set_broadcast), or a firewall.
    /// - [`ConnectionRefused`](ErrorKind::ConnectionRefused) and the like on a connected socket,
    ///   told of an earlier datagram: see [`recv`](Socket::recv). This one was not sent.
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
    /// [`NotConnected`](ErrorKind::NotConnected) where it is to none; and as for
    /// [`send_to`](Socket::send_to).
    pub fn send_connected(&self, message: &[u8]) -> io::Result<usize> {
        let to = self.using(UdpSocket::peer_addr)?;
        check(message, to)?;
        self.using(|socket| socket.send(message))
            .map_err(|e| explain(e, to))
    }

    /// Sets the one peer that this socket speaks and listens to. No datagram is sent for it. A
    /// connected socket is told when the peer is not there ([`recv`](Socket::recv)). It can be
    /// connected to another peer, but not set free again: the standard library has no call for it.
    ///
    /// # Errors
    /// As for [`send`](Socket::send), of a message without bytes.
    pub fn connect(&self, port: u16, address: &str) -> io::Result<()> {
        let peer = self.family().resolve(address, port)?;
        check(b"", peer)?;
        self.using(|socket| socket.connect(peer))
            .map_err(|e| explain(e, peer))
    }

    /// The peer that the socket is connected to.
    pub fn remote_address(&self) -> Option<SocketAddr> {
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
    let most = match to.ip().to_canonical() {
        IpAddr::V4(_) => MOST_OVER_IPV4,
        IpAddr::V6(_) => MOST_OVER_IPV6,
    };
    let length = message.len();
    if length > most {
        let why = "send several, or a stream (TCP)";
        return Err(invalid(format!(
            "a message of {length} bytes to {to}: a datagram has room for {most}; {why}"
        )));
    }
    if to.port() == 0 {
        return Err(invalid(format!("{to}: port 0 is nobody's")));
    }
    Ok(())
}

fn explain(e: io::Error, to: SocketAddr) -> io::Error {
    if e.kind() != ErrorKind::PermissionDenied {
        return e;
    }
    let so = "if it is a broadcast address, call set_broadcast(true) first";
    io::Error::new(e.kind(), format!("cannot send to {to}: {e}; {so}"))
}

fn invalid(what: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_inside_or_an_error() {
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
    fn the_limit_depends_on_what_carries_the_datagram() {
        let fits = |length: usize, to: &str| check(&vec![0; length], to.parse().unwrap());
        let last = [
            ("127.0.0.1:9", 65_507),
            ("[::ffff:127.0.0.1]:9", 65_507),
            ("[::1]:9", 65_527),
        ];
        for (to, most) in last {
            fits(most, to).unwrap();
            let e = fits(most + 1, to).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::InvalidInput);
            assert!(e.to_string().contains(&format!("room for {most};")), "{e}");
        }
        assert!(fits(0, "127.0.0.1:0").is_err());
    }
}
