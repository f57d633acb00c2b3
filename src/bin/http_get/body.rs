//! The body of a request: a text, a file or standard input.

use crate::failure::Failure;
use std::fs::File;
use std::io::{self, Read};

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

/// Bytes to send, and how many they are, if that is known.
pub(crate) struct Source<'a> {
    pub(crate) reader: Box<dyn Read + 'a>,
    pub(crate) length: Option<u64>,
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
        let (reader, length): (Box<dyn Read>, _) = match self {
            Body::Text(text) => (Box::new(text.as_bytes()), Some(text.len() as u64)),
            Body::Stdin { .. } => (Box::new(io::stdin().lock()), None),
            Body::File { path, .. } => {
                return open_file(path).map_err(|e| Failure::new(26, format!("{path}: {e}")));
            }
        };
        Ok(Source { reader, length })
    }
}

/// If a file grows while it is sent, its first length counts. The length of a pipe is not known.
fn open_file(path: &str) -> io::Result<Source<'static>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let length = metadata.is_file().then_some(metadata.len());
    let reader = Box::new(file.take(length.unwrap_or(u64::MAX)));
    Ok(Source { reader, length })
}
