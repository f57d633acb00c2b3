//! What a server does at one moment, in figures.

use std::collections::BTreeMap;
use std::fmt;

/// What one connection does: see [`Stop::gauge`](super::Stop::gauge).
///
/// | kind | states |
/// |---|---|
/// | `http` | `idle`: waits for a request or for the rest of its head · `active` · `sending`: in a write of a response · `upgraded` |
/// | `tunnel` | `open` |
/// | `websocket` | `open` · `closing`: a Close frame was sent |
/// | `tls` | `handshake` · `open`, where what is above TLS has no hook |
/// | `socket` | `open` · `closing`: one side has ended |
/// | `other` | `open`: a connection without a hook, or with one that has no gauge |
///
/// ```
/// use barewire::net::Gauge;
///
/// let gauge = Gauge::new("chat", "typing").queued(120);
/// assert_eq!((gauge.kind, gauge.queued_bytes), ("chat", 120));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gauge {
    /// What the connection speaks: one word.
    pub kind: &'static str,
    /// What it does: one word.
    pub state: &'static str,
    /// How many bytes wait in this process until they can be sent.
    pub queued_bytes: u64,
}

impl Gauge {
    /// A connection of this kind, in this state; nothing is queued.
    pub fn new(kind: &'static str, state: &'static str) -> Gauge {
        Gauge {
            kind,
            state,
            queued_bytes: 0,
        }
    }

    /// The same, with this number of bytes queued.
    pub fn queued(self, bytes: u64) -> Gauge {
        Gauge {
            queued_bytes: bytes,
            ..self
        }
    }
}

impl Default for Gauge {
    fn default() -> Gauge {
        Gauge::new("other", "open")
    }
}

/// What a server does at one moment: see [`Handle::snapshot`](super::Handle::snapshot).
///
/// Displayed, it is one line of `key=value` pairs. A pair whose value would be 0 is left out, but for the first three:
///
/// ```text
/// connections=3 threads=5 queued_bytes=0 http_idle=2 websocket_open=1 refused_HostMissing=4
/// ```
///
/// ```
/// use barewire::http;
///
/// let handle = http::create_server(|_req, res| res.end("hello\n")).listen("127.0.0.1:0")?;
/// let snapshot = handle.snapshot();
/// assert_eq!((snapshot.connections, snapshot.refusals.len()), (0, 0));
/// assert_eq!(snapshot.to_string(), "connections=0 threads=1 queued_bytes=0");
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// How many connections are alive, wherever they are served.
    pub connections: usize,
    /// How many threads the engine has: those that serve and those that wait to.
    pub threads: usize,
    /// How many bytes wait in this process until they can be sent. What a response in state `sending` has left is not
    /// among them: its thread has it.
    pub queued_bytes: u64,
    /// How many connections there are of each kind and state: see [`Gauge`].
    pub by_state: BTreeMap<(&'static str, &'static str), usize>,
    /// How many requests, messages and connections were refused since the server began, by the name of the rule that
    /// they broke ([`http::wire::Rule::name`](crate::http::wire::Rule::name) and its like; `Handler` is a handler's own
    /// refusal, a code of Node's a TLS handshake that failed).
    pub refusals: BTreeMap<&'static str, u64>,
}

impl Snapshot {
    /// One more connection.
    pub(super) fn count(&mut self, gauge: Gauge) {
        self.connections += 1;
        self.queued_bytes += gauge.queued_bytes;
        let key = (gauge.kind, gauge.state);
        *self.by_state.entry(key).or_default() += 1;
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (connections, threads) = (self.connections, self.threads);
        write!(f, "connections={connections} threads={threads}")?;
        write!(f, " queued_bytes={}", self.queued_bytes)?;
        for ((kind, state), connections) in &self.by_state {
            write!(f, " {kind}_{state}={connections}")?;
        }
        for (rule, times) in &self.refusals {
            write!(f, " refused_{rule}={times}")?;
        }
        Ok(())
    }
}
