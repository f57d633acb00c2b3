//! Replay: the client of a captured conversation, played against a server, and what the server answers compared with
//! what was recorded.
//!
//! ```text
//!   capture ─► recording ─┬─ client's bytes, in their cuts ─────► socket ─► server
//!                         │                                        │
//!                         └─ server's bytes ─► answers ◄─ compared ┴─► answers
//! ```
//!
//! A request that was sent behind an answer is sent behind that answer again: what follows a 100 (Continue) would mean
//! something else before it. So before each piece of the client the server must have sent as much as it had when the piece
//! was recorded: as many messages, and of the last one as much content.

mod answers;
mod play;
mod recording;
mod report;

use super::wire::capture::{Error, Reader};
pub use report::{Difference, Outcome, Replayed};

use play::Settings;
use recording::{Recording, Recordings};
use std::collections::VecDeque;
use std::io::Read;
use std::time::Duration;

/// The longest wait for what the server had sent in the recording.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Fields that are another program's or another moment's, and say nothing about the answer.
const LEFT_OUT: [&str; 6] = [
    "age",
    "connection",
    "date",
    "expires",
    "keep-alive",
    "server",
];

/// Plays the clients of a capture against a server, and compares its answers with the recorded ones.
///
/// ```
/// use barewire::http;
/// use barewire::trace::Replay;
/// use barewire::trace::wire::{Direction, Event, What, capture::{Reader, Writer, invented}};
/// use std::time::Duration;
///
/// // What was recorded: a server that answers "Hello World\n".
/// let (client, server) = invented(0);
/// let mut file = Vec::new();
/// let mut writer = Writer::new(&mut file);
/// let request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
/// let response = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nHello World\n";
/// for (from, what) in [
///     (Direction::FromClient, What::begins(client, server)),
///     (Direction::FromClient, What::bytes(request)),
///     (Direction::FromServer, What::bytes(response)),
/// ] {
///     writer.event(&Event::new(0, from, Duration::ZERO, what))?;
/// }
///
/// // What is there now.
/// let server = http::create_server(|_req, res| {
///     let res = res.write_head(404, [("Content-Length", "12")])?;
///     res.end("Hello World\n")
/// });
/// let handle = server.listen("127.0.0.1:0")?;
///
/// let replay = Replay::new(&handle.local_addr().to_string());
/// let replayed: Vec<_> = replay.play(Reader::new(&file[..])).collect::<Result<_, _>>()?;
/// assert_eq!(replayed[0].to_string(), "\
/// conversation 0: differs
///   message 0, http.response.status at byte 9: 200 was recorded, 404 came (RFC 9110 §15)
/// ");
/// # handle.shutdown(Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Each conversation gets a connection, one after the other, in the order in which they end in the capture. The client's
/// bytes leave as they were cut, each piece with a write of its own, but TCP may join them. The server's answers are
/// compared by what they mean:
///
/// - status, version, fields by name in any order, trailers, content, frames; not the reason phrase, and not how content
///   is cut into chunks;
/// - without the fields `Age`, `Connection`, `Date`, `Expires`, `Keep-Alive` and `Server`, or those that
///   [`leave_out`](Self::leave_out) names;
/// - what is no HTTP or WebSocket, byte by byte.
///
/// A conversation that lacks bytes is not played, nor is one under TLS, whose bytes no server would take twice. UDP is
/// passed over.
#[derive(Clone, Debug)]
#[must_use = "nothing is played before `play`"]
pub struct Replay {
    settings: Settings,
}

impl Replay {
    /// To this address, as [`net::connect`](crate::net::connect()) takes it: `"localhost:1337"`, `"unix:/tmp/echo.sock"`.
    pub fn new(to: &str) -> Replay {
        Replay {
            settings: Settings {
                to: to.into(),
                with_times: false,
                answer_timeout: ANSWER_TIMEOUT,
                left_out: LEFT_OUT.map(String::from).to_vec(),
            },
        }
    }

    /// Waits between two pieces of the client as long as it was recorded, a minute at most. Without it each piece
    /// leaves when the server has sent what came before it.
    pub fn with_times(mut self) -> Replay {
        self.settings.with_times = true;
        self
    }

    /// How long the server may take, each time, to send what it had sent before the next piece of the client: 10 s. Then
    /// the conversation is over, and what has not come is a [`Difference`].
    pub fn answer_timeout(mut self, time: Duration) -> Replay {
        self.settings.answer_timeout = time;
        self
    }

    /// The fields that are not compared, in place of those that are left out by default.
    pub fn leave_out<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Replay {
        self.settings.left_out = names.into_iter().map(str::to_ascii_lowercase).collect();
        self
    }

    /// Plays each conversation of a capture while the iterator is asked for it.
    ///
    /// # Errors
    /// As the [`Reader`]: an error is the last item. That a server cannot be reached is an [`Outcome`].
    pub fn play<R: Read>(&self, capture: Reader<R>) -> Replays<R> {
        Replays {
            settings: self.settings.clone(),
            capture: Some(capture),
            open: Recordings::default(),
            ready: VecDeque::new(),
            error: None,
        }
    }
}

/// The conversations of a capture, played one after the other: see [`Replay::play`].
///
/// ```
/// use barewire::trace::{Replay, wire::capture::Reader};
///
/// let replay = Replay::new("127.0.0.1:1337");
/// let mut replayed = replay.play(Reader::new(&b"no capture"[..]));
/// assert!(replayed.next().unwrap().is_err());
/// assert!(replayed.next().is_none());
/// ```
#[derive(Debug)]
#[must_use = "a conversation is played when it is asked for"]
pub struct Replays<R> {
    settings: Settings,
    capture: Option<Reader<R>>,
    open: Recordings,
    ready: VecDeque<(u64, Recording)>,
    error: Option<Error>,
}

impl<R: Read> Iterator for Replays<R> {
    type Item = Result<Replayed, Error>;

    fn next(&mut self) -> Option<Result<Replayed, Error>> {
        loop {
            if let Some((conversation, recording)) = self.ready.pop_front() {
                let outcome = play::play(&self.settings, &recording);
                return Some(Ok(Replayed {
                    conversation,
                    outcome,
                }));
            }
            let Some(capture) = &mut self.capture else {
                return self.error.take().map(Err);
            };
            match capture.next() {
                Some(Ok(event)) => self.ready.extend(self.open.record(event)),
                end => {
                    self.error = end.and_then(Result::err);
                    self.capture = None;
                    self.ready.extend(self.open.finish());
                }
            }
        }
    }
}
