//! The book's TLS client: stdin to the socket, and the socket to stdout.

use crate::demo::read_file;
use crate::echo::word;
use barewire::net::Socket;
use barewire::tls::{self, ClientOptions, Tls};
use std::io::{self, Read, Write};
use std::thread;

pub(crate) struct Client {
    pub(crate) to: String,
    pub(crate) ca: Option<String>,
    pub(crate) cert: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) servername: Option<String>,
    pub(crate) insecure: bool,
}

impl Client {
    pub(crate) fn talk(&self) -> io::Result<()> {
        let socket = tls::connect(&self.to, &self.options()?)?;
        print_authorized(&socket);
        let sender = socket.clone();
        thread::spawn(move || {
            if let Err(e) = send_all(&sender) {
                eprintln!("tls_echo: {e}");
            }
        });
        print_all(&socket)
    }

    fn options(&self) -> io::Result<ClientOptions> {
        let mut options = ClientOptions::new().reject_unauthorized(!self.insecure);
        if let Some(path) = &self.ca {
            options = options.ca(read_file(path)?);
        }
        if let Some(path) = &self.cert {
            options = options.cert(read_file(path)?);
        }
        if let Some(path) = &self.key {
            options = options.key(read_file(path)?);
        }
        Ok(match &self.servername {
            Some(name) => options.servername(name),
            None => options,
        })
    }
}

/// With `-k` the server may be anybody; this line says whether its certificate is good.
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
