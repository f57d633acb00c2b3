//! The control lines between a parent and a worker: bytes and rules.
//!
//! ```text
//!   01 'message' 20 '你好' 0A        a mark, a verb, what belongs to it, the end
//! ```
//!
//! A worker's control stream is its standard output, so what the worker prints by mistake arrives there, too. A byte
//! 01 begins a line; bytes outside a line are output, and the parent copies them to its standard error. A line break
//! in a text is sent as a byte FF, which UTF-8 never has.

use std::io::{self, ErrorKind};
use std::time::Duration;

const MARK: u8 = 0x01;
const END: u8 = b'\n';
const BREAK: u8 = 0xFF;
/// The longest line, mark and end included.
const LINE_BYTES: usize = 64 * 1024;

/// What one end says to the other. It stands in [`VERBS`] at its own place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// The worker's process runs.
    Online,
    /// The worker accepts connections.
    Listening,
    /// A thread of the worker would accept, if it were the worker's turn.
    WantTurn,
    /// It has accepted, or it will not: the turn goes on.
    PassTurn,
    /// A message to the parent and to all other workers.
    Notify,
    /// The worker asks to be drained.
    Disconnect,
    /// The parent gives the worker the turn to accept.
    Turn,
    /// The worker is to stop accepting, to finish within this number of milliseconds, and to end.
    Drain,
    /// The same, and another worker has taken its place.
    Restart,
    /// A message to the other end.
    Message,
    /// The parent asks for the worker's figures, and the worker answers with them.
    Stats,
}

const VERBS: [(Verb, &str); 11] = [
    (Verb::Online, "online"),
    (Verb::Listening, "listening"),
    (Verb::WantTurn, "want-turn"),
    (Verb::PassTurn, "pass-turn"),
    (Verb::Notify, "notify"),
    (Verb::Disconnect, "disconnect"),
    (Verb::Turn, "turn"),
    (Verb::Drain, "drain"),
    (Verb::Restart, "restart"),
    (Verb::Message, "message"),
    (Verb::Stats, "stats"),
];

impl Verb {
    /// A line with this text. One that is too long is an error.
    pub(super) fn line(self, text: &str) -> io::Result<Vec<u8>> {
        let (_, name) = VERBS[self as usize];
        let text = text.bytes().map(|b| if b == END { BREAK } else { b });
        let mut line = vec![MARK];
        line.extend(name.bytes().chain([b' ']).chain(text).chain([END]));
        if line.len() > LINE_BYTES {
            let text = format!("a control line has {LINE_BYTES} bytes at most");
            return Err(io::Error::new(ErrorKind::InvalidInput, text));
        }
        Ok(line)
    }
}

/// A deadline in milliseconds, as lines and a worker's start have it. One that is longer never comes.
pub(super) fn millis(deadline: Duration) -> u64 {
    u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX)
}

/// A line without its mark and its end. `None`: nobody says that.
fn decoded(line: &[u8]) -> Option<(Verb, String)> {
    let line = line.iter().map(|&b| if b == BREAK { END } else { b });
    let line = String::from_utf8(line.collect()).ok()?;
    let (name, text) = line.split_once(' ')?;
    let (verb, _) = VERBS.iter().find(|(_, it)| *it == name)?;
    Some((*verb, text.to_owned()))
}

/// A part of what arrives on a control stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A line; `None`: one that nobody says, or that is too long.
    Line(Option<(Verb, String)>),
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
            let is_output = self.line.is_empty();
            let stop = if is_output { MARK } else { END };
            let found = bytes.iter().position(|&b| b == stop);
            let (part, rest) = bytes.split_at(found.unwrap_or(bytes.len()));
            bytes = rest.get(1..).unwrap_or_default();
            if is_output {
                if !part.is_empty() {
                    each(Part::Output(part));
                }
                self.line.extend(rest.first());
                continue;
            }
            let room = LINE_BYTES.saturating_sub(self.line.len()); // the last byte of it: the line is too long
            self.line.extend(&part[..part.len().min(room)]);
            if found.is_some() {
                let is_whole = self.line.len() < LINE_BYTES;
                each(Part::Line(decoded(&self.line[1..]).filter(|_| is_whole)));
                self.line.clear();
            }
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
                    Part::Line(line) => format!("line {line:?}"),
                    Part::Output(text) => format!("output {}", String::from_utf8_lossy(text)),
                });
            });
        }
        all
    }

    #[test]
    fn every_line_comes_back() {
        for (verb, _) in VERBS {
            for text in ["", "a", "你好\nB\n\\", " \r\u{1} "] {
                let line = verb.line(text).expect("it is short");
                assert!(line[1..].ends_with(b"\n") && !line[..line.len() - 1].contains(&b'\n'));
                let mut came = Vec::new();
                Splitter::default().receive(&line, |part| match part {
                    Part::Line(line) => came.extend(line),
                    Part::Output(_) => panic!("it is a line"),
                });
                assert_eq!(came, [(verb, text.to_owned())]);
            }
        }
    }

    #[test]
    fn garbage_is_no_line() {
        for garbage in [
            &b""[..],
            b"online",
            b"sing ",
            b"online\xff ",
            b"message \xfe",
        ] {
            assert_eq!(decoded(garbage), None, "{garbage:?}");
        }
    }

    #[test]
    fn output_between_lines_is_output_however_it_is_cut() {
        let all = b"printed\n\x01online \nmore, and no end\x01want-turn \n";
        let whole = [
            "output printed\n",
            "line Some((Online, \"\"))",
            "output more, and no end",
            "line Some((WantTurn, \"\"))",
        ];
        assert_eq!(parts_of(&[all]), whole);
        let bytes: Vec<&[u8]> = all.chunks(1).collect();
        let lines: Vec<String> = parts_of(&bytes)
            .into_iter()
            .filter(|part| part.starts_with("line"))
            .collect();
        assert_eq!(lines, [whole[1], whole[3]]);
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
            let expected = [None, Some((Verb::Online, String::new()))].map(Part::Line);
            assert_eq!(part, expected[parts - 1]);
        });
        assert_eq!(parts, 2);
    }

    #[test]
    fn the_longest_line_is_a_line() {
        let text = "x".repeat(LINE_BYTES - "\u{1}message \n".len());
        let line = Verb::Message.line(&text).expect("it is short enough");
        assert_eq!(line.len(), LINE_BYTES);
        let expected = Part::Line(Some((Verb::Message, text.clone())));
        Splitter::default().receive(&line, |part| assert_eq!(part, expected));
        let too_long = Verb::Message.line(&(text + "x")).map_err(|e| e.kind());
        assert_eq!(too_long, Err(ErrorKind::InvalidInput));
    }
}
