//! What `--log` does: a line for each exchange, on stdout or in a file.
//!
//! ```text
//!   --log             127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] "GET / HTTP/1.1" 200 12
//!   --log=combined    … "http://localhost/" "curl/8.5.0"
//!   --log=json        {"time":"1994-11-06T08:49:37Z","peer":"127.0.0.1:50312","connection":1,"request":1,…}
//! ```
//!
//! The first two are the Common and the Combined Log Format, as Apache's mod_log_config documents and escapes them;
//! `%l` and `%u` are always `-`.
//!
//! The thread of a connection appends its line to a buffer, and a thread of its own writes what is in the buffer, in
//! pieces of whole lines: so the lines of several workers do not mix in a pipe. The lock around the buffer is not held
//! while that thread writes. If the reader is slow or stops, the buffer fills up to [`MOST_BYTES`]; then lines are lost,
//! and stderr has a line that says how many. So no request ever waits for the log. At the end of the process, [`flush`]
//! waits a second for its lines; those that are not written then are lost and counted, too.

use super::args::Args;
use super::files::NamedFile;
use super::print::{Standard, err, last_err};
use barewire::http::wire::HttpDate;
use barewire::http::{Error, Server, ServerEvents, Summary};
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::iter;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Builder;
use std::time::{Duration, SystemTime};

const MOST_BYTES: usize = 1024 * 1024;
/// A pipe takes this at once, or nothing of it: Linux's PIPE_BUF.
const PIECE_BYTES: usize = 4096;

/// The log of this process.
static LOG: OnceLock<Arc<Queue>> = OnceLock::new();

/// Waits until the lines are written, at most for `time`. Nothing is logged any more.
pub(crate) fn flush(time: Duration) {
    if let Some(queue) = LOG.get()
        && let lost @ 1.. = queue.flush(time)
    {
        last_err!("the log was written too slowly, and {lost} of its last lines were lost");
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Common,
    Combined,
    Json,
}

/// The options.
pub(crate) struct AccessLog {
    format: Option<Format>,
    file: Option<String>,
}

impl AccessLog {
    pub(crate) fn of(args: &mut Args<'_>) -> Result<AccessLog, String> {
        let mut formats = [
            ("--log", Format::Common),
            ("--log=combined", Format::Combined),
            ("--log=json", Format::Json),
        ]
        .into_iter()
        .filter(|(name, _)| args.has(name));
        let (format, other) = (formats.next(), formats.next());
        if other.is_some() {
            return Err("--log, --log=combined or --log=json, and no two of them".into());
        }
        let format = format.map(|(_, format)| format);
        let file = args.value("--log-file");
        match file.is_some() && format.is_none() {
            true => Err("--log-file needs --log".into()),
            false => Ok(AccessLog { format, file }),
        }
    }

    pub(crate) fn is_asked_for(&self) -> bool {
        self.format.is_some()
    }

    /// The server, which logs if that was asked for: in the file, or on `output`.
    pub(crate) fn attach<E: ServerEvents>(
        self,
        server: Server<E>,
        output: Standard,
    ) -> io::Result<Server<E>> {
        let Some(format) = self.format else {
            return Ok(server);
        };
        let out: Box<dyn Write + Send> = match &self.file {
            None => Box::new(output),
            Some(path) => Box::new(NamedFile::append(path)?),
        };
        let queue = Queue::start(out)?;
        let _ = LOG.set(Arc::clone(&queue)); // a process has one server with a log
        Ok(server.on_finish(move |summary| queue.append(|line| format.write(line, summary))))
    }
}

/// Lines that are not written yet.
#[derive(Default)]
struct Queue {
    pending: Mutex<Pending>,
    changed: Condvar,
}

#[derive(Default)]
struct Pending {
    lines: String,
    lost: u64,
    /// How many lines the thread has taken and not written yet.
    writing: u64,
    /// Nothing more is written.
    is_over: bool,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.lost == 0
    }
}

impl Queue {
    fn start(mut out: Box<dyn Write + Send>) -> io::Result<Arc<Queue>> {
        let queue = Arc::new(Queue::default());
        let theirs = Arc::clone(&queue);
        Builder::new().spawn(move || theirs.write_all(&mut out))?;
        Ok(queue)
    }

    /// Never waits for the writer. A line that does not fit is lost.
    fn append(&self, line: impl FnOnce(&mut String) -> fmt::Result) {
        let mut pending = self.lock();
        let before = pending.lines.len();
        let written = line(&mut pending.lines);
        if written.is_err() || pending.lines.len() > MOST_BYTES {
            pending.lines.truncate(before);
            pending.lost += 1;
        }
        drop(pending);
        self.changed.notify_all();
    }

    /// Waits at most for `time`, and returns how many lines are not written by then. They never will be, but for those
    /// that the thread is writing just then.
    fn flush(&self, time: Duration) -> u64 {
        let is_busy = |pending: &mut Pending| pending.writing > 0 || !pending.is_empty();
        let waited = self.changed.wait_timeout_while(self.lock(), time, is_busy);
        let (mut pending, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let lost = pending.writing + number_of_lines(&pending.lines) + pending.lost;
        pending.is_over = lost > 0;
        lost
    }

    fn write_all(&self, out: &mut dyn Write) {
        let (mut lines, mut is_broken) = (String::new(), false);
        loop {
            let waited = self.changed.wait_while(self.lock(), |it| it.is_empty());
            let mut pending = waited.unwrap_or_else(PoisonError::into_inner);
            mem::swap(&mut lines, &mut pending.lines);
            pending.writing = number_of_lines(&lines);
            drop(pending);
            for piece in pieces(&lines) {
                if self.lock().is_over {
                    return;
                }
                let written = out.write_all(piece.as_bytes()); // may wait for long
                if let Err(error) = written
                    && !mem::replace(&mut is_broken, true)
                {
                    err!("the log: {error}; its lines are lost, and the server goes on");
                }
                self.lock().writing -= number_of_lines(piece);
            }
            lines.clear();
            let lost = self.lock().lost;
            if lost > 0 {
                err!("the log was written too slowly, and {lost} of its lines were lost");
            }
            self.lock().lost -= lost; // now: until the line is out, `flush` waits for it
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn number_of_lines(lines: &str) -> u64 {
    lines.bytes().filter(|&byte| byte == b'\n').count() as u64
}

/// Whole lines, [`PIECE_BYTES`] at most; a longer line by itself.
fn pieces(mut lines: &str) -> impl Iterator<Item = &str> {
    iter::from_fn(move || {
        let first = lines.find('\n')? + 1;
        let fit = &lines.as_bytes()[..lines.len().min(PIECE_BYTES)];
        let last = fit.iter().rposition(|&byte| byte == b'\n');
        let (piece, rest) = lines.split_at(last.map_or(first, |at| at + 1));
        lines = rest;
        Some(piece)
    })
}

impl Format {
    fn write(self, line: &mut String, summary: &Summary<'_>) -> fmt::Result {
        match self {
            Format::Common => common(line, summary)?,
            Format::Combined => {
                common(line, summary)?;
                for name in ["Referer", "User-Agent"] {
                    write!(
                        line,
                        " \"{}\"",
                        Escaped(field(summary, name).unwrap_or(b"-"))
                    )?;
                }
            }
            Format::Json => json(line, summary)?,
        }
        line.write_char('\n')
    }
}

fn field<'a>(summary: &Summary<'a>, name: &str) -> Option<&'a [u8]> {
    summary.head()?.fields().get(name)
}

/// `%h %l %u %t "%r" %>s %b`
fn common(line: &mut String, summary: &Summary<'_>) -> fmt::Result {
    match summary.peer().and_then(|peer| peer.ip()) {
        Some(peer) => write!(line, "{}", peer.ip())?,
        None => line.write_char('-')?, // a Unix socket
    }
    let date = Date::of(summary.date());
    write!(
        line,
        " - - [{}/{}/{}",
        date.day(),
        date.month(),
        date.year()
    )?;
    write!(line, ":{} +0000] \"", date.time())?;
    match (summary.method(), summary.url()) {
        (Some(method), Some(url)) => {
            let (method, url) = (Escaped(method.as_bytes()), Escaped(url.as_bytes()));
            write!(line, "{method} {url}")?;
            if let Some(version) = summary.http_version() {
                write!(line, " HTTP/{version}")?;
            }
        }
        _ => line.write_char('-')?,
    }
    match summary.status() {
        Some(status) => write!(line, "\" {status:03}")?,
        None => line.write_str("\" -")?,
    }
    match summary.body_bytes() {
        0 => line.write_str(" -"),
        bytes => write!(line, " {bytes}"),
    }
}

fn json(line: &mut String, summary: &Summary<'_>) -> fmt::Result {
    let date = Date::of(summary.date());
    let (year, month, day) = (date.year(), date.month_number(), date.day());
    write!(
        line,
        "{{\"time\":\"{year}-{month:02}-{day}T{}Z\"",
        date.time()
    )?;
    let peer = summary.peer().map(|peer| peer.to_string());
    text(line, "peer", peer.as_deref().map(str::as_bytes))?;
    let numbers = (summary.connection(), summary.request());
    write!(
        line,
        ",\"connection\":{},\"request\":{}",
        numbers.0, numbers.1
    )?;
    text(line, "method", summary.method().map(str::as_bytes))?;
    text(line, "target", summary.url().map(str::as_bytes))?;
    text(line, "version", summary.http_version().map(str::as_bytes))?;
    text(line, "referer", field(summary, "Referer"))?;
    text(line, "user_agent", field(summary, "User-Agent"))?;
    number(line, "status", summary.status())?;
    number(line, "bytes_in", Some(summary.bytes_in()))?;
    number(line, "bytes_out", Some(summary.bytes_out()))?;
    number(line, "body_bytes", Some(summary.body_bytes()))?;
    number(line, "first_byte_ms", summary.first_byte().map(millis))?;
    number(line, "ms", Some(millis(summary.time())))?;
    let end = match (summary.is_complete(), summary.is_upgraded()) {
        (false, _) => "cut",
        (true, true) => "upgraded",
        (true, false) => "complete",
    };
    text(line, "end", Some(end.as_bytes()))?;
    let refused = summary.refusal().map(|error| match error {
        Error::Peer(error) => error.rule().name().to_owned(),
        other => other.to_string(),
    });
    text(line, "refused", refused.as_deref().map(str::as_bytes))?;
    line.write_char('}')
}

fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

fn number<T: fmt::Display>(line: &mut String, name: &str, value: Option<T>) -> fmt::Result {
    match value {
        Some(value) => write!(line, ",\"{name}\":{value}"),
        None => write!(line, ",\"{name}\":null"),
    }
}

/// A string of RFC 8259: bytes that are not UTF-8 become U+FFFD, and no character of it controls a terminal.
fn text(line: &mut String, name: &str, value: Option<&[u8]>) -> fmt::Result {
    let Some(value) = value else {
        return write!(line, ",\"{name}\":null");
    };
    write!(line, ",\"{name}\":\"")?;
    for c in String::from_utf8_lossy(value).chars() {
        match c {
            '"' | '\\' => write!(line, "\\{c}")?,
            c if c.is_control() => write!(line, "\\u{:04x}", u32::from(c))?,
            c => line.write_char(c)?,
        }
    }
    line.write_char('"')
}

/// As Apache escapes what a client has sent: `\"` and `\\`, C's letters for blanks, `\xhh` for all else that is not
/// printable ASCII.
struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &byte in self.0 {
            match byte {
                b'"' | b'\\' => write!(f, "\\{}", char::from(byte))?,
                b' '..=b'~' => f.write_char(char::from(byte))?,
                b'\t' => f.write_str("\\t")?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        Ok(())
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, taken apart.
struct Date([u8; 29]);

impl Date {
    fn of(time: SystemTime) -> Date {
        let date = HttpDate::from_system_time(time);
        let date = date.map(|date| date.to_bytes());
        Date(date.unwrap_or(*b"Thu, 01 Jan 1970 00:00:00 GMT"))
    }

    fn part(&self, from: usize, to: usize) -> &str {
        str::from_utf8(&self.0[from..to]).unwrap_or("-")
    }

    fn day(&self) -> &str {
        self.part(5, 7)
    }

    fn month(&self) -> &str {
        self.part(8, 11)
    }

    fn month_number(&self) -> usize {
        const NAMES: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
        NAMES.find(self.month()).map_or(0, |at| at / 3 + 1)
    }

    fn year(&self) -> &str {
        self.part(12, 16)
    }

    fn time(&self) -> &str {
        self.part(17, 25)
    }
}

#[cfg(test)]
mod tests;
