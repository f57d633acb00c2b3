//! The book's events: a method each. Only `message` has no default.

use std::io;

use super::receive_buffer::RemoteInfo;
use super::socket::Socket;

/// The events of a socket, for [`Socket::start`].
///
/// | event of the book | method | when | how often |
/// |---|---|---|---|
/// | `listening` | [`listening`](SocketEvents::listening) | before all others; messages that arrived since [`bind`](super::Unbound::bind) are not lost | once |
/// | `message` | [`message`](SocketEvents::message) | a datagram has arrived, an empty one too | |
/// | `error` | [`error`](SocketEvents::error) | receiving has failed | |
/// | `close` | [`close`](SocketEvents::close) | after all others | once |
///
/// Rules:
/// 1. All events are called on the thread that `start` has started, one after another.
/// 2. [`Socket::close`] does not wait for events, so an event may call it. After it has returned, no
///    datagram is *received*. One `message` may still run on the events' thread, or begin with a
///    datagram that was received just before; no `message` begins after that one. If an event calls
///    `close`, no `message` follows that event.
/// 3. `close` is the last. [`Handle::wait`](super::Handle::wait) returns after it.
/// 4. A panic ends only its event: the next event is called as usual.
///
/// ```
/// use barewire::udp::{self, Family, RemoteInfo, Socket, SocketEvents};
/// use std::time::Duration;
///
/// struct Server;
///
/// impl SocketEvents for Server {
///     fn listening(&self, socket: &Socket) {
///         println!("server listening {}", socket.local_addr());
///     }
///
///     fn message(&self, _socket: &Socket, msg: &[u8], rinfo: &RemoteInfo) {
///         println!("server got: {} from {rinfo}", String::from_utf8_lossy(msg));
///     }
///
///     fn close(&self) {
///         println!("server closed");
///     }
/// }
///
/// let handle = udp::create_socket(Family::V4).bind("127.0.0.1:0")?.start(Server)?;
/// let all_ended = handle.shutdown(Duration::from_secs(1))?;
/// assert!(all_ended);
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait SocketEvents: Send + Sync + 'static {
    /// A message has arrived; `msg` is all of it. An answer goes to
    /// [`rinfo.socket_addr()`](RemoteInfo::socket_addr) with [`Socket::send_to`]. While this method
    /// runs, the kernel buffers what arrives, and drops what has no room.
    fn message(&self, socket: &Socket, msg: &[u8], rinfo: &RemoteInfo);

    /// The thread has started and is about to receive.
    fn listening(&self, _socket: &Socket) {}

    /// Receiving failed; the loop goes on. Usually the network has reported to a *connected* socket that
    /// an earlier datagram of it did not arrive ([`Socket::recv`]). After a hundred other errors in a
    /// row the socket is closed, and [`Handle::wait`](super::Handle::wait) returns the last error.
    ///
    /// In Node an `error` without a listener ends the process. Here nothing happens: the datagram of a
    /// stranger must not end a process.
    fn error(&self, _error: &io::Error) {}

    /// The socket has been closed and no `message` will come.
    fn close(&self) {}
}
