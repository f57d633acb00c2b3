//! The body of a request: a text, a file or standard input.

use crate::failure::Failure;
use std::fs::File;
use std::io::{self, Read};

pub(crate) enum Body {
    /// The text of `-d`.
    Text(String),
    /// A file; `form`: of `-d`, not of `-T`.
    File { path: String, form: bool },
    /// Standard input; `form` as above.
    Stdin { form: bool },
}

/// Bytes to send, and how many they will be, if anybody knows.
pub(crate) struct Source<'a> {
    pub(crate) reader: Box<dyn Read + 'a>,
    pub(crate) length: Option<u64>,
}

impl Body {
    /// Of `-T`.
    pub(crate) fn upload(path: String) -> Body {
        match path.as_str() {
            "-" => Body::Stdin { form: false },
            _ => Body::File { path, form: false },
        }
    }

    /// Of `-d @`.
    pub(crate) fn data_of(path: &str) -> Body {
        match path {
            "-" => Body::Stdin { form: true },
            _ => Body::File {
                path: path.to_owned(),
                form: true,
            },
        }
    }

    /// It can be sent once only.
    pub(crate) fn is_used_up(&self) -> bool {
        matches!(self, Body::Stdin { .. })
    }

    pub(crate) fn is_form(&self) -> bool {
        match self {
            Body::Text(_) => true,
            Body::File { form, .. } | Body::Stdin { form } => *form,
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
            Body::Text(text) => Ok(Source {
                reader: Box::new(text.as_bytes()),
                length: Some(text.len() as u64),
            }),
            Body::Stdin { .. } => Ok(Source {
                reader: Box::new(io::stdin().lock()),
                length: None,
            }),
            Body::File { path, .. } => {
                open_file(path).map_err(|e| Failure::new(26, format!("{path}: {e}")))
            }
        }
    }
}

/// A file that grows meanwhile is sent as long as it was; of a pipe nobody knows the length.
fn open_file(path: &str) -> io::Result<Source<'static>> {
    let file = File::open(path)?;
    let facts = file.metadata()?;
    if facts.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let length = facts.is_file().then_some(facts.len());
    Ok(Source {
        reader: Box::new(file.take(length.unwrap_or(u64::MAX))),
        length,
    })
}
