//! The book's TLS client: stdin to the socket, the socket to stdout.

use crate::echo::word;
use barewire::net::Socket;
use barewire::tls::{self, ClientOptions, Tls};
use std::io::{self, Read, Write};
use std::thread;

pub(crate) fn talk(to: &str, options: &ClientOptions) -> io::Result<()> {
    let socket = tls::connect(to, options)?;
    greet(&socket);
    let sender = socket.clone();
    thread::spawn(move || {
        if let Err(e) = send_all(&sender) {
            eprintln!("tls_echo: {e}");
        }
    });
    print_all(&socket)
}

/// With `-k` anybody may be there, and is told apart here.
fn greet(socket: &Socket) {
    let Some(tls) = Tls::of(&**socket.stream()) else {
        return;
    };
    println!("client connected {}", word(tls.authorized()));
    if let Some(why) = tls.authorization_error() {
        eprintln!("tls_echo: {why}");
    }
}

/// The end of stdin is the end of what is sent; the server may still answer.
fn send_all(socket: &Socket) -> io::Result<()> {
    let (mut stdin, mut buf) = (io::stdin().lock(), [0; 8192]);
    loop {
        match stdin.read(&mut buf)? {
            0 => return socket.end(),
            n => socket.write_all(&buf[..n])?,
        }
    }
}

fn print_all(socket: &Socket) -> io::Result<()> {
    let (mut stdout, mut buf) = (io::stdout().lock(), [0; 8192]);
    loop {
        match socket.read(&mut buf)? {
            0 => return Ok(()),
            n => stdout.write_all(&buf[..n])?,
        }
        stdout.flush()?;
    }
}
