//! Running a demo of the client, and scripted servers for it.

pub(crate) use crate::stage::Running;
use crate::stage::{Ended, end};
use crate::support::PATIENCE;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// A demo that has ended by itself.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a demo without input, and with an environment without proxies.
pub(crate) fn run(demo: &str, args: &[&str]) -> Ran {
    run_with(command(demo, args), b"")
}

pub(crate) fn http_get(args: &[&str]) -> Ran {
    run("http_get", args)
}

pub(crate) fn command(demo: &str, args: &[&str]) -> Command {
    let mut command = crate::stage::command(demo, args);
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name);
        command.env_remove(name.to_ascii_uppercase());
    }
    command.env_remove("REQUEST_METHOD");
    command
}

/// Runs it with this as its standard input.
pub(crate) fn run_with(command: Command, input: &[u8]) -> Ran {
    let Ended { code, out, err } = end(command, input);
    let code = code.expect("it ends by itself");
    Ran { code, out, err }
}

/// The text with a word for each value that differs from run to run: the port and the date.
pub(crate) fn masked(text: &str, port: u16) -> String {
    let text = text.replace(&port.to_string(), "PORT");
    let lines = text.lines().map(|line| match line.split_once("Date: ") {
        Some((before, _)) => format!("{before}Date: DATE\n"),
        None => format!("{line}\n"),
    });
    lines.collect()
}

/// A server with a script: on each connection it reads a head, sends the next answer and closes. The
/// heads can be read.
pub(crate) struct Scripted {
    pub(crate) port: u16,
    heads: Receiver<String>,
}

impl Scripted {
    pub(crate) fn new(answers: &[&str]) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let answers: Vec<String> = answers.iter().map(|text| text.to_string()).collect();
        let (sender, heads) = mpsc::channel();
        thread::spawn(move || {
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept() else {
                    return;
                };
                let _ = stream.set_read_timeout(Some(PATIENCE));
                let _ = sender.send(head(&mut stream));
                let _ = stream.write_all(answer.as_bytes());
                thread::spawn(move || close_after_peer(stream));
            }
        });
        Scripted { port, heads }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// The next head, if it has arrived before the program has ended.
    pub(crate) fn take_head(&self) -> Option<String> {
        self.heads.try_recv().ok()
    }

    /// The next head that has arrived.
    pub(crate) fn head(&self) -> String {
        self.heads.recv_timeout(PATIENCE).expect("a request")
    }
}

/// Closes so that the answer arrives: with unread bytes, `close` would reset the connection.
fn close_after_peer(mut stream: TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}

/// An address without a server, that no other test uses.
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
