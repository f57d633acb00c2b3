//! The receiving loop until the socket is closed, on the caller's thread or on one of its own.

use std::io::{self, ErrorKind};
use std::thread;

use super::descriptor::is_closed;
use super::events::SocketEvents;
use super::handle::{Handle, Running};
use super::receive_buffer::{ReceiveBuffer, Received, RemoteInfo};
use super::socket::Socket;
use crate::net::{guarded, is_timeout};

impl Socket {
    /// Calls `message` for each datagram, on this thread, until the socket is closed (by another
    /// thread or by `message` itself). Read timeouts are ignored, and so are the errors of which
    /// [`SocketEvents::error`] would be called.
    ///
    /// ```
    /// use barewire::udp::{self, Family};
    ///
    /// let server = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
    /// let to = server.local_addr();
    /// server.send_to("深入浅出Node.js".as_bytes(), to)?; // to itself
    /// server.on_message(|socket, msg, rinfo| {
    ///     println!("server got: {} from {rinfo}", String::from_utf8_lossy(msg));
    ///     socket.close();
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The last of a hundred failures in a row, as in [`SocketEvents::error`]. The socket is not closed.
    pub fn on_message(
        &self,
        mut message: impl FnMut(&Socket, &[u8], &RemoteInfo),
    ) -> io::Result<()> {
        let on_message = |received: Received<'_>| message(self, received.bytes, &received.rinfo);
        self.receive(on_message, |_| ())
    }

    /// Starts a thread that receives and calls `events` until the socket is closed. The thread has a
    /// clone of the socket, so dropping all other clones does not end it.
    ///
    /// ```
    /// use barewire::udp::{self, SocketEvents, Family, RemoteInfo, Socket};
    ///
    /// struct Echo;
    /// impl SocketEvents for Echo {
    ///     fn listening(&self, socket: &Socket) {
    ///         println!("server listening {}", socket.local_addr());
    ///     }
    ///     fn message(&self, socket: &Socket, msg: &[u8], rinfo: &RemoteInfo) {
    ///         let _ = socket.send_to(msg, rinfo.socket_addr());
    ///     }
    /// }
    /// let handle = udp::create_socket(Family::V4).bind("127.0.0.1:0")?.start(Echo)?;
    /// handle.stop();
    /// handle.wait()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(&self, events: impl SocketEvents) -> io::Result<Handle> {
        let (socket, running) = (self.clone(), Running::new(self.clone()));
        let handle = Handle::new(running.clone());
        let thread = thread::Builder::new().name("barewire udp".to_owned());
        thread.spawn(move || {
            let done = guarded(|| socket.run(&events));
            let _ = guarded(|| drop(events)); // they are the user's
            socket.close();
            running.end(done.unwrap_or_else(|_| Err(io::Error::other("receiving panicked"))));
        })?;
        Ok(handle)
    }

    fn run(&self, events: &impl SocketEvents) -> io::Result<()> {
        let call = |event: &dyn Fn()| {
            let _ = guarded(event); // the panic hook has printed a panic
        };
        call(&|| events.listening(self));
        let done = self.receive(
            |received| call(&|| events.message(self, received.bytes, &received.rinfo)),
            |error| call(&|| events.error(error)),
        );
        self.close();
        call(&|| events.close());
        done
    }

    fn receive(
        &self,
        mut message: impl FnMut(Received<'_>),
        mut error: impl FnMut(&io::Error),
    ) -> io::Result<()> {
        let mut buffer = ReceiveBuffer::new();
        let mut failures = Failures::default();
        loop {
            match self.recv(&mut buffer) {
                Ok(received) => {
                    failures = Failures::default();
                    message(received);
                }
                Err(e) if is_closed(&e) => return Ok(()),
                Err(e) if is_timeout(&e) => {}
                Err(e) => {
                    error(&e);
                    if failures.are_too_many(&e) {
                        return Err(e);
                    }
                }
            }
        }
    }
}

/// How many errors there were since the last message, without those that report an earlier datagram.
#[derive(Default)]
struct Failures(u32);

impl Failures {
    /// This many in a row end the loop: the socket is broken.
    const TOO_MANY: u32 = 100;

    fn are_too_many(&mut self, another: &io::Error) -> bool {
        self.0 += u32::from(!reports_earlier_datagram(another));
        self.0 >= Failures::TOO_MANY
    }
}

/// Whether the error is a report of the network (ICMP) that an earlier datagram did not arrive.
pub(super) fn reports_earlier_datagram(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_the_network_never_end_the_loop() {
        let report = ErrorKind::ConnectionRefused.into();
        let other = ErrorKind::OutOfMemory.into();
        let mut failures = Failures::default();
        assert!((0..1_000).all(|_| !failures.are_too_many(&report)));
        assert!((0..99).all(|_| !failures.are_too_many(&other)));
        assert!(failures.are_too_many(&other));
    }
}
