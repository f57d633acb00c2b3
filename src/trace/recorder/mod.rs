//! The recorder: an observer of connections that explains what passes, and writes captures.
//!
//! ```text
//!   connection ─► Tap ─┐     at most 1 MiB     a thread
//!   connection ─► Tap ─┼─┬─► queue ──────────► Explainer ─► text, hex …
//!   connection ─► Tap ─┘ └─► queue ──────────► capture::Writer ─► a pcap file
//! ```
//!
//! Each output has a queue and a thread of its own. A thread of a connection copies what has passed into the queues and
//! goes on; the thread of an output takes all that is there, and writes it. `queue.rs` is what happens if it is too slow,
//! and `signs.rs` how that is noticed; `output.rs` is what is written to, and who hears of it.

mod output;
mod queue;
mod signs;

use super::wire::between;
use super::wire::capture::Writer;
use super::wire::render::Rendering;
use super::wire::{Direction, Explainer, Layer, Protocol, What};
use crate::net::{Addr, Observer, TapEvent, Tapped, lock};
use output::{Output, Reports};
use queue::{LONGEST, PATIENCE, Queue};
use signs::Signs;
use std::borrow::Cow;
use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// Records what passes over any connection of the crate: explains each byte, writes a capture that Wireshark opens, or
/// both. It is the [`Observer`] for the option `tap` of servers and clients. Clones are the same recorder.
///
/// A log of the wire of an HTTP server:
///
/// ```
/// use barewire::http;
/// use barewire::trace::{Recorder, wire::render::Text};
/// use std::fs::File;
/// use std::time::Duration;
///
/// # let folder = std::env::temp_dir().join(format!("barewire-recorder-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let (log, pcap) = (folder.join("wire.log"), folder.join("wire.pcap"));
/// // "wire.log" and "wire.pcap", for example
/// let recorder = Recorder::new()
///     .explain(Text::new(), File::create(&log)?)
///     .save(File::create(&pcap)?)
///     .on_error(|error| eprintln!("{error}"));
///
/// let server = http::create_server(|_req, res| res.end("hello\n")).tap(recorder.clone());
/// let handle = server.listen("127.0.0.1:0")?;
/// http::get(&format!("http://{}/", handle.local_addr()))?.collect()?;
/// handle.shutdown(Duration::from_secs(1));
/// recorder.finish()?; // what is left is written
///
/// let text = std::fs::read_to_string(&log)?;
/// assert!(text.contains("http.request.method") || text.contains("GET"));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What is recorded
///
/// - Each connection is a conversation with a number, from 0, in the order in which they begin. A recorder may be
///   shared by servers and clients, also if they talk to each other: each side is a conversation.
/// - Under TLS, the records and the plaintext inside them are explained, as two
///   [layers](super::wire::Layer); a capture has the records.
/// - In a capture, Unix sockets and pipes have [invented](super::wire::capture::invented) addresses, and so has the
///   second side of a connection whose first side is there. If this side has closed a connection, and nobody has read
///   the end of the other side, the capture shows a reset.
/// - Times are those of the system's clock, when the recorder was called. They never go back.
///
/// # A slow output
///
/// Each output has a queue and a thread of its own, so a capture does not wait for the rendering.
/// Nothing is lost as long as the output moves: when a queue, of 1 MiB, is full, the threads of the connections wait, so
/// a slow output slows them down. An output that takes nothing for 5 s, such as a terminal that was stopped, must not
/// stop a server for good. Then the connections whose threads wait, and those on which something passes until the
/// output moves again, go on and are recorded no further; those that begin meanwhile are not recorded at all. The
/// rendering and [`on_error`](Self::on_error) say which.
///
/// An output that fails is reported once, and the others go on. What is written is written at once, so that a program
/// that is killed loses what is in the queues; but an output that is a [`BufWriter`](io::BufWriter) is flushed at
/// the [end](Self::finish) only.
#[derive(Clone, Default)]
pub struct Recorder {
    owner: Arc<Owner>,
}

/// All clones. If it is dropped, nothing more comes.
#[derive(Default)]
struct Owner {
    /// One for each output.
    queues: Mutex<Queues>,
    reports: Reports,
    begun: AtomicU64,
    shows_secrets: AtomicBool,
}

type Queues = Arc<Vec<Arc<Queue>>>;

impl Owner {
    fn queues(&self) -> Queues {
        Arc::clone(&lock(&self.queues))
    }

    fn add(&self, output: impl Output, life: Signs) {
        let queue = Queue::to(output, life, self.reports.clone());
        Arc::make_mut(&mut lock(&self.queues)).push(queue);
    }

    fn finish(&self) -> io::Result<()> {
        let queues = self.queues();
        queues.iter().for_each(|queue| queue.close()); // so that all outputs end with the same event
        // A hook: its thread cannot wait for itself, nor the hooks of two outputs for each other.
        if queues.iter().any(|queue| queue.is_here()) {
            return Ok(());
        }
        let finished: Vec<_> = queues.iter().map(|queue| queue.finish()).collect();
        finished.into_iter().collect()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.finish(); // whoever wants to know calls `Recorder::finish`
    }
}

impl Recorder {
    /// A recorder that writes nothing yet.
    pub fn new() -> Recorder {
        Recorder::default()
    }

    /// Shows credentials and cookies in what is explained from now on. Call it before [`explain`](Self::explain). A
    /// capture has them in any case.
    pub fn show_secrets(self) -> Recorder {
        self.owner.shows_secrets.store(true, Ordering::Relaxed);
        self
    }

    /// Explains the connections that begin from now on, to `out`.
    pub fn explain(
        self,
        rendering: impl Rendering + 'static,
        out: impl Write + Send + 'static,
    ) -> Recorder {
        self.explain_as(Protocol::Detected, rendering, out)
    }

    /// The same, for connections that carry this in the clear: framed messages, for example. What TLS carries is
    /// detected, unless this is [`Protocol::TlsWith`].
    pub fn explain_as(
        self,
        protocol: Protocol,
        rendering: impl Rendering + 'static,
        out: impl Write + Send + 'static,
    ) -> Recorder {
        let life = Signs::new(PATIENCE);
        let mut explainer = Explainer::new(rendering, life.watched(out));
        explainer.set_protocol(protocol);
        let explainer = match self.owner.shows_secrets.load(Ordering::Relaxed) {
            true => explainer.show_secrets(),
            false => explainer,
        };
        self.owner.add(explainer, life);
        self
    }

    /// Writes the connections that begin from now on to `out`, as a [capture](super::wire::capture).
    pub fn save(self, out: impl Write + Send + 'static) -> Recorder {
        let life = Signs::new(PATIENCE);
        let writer = Writer::new(life.watched(out));
        self.owner.add(writer, life);
        self
    }

    /// Calls `hook` when an output has failed, and when connections are recorded no further; on a thread of
    /// the recorder. A second call replaces the first.
    pub fn on_error(self, hook: impl Fn(&dyn fmt::Display) + Send + Sync + 'static) -> Recorder {
        self.owner.reports.to(hook);
        self
    }

    /// Ends the recording, in all clones: writes what is left, the end of each rendering, and flushes. The drop of the
    /// last clone does the same. Called by the hook of [`on_error`](Self::on_error), it waits for nothing: the outputs end
    /// when the hook has returned.
    ///
    /// # Errors
    /// The first error of an output; [`ErrorKind::TimedOut`] if one takes nothing for 5 s.
    pub fn finish(&self) -> io::Result<()> {
        self.owner.finish()
    }
}

impl Observer for Recorder {
    fn passed(&self, connection: &Tapped, event: TapEvent<'_>) {
        use Direction::{FromClient, FromServer};
        let (us, peer) = match connection.is_accepted() {
            true => (FromServer, FromClient),
            false => (FromClient, FromServer),
        };
        let layer = match connection.is_plaintext() {
            true => Layer::Tls,
            false => Layer::Tcp,
        };
        let (from, what) = match event {
            TapEvent::Received(bytes) => return self.bytes(connection, peer, layer, bytes),
            TapEvent::Sent(bytes) => return self.bytes(connection, us, layer, bytes),
            _ if connection.is_plaintext() => return, // its ends are those of the records
            TapEvent::Connected => return self.begins(connection),
            TapEvent::ReceivedEnd => (peer, What::Ends { reset: false }),
            TapEvent::SentEnd => (us, What::Ends { reset: false }),
            TapEvent::Aborted => (us, What::Cut),
            TapEvent::Broken(ErrorKind::ConnectionReset) => (peer, What::Cut),
            TapEvent::Closed => (us, What::Closed),
            _ => return,
        };
        self.event(connection, from, what, &[]);
    }
}

impl Recorder {
    fn begins(&self, connection: &Tapped) {
        let (local, peer) = (connection.local_addr(), connection.peer_addr());
        let ends = match connection.is_accepted() {
            true => [peer, local],
            false => [local, peer],
        };
        let [client, server] = ends.map(|end| end.map_or("?".to_owned(), Addr::to_string));
        let [client_ip, server_ip] = ends.map(|end| end.and_then(Addr::ip));
        let (about, ends) = (between(client, server), client_ip.zip(server_ip));
        let conversation = self.owner.begun.fetch_add(1, Ordering::Relaxed);
        let time = since_1970();
        for queue in self.owner.queues().iter() {
            queue.begin(connection.number(), conversation, time, &about, ends);
        }
    }

    fn bytes(&self, connection: &Tapped, from: Direction, layer: Layer, bytes: &[u8]) {
        for piece in bytes.chunks(LONGEST) {
            self.event(connection, from, What::Bytes(layer, Cow::default()), piece);
        }
    }

    fn event(&self, connection: &Tapped, from: Direction, what: What<'static>, bytes: &[u8]) {
        let time = since_1970();
        for queue in self.owner.queues().iter() {
            queue.event(connection.number(), time, from, what.clone(), bytes);
        }
    }
}

fn since_1970() -> Duration {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_1970.unwrap_or_default()
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}
