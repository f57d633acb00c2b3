//! The recorder: an observer of connections that explains what passes, and writes captures.
//!
//! ```text
//!   connection ─► Tap ─┐                          ┌─► Explainer ─► text, hex …
//!   connection ─► Tap ─┼─► queue, at most 1 MiB ──┤   one thread
//!   connection ─► Tap ─┘   one lock, memory only  └─► capture::Writer ─► a pcap file
//! ```
//!
//! A thread of a connection copies what has passed into the queue and goes on. One thread of the recorder takes all that
//! is there, and writes it. `outputs.rs` is what that thread does; `queue.rs` is what happens if it is too slow, and
//! `signs.rs` how that is noticed.

mod entry;
mod outputs;
mod queue;
mod signs;

use super::wire::render::Rendering;
use super::wire::{Direction, Explainer, Layer, Protocol};
use crate::net::{Addr, Observer, TapEvent, Tapped};
use entry::What;
use outputs::{Capture, Output};
use queue::{PATIENCE, Queue};
use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
/// - Times are those of the system's clock, when the recorder was told. They never go back.
///
/// # A slow output
///
/// Nothing is lost as long as the output moves: when the queue of 1 MiB is full, the threads of the connections wait, so
/// a slow output slows them down. An output that takes nothing for 5 s, such as a terminal that was stopped, must not
/// stop a server for good. Then the connections whose threads wait, and those on which something passes until the
/// output moves again, go on and are recorded no further; those that begin meanwhile are not recorded at all. The
/// rendering and [`on_error`](Self::on_error) say which.
///
/// An output that fails is reported once, and the others go on. What is written is written at once, so that a program
/// that is killed loses what is in the queue; but an output that is a [`BufWriter`](io::BufWriter) is flushed at
/// the [end](Self::finish) only.
#[derive(Clone)]
pub struct Recorder {
    owner: Arc<Owner>,
}

/// All clones. If it is dropped, nothing more comes.
struct Owner {
    queue: Arc<Queue>,
    shows_secrets: AtomicBool,
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.queue.finish(); // whoever wants to know calls `Recorder::finish`
    }
}

impl Default for Recorder {
    fn default() -> Recorder {
        Recorder::new()
    }
}

impl Recorder {
    /// A recorder that writes nothing yet.
    pub fn new() -> Recorder {
        Recorder {
            owner: Arc::new(Owner {
                queue: Queue::new(PATIENCE),
                shows_secrets: AtomicBool::new(false),
            }),
        }
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
    /// detected.
    pub fn explain_as(
        self,
        protocol: Protocol,
        rendering: impl Rendering + 'static,
        out: impl Write + Send + 'static,
    ) -> Recorder {
        let explainer = Explainer::new(rendering, self.owner.queue.watched(out));
        let explainer = match self.owner.shows_secrets.load(Ordering::Relaxed) {
            true => explainer.show_secrets(),
            false => explainer,
        };
        self.writes_to(Output::Explained(Box::new(explainer), protocol))
    }

    /// Writes the connections that begin from now on to `out`, as a [capture](super::wire::capture).
    pub fn save(self, out: impl Write + Send + 'static) -> Recorder {
        let out = Box::new(self.owner.queue.watched(out));
        self.writes_to(Output::Saved(Box::new(Capture::New(Some(out)))))
    }

    /// Calls `hook` when an output has failed, and when connections are recorded no further; on the recorder's own
    /// thread. A second call replaces the first.
    pub fn on_error(self, hook: impl Fn(&dyn fmt::Display) + Send + 'static) -> Recorder {
        self.writes_to(Output::Hook(Box::new(hook)))
    }

    /// Ends the recording, in all clones: writes what is left, the end of each rendering, and flushes. The drop of the
    /// last clone does the same.
    ///
    /// # Errors
    /// The first error of an output; [`ErrorKind::TimedOut`] if one takes nothing for 5 s.
    pub fn finish(&self) -> io::Result<()> {
        self.owner.queue.finish()
    }

    fn writes_to(self, output: Output) -> Recorder {
        self.owner.queue.add(output);
        self
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
        let (queue, number) = (&self.owner.queue, connection.number());
        let (from, what) = match event {
            TapEvent::Received(bytes) => return queue.bytes(number, layer, peer, bytes),
            TapEvent::Sent(bytes) => return queue.bytes(number, layer, us, bytes),
            _ if connection.is_plaintext() => return, // its ends are those of the records
            TapEvent::Connected => return self.begins(connection),
            TapEvent::ReceivedEnd => (peer, What::Ends),
            TapEvent::SentEnd => (us, What::Ends),
            TapEvent::Aborted => (us, What::Resets),
            TapEvent::Broken(ErrorKind::ConnectionReset) => (peer, What::Resets),
            TapEvent::Closed => (us, What::Closed),
            _ => return,
        };
        queue.event(number, from, what);
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
        let about = format!("client {client} connects to server {server}");
        let queue = &self.owner.queue;
        queue.begin(connection.number(), about, client_ip.zip(server_ip));
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}
