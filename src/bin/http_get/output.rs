//! Where a body goes.

use crate::failure::Failure;
use std::fs::File;
use std::io::{self, IsTerminal, StdoutLock, Write};

pub(crate) enum Output {
    /// `text_only`: without `-o -`, a terminal gets no binary data.
    Stdout {
        out: StdoutLock<'static>,
        text_only: bool,
    },
    /// Created for the first byte, or at the end of an empty body.
    File { path: String, file: Option<File> },
}

impl Output {
    pub(crate) fn new(name: Option<&String>) -> Output {
        match name.map(String::as_str) {
            None | Some("-") => Output::Stdout {
                out: io::stdout().lock(),
                text_only: name.is_none() && io::stdout().is_terminal(),
            },
            Some(path) => Output::File {
                path: path.to_owned(),
                file: None,
            },
        }
    }

    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Output::Stdout { .. }) && io::stdout().is_terminal()
    }

    /// Writes a piece at once.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if matches!(
            self,
            Output::Stdout {
                text_only: true,
                ..
            }
        ) && bytes.contains(&0)
        {
            let text = "binary data could confuse the terminal: -o FILE, or -o - to see it";
            return Err(Failure::new(23, text));
        }
        self.write_out(bytes).map_err(|e| self.failed(&e))
    }

    fn write_out(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Output::Stdout { out, .. } => out.write_all(bytes).and_then(|()| out.flush()),
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
            _ => Ok(()),
        }
    }

    fn failed(&self, error: &io::Error) -> Failure {
        let place = match self {
            Output::Stdout { .. } => "standard output",
            Output::File { path, .. } => path,
        };
        Failure::new(23, format!("{place}: {error}"))
    }
}
