//! The book's events: one method each, with an empty body but for the one that matters.

use std::io;

use super::inbox::RemoteInfo;
use super::socket::Socket;

/// What is done when something happens; for [`Socket::start`].
///
/// | event of the book | method | when | how often |
/// |---|---|---|---|
/// | `listening` | [`listening`](Events::listening) | before all others; the port was taken by [`bind`](super::Unbound::bind) already, and what has arrived since is not lost | once |
/// | `message` | [`message`](Events::message) | a datagram has arrived, an empty one too | |
/// | `error` | [`error`](Events::error) | receiving has failed | |
/// | `close` | [`close`](Events::close) | after all others | once |
///
/// What is promised:
/// 1. All of them are called on one thread, the one that `start` started, one after another.
/// 2. [`Socket::close`] does not wait for them: it may be called from within one. Once it has
///    returned nothing more is *received*. A `message` may be under way on the events' thread, or
///    about to begin with what had been received just before; none begins after that one. When the
///    event itself called `close`, it was the last `message`.
/// 3. `close` is the last. [`Handle::join`](super::Handle::join) returns after it.
/// 4. An event that panics costs that event: the next is called as if nothing had been.
pub trait Events: Send + Sync + 'static {
    /// A message has come; `msg` is all of it. Answer with [`Socket::send_to`] to
    /// [`rinfo.socket_addr()`](RemoteInfo::socket_addr). While this runs, what arrives waits in the
    /// kernel, which drops what it has no room for.
    fn message(&self, socket: &Socket, msg: &[u8], rinfo: &RemoteInfo);

    /// The thread is there, and about to receive.
    fn listening(&self, _socket: &Socket) {}

    /// Receiving failed, and goes on: the network told a *connected* socket that an earlier datagram
    /// of its own came to nothing ([`Socket::recv`]). If it fails with something else a hundred
    /// times in a row it does not go on; then the socket is closed, and
    /// [`Handle::join`](super::Handle::join) returns the last of them.
    ///
    /// In Node an `error` that nobody listens to ends the process. Here nothing happens: a stranger's
    /// datagram must not have that power.
    fn error(&self, _error: &io::Error) {}

    /// The socket has been closed and no `message` will come.
    fn close(&self) {}
}
