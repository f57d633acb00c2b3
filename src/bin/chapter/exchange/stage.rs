//! The stage: what an exchange may do.
//!
//! An exchange talks to the chapter's own doors, or to servers that it has started itself; to nothing else. Each of its
//! waits ends when the run ends: the run cuts every connection, server and socket that the stage knows. So an
//! exchange does not ask for the time. It calls, returns errors with `?`, and is over.
//!
//! ```text
//!   let stream = stage.connect("http")?;                     a tapped connection: its bytes are on the page
//!   stage.send_in_cuts(&stream, request, &stage.cuts())?;    in the pieces that the page asks for
//!   stage.read_to_end(&stream)?;
//!
//!   let options = RequestOptions::new().url(…)?.create_connection(stage.connector(Protocol::Http));
//!   http::request(options)?.end("")?.collect()?;             any client of barewire, over tapped connections
//!
//!   let server = net::create_server(…).tap(stage.observer(Side::Server, Protocol::Bytes)).listen("127.0.0.1:0")?;
//!   let address = stage.keep(server);                        shut down when the run ends
//! ```

use crate::door;
use crate::json::Value;
use crate::log::{MOST_PASSED, Side};
use crate::run::{Ear, Ending, Run};
use barewire::http::wire::Limits;
use barewire::http::{Connected, Connector, Origin};
use barewire::net::{Handle, Stream, Tap, Tcp, is_timeout};
use barewire::trace::wire::{Direction, Protocol};
use std::error::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An exchange of the page.
pub(crate) struct Exchange {
    /// `http.hello`
    pub(crate) id: &'static str,
    /// Of the book: `7.3`.
    pub(crate) section: &'static str,
    /// The door that it knocks at, in lower case; of an exchange with a server of its own, the one of its protocol.
    pub(crate) door: &'static str,
    /// Whether it honours the setting `cuts`: the page has a slider then.
    pub(crate) has_cuts: bool,
    /// Lines that repeat it at a terminal. `{http}` is the address of a door, `{http.port}` its port. Each is run by
    /// `tests/interop/chapter.py`.
    pub(crate) commands: &'static [&'static str],
    pub(crate) play: fn(&Stage) -> Result<(), Stop>,
}

/// The table `EXCHANGES` of a file: section and door, then the rows. A row is the id, whether the exchange has cuts, the
/// function, the commands.
macro_rules! exchanges {
    ($section:literal, $door:literal; $($id:literal, $has_cuts:literal, $play:expr, [$($command:expr),*];)+) => {
        pub(crate) const EXCHANGES: &[Exchange] = &[$(Exchange {
            id: $id,
            section: $section,
            door: $door,
            has_cuts: $has_cuts,
            commands: &[$($command),*],
            play: $play,
        }),+];
    };
}
pub(super) use exchanges;

/// What [`Stage::saw`] tells of: `values!(bytes, text = message.text())`.
macro_rules! values {
    ($($name:ident $(= $value:expr)?),+) => {
        &[$((stringify!($name), values!(@ $name $($value)?))),+]
    };
    (@ $name:ident) => { &$name as &dyn std::fmt::Display };
    (@ $name:ident $value:expr) => { &$value as &dyn std::fmt::Display };
}
pub(super) use values;

/// Why an exchange does not go on. Every error becomes one with `?`; if the run has ended already, that is the reason.
#[derive(Debug)]
pub(crate) struct Stop(pub(crate) String);

impl<E: Error> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop(error.to_string())
    }
}

/// What an exchange may do. It is shared: threads of an exchange may use it, too (`stage.clone()`).
#[derive(Clone)]
pub(crate) struct Stage {
    run: Arc<Run>,
    settings: Arc<Value>,
}

/// What a connector returns: a connection whose parts are not timed.
pub(super) fn connected(stream: Arc<dyn Stream>) -> Connected {
    let took = Duration::ZERO;
    Connected {
        stream,
        resolve: took,
        connect: took,
        secure: took,
    }
}

/// Plays an exchange in a run.
pub(crate) fn play(exchange: &Exchange, run: &Arc<Run>, settings: Value) -> Ending {
    let (run, settings) = (Arc::clone(run), Arc::new(settings));
    match (exchange.play)(&Stage { run, settings }) {
        Ok(()) => Ending::Played,
        Err(Stop(why)) => Ending::Failed(why),
    }
}

impl Stage {
    /// The address of a door of the chapter: `127.0.0.1:1337`. Its name is in lower case: `tcp`, `unix`, `udp`,
    /// `http`, `websocket`, `tls`, `https`.
    pub(crate) fn door(&self, name: &str) -> Result<&'static str, Stop> {
        door::address(name).ok_or_else(|| Stop(format!("there is no door {name}")))
    }

    /// What the page has set for this run: an object, perhaps an empty one.
    pub(crate) fn settings(&self) -> &Value {
        &self.settings
    }

    /// The setting `cuts`: the sizes of the pieces in which the client is to send. Empty: all at once.
    pub(crate) fn cuts(&self) -> Vec<usize> {
        let cuts = self.settings.get("cuts").map_or(&[][..], Value::items);
        cuts.iter()
            .filter_map(|cut| usize::try_from(cut.number()?).ok())
            .collect()
    }

    /// The observer for `tap` of a client or a server. What passes there is on the page.
    pub(crate) fn observer(&self, side: Side, protocol: Protocol) -> Arc<Ear> {
        let run = Arc::clone(&self.run);
        Arc::new(Ear {
            run,
            side,
            protocol,
        })
    }

    /// A tapped connection to a door: its bytes are explained as what this door speaks.
    pub(crate) fn connect(&self, door: &str) -> Result<Arc<dyn Stream>, Stop> {
        let protocol = match door {
            "http" | "websocket" => Protocol::Http,
            "tls" | "https" => Protocol::Tls,
            _ => Protocol::Bytes,
        };
        Ok(self.connect_to(self.door(door)?, protocol)?)
    }

    /// A tapped connection to a server of this exchange.
    pub(crate) fn connect_to(
        &self,
        address: &str,
        protocol: Protocol,
    ) -> io::Result<Arc<dyn Stream>> {
        let address: SocketAddr = address.parse().map_err(io::Error::other)?;
        self.open(address, protocol, self.left())
    }

    /// What opens the connections of a request, an agent or a WebSocket: tapped, and cut when the run ends. It replaces
    /// the option `tap`. For `https`, take it with `also_create_connection`: TLS stands on it.
    pub(crate) fn connector(&self, protocol: Protocol) -> impl Connector + Clone + 'static {
        let stage = self.clone();
        move |origin: &Origin, deadline: Instant| {
            let host = match origin.host() {
                "localhost" => "127.0.0.1",
                host => host,
            };
            let host = host.parse().map_err(io::Error::other)?;
            let time = deadline.saturating_duration_since(Instant::now());
            let address = SocketAddr::new(host, origin.port());
            let stream = stage.open(address, protocol.clone(), time.min(stage.left()))?;
            Ok(connected(stream))
        }
    }

    fn open(
        &self,
        address: SocketAddr,
        protocol: Protocol,
        time: Duration,
    ) -> io::Result<Arc<dyn Stream>> {
        if !address.ip().is_loopback() {
            return Err(io::Error::new(
                ErrorKind::PermissionDenied,
                "not a server of this machine",
            ));
        }
        let tcp = Tcp::connect(address, Some(time.max(Duration::from_millis(1))))?;
        tcp.set_no_delay(true)?;
        let stream = Tap::opened(Arc::new(tcp), self.observer(Side::Client, protocol));
        let stream: Arc<dyn Stream> = Arc::new(stream);
        self.cut_at_end(&stream);
        Ok(stream)
    }

    /// The run cuts this stream when it ends. Those of [`connect`](Self::connect) and
    /// [`connector`](Self::connector) are known already.
    pub(crate) fn cut_at_end(&self, stream: &Arc<dyn Stream>) {
        let stream = Arc::downgrade(stream);
        self.on_end(move || {
            let _ = stream.upgrade().map(|stream| stream.abort()); // it may have ended
        });
    }

    /// A server of this exchange: it is shut down when the run ends. Returns its address.
    pub(crate) fn keep(&self, server: Handle) -> String {
        let address = server.local_addr().to_string();
        self.on_end(move || {
            server.shutdown(Duration::ZERO);
        });
        address
    }

    /// Calls `cut` when the run ends, so that a wait of this exchange ends: a socket is closed, a request cancelled. It must
    /// not wait itself. If the run has ended, it is called at once.
    pub(crate) fn on_end(&self, cut: impl FnOnce() + Send + 'static) {
        self.run.on_end(cut);
    }

    /// Sends all bytes, in one write.
    pub(crate) fn send(&self, stream: &Arc<dyn Stream>, bytes: &[u8]) -> Result<(), Stop> {
        self.send_in_cuts(stream, bytes, &[])
    }

    /// Sends pieces of these sizes, each with a write of its own; what is left over is the last one. Each leaves at once
    /// (no Nagle), but a receiver that is slow finds several together.
    pub(crate) fn send_in_cuts(
        &self,
        stream: &Arc<dyn Stream>,
        mut bytes: &[u8],
        cuts: &[usize],
    ) -> Result<(), Stop> {
        for &cut in cuts.iter().chain([&usize::MAX]) {
            let (piece, rest) = bytes.split_at(cut.min(bytes.len()));
            stream.set_write_timeout(Some(self.left()))?;
            stream.write_all(piece)?;
            bytes = rest;
        }
        Ok(())
    }

    /// Reads to the peer's end. A reset is an end, too.
    pub(crate) fn read_to_end(&self, stream: &Arc<dyn Stream>) -> Result<Vec<u8>, Stop> {
        self.read_until(stream, |_| false)
    }

    /// Reads until `is_all` holds for what has come, or to the peer's end.
    pub(crate) fn read_until(
        &self,
        stream: &Arc<dyn Stream>,
        is_all: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<u8>, Stop> {
        let mut all = Vec::new();
        if !is_all(&all) {
            self.each_read(stream, None, |bytes| {
                all.extend_from_slice(bytes);
                Ok(!is_all(&all))
            })?;
        }
        Ok(all)
    }

    /// Calls `read` with what each read has brought, until it returns `false`, to the peer's end, or until nothing has come
    /// for `silence`: a server answers nothing to bytes behind which it waits for more.
    pub(crate) fn each_read(
        &self,
        stream: &Arc<dyn Stream>,
        silence: Option<Duration>,
        mut read: impl FnMut(&[u8]) -> Result<bool, Stop>,
    ) -> Result<(), Stop> {
        let (mut total, mut room) = (0, vec![0; 16 * 1024]);
        // A peer that always has more must not outlive the run, nor fill the memory.
        while !self.is_over() && total <= MOST_PASSED {
            let left = self.left();
            stream.set_read_timeout(Some(silence.map_or(left, |silence| silence.min(left))))?;
            match stream.read(&mut room) {
                Ok(0) => return Ok(()),
                Ok(n) if !read(&room[..n])? => return Ok(()),
                Ok(n) => total += n,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
                Err(error) if silence.is_some() && is_timeout(&error) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Stop("the run is over".into()))
    }

    /// What the program has seen at this side, and the wire does not show: a callback, a returned value. The words of the
    /// key are in `page/text/` under `events`; each `{name}` in them is a value.
    pub(crate) fn event(&self, side: Side, key: &str, values: &[(&str, &str)]) {
        self.run.log(|log| log.event(side, key, values));
    }

    /// [`event`](Self::event) with values that are not text yet.
    pub(crate) fn saw(&self, side: Side, key: &str, values: &[(&str, &dyn Display)]) {
        let texts: Vec<_> = values.iter().map(|(_, value)| value.to_string()).collect();
        let names = values.iter().map(|(name, _)| *name);
        let values: Vec<_> = names.zip(texts.iter().map(String::as_str)).collect();
        self.event(side, key, &values);
    }

    /// A datagram that this side has sent or received: an observer sees connections only. `from` says who has sent it.
    pub(crate) fn datagram(
        &self,
        side: Side,
        from: Direction,
        client_and_server: [SocketAddr; 2],
        bytes: &[u8],
    ) {
        self.run
            .log(|log| log.datagram(side, from, client_and_server, bytes));
    }

    /// Shows a conversation that no connection carries; `None`: that direction ends.
    pub(crate) fn shows(&self, limits: Limits, passes: Vec<(Direction, Option<Vec<u8>>)>) {
        self.run.log(|log| log.shows(limits, &passes));
    }

    /// How long the run may go on, for the deadline of a call; none if it is over.
    pub(crate) fn left(&self) -> Duration {
        self.run.left()
    }

    /// Whether the run has ended: an exchange that loops asks for it.
    pub(crate) fn is_over(&self) -> bool {
        self.run.is_over()
    }
}
