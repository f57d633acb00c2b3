//! The book's events of a connection: one method each, with an empty body.

use super::Socket;
use std::io;

/// What [`Socket::run`] calls.
///
/// The book has one thread and a loop. Here the connection has a thread, and `run` is its loop:
///
/// | event of the book | method | called when | on which thread |
/// |---|---|---|---|
/// | `connect` | [`connect`](SocketEvents::connect) | first of all, if we connected | the one in `run` |
/// | `data` | [`data`](SocketEvents::data) | a read brought bytes | the one in `run` |
/// | `data` with `setEncoding` | [`text`](SocketEvents::text) | a read completed characters | the one in `run` |
/// | `timeout` | [`timeout`](SocketEvents::timeout) | nothing moved for [`set_timeout`](Socket::set_timeout) | the one in `run` |
/// | `end` | [`end`](SocketEvents::end) | the peer's FIN was read | the one in `run` |
/// | `error` | [`error`](SocketEvents::error) | the connection broke | the one in `run` |
/// | `close` | [`close`](SocketEvents::close) | both directions have ended | the one in `run` |
/// | `drain` | [`drain`](SocketEvents::drain) | a queue that was full is empty | the socket's flush thread, after it has written the last byte; the one in `run` if the queue emptied before `run` could receive events |
///
/// And in this order:
///
/// ```text
///   connect?  ( data | text | timeout )*  end?  timeout*  error?  close
///             └────────────────────────────────────────┘
///              drain may run beside any of these; it has returned before error and close
/// ```
///
/// `end` comes at most once, and not after `error` (without [`allow_half_open`] our own FIN
/// follows it). `close` comes exactly once, unless one of the others panics. All methods take
/// `&self`, because `drain` may be called while `data`, `text`, `timeout` or `end` runs; the others
/// never overlap, nor do two calls of `drain`, nor `drain` and `connect`, `error` or `close`. While
/// one of them (other than `drain`) runs nothing is read, so a handler that waits slows its peer
/// down: that is how TCP is meant to work. A panic in one of them destroys the connection and leaves
/// `run` without another event; a panic in `drain` is reported as an `error`.
///
/// While one of them runs, and while the events are dropped, no lock of the socket is held, nor the write
/// turn: they may call every method of the socket, and wait for other threads that do.
///
/// Three sentences of the reading notes are wrong here. `drain` does not follow every write, only
/// the emptying of a *full* queue (E08). `end` is not fired by either side's FIN, only by the
/// peer's, once everything before it has been read (E09). And `data` is not called once for each
/// `write` of the other side, with or without Nagle's algorithm: see [`framing`](crate::framing). A program whose
/// peer sends messages uses [`Framed::on_message`](crate::net::Framed::on_message) in place of `data`: a decoder
/// changes with each chunk, and here `&self` would need a lock for it.
///
/// [`allow_half_open`]: crate::net::ConnectOptions::allow_half_open
///
/// ```
/// use barewire::net::{self, Socket, SocketEvents};
///
/// struct Greet;
///
/// impl SocketEvents for Greet {
///     fn data(&self, socket: &Socket, _chunk: &[u8]) {
///         socket.write("你好");
///     }
///
///     fn end(&self, _socket: &Socket) {
///         println!("连接断开");
///     }
/// }
///
/// let server = net::create_server(|socket| {
///     socket.write("欢迎光临《深入浅出Node.js》示例：\n");
///     socket.run(Greet)
/// });
/// let handle = server.listen("127.0.0.1:0")?; // the book's port is 8124
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait SocketEvents: Send + Sync + 'static {
    /// We are connected.
    fn connect(&self, _socket: &Socket) {}

    /// Some bytes came: as many as there were, which says nothing about how they were sent.
    fn data(&self, _socket: &Socket, _chunk: &[u8]) {}

    /// Some characters came; see [`Socket::set_encoding`]. What the stream's end leaves of a
    /// character comes as U+FFFD, just before `end`.
    fn text(&self, _socket: &Socket, _text: &str) {}

    /// The peer's FIN was read: it sends no more.
    fn end(&self, _socket: &Socket) {}

    /// The queue was full ([`Socket::write`] had returned false) and is empty again: go on. Not
    /// after [`Socket::end`]. If it emptied before `run` began (or during `connect`), this comes next,
    /// in the thread of `run`. If the queue fills and empties while this runs, it is called once more
    /// afterwards, on the same thread.
    fn drain(&self, _socket: &Socket) {}

    /// Nothing was read or written for [`Socket::set_timeout`]. The connection stays; end it if you
    /// like. This comes after `end`, too, while our own bytes wait for a peer that does not read.
    fn timeout(&self, _socket: &Socket) {}

    /// The connection broke, or we gave the peer up: it read too slowly, or nothing moved for the
    /// server's [`idle_timeout`](crate::net::Server::idle_timeout). `close` follows.
    fn error(&self, _socket: &Socket, _error: &io::Error) {}

    /// Both directions have ended. Nothing is called after this.
    fn close(&self, _socket: &Socket, _had_error: bool) {}
}

/// A closure in place of all events, where only `data` matters.
pub(super) struct OnData<F>(pub(super) F);

impl<F: Fn(&Socket, &[u8]) + Send + Sync + 'static> SocketEvents for OnData<F> {
    fn data(&self, socket: &Socket, chunk: &[u8]) {
        (self.0)(socket, chunk);
    }
}
