//! One conversation, played on a connection of its own.

use super::answers::{Answers, MOST_PARTS, Progress, differences};
use super::recording::Recording;
use super::report::Outcome;
use crate::net::{self, ConnectOptions, Socket};
use crate::trace::wire::{Direction, What};
use std::io;
use std::time::{Duration, Instant};

/// What a replay was asked for.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) to: String,
    pub(super) with_times: bool,
    pub(super) answer_timeout: Duration,
    /// Names of fields, in lower case.
    pub(super) left_out: Vec<String>,
}

/// The longest pause between two pieces, whatever was recorded.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The server may send twice as many bytes as it did, and this many more. Then the conversation is over.
const MOST_MORE: usize = 1024 * 1024;

pub(super) fn play(settings: &Settings, recording: &Recording) -> Outcome {
    if let Some(why) = recording.lacks {
        return Outcome::NotPlayed(why.into());
    }
    let options = ConnectOptions {
        timeout: settings.answer_timeout,
        allow_half_open: true,
        max_buffered: usize::MAX, // the recording is in memory in any case
        ..ConnectOptions::default()
    };
    let socket = match net::connect_with(&settings.to, &options) {
        Ok(socket) => socket,
        Err(error) => return Outcome::NotPlayed(error.to_string()),
    };
    let mut player = Player {
        settings,
        socket,
        recorded: Answers::new(&settings.left_out),
        got: Answers::new(&settings.left_out),
        room: 2 * recording.server_bytes() + MOST_MORE,
        is_over: false,
    };
    player.play(recording);
    player.socket.destroy();
    if player.is_full() {
        let why = format!("it has more than {MOST_PARTS} parts to compare");
        return Outcome::NotPlayed(why);
    }
    let found = differences(&player.recorded, &player.got);
    match found.is_empty() {
        true => Outcome::Equal {
            messages: player.got.messages,
        },
        false => Outcome::Differs(found),
    }
}

struct Player<'r> {
    settings: &'r Settings,
    socket: Socket,
    recorded: Answers,
    got: Answers,
    /// How many bytes the server may still send.
    room: usize,
    /// The server has ended, or has not sent in time what it should.
    is_over: bool,
}

impl Player<'_> {
    fn play(&mut self, recording: &Recording) {
        let began = Instant::now();
        let mut steps = recording.steps.iter();
        let first = steps.find(|step| matches!(step.what, What::Bytes(..)));
        let first = first.map_or(Duration::ZERO, |step| step.time);
        for step in &recording.steps {
            if self.is_full() {
                return;
            }
            let from_client = step.from == Direction::FromClient;
            if from_client {
                self.catch_up();
            }
            match &step.what {
                What::Bytes(_, bytes) => {
                    if from_client && self.settings.with_times {
                        self.pause(began.checked_add(step.time.saturating_sub(first)));
                    }
                    self.recorded.receive(step.from, bytes);
                    if from_client && !self.is_over {
                        self.got.receive(step.from, bytes);
                        self.socket.write(bytes);
                    }
                }
                What::Ends { reset: true } if from_client => return, // cuts the connection
                _ => {
                    if from_client {
                        self.got.end(step.from);
                        let _ = self.socket.end(); // if it is broken, reading says so
                    }
                    self.recorded.end(step.from);
                }
            }
        }
        if !self.is_full() {
            self.catch_up();
            self.drain();
        }
    }

    /// There is more than is compared.
    fn is_full(&self) -> bool {
        self.recorded.is_full || self.got.is_full
    }

    /// Waits until the server has sent what it had sent by now.
    fn catch_up(&mut self) {
        let goal = self.recorded.progress;
        let deadline = Instant::now().checked_add(self.settings.answer_timeout);
        self.read_until(goal, deadline);
        self.is_over |= self.got.progress < goal;
    }

    /// Waits for a point in time, while it reads.
    fn pause(&mut self, until: Option<Instant>) {
        let longest = Instant::now() + LONGEST_PAUSE;
        let until = until.map_or(longest, |until| until.min(longest));
        self.read_until(Progress::NEVER, Some(until));
        if !self.is_over {
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
        }
    }

    fn read_until(&mut self, goal: Progress, deadline: Option<Instant>) {
        let mut buf = [0; 16 * 1024];
        while self.got.progress < goal && !self.got.has_ended && !self.is_over {
            let left = deadline.map_or(self.settings.answer_timeout, |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return;
            }
            let read = self.socket.read_within(&mut buf, left);
            self.take(read, &buf);
        }
    }

    /// What has come beside that, and is there already.
    fn drain(&mut self) {
        let mut buf = [0; 16 * 1024];
        while !self.got.has_ended && !self.is_over {
            match self.socket.stream().try_read(&mut buf) {
                Ok(None | Some(0)) => return,
                read => self.take(read, &buf),
            }
        }
    }

    fn take(&mut self, read: io::Result<Option<usize>>, buf: &[u8]) {
        match read {
            Ok(Some(0)) | Err(_) => self.got.end(Direction::FromServer),
            Ok(Some(length)) => {
                self.got.receive(Direction::FromServer, &buf[..length]);
                self.room = self.room.saturating_sub(length);
                self.is_over |= self.room == 0 || self.got.is_full;
            }
            Ok(None) => {}
        }
    }
}
