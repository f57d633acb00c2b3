//! Reading responses by the letter (RFC 9112), with no code of the library.
//!
//! A lenient reader would hide mistakes: this one wants exactly one space, CRLF, known framing,
//! and no byte where none belongs.

use barewire::net::{Stream, is_timeout};
use std::fmt;
use std::sync::Arc;

/// How the end of a body was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none: the answer to a HEAD, a 1xx, 204, 304.
    Nothing,
    Length,
    Chunked,
    UntilClose,
}

/// One response.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// In the order they came, spelt as they came.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) framing: Framing,
    pub(crate) body: Vec<u8>,
    /// The sizes of the chunks, where the body came in chunks.
    pub(crate) chunks: Vec<usize>,
    pub(crate) trailers: Vec<(String, String)>,
}

impl Answer {
    /// The value of a field that must not be there twice.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let values = self.all(name);
        assert!(values.len() < 2, "{name} came {} times", values.len());
        values.first().copied()
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.fields.iter();
        let same = lines.filter(|(given, _)| given.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }

    /// The names of the fields, in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.fields.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// Whether the server says that the connection ends here.
    pub(crate) fn says_close(&self) -> bool {
        self.field("Connection") == Some("close")
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The connection ended in the middle of one, or before it.
    Cut,
    /// It is none: what is wrong with it.
    Wrong(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Cut => f.write_str("the connection was cut"),
            Broken::Wrong(why) => f.write_str(why),
        }
    }
}

fn wrong<T>(what: &str, line: &str) -> Result<T, Broken> {
    Err(Broken::Wrong(format!("{what}: {line:?}")))
}

type Lines = Vec<(String, String)>;

/// Takes answers from a stream, or from bytes that are all there.
pub(crate) struct Reader {
    stream: Option<Arc<dyn Stream>>,
    bytes: Vec<u8>,
    at: usize,
}

impl Reader {
    pub(crate) fn of(bytes: Vec<u8>) -> Reader {
        let stream = None;
        Reader {
            stream,
            bytes,
            at: 0,
        }
    }

    pub(crate) fn over(stream: Arc<dyn Stream>) -> Reader {
        Reader {
            stream: Some(stream),
            ..Reader::of(Vec::new())
        }
    }

    /// A final answer, or panic.
    #[track_caller]
    pub(crate) fn expect_answer(&mut self, method: &str) -> Answer {
        match self.answer(method) {
            Ok(answer) if answer.status >= 200 => answer,
            other => panic!("no final answer but {other:?}"),
        }
    }

    /// A 1xx, or panic.
    #[track_caller]
    pub(crate) fn expect_interim(&mut self) -> Answer {
        match self.answer("GET") {
            Ok(answer) if answer.status < 200 => answer,
            other => panic!("no interim answer but {other:?}"),
        }
    }

    /// The next answer, of either kind, to a request of this method.
    pub(crate) fn answer(&mut self, method: &str) -> Result<Answer, Broken> {
        let mut answer = self.head()?;
        answer.framing = framing(method, &answer)?;
        match answer.framing {
            Framing::Nothing => {}
            Framing::Length => answer.body = self.take(length(&answer)?)?,
            Framing::Chunked => self.chunks(&mut answer)?,
            Framing::UntilClose => answer.body = self.rest(),
        }
        Ok(answer)
    }

    /// A status line and fields.
    pub(crate) fn head(&mut self) -> Result<Answer, Broken> {
        let line = self.line()?;
        let code = line.strip_prefix("HTTP/1.1 ");
        let code = code.filter(|code| code.as_bytes().get(3) == Some(&b' '));
        let Some((status, reason)) = code.map(|code| code.split_at(3)) else {
            return wrong("no status line", &line);
        };
        match status.parse() {
            Ok(status @ 100..=599) => Ok(Answer {
                status,
                reason: reason[1..].to_owned(),
                fields: self.fields()?,
                framing: Framing::Nothing,
                body: Vec::new(),
                chunks: Vec::new(),
                trailers: Vec::new(),
            }),
            _ => wrong("no status", &line),
        }
    }

    fn fields(&mut self) -> Result<Lines, Broken> {
        let mut fields = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(fields);
            }
            let Some((name, value)) = line.split_once(": ") else {
                return wrong("no field", &line);
            };
            let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
            if name.is_empty() || !name.bytes().all(token) || value.trim() != value {
                return wrong("no field", &line);
            }
            fields.push((name.to_owned(), value.to_owned()));
        }
    }

    fn chunks(&mut self, answer: &mut Answer) -> Result<(), Broken> {
        loop {
            let line = self.line()?;
            let size = match usize::from_str_radix(&line, 16) {
                Ok(size) if line == format!("{size:x}") => size,
                _ => return wrong("no chunk size", &line),
            };
            if size == 0 {
                answer.trailers = self.fields()?;
                return Ok(());
            }
            answer.chunks.push(size);
            answer.body.extend(self.take(size)?);
            if self.take(2)? != b"\r\n" {
                return wrong("no CRLF behind a chunk", &line);
            }
        }
    }

    /// A line without its CRLF. Bytes beyond ASCII become the characters of Latin-1.
    fn line(&mut self) -> Result<String, Broken> {
        let mut line = String::new();
        loop {
            match self.take(1)?[0] {
                b'\r' if self.take(1)? == b"\n" => return Ok(line),
                byte @ (b'\r' | b'\n' | 0) => {
                    return wrong("a stray control", &format!("{line}{byte:02x}"));
                }
                byte => line.push(char::from(byte)),
            }
        }
    }

    /// The next `n` bytes.
    pub(crate) fn take(&mut self, n: usize) -> Result<Vec<u8>, Broken> {
        while self.bytes.len() - self.at < n {
            if !self.more()? {
                return Err(Broken::Cut);
            }
        }
        let taken = self.bytes[self.at..self.at + n].to_vec();
        self.at += n;
        Ok(taken)
    }

    /// Everything up to the end.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while matches!(self.more(), Ok(true)) {}
        self.bytes.drain(..std::mem::take(&mut self.at));
        std::mem::take(&mut self.bytes)
    }

    /// Nothing is left here, and nothing waits in the stream.
    pub(crate) fn has_nothing(&mut self) -> bool {
        if let Some(stream) = &self.stream {
            let mut piece = [0; 4096];
            if let Ok(Some(n)) = stream.try_read(&mut piece) {
                self.bytes.extend_from_slice(&piece[..n]);
            }
        }
        self.at == self.bytes.len()
    }

    /// Reads some more; `false` at the end.
    fn more(&mut self) -> Result<bool, Broken> {
        let Some(stream) = &self.stream else {
            return Ok(false);
        };
        if self.at == self.bytes.len() {
            self.bytes.clear();
            self.at = 0;
        }
        let mut piece = [0; 64 * 1024];
        match stream.read(&mut piece) {
            Ok(n) => {
                self.bytes.extend_from_slice(&piece[..n]);
                Ok(n > 0)
            }
            Err(error) if is_timeout(&error) => panic!("nothing more came, and no end"),
            Err(_) => Err(Broken::Cut),
        }
    }
}

/// RFC 9112 §6.3, as a client reads it, and what a server must not send at all.
fn framing(method: &str, answer: &Answer) -> Result<Framing, Broken> {
    let length = !answer.all("Content-Length").is_empty();
    let chunked = match answer.all("Transfer-Encoding")[..] {
        [] => false,
        ["chunked"] => true,
        _ => return Err(Broken::Wrong("an unknown transfer coding".into())),
    };
    if length && chunked {
        return Err(Broken::Wrong("both a length and a coding".into()));
    }
    if matches!(answer.status, 100..200 | 204) && (length || chunked) {
        return Err(Broken::Wrong("a length where there is no body".into()));
    }
    let bodyless = method == "HEAD" || matches!(answer.status, 100..200 | 204 | 304);
    Ok(match (length, chunked) {
        _ if bodyless => Framing::Nothing,
        (true, _) => Framing::Length,
        (_, true) => Framing::Chunked,
        _ if answer.says_close() => Framing::UntilClose,
        _ => return Err(Broken::Wrong("the end of the body cannot be found".into())),
    })
}

fn length(answer: &Answer) -> Result<usize, Broken> {
    match answer.all("Content-Length")[..] {
        [value] if value.bytes().all(|b| b.is_ascii_digit()) => {
            value.parse().map_err(|_| Broken::Wrong(value.into()))
        }
        _ => Err(Broken::Wrong("no plain Content-Length".into())),
    }
}
