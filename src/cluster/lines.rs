//! The control lines between a parent and a worker: bytes and rules.
//!
//! ```text
//!   FE 'message' 20 '你好' FF        a mark, a verb, what belongs to it, the end
//! ```
//!
//! A worker's control stream is its standard output, so what the worker prints by mistake arrives there, too. A byte
//! FE begins a line and a byte FF ends it; bytes outside a line are output, and the parent copies them to its standard
//! error. UTF-8 has neither byte, so a text has no need of an escape.

use std::io::{self, ErrorKind};
use std::time::Duration;

const MARK: u8 = 0xFE;
const END: u8 = 0xFF;
/// The longest line, mark and end included.
const LINE_BYTES: usize = 64 * 1024;

/// Of a worker: its process runs.
pub(super) const ONLINE: &str = "online";
/// Of a worker: it accepts connections.
pub(super) const LISTENING: &str = "listening";
/// Of a worker: a thread would accept, if it were the worker's turn.
pub(super) const WANT_TURN: &str = "want-turn";
/// Of a worker: it has accepted, or it will not. The turn goes on.
pub(super) const PASS_TURN: &str = "pass-turn";
/// Of a worker: a message to the parent and to all other workers.
pub(super) const NOTIFY: &str = "notify";
/// Of a worker: it asks to be drained.
pub(super) const DISCONNECT: &str = "disconnect";
/// Of the parent: the worker has the turn to accept.
pub(super) const TURN: &str = "turn";
/// Of the parent: the worker is to stop accepting, to finish within this number of milliseconds, and to end.
pub(super) const DRAIN: &str = "drain";
/// The same, and another worker has taken its place.
pub(super) const RESTART: &str = "restart";
/// A message to the other end.
pub(super) const MESSAGE: &str = "message";
/// The parent asks for the worker's figures, with the number of the question; the worker answers with both.
pub(super) const STATS: &str = "stats";

/// A line with this text. One that is too long is an error.
pub(super) fn line(verb: &str, text: &str) -> io::Result<Vec<u8>> {
    let line = [&[MARK], verb.as_bytes(), b" ", text.as_bytes(), &[END]].concat();
    if line.len() > LINE_BYTES {
        let text = format!("a control line has {LINE_BYTES} bytes at most");
        return Err(io::Error::new(ErrorKind::InvalidInput, text));
    }
    Ok(line)
}

/// A deadline in milliseconds, as lines and a worker's start have it. One that is longer never comes.
pub(super) fn millis(deadline: Duration) -> u64 {
    u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX)
}

/// The verb and the text of a line.
fn decoded(line: &[u8]) -> Option<(&str, &str)> {
    let inside = line.strip_prefix(&[MARK])?.strip_suffix(&[END])?;
    str::from_utf8(inside).ok()?.split_once(' ')
}

/// A part of what arrives on a control stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A verb and its text. A line that is none, or that is too long, has no verb.
    Line(&'a str, &'a str),
    /// What was printed between two lines.
    Output(&'a [u8]),
}

/// Finds the lines in the bytes of a control stream, in whatever pieces they come.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    /// The line that has begun; empty between two lines.
    line: Vec<u8>,
}

impl Splitter {
    pub(super) fn receive(&mut self, bytes: &[u8], mut each: impl FnMut(Part<'_>)) {
        for piece in bytes.chunk_by(|&before, &after| before != END && after != MARK) {
            if self.line.is_empty() && piece[0] != MARK {
                each(Part::Output(piece));
                continue;
            }
            let room = LINE_BYTES - self.line.len(); // without its end, a line that is too long is none
            self.line.extend(&piece[..piece.len().min(room)]);
            if piece.ends_with(&[END]) {
                let (verb, text) = decoded(&self.line).unwrap_or_default();
                each(Part::Line(verb, text));
                self.line.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERBS: [&str; 11] = [
        ONLINE, LISTENING, WANT_TURN, PASS_TURN, NOTIFY, DISCONNECT, TURN, DRAIN, RESTART, MESSAGE,
        STATS,
    ];

    fn parts_of(pieces: &[&[u8]]) -> Vec<String> {
        let (mut splitter, mut all) = (Splitter::default(), Vec::new());
        for piece in pieces {
            splitter.receive(piece, |part| {
                all.push(match part {
                    Part::Line(verb, text) => format!("line {verb:?} {text:?}"),
                    Part::Output(text) => format!("output {}", String::from_utf8_lossy(text)),
                });
            });
        }
        all
    }

    #[test]
    fn every_line_comes_back() {
        for verb in VERBS {
            for text in ["", "a", "你好\nB\n\\", " \r\u{1} "] {
                let line = line(verb, text).expect("it is short");
                assert_eq!(line.iter().filter(|&&byte| byte >= MARK).count(), 2);
                let mut came = 0;
                Splitter::default().receive(&line, |part| {
                    assert_eq!(part, Part::Line(verb, text));
                    came += 1;
                });
                assert_eq!(came, 1);
            }
        }
    }

    #[test]
    fn garbage_is_no_line() {
        for garbage in [
            &b"\xfe\xff"[..],
            b"\xfeonline\xff",
            b"\xfemessage \xc0\xff",
            b"\xfemessage \xe4\xbd\xff",
            b"\xfeno end \xfeonline \xff",
        ] {
            assert_eq!(parts_of(&[garbage]), ["line \"\" \"\""], "{garbage:?}");
        }
    }

    #[test]
    fn output_between_lines_is_output_however_it_is_cut() {
        let all = b"printed\n\xfeonline \xffmore, and no end\xfewant-turn \xff";
        let whole = [
            "output printed\n",
            "line \"online\" \"\"",
            "output more, and no end",
            "line \"want-turn\" \"\"",
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
        splitter.receive(b"\xfemessage ", |_| panic!("not yet"));
        for _ in 0..1000 {
            splitter.receive(&[b'x'; 1000], |_| panic!("not yet"));
        }
        assert_eq!(splitter.line.len(), LINE_BYTES);
        let mut parts = 0;
        splitter.receive(b"\xff\xfeonline \xff", |part| {
            parts += 1;
            let expected = [Part::Line("", ""), Part::Line(ONLINE, "")];
            assert_eq!(part, expected[parts - 1]);
        });
        assert_eq!(parts, 2);
    }

    #[test]
    fn the_longest_line_is_a_line() {
        let text = "x".repeat(LINE_BYTES - line(MESSAGE, "").expect("it is short").len());
        let longest = line(MESSAGE, &text).expect("it is short enough");
        assert_eq!(longest.len(), LINE_BYTES);
        let expected = Part::Line(MESSAGE, &text);
        Splitter::default().receive(&longest, |part| assert_eq!(part, expected));
        let too_long = line(MESSAGE, &(text + "x")).map_err(|e| e.kind());
        assert_eq!(too_long, Err(ErrorKind::InvalidInput));
    }
}
