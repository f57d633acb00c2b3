//! Running a demo, and servers for it that answer as they are told.

use crate::support::PATIENCE;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const HTTP_GET: &str = env!("CARGO_BIN_EXE_http_get");
pub(crate) const AGENT_DEMO: &str = env!("CARGO_BIN_EXE_agent_demo");
pub(crate) const PROXY: &str = env!("CARGO_BIN_EXE_proxy");

/// A demo that has come to its end.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a demo with nothing to read and an environment without proxies.
pub(crate) fn run(demo: &str, args: &[&str]) -> Ran {
    run_with(command(demo, args), b"")
}

pub(crate) fn http_get(args: &[&str]) -> Ran {
    run(HTTP_GET, args)
}

pub(crate) fn command(demo: &str, args: &[&str]) -> Command {
    let mut command = Command::new(demo);
    for name in ["http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"] {
        command.env_remove(name);
    }
    command.args(args);
    command
}

/// Runs it, with this as its standard input. One that does not end is killed.
pub(crate) fn run_with(mut command: Command, input: &[u8]) -> Ran {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = pipes.stderr(Stdio::piped()).spawn().expect("the demo");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    thread::spawn(move || stdin.write_all(&input));
    let out = read_all(child.stdout.take().expect("a pipe"));
    let err = read_all(child.stderr.take().expect("a pipe"));
    let until = Instant::now() + PATIENCE;
    while child.try_wait().expect("a child").is_none() && Instant::now() < until {
        thread::sleep(Duration::from_millis(2));
    }
    let _ = child.kill();
    let status = child.wait().expect("a child");
    Ran {
        code: status.code().expect("ends by itself"),
        out: out.recv().expect("its output"),
        err: err.recv().expect("its errors"),
    }
}

fn read_all(mut pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        tell.send(String::from_utf8_lossy(&bytes).into_owned())
    });
    told
}

/// What differs from run to run, by a word: the port, and the date.
pub(crate) fn masked(text: &str, port: u16) -> String {
    let text = text.replace(&port.to_string(), "PORT");
    let lines = text.lines().map(|line| match line.split_once("Date: ") {
        Some((before, _)) => format!("{before}Date: DATE\n"),
        None => format!("{line}\n"),
    });
    lines.collect()
}

/// A demo that runs until it is dropped, and what it prints.
pub(crate) struct Running {
    process: Child,
    prints: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(demo: &str, args: &[&str]) -> Running {
        let mut command = command(demo, args);
        let pipes = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = pipes.stderr(Stdio::null()).spawn().expect("the demo");
        let prints = BufReader::new(process.stdout.take().expect("a pipe"));
        Running { process, prints }
    }

    /// The next line that it prints, without its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.prints.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A server without rules: on each connection in turn it reads a head, sends one of the answers and
/// ends. What it was sent, up to the end of the head, can be asked for.
pub(crate) struct Scripted {
    pub(crate) port: u16,
    heads: Receiver<String>,
}

impl Scripted {
    pub(crate) fn new(answers: &[&str]) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let answers: Vec<String> = answers.iter().map(|text| text.to_string()).collect();
        let (tell, heads) = mpsc::channel();
        thread::spawn(move || {
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept() else {
                    return;
                };
                let _ = stream.set_read_timeout(Some(PATIENCE));
                let _ = tell.send(head(&mut stream));
                let _ = stream.write_all(answer.as_bytes());
                thread::spawn(move || leave(stream));
            }
        });
        Scripted { port, heads }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// The next head that came.
    pub(crate) fn head(&self) -> String {
        self.heads.recv_timeout(PATIENCE).expect("a request")
    }
}

/// Ends so that the answer arrives: what is still unread would reset the connection.
fn leave(mut stream: TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}

/// An address where nobody listens, and where no other test will.
pub(crate) fn nobody() -> SocketAddr {
    let place = match cfg!(target_os = "linux") {
        true => "127.77.0.1:0", // Linux has sixteen million addresses for itself
        false => "127.0.0.1:0",
    };
    let listener = TcpListener::bind(place).expect("a port");
    listener.local_addr().expect("an address")
}

/// Up to the empty line.
fn head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}
