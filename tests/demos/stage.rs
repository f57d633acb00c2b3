//! Demos as child processes. A watchdog kills a demo that runs longer than a test may, and no demo
//! outlives its test.

use crate::support::PATIENCE;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The exit code of a program, and all that it printed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a demo to its end, with nothing to read.
pub(crate) fn run(demo: &str, args: &[&str]) -> Ended {
    run_with(demo, args, "")
}

/// Runs a demo with this as its standard input.
pub(crate) fn run_with(demo: &str, args: &[&str], input: &str) -> Ended {
    end(command(demo, args), input.as_bytes())
}

pub(crate) fn command(demo: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program(demo));
    command.args(args);
    command
}

/// Runs a program to its end.
pub(crate) fn end(command: Command, input: &[u8]) -> Ended {
    finish(Running::spawn(command, input, false))
}

/// As [`end`], but its standard input has no end: after `input` it is silent.
pub(crate) fn end_before_input(command: Command, input: &[u8]) -> Ended {
    finish(Running::spawn(command, input, true))
}

fn finish(mut running: Running) -> Ended {
    let mut out = String::new();
    running.out.read_to_string(&mut out).expect("text");
    let code = running.process.wait();
    let err = running.err();
    Ended { code, out, err }
}

/// The output of a demo that succeeds and prints nothing on stderr.
#[track_caller]
pub(crate) fn printed(demo: &str, args: &[&str]) -> String {
    let Ended { code, out, err } = run(demo, args);
    assert_eq!(
        (code, err.as_str()),
        (Some(0), ""),
        "{demo} {args:?}: {out}"
    );
    out
}

/// A demo in the background, until it is dropped.
pub(crate) struct Running {
    process: Process,
    out: BufReader<ChildStdout>,
    err: Option<JoinHandle<String>>,
    address: Receiver<String>,
    _input: Sender<()>, // dropped with this, which ends an input that is kept open
    _watchdog: Sender<()>, // dropped with this, which ends the wait
}

impl Running {
    pub(crate) fn start(demo: &str, args: &[&str]) -> Running {
        Running::spawn(command(demo, args), b"", false)
    }

    pub(crate) fn spawn(mut command: Command, input: &[u8], keep_open: bool) -> Running {
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a program");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let err = child.stderr.take().expect("a pipe");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.to_vec();
        let (open, ended) = mpsc::channel::<()>();
        thread::spawn(move || {
            let _ = stdin.write_all(&input); // fails if the program ends before it reads
            if keep_open {
                let _ = ended.recv();
            }
        });
        let (tell, address) = mpsc::channel();
        let process = Process(Arc::new(Mutex::new(child)));
        Running {
            _watchdog: process.watch(),
            process,
            out,
            err: Some(thread::spawn(move || collect(err, &tell))),
            address,
            _input: open,
        }
    }

    /// Ends its standard input, which was kept open, and waits for its end.
    pub(crate) fn end_input(mut self) -> Ended {
        self.close_input();
        finish(self)
    }

    pub(crate) fn close_input(&mut self) {
        self._input = mpsc::channel().0;
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.with(|child| child.id())
    }

    /// Where this server listens.
    pub(crate) fn address(&self) -> String {
        self.address.recv().expect("a server that listens")
    }

    /// The next line that it prints, without its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("text");
        line.trim_end().to_owned()
    }

    /// Waits until it has printed `lines` lines, kills it, and returns all that it has printed.
    pub(crate) fn stop_after(mut self, lines: usize) -> String {
        let mut out = String::new();
        for _ in 0..lines {
            self.out.read_line(&mut out).expect("text");
        }
        self.process.kill();
        self.out.read_to_string(&mut out).expect("text");
        out
    }

    /// Kills it after a while, and returns its stderr.
    pub(crate) fn err_after(mut self, while_it_runs: Duration) -> String {
        thread::sleep(while_it_runs);
        self.process.kill();
        self.err()
    }

    /// All of stderr, once the program has ended.
    fn err(&mut self) -> String {
        let err = self.err.take().expect("it is asked for once");
        err.join().expect("text")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill();
        self.process.wait();
    }
}

/// Reads stderr to its end, so that the program never waits for room in the pipe.
fn collect(err: ChildStderr, address: &Sender<String>) -> String {
    let mut all = String::new();
    for line in BufReader::new(err).lines() {
        let line = line.expect("text");
        if let Some((_, listening)) = line.split_once(": listening on ") {
            let _ = address.send(listening.to_owned());
        }
        all += &(line + "\n");
    }
    all
}

#[derive(Clone)]
struct Process(Arc<Mutex<Child>>);

impl Process {
    fn with<R>(&self, act: impl FnOnce(&mut Child) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn kill(&self) {
        let _ = self.with(Child::kill); // it may have ended already
    }

    fn wait(&self) -> Option<i32> {
        self.with(|child| child.wait().expect("it is ours").code())
    }

    /// Kills the program after `PATIENCE`, unless the returned value is dropped before. A test that
    /// reads its output finds the end then, and fails.
    fn watch(&self) -> Sender<()> {
        let (watchdog, dropped) = mpsc::channel();
        let process = self.clone();
        thread::spawn(move || {
            if dropped.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                process.kill();
            }
        });
        watchdog
    }
}

pub(crate) fn program(demo: &str) -> &'static str {
    match demo {
        "agent_demo" => env!("CARGO_BIN_EXE_agent_demo"),
        "chapter" => env!("CARGO_BIN_EXE_chapter"),
        "cluster" => env!("CARGO_BIN_EXE_cluster"),
        "http_get" => env!("CARGO_BIN_EXE_http_get"),
        "tcp_echo" => env!("CARGO_BIN_EXE_tcp_echo"),
        "framing" => env!("CARGO_BIN_EXE_framing"),
        "http_server" => env!("CARGO_BIN_EXE_http_server"),
        "https_server" => env!("CARGO_BIN_EXE_https_server"),
        "tls_echo" => env!("CARGO_BIN_EXE_tls_echo"),
        "nagle" => env!("CARGO_BIN_EXE_nagle"),
        "proxy" => env!("CARGO_BIN_EXE_proxy"),
        "wire" => env!("CARGO_BIN_EXE_wire"),
        "udp_echo" => env!("CARGO_BIN_EXE_udp_echo"),
        "ws_server" => env!("CARGO_BIN_EXE_ws_server"),
        "ws_client" => env!("CARGO_BIN_EXE_ws_client"),
        _ => panic!("there is no demo {demo}"),
    }
}

/// A mistake in the options: the error, then the help or, if that is long, how to get it; and the code 2.
#[track_caller]
pub(crate) fn refuses(demo: &str, args: &[&str], why: &str) {
    let Ended { code, out, err } = run(demo, args);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}");
    let with_help = format!("{demo}: {why}\nusage: {demo}");
    let is_refused =
        err.starts_with(&with_help) || err == format!("{demo}: {why} (-h prints the options)\n");
    assert!(is_refused, "{args:?}: {err}");
}
