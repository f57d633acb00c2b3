//! Every limit and deadline of a connection: on from the start, and each settable.

use super::wire::{Limits, PerMessageDeflate};
use crate::net::Pace;
use std::time::Duration;

/// Limits and deadlines of a connection. The defaults are meant to be used.
///
/// ```
/// use barewire::websocket::{Acceptor, Config, ConnectOptions, Limits};
/// use std::time::Duration;
///
/// let config = Config {
///     limits: Limits { message_bytes: 64 * 1024 },
///     heartbeat_interval: Some(Duration::from_secs(10)),
///     ..Config::default()
/// };
/// let server = Acceptor::new().config(config.clone());
/// let client = ConnectOptions::new().config(config);
/// # let _ = (server, client);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The longest message. 16 MiB; beyond it the connection is closed with 1009.
    pub limits: Limits,
    /// While this many bytes are buffered, [`try_send`](super::Writer::try_send) returns false and a
    /// [`Room`](super::Room) that [skips](super::Slow::Skip) slow members skips the connection. 64 KiB; at least 1.
    pub high_water_mark: usize,
    /// The most that a [`Room`](super::Room) that [closes](super::Slow::Close) slow members queues for the connection,
    /// without its newest message. 16 MiB; beyond it the connection is closed with 1008.
    pub max_buffered: usize,
    /// The reading thread sends a ping when nothing has come for this long. 30 s; `None`: it sends none. See
    /// [`Reader::heartbeat`](super::Reader::heartbeat).
    pub heartbeat_interval: Option<Duration>,
    /// The longest time between that ping and the next byte of the peer. 30 s; beyond it the connection is
    /// cut.
    pub heartbeat_timeout: Duration,
    /// How long a peer may read nothing of what we send, or send nothing more of a message that has begun.
    /// [`min_bytes_per_second`](Self::min_bytes_per_second) is judged over the same time of waiting. 30 s;
    /// beyond it the connection is cut, in the second case after a Close frame with 1008.
    pub stall_timeout: Duration,
    /// The rate that a peer must reach while we wait for it, in either direction. 256 bytes a second.
    /// Over TLS a record counts when it is complete, 16 KiB at most: a peer that needs longer than
    /// `stall_timeout` for one has sent nothing.
    pub min_bytes_per_second: u64,
    /// The longest time between our Close frame and the peer's. 10 s; beyond it the connection is cut.
    pub close_timeout: Duration,
    /// How long a lingering close reads and drops what the peer still sends, so that the last Close frame
    /// reaches it. It counts from the last byte that came; in all it is 15 times as long at most. 2 s. (A
    /// client that waits for the server's FIN after both Close frames waits for `close_timeout`.)
    pub linger_timeout: Duration,
    /// How many bytes a lingering close drops at most. 8 MiB.
    pub linger_bytes: u64,
    /// Compresses messages, if the peer does, too (permessage-deflate, RFC 7692). `None`: they are sent as they are, and only
    /// such messages are received.
    ///
    /// ```
    /// use barewire::{http, websocket};
    /// use barewire::websocket::{Acceptor, Config, ConnectOptions, PerMessageDeflate};
    ///
    /// let config = Config { deflate: Some(PerMessageDeflate::default()), ..Config::default() };
    /// let acceptor = Acceptor::new().config(config.clone());
    /// let handler = move |req: http::Request, res: http::Response| -> http::Handled {
    ///     if let Some(ws) = acceptor.accept(req, res)? {
    ///         ws.on_message(|socket, data| drop(socket.send(data)));
    ///     }
    ///     Ok(())
    /// };
    /// let server = http::create_server(handler).listen("127.0.0.1:0")?;
    ///
    /// let url = format!("ws://{}/", server.local_addr());
    /// let mut ws = websocket::connect_with(&url, &ConnectOptions::new().config(config))?;
    /// let text = "again and again and again ".repeat(100);
    /// ws.send(&text)?; // 46 bytes on the wire instead of 2,600
    /// assert_eq!(ws.receive()?.unwrap(), text.as_str());
    /// # drop(ws);
    /// # server.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// **Secrets.** How long a compressed message is says something about what is in it. If one message (or, with context
    /// takeover, one connection) has a secret of yours *and* text that an attacker chooses, and the attacker sees the
    /// lengths, then he finds the secret byte by byte: the text that is like it makes a shorter message. Encryption does not help.
    /// (The attack is known from TLS as CRIME and from HTTP as BREACH.) So leave it off where a connection carries
    /// tokens or passwords beside the words of strangers, and leave the context takeover off where different users' words go
    /// over one connection.
    pub deflate: Option<PerMessageDeflate>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            limits: Limits::default(),
            high_water_mark: 64 * 1024,
            max_buffered: 16 * 1024 * 1024,
            heartbeat_interval: Some(Duration::from_secs(30)),
            heartbeat_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(30),
            min_bytes_per_second: 256,
            close_timeout: Duration::from_secs(10),
            linger_timeout: Duration::from_secs(2),
            linger_bytes: 8 * 1024 * 1024,
            deflate: None,
        }
    }
}

impl Config {
    /// The rule for slow peers.
    pub(super) fn pace(&self) -> Pace {
        Pace::new(self.stall_timeout, self.min_bytes_per_second)
    }
}
