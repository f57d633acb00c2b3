//! How every demo prints, and how it ends when its output cannot be written.
//!
//! | macro | a line on | for | if it cannot be written |
//! |---|---|---|---|
//! | `out!` | stdout | what the user asked for | the demo ends: with exit code 141 and no word if the reader has left (`\| head -1`), otherwise with 1 and a line on stderr |
//! | `log!` | stdout | what a server prints while it serves | the line is lost, and the server goes on; the first loss is reported on stderr. If the reader stops reading, only a thread of its own waits (`background.rs`) |
//! | `err!` | stderr, behind the demo's name | errors | the line is lost |
//!
//! `println!` and `eprintln!` panic instead, so no other file names stdout or stderr: `cargo test --test
//! layering` refuses it. A stream that was closed before the start (`>&-`) is /dev/null: std opens it.
//!
//! Lines of `log!` and `err!` may contain bytes of a peer, so their control characters are escaped. `out!`
//! prints a line as it is; for the bytes of a peer there are [`PeerOutput`] and [`shown`].

use super::background::Background;
use super::printable::{TerminalText, escaped};
use super::words::of_the_command_line;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Arguments;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const NAME: &str = env!("CARGO_BIN_NAME");
/// As a shell reports a program that SIGPIPE has ended: 128 + 13.
const READER_LEFT: i32 = 141;

macro_rules! out {
    ($($text:tt)*) => { $crate::demo::print::print_out(format_args!($($text)*)) };
}

macro_rules! log {
    ($($text:tt)*) => { $crate::demo::print::print_log(format_args!($($text)*)) };
}

macro_rules! err {
    ($($text:tt)*) => { $crate::demo::print::print_err(format_args!($($text)*)) };
}

/// `err!` at the end of a process: [`flush`] waits for it, but not for long.
macro_rules! last_err {
    ($($text:tt)*) => { $crate::demo::print::print_last_err(format_args!($($text)*)) };
}

pub(crate) use {err, last_err, log, out};

pub(crate) fn print_out(line: Arguments<'_>) {
    let line = format!("{line}\n");
    write_stdout(line.as_bytes()).unwrap_or_else(|error| end_without_output(&error));
}

/// The lines of a server: a process that has printed one with `log!`.
static SERVER: Background<Line> = Background::new();

enum Line {
    Out(String),
    Err(String),
}

thread_local! {
    static SPEAKER: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// The lines that this thread prints with `log!` begin with this name from now on: which of several servers it is.
pub(crate) fn speak_as(name: &'static str) {
    SPEAKER.set(Some(name));
}

pub(crate) fn print_log(line: Arguments<'_>) {
    let name = SPEAKER
        .get()
        .map_or(String::new(), |name| format!("{name}: "));
    let line = name + &escaped(&line.to_string()) + "\n";
    let bytes = line.len();
    SERVER.send(Line::Out(line), bytes, write_line);
}

/// Prints an error in the words of the command line.
pub(crate) fn print_err(line: Arguments<'_>) {
    write_err(format_args!("{}", err_line(line)));
}

pub(crate) fn print_last_err(line: Arguments<'_>) {
    let line = err_line(line);
    let bytes = line.len();
    SERVER.send(Line::Err(line), bytes, write_line);
}

fn err_line(line: Arguments<'_>) -> String {
    let line = of_the_command_line(&line.to_string());
    format!("{NAME}: {}\n", escaped(&line))
}

/// Writes to stderr as it is: a line without the name, or a progress bar.
pub(crate) fn write_err(text: Arguments<'_>) {
    let text = text.to_string(); // written at once, so that lines of several threads do not mix
    let bytes = text.len();
    match SERVER.is_started() {
        true => SERVER.send(Line::Err(text), bytes, write_line),
        false => write_stderr(&text),
    }
}

/// Waits until the lines of a server are printed, at most for a second.
pub(crate) fn flush() {
    SERVER.flush(Duration::from_secs(1));
}

fn write_line(line: Option<Line>, lost: u64) {
    static HAS_LOST: AtomicBool = AtomicBool::new(false);
    if lost > 0 {
        write_stderr(&format!(
            "{NAME}: the output was not read, and {lost} lines were lost\n"
        ));
    }
    match line {
        None => {}
        Some(Line::Err(text)) => write_stderr(&text),
        Some(Line::Out(line)) => {
            if let Err(error) = write_stdout(line.as_bytes())
                && !HAS_LOST.swap(true, Ordering::Relaxed)
            {
                write_stderr(&format!(
                    "{NAME}: standard output: {error}; lines are lost, and the server goes on\n"
                ));
            }
        }
    }
}

fn write_stderr(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Whether stderr is a terminal that understands escape sequences.
pub(crate) fn can_draw() -> bool {
    io::stderr().is_terminal() && !is_dumb()
}

/// Whether stdout is a terminal that understands escape sequences, and the user wants colours: `NO_COLOR` is empty.
pub(crate) fn colours() -> bool {
    Standard::Out.colours()
}

/// Where a demo explains what passes. Its text has no bytes that control a terminal.
#[derive(Clone, Copy)]
pub(crate) enum Standard {
    Out,
    Err,
}

impl Standard {
    pub(crate) fn colours(self) -> bool {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
        let is_terminal = match self {
            Standard::Out => stdout_is_terminal(),
            Standard::Err => io::stderr().is_terminal(),
        };
        is_terminal && !is_dumb() && wanted
    }
}

impl Write for Standard {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        match self {
            Standard::Out => write_stdout(text)?,
            Standard::Err => io::stderr().write_all(text)?,
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many columns a line may have: `COLUMNS`, or 80.
pub(crate) fn columns() -> usize {
    let columns = std::env::var_os("COLUMNS");
    let columns = columns.and_then(|text| text.to_str()?.parse().ok());
    columns.unwrap_or(80)
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb")
}

pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Text of a peer for `out!`: on a terminal, without control characters.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    match stdout_is_terminal() {
        true => Cow::Owned(escaped(text)),
        false => Cow::Borrowed(text),
    }
}

/// Bytes of a peer on stdout, in the pieces in which they arrive: on a terminal as text that cannot
/// control it, otherwise unchanged.
pub(crate) struct PeerOutput {
    terminal: Option<TerminalText>,
}

impl PeerOutput {
    pub(crate) fn new() -> PeerOutput {
        let terminal = stdout_is_terminal().then(TerminalText::default);
        PeerOutput { terminal }
    }

    /// Unchanged, on a terminal too.
    pub(crate) fn unchanged() -> PeerOutput {
        PeerOutput { terminal: None }
    }

    pub(crate) fn is_for_terminal(&self) -> bool {
        self.terminal.is_some()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.terminal {
            Some(terminal) => write_stdout(terminal.push(bytes).as_bytes()),
            None => write_stdout(bytes),
        }
    }

    /// [`write`](PeerOutput::write), or ends the demo.
    pub(crate) fn print(&mut self, bytes: &[u8]) {
        let written = self.write(bytes);
        written.unwrap_or_else(|error| end_without_output(&error));
    }

    /// [`finish`](PeerOutput::finish), or ends the demo.
    pub(crate) fn print_end(&mut self) {
        let finished = self.finish();
        finished.unwrap_or_else(|error| end_without_output(&error));
    }

    /// The peer sends nothing more.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        match &mut self.terminal {
            Some(terminal) => write_stdout(terminal.finish().as_bytes()),
            None => Ok(()),
        }
    }
}

/// Stdout for what takes a writer: as `out!`, the demo ends if it cannot be written.
pub(crate) struct Stdout;

impl Write for Stdout {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        write_stdout(text).unwrap_or_else(|error| end_without_output(&error));
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Stdout of a server for what takes a writer, and goes on without it after an error.
pub(crate) struct ServerOutput;

impl Write for ServerOutput {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        write_stdout(text).map(|()| text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Ends a demo whose output cannot be written.
fn end_without_output(error: &io::Error) -> ! {
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(READER_LEFT);
    }
    print_err(format_args!("standard output: {error}"));
    flush();
    std::process::exit(1)
}
