//! Where a body goes.

use crate::demo::{PeerOutput, stdout_is_terminal};
use crate::failure::Failure;
use std::fs::File;
use std::io::{self, Write};

pub(crate) enum Output {
    /// Without `-o -`, a terminal gets text only, with its control characters escaped.
    Stdout(PeerOutput),
    /// Created for the first byte, or at the end of an empty body.
    File { path: String, file: Option<File> },
}

impl Output {
    pub(crate) fn new(name: Option<&String>) -> Output {
        match name.map(String::as_str) {
            None => Output::Stdout(PeerOutput::new()),
            Some("-") => Output::Stdout(PeerOutput::unchanged()),
            Some(path) => Output::File {
                path: path.to_owned(),
                file: None,
            },
        }
    }

    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Output::Stdout(_)) && stdout_is_terminal()
    }

    /// Writes a piece at once.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let is_for_terminal = matches!(self, Output::Stdout(out) if out.is_for_terminal());
        if is_for_terminal && bytes.contains(&0) {
            let text = "binary data could confuse the terminal: -o FILE, or -o - to see it";
            return Err(Failure::new(23, text));
        }
        self.write_out(bytes).map_err(|e| self.failed(&e))
    }

    fn write_out(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Output::Stdout(out) => out.write(bytes),
            Output::File {
                file: Some(file), ..
            } => file.write_all(bytes),
            Output::File { path, file } => {
                let mut made = File::create(path)?;
                made.write_all(bytes)?;
                *file = Some(made);
                Ok(())
            }
        }
    }

    /// The end of the body.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        match self {
            Output::File { file: None, .. } => self.write(b""),
            Output::File { .. } => Ok(()),
            Output::Stdout(out) => out.finish().map_err(|e| unwritten("standard output", &e)),
        }
    }

    fn failed(&self, error: &io::Error) -> Failure {
        match self {
            Output::Stdout(_) => unwritten("standard output", error),
            Output::File { path, .. } => unwritten(path, error),
        }
    }
}

/// The text of `-w`, in which values of a peer are printable.
pub(crate) fn write_report(text: &str) -> Result<(), Failure> {
    let written = PeerOutput::unchanged().write(text.as_bytes());
    written.map_err(|e| unwritten("standard output", &e))
}

fn unwritten(place: &str, error: &io::Error) -> Failure {
    Failure::new(23, format!("{place}: {error}"))
}
