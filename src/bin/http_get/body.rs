//! The body of a request: a text, a file or standard input.

use crate::demo::{named, spawn};
use crate::failure::Failure;
use std::fs::File;
use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

/// How much is read at once.
const PIECE_BYTES: usize = 64 * 1024;

pub(crate) enum Body {
    /// The text of `-d`.
    Text(String),
    /// `is_form`: of `-d`, not of `-T`.
    File {
        path: String,
        is_form: bool,
    },
    Stdin {
        is_form: bool,
    },
}

/// Bytes to send, where they come from, and how many they are, if that is known.
pub(crate) struct Source<'a> {
    pub(crate) name: &'a str,
    from: From<'a>,
    piece: Vec<u8>,
    pub(crate) length: Option<u64>,
}

enum From<'a> {
    /// A text, or a file: reading never waits long.
    Here(Box<dyn Read + 'a>),
    /// Standard input or a pipe: a thread of its own waits for it, and the main thread can see the server's response.
    /// The thread ends with the process.
    Elsewhere(Receiver<io::Result<Vec<u8>>>),
}

impl<'a> Source<'a> {
    fn here(name: &'a str, reader: impl Read + 'a, length: u64) -> Source<'a> {
        Source {
            name,
            from: From::Here(Box::new(reader)),
            piece: vec![0; PIECE_BYTES],
            length: Some(length),
        }
    }

    /// `open` is called on the thread that reads.
    fn elsewhere<R: Read>(
        name: &'a str,
        open: impl FnOnce() -> R + Send + 'static,
    ) -> io::Result<Source<'a>> {
        let (sender, pieces) = mpsc::sync_channel(1);
        spawn(move || {
            let mut reader = open();
            loop {
                let mut piece = vec![0; PIECE_BYTES];
                let read = reader.read(&mut piece);
                let read = read.map(|bytes| {
                    piece.truncate(bytes);
                    piece
                });
                let is_last = !matches!(&read, Ok(piece) if !piece.is_empty());
                if sender.send(read).is_err() || is_last {
                    return;
                }
            }
        })?;
        Ok(Source {
            name,
            from: From::Elsewhere(pieces),
            piece: Vec::new(),
            length: None,
        })
    }

    /// The next piece, empty at the end; `None` if there is none within `time`.
    pub(crate) fn next(&mut self, time: Duration) -> io::Result<Option<&[u8]>> {
        match &mut self.from {
            From::Here(reader) => {
                let bytes = reader.read(&mut self.piece)?;
                Ok(Some(&self.piece[..bytes]))
            }
            From::Elsewhere(pieces) => {
                self.piece = match pieces.recv_timeout(time) {
                    Ok(piece) => piece?,
                    Err(RecvTimeoutError::Timeout) => return Ok(None),
                    Err(RecvTimeoutError::Disconnected) => Vec::new(),
                };
                Ok(Some(&self.piece))
            }
        }
    }
}

impl Body {
    pub(crate) fn file(path: &str, is_form: bool) -> Body {
        let path = path.to_owned();
        match path.as_str() {
            "-" => Body::Stdin { is_form },
            _ => Body::File { path, is_form },
        }
    }

    /// It can be sent only once.
    pub(crate) fn is_stdin(&self) -> bool {
        matches!(self, Body::Stdin { .. })
    }

    pub(crate) fn is_form(&self) -> bool {
        match self {
            Body::Text(_) => true,
            Body::File { is_form, .. } | Body::Stdin { is_form } => *is_form,
        }
    }

    pub(crate) fn method(&self) -> &'static str {
        match self.is_form() {
            true => "POST",
            false => "PUT",
        }
    }

    pub(crate) fn open(&self) -> Result<Source<'_>, Failure> {
        match self {
            Body::Text(text) => Ok(Source::here("-d", text.as_bytes(), text.len() as u64)),
            Body::Stdin { .. } => Source::elsewhere("standard input", || io::stdin().lock())
                .map_err(|e| Failure::new(26, named("standard input", &e).to_string())),
            Body::File { path, .. } => {
                open_file(path).map_err(|e| Failure::new(26, named(path, &e).to_string()))
            }
        }
    }
}

/// If a file grows while it is sent, its first length counts. The length of a pipe is not known.
fn open_file(path: &str) -> io::Result<Source<'_>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    match metadata.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false if metadata.is_file() => {
            let bytes = metadata.len();
            Ok(Source::here(path, file.take(bytes), bytes))
        }
        false => Source::elsewhere(path, || file),
    }
}
