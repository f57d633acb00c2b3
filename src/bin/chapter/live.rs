//! The WebSocket of the page: commands in, messages of a run out.
//!
//! ```text
//!   browser ══ WebSocket ══ session: the connection's own thread. It owns the reader, the current run, its threads.
//!      ▲                       │ play: begins a run           │ stop, a new play, a closed tab: a reason to end
//!      ║                       ▼                              ▼
//!      ║                    player ──► Log ◀── taps         Run::end ──► guard
//!      ║                                │ changed                          │ cuts, waits, sends `done`
//!      ╚════════════ writer ◀══ guard ◀─┘                                  ▼ the session joins it
//! ```
//!
//! A session takes one command at a time, and reads the next one when it has done it: a page that sends faster waits (back
//! pressure). Its thread never sends messages of a run, so it reads while the page is slow. When the tab is closed, the
//! read ends: the session terminates the WebSocket, so that a guard which waits in `send` goes on, ends the run, and
//! joins its threads. Then nothing is left.
//!
//! | limit | beyond it |
//! |---|---|
//! | a command has 64 KiB | closed with 1009 |
//! | 128 sessions | closed with 1013 and the reason |
//! | one run a session, and its messages when it is over | a `play` stops the one before, and waits for its end |
//! | nothing comes for 10 minutes | closed with 1001 |
//! | the page reads nothing for 10 s, or has not read all 10 s after a stop or 25 s after the begin of a run | cut |

use crate::exchange::{self, Exchange};
use crate::export;
use crate::guard;
use crate::json::{self, Object, Value};
use crate::run::{self, Run, Threads};
use barewire::http::{Handled, Request, Response};
use barewire::websocket::{Acceptor, Config, Data, Incoming, Limits, Writer};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const MOST_COMMAND: usize = 64 * 1024;
const MOST_SESSIONS: usize = 128;
const MOST_IDLE: Duration = Duration::from_secs(600);
/// How long a page may take for the messages that are left when its run is over.
const MOST_REST: Duration = Duration::from_secs(10);

pub(crate) struct Live {
    acceptor: Acceptor,
    sessions: AtomicUsize,
    /// The exchange of a name.
    find: Find,
    most_idle: Duration,
}

type Find = fn(&str) -> Option<&'static Exchange>;

impl Live {
    pub(crate) fn new() -> Live {
        Live::of(exchange::find, MOST_IDLE)
    }

    fn of(find: Find, most_idle: Duration) -> Live {
        let config = Config {
            limits: Limits {
                message_bytes: MOST_COMMAND,
            },
            heartbeat_interval: None, // an idle page costs nothing, and loopback loses no peer
            stall_timeout: Duration::from_secs(10),
            ..Config::default()
        };
        Live {
            acceptor: Acceptor::new()
                .protocols(["barewire-chapter"])
                .config(config),
            sessions: AtomicUsize::new(0),
            find,
            most_idle,
        }
    }

    /// Serves one page, until it leaves.
    pub(crate) fn serve(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        guard::check_origin(&req)?;
        let Some(ws) = self.acceptor.accept(req, res)? else {
            return Ok(());
        };
        let place = Place::take(&self.sessions);
        if place.number >= MOST_SESSIONS {
            drop(place); // it is none, also while its Close is answered
            let why = format!("{MOST_SESSIONS} pages are open already");
            let _outcome = ws.close(1013, why); // it may have left
            return Ok(());
        }
        let (mut reader, page) = ws.split();
        let mut session = Session {
            page,
            find: self.find,
            current: None,
        };
        loop {
            match reader.receive_within(self.most_idle) {
                Ok(Incoming::Came(command)) => session.obey(command),
                Ok(Incoming::Nothing) => {
                    drop(session.page.close(1001, "nothing has come for 10 minutes"))
                }
                Ok(Incoming::Closed) | Err(_) => return Ok(()), // the outcome is no failure of ours
            }
        }
    }
}

/// A place among the sessions, given back when it is dropped.
struct Place<'s> {
    sessions: &'s AtomicUsize,
    number: usize,
}

impl<'s> Place<'s> {
    fn take(sessions: &'s AtomicUsize) -> Place<'s> {
        let number = sessions.fetch_add(1, Ordering::Relaxed);
        Place { sessions, number }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A page that is open.
struct Session {
    page: Writer,
    find: Find,
    /// The run that goes on, or the last one.
    current: Option<Current>,
}

struct Current {
    number: u64,
    exchange: &'static Exchange,
    run: Arc<Run>,
    threads: Option<Threads>,
}

impl Current {
    /// Ends the run, and waits for its threads. A page that has not read the rest after a while is cut.
    fn end(&mut self, page: &Writer) {
        self.run.stop();
        if !self.run.is_done_within(MOST_REST) {
            page.terminate();
        }
        if let Some(threads) = self.threads.take() {
            threads.join();
        }
    }
}

impl Session {
    fn obey(&mut self, command: Data<'_>) {
        let done = match command {
            Data::Text(text) => json::read(text).and_then(|command| self.command(&command)),
            Data::Binary(_) => Err("a command is a text".to_owned()),
        };
        if let Err(why) = done {
            let error = Object::new().text("kind", "error").text("why", &why).end();
            let _ = self.page.send(error); // the next read says that it has left
        }
    }

    fn command(&mut self, command: &Value) -> Result<(), String> {
        let number = command
            .get("run")
            .and_then(Value::number)
            .ok_or("a command names its run")?;
        match command.get("do").and_then(Value::text) {
            Some("play") => self.play(number, command),
            Some("stop") => {
                let current = self.current.as_ref();
                if let Some(current) = current.filter(|current| current.number == number) {
                    current.run.stop();
                }
                Ok(())
            }
            Some("pcap") => {
                let (_, pcap) = self.kept(number)?.run.played();
                let _ = self.page.send(&pcap[..]);
                Ok(())
            }
            Some("export") => {
                let kept = self.kept(number)?;
                let (messages, _) = kept.run.played();
                let file = export::message(number, kept.exchange, &messages);
                let _ = self.page.send(file);
                Ok(())
            }
            Some(other) => Err(format!("there is no command {other:?}")),
            None => Err("a command says what to do".to_owned()),
        }
    }

    fn kept(&self, number: u64) -> Result<&Current, String> {
        let current = self.current.as_ref();
        let kept = current.filter(|current| current.number == number);
        kept.ok_or_else(|| format!("run {number} is not kept"))
    }

    fn play(&mut self, number: u64, command: &Value) -> Result<(), String> {
        let id = command
            .get("exchange")
            .and_then(Value::text)
            .ok_or("an exchange is missing")?;
        let exchange = (self.find)(id).ok_or_else(|| format!("there is no exchange {id:?}"))?;
        let settings = command
            .get("settings")
            .cloned()
            .unwrap_or(Value::Object(Vec::new()));
        if let Some(mut before) = self.current.take() {
            before.end(&self.page);
        }
        let page = self.page.clone();
        let last = Instant::now() + run::MOST_TIME + MOST_REST;
        let send = move |message: &str| {
            if Instant::now() >= last {
                page.terminate();
            }
            drop(page.send(message));
        };
        let play = move |run: &Arc<Run>| exchange::play(exchange, run, settings);
        let begun = run::begin(number, run::MOST_TIME, play, send);
        let (run, threads) = begun.map_err(|error| format!("no thread for it: {error}"))?;
        let threads = Some(threads);
        self.current = Some(Current {
            number,
            exchange,
            run,
            threads,
        });
        Ok(())
    }
}

/// The page has left.
impl Drop for Session {
    fn drop(&mut self) {
        self.page.terminate();
        if let Some(current) = &mut self.current {
            current.end(&self.page);
        }
    }
}

#[cfg(test)]
mod tests;
