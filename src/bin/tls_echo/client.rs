//! The book's TLS client: stdin to the socket, and the socket to stdout.

use crate::demo::read_file;
use crate::echo::word;
use barewire::net::Socket;
use barewire::tls::{self, ClientOptions, Tls};
use std::io::{self, Read, Write};
use std::thread;

pub(crate) struct Files {
    pub(crate) ca: Option<String>,
    pub(crate) cert: Option<String>,
    pub(crate) key: Option<String>,
}

impl Files {
    pub(crate) fn read_into(&self, mut options: ClientOptions) -> io::Result<ClientOptions> {
        if let Some(path) = &self.ca {
            options = options.ca(read_file(path)?);
        }
        if let Some(path) = &self.cert {
            options = options.cert(read_file(path)?);
        }
        if let Some(path) = &self.key {
            options = options.key(read_file(path)?);
        }
        Ok(options)
    }
}

pub(crate) fn talk(to: &str, options: &ClientOptions) -> io::Result<()> {
    let socket = tls::connect(to, options)?;
    print_authorized(&socket);
    let sender = socket.clone();
    thread::spawn(move || {
        if let Err(e) = send_all(&sender) {
            eprintln!("tls_echo: {e}");
        }
    });
    print_all(&socket)
}

/// With `-k` any certificate is accepted; this line shows whether it is a good one.
fn print_authorized(socket: &Socket) {
    let Some(tls) = Tls::of(&**socket.stream()) else {
        return;
    };
    println!("client connected {}", word(tls.authorized()));
    if let Some(why) = tls.authorization_error() {
        eprintln!("tls_echo: {why}");
    }
}

/// The end of stdin half-closes the connection; the server may still answer.
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
