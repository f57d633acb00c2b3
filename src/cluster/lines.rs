//! The control lines between a parent and a worker: bytes and rules.
//!
//! ```text
//!   01 'message' 20 '你好' 0A        a mark, a verb, what belongs to it, the end
//! ```
//!
//! A worker's control stream is its standard output, so what the worker prints by mistake arrives there, too. A byte
//! 01 begins a line; bytes outside a line are output, and the parent copies them to its standard error. A line break
//! in a text is sent as `\n`, and a backslash as `\\`.

use std::time::Duration;

const MARK: u8 = 1;
/// The longest line, mark and end included.
pub(super) const LINE_BYTES: usize = 64 * 1024;

/// What a worker says to its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// The process runs.
    Online,
    /// It accepts connections.
    Listening,
    Message(String),
    /// A message that all other workers get, too.
    Notify(String),
    Stats(String),
    /// A thread of it would accept, if it were its turn.
    WantTurn,
    /// It has accepted, or it will not: the turn goes on.
    PassTurn,
    /// It asks to be drained.
    Disconnect,
}

/// What a parent says to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// It is the worker's turn to accept.
    Turn,
    /// Stop accepting, finish until the deadline, end.
    Drain {
        is_restart: bool,
        deadline: Duration,
    },
    Stats,
    Message(String),
}

impl Report {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Report::Online => line("online", ""),
            Report::Listening => line("listening", ""),
            Report::Message(text) => line("message", text),
            Report::Notify(text) => line("notify", text),
            Report::Stats(text) => line("stats", text),
            Report::WantTurn => line("want-turn", ""),
            Report::PassTurn => line("pass-turn", ""),
            Report::Disconnect => line("disconnect", ""),
        }
    }

    /// `None`: no worker says that.
    pub(super) fn decode(line: &[u8]) -> Option<Report> {
        Some(match parts(line)? {
            ("online", _) => Report::Online,
            ("listening", _) => Report::Listening,
            ("message", text) => Report::Message(unescaped(text)?),
            ("notify", text) => Report::Notify(unescaped(text)?),
            ("stats", text) => Report::Stats(unescaped(text)?),
            ("want-turn", _) => Report::WantTurn,
            ("pass-turn", _) => Report::PassTurn,
            ("disconnect", _) => Report::Disconnect,
            _ => return None,
        })
    }
}

impl Order {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Order::Turn => line("turn", ""),
            Order::Stats => line("stats", ""),
            Order::Message(text) => line("message", text),
            Order::Drain {
                is_restart,
                deadline,
            } => {
                let reason = if *is_restart { "restart" } else { "going-away" };
                line("drain", &format!("{reason} {}", deadline.as_millis()))
            }
        }
    }

    /// `None`: no parent says that.
    pub(super) fn decode(line: &[u8]) -> Option<Order> {
        Some(match parts(line)? {
            ("turn", _) => Order::Turn,
            ("stats", _) => Order::Stats,
            ("message", text) => Order::Message(unescaped(text)?),
            ("drain", how) => {
                let (reason, millis) = how.split_once(' ')?;
                Order::Drain {
                    is_restart: reason == "restart",
                    deadline: Duration::from_millis(millis.parse().ok()?),
                }
            }
            _ => return None,
        })
    }
}

fn line(verb: &str, text: &str) -> Vec<u8> {
    let mut line = vec![MARK];
    line.extend_from_slice(verb.as_bytes());
    line.push(b' ');
    line.extend_from_slice(text.replace('\\', r"\\").replace('\n', r"\n").as_bytes());
    line.push(b'\n');
    line
}

fn parts(line: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(line).ok()?.split_once(' ')
}

/// `None`: a backslash with something else behind it.
fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(match (c, c == '\\') {
            (_, false) => c,
            (_, true) => match chars.next()? {
                'n' => '\n',
                '\\' => '\\',
                _ => return None,
            },
        });
    }
    Some(plain)
}

/// A part of what arrives on a control stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A line, without its mark and its end.
    Line(&'a [u8]),
    /// A line that is longer than [`LINE_BYTES`]: it is dropped.
    TooLong,
    /// What was printed between two lines.
    Output(&'a [u8]),
}

/// Finds the lines in the bytes of a control stream, in whatever pieces they come.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    /// The line that has begun, with its mark; empty between two lines.
    line: Vec<u8>,
}

impl Splitter {
    pub(super) fn receive(&mut self, mut bytes: &[u8], mut each: impl FnMut(Part<'_>)) {
        while !bytes.is_empty() {
            if self.line.is_empty() {
                let output = bytes.iter().position(|&b| b == MARK);
                let (output, rest) = bytes.split_at(output.unwrap_or(bytes.len()));
                if !output.is_empty() {
                    each(Part::Output(output));
                }
                self.line.extend(rest.first());
                bytes = rest.get(1..).unwrap_or_default();
                continue;
            }
            let end = bytes.iter().position(|&b| b == b'\n');
            let (more, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            let room = LINE_BYTES.saturating_sub(self.line.len()); // the last byte of it: the line is too long
            self.line.extend(&more[..more.len().min(room)]);
            if end.is_some() {
                each(match self.line.len() < LINE_BYTES {
                    true => Part::Line(&self.line[1..]),
                    false => Part::TooLong,
                });
                self.line.clear();
            }
            bytes = rest.get(1..).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts_of(pieces: &[&[u8]]) -> Vec<String> {
        let (mut splitter, mut all) = (Splitter::default(), Vec::new());
        for piece in pieces {
            splitter.receive(piece, |part| {
                all.push(match part {
                    Part::Line(line) => format!("line {}", String::from_utf8_lossy(line)),
                    Part::Output(text) => format!("output {}", String::from_utf8_lossy(text)),
                    Part::TooLong => "too long".into(),
                });
            });
        }
        all
    }

    #[test]
    fn every_line_comes_back() {
        let texts = ["", "a", "你好\nB\\n\\", " \r\u{1} "].map(str::to_owned);
        for text in texts {
            for report in [
                Report::Message(text.clone()),
                Report::Notify(text.clone()),
                Report::Stats(text.clone()),
            ] {
                let line = report.encode();
                assert_eq!(Report::decode(&line[1..line.len() - 1]), Some(report));
            }
            let order = Order::Message(text);
            let line = order.encode();
            assert_eq!(Order::decode(&line[1..line.len() - 1]), Some(order));
        }
        for report in [
            Report::Online,
            Report::Listening,
            Report::WantTurn,
            Report::PassTurn,
            Report::Disconnect,
        ] {
            let line = report.encode();
            assert_eq!(Report::decode(&line[1..line.len() - 1]), Some(report));
        }
        for is_restart in [true, false] {
            let deadline = Duration::from_millis(1500);
            let order = Order::Drain {
                is_restart,
                deadline,
            };
            let line = order.encode();
            assert_eq!(Order::decode(&line[1..line.len() - 1]), Some(order));
        }
    }

    #[test]
    fn garbage_is_no_line() {
        for garbage in ["", "online", "sing ", "message \\x", "message \\"] {
            assert_eq!(Report::decode(garbage.as_bytes()), None, "{garbage:?}");
        }
        for garbage in ["drain ", "drain restart", "drain restart -1", "fly "] {
            assert_eq!(Order::decode(garbage.as_bytes()), None, "{garbage:?}");
        }
        assert_eq!(Report::decode(b"message \xff"), None);
    }

    #[test]
    fn output_between_lines_is_output_however_it_is_cut() {
        let all = b"printed\n\x01online \nmore, and no end\x01want-turn \n";
        let whole = [
            "output printed\n",
            "line online ",
            "output more, and no end",
            "line want-turn ",
        ];
        assert_eq!(parts_of(&[all]), whole);
        let bytes: Vec<&[u8]> = all.chunks(1).collect();
        let lines: Vec<String> = parts_of(&bytes)
            .into_iter()
            .filter(|part| part.starts_with("line"))
            .collect();
        assert_eq!(lines, ["line online ", "line want-turn "]);
        for cut in 0..all.len() {
            let (one, other) = all.split_at(cut);
            let printed: String = parts_of(&[one, other])
                .iter()
                .filter_map(|part| part.strip_prefix("output "))
                .collect();
            assert_eq!(printed, "printed\nmore, and no end");
        }
    }

    #[test]
    fn a_line_without_an_end_takes_no_memory() {
        let mut splitter = Splitter::default();
        splitter.receive(b"\x01message ", |_| panic!("not yet"));
        for _ in 0..1000 {
            splitter.receive(&[b'x'; 1000], |_| panic!("not yet"));
        }
        assert_eq!(splitter.line.len(), LINE_BYTES);
        let mut parts = 0;
        splitter.receive(b"\n\x01online \n", |part| {
            parts += 1;
            let expected = [Part::TooLong, Part::Line(b"online ")];
            assert_eq!(part, expected[parts - 1]);
        });
        assert_eq!(parts, 2);
    }

    #[test]
    fn the_longest_line_is_a_line() {
        let text = "x".repeat(LINE_BYTES - "\u{1}message \n".len());
        let line = Report::Message(text.clone()).encode();
        assert_eq!(line.len(), LINE_BYTES);
        let mut came = Vec::new();
        Splitter::default().receive(&line, |part| {
            if let Part::Line(line) = part {
                came.push(Report::decode(line));
            }
        });
        assert_eq!(came, [Some(Report::Message(text))]);
    }
}
