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

use super::wire::Label;
use super::wire::capture::{Error, Reader};
use recording::{Recording, Recordings};
use std::collections::VecDeque;
use std::fmt;
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
/// use barewire::trace::wire::{Direction, capture::{Reader, Writer, invented}};
/// use std::time::Duration;
///
/// // What was recorded: a server that answers "Hello World\n".
/// let (client, server) = invented(0);
/// let mut file = Vec::new();
/// let mut writer = Writer::new(&mut file)?;
/// let request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
/// let response = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nHello World\n";
/// writer.begins(0, Duration::ZERO, client, server)?;
/// writer.bytes(0, Direction::FromClient, Duration::ZERO, request)?;
/// writer.bytes(0, Direction::FromServer, Duration::ZERO, response)?;
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
    to: String,
    with_times: bool,
    answer_timeout: Duration,
    left_out: Vec<String>,
}

impl Replay {
    /// To this address, as [`net::connect`](crate::net::connect()) takes it: `"localhost:1337"`, `"unix:/tmp/echo.sock"`.
    pub fn new(to: &str) -> Replay {
        Replay {
            to: to.into(),
            with_times: false,
            answer_timeout: ANSWER_TIMEOUT,
            left_out: LEFT_OUT.map(String::from).to_vec(),
        }
    }

    /// Waits between two pieces of the client as long as it was recorded, a minute at most. Without it each piece
    /// leaves when the server has sent what came before it.
    pub fn with_times(mut self) -> Replay {
        self.with_times = true;
        self
    }

    /// How long the server may take, each time, to send what it had sent before the next piece of the client: 10 s. Then
    /// the conversation is over, and what has not come is a [`Difference`].
    pub fn answer_timeout(mut self, time: Duration) -> Replay {
        self.answer_timeout = time;
        self
    }

    /// The fields that are not compared, in place of those that are left out by default.
    pub fn leave_out<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Replay {
        self.left_out = names.into_iter().map(str::to_ascii_lowercase).collect();
        self
    }

    /// Plays each conversation of a capture while the iterator is asked for it.
    ///
    /// # Errors
    /// As the [`Reader`]: an error is the last item. That a server cannot be reached is an [`Outcome`].
    pub fn play<R: Read>(&self, capture: Reader<R>) -> Replays<R> {
        Replays {
            replay: self.clone(),
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
    replay: Replay,
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
                let outcome = play::play(&self.replay, &recording);
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

/// How a conversation went when it was played again. Its `Display` is a line, and one for each difference.
///
/// ```
/// use barewire::trace::{Outcome, Replay};
/// use barewire::trace::wire::capture::{Reader, Writer, invented};
/// use std::time::Duration;
///
/// let (client, server) = invented(0);
/// let mut file = Vec::new();
/// let mut writer = Writer::new(&mut file)?;
/// writer.begins(0, Duration::ZERO, client, server)?;
/// let replayed = Replay::new("unix:/nobody/is/here").play(Reader::new(&file[..])).next().unwrap()?;
/// assert!(matches!(replayed.outcome, Outcome::NotPlayed(_)));
/// assert!(replayed.to_string().starts_with("conversation 0: not played: "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replayed {
    /// Its number in the capture.
    pub conversation: u64,
    /// How it went.
    pub outcome: Outcome,
}

/// Whether a server answered as it was recorded.
///
/// ```
/// use barewire::trace::Outcome;
///
/// fn code(outcome: &Outcome) -> u8 {
///     match outcome {
///         Outcome::Equal { .. } => 0,
///         _ => 1,
///     }
/// }
/// assert_eq!(code(&Outcome::NotPlayed("bytes are missing".into())), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The answers mean the same.
    Equal {
        /// How many messages the server has sent: responses, interim ones included, and frames.
        messages: u64,
    },
    /// They do not. There is at least one.
    Differs(Vec<Difference>),
    /// The conversation could not be played, and why.
    NotPlayed(String),
}

/// A part of an answer that is not as it was recorded. Its `Display` is a line.
///
/// ```
/// use barewire::trace::Outcome;
///
/// fn statuses(outcome: &Outcome) -> Vec<(Option<String>, Option<String>)> {
///     let Outcome::Differs(differences) = outcome else { return Vec::new() };
///     let statuses = differences.iter().filter(|it| it.label.key() == "http.response.status");
///     statuses.map(|it| (it.recorded.clone(), it.got.clone())).collect()
/// }
/// assert!(statuses(&Outcome::Equal { messages: 1 }).is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// In which message of the server, counted from 0: a response, an interim one too, or a frame.
    pub message: u64,
    /// What it is.
    pub label: Label,
    /// The name of the field, if it is one, in lower case.
    pub field: Option<String>,
    /// Where it lies in the server's bytes: in the recorded ones, if it is there.
    pub at: u64,
    /// What was recorded; `None` if nothing was.
    pub recorded: Option<String>,
    /// What has come; `None` if nothing has.
    pub got: Option<String>,
    /// The rule that the part follows: `RFC 9110 §15`.
    pub rule: &'static str,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.field.as_deref().unwrap_or(self.label.key());
        write!(f, "message {}, {name} at byte {}: ", self.message, self.at)?;
        let or_nothing = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
        let (recorded, got) = (or_nothing(&self.recorded), or_nothing(&self.got));
        write!(f, "{recorded} was recorded, {got} came")?;
        match self.rule {
            "" => Ok(()),
            rule => write!(f, " ({rule})"),
        }
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "conversation {}: ", self.conversation)?;
        match &self.outcome {
            Outcome::Equal { messages } => writeln!(f, "equal, {messages} messages"),
            Outcome::NotPlayed(why) => writeln!(f, "not played: {why}"),
            Outcome::Differs(differences) => {
                writeln!(f, "differs")?;
                differences.iter().try_for_each(|it| writeln!(f, "  {it}"))
            }
        }
    }
}
