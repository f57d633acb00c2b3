//! The book's TLS client: stdin to the socket, and the socket to stdout.

use crate::demo::{self, ClientFiles, PeerOutput, err, named, out};
use crate::echo::word;
use barewire::net::{ConnectOptions, Socket};
use barewire::tls::{self, ClientContext, ClientOptions, Tls};
use barewire::trace::Recorder;
use std::io::{self, Read};

pub(crate) fn with_files(
    mut options: ClientOptions,
    files: &ClientFiles,
) -> io::Result<ClientOptions> {
    if let Some(ca) = files.ca()? {
        options = options.ca(ca);
    }
    if let Some((cert, key)) = files.identity()? {
        options = options.cert(cert).key(key);
    }
    Ok(options)
}

pub(crate) fn talk(
    to: &str,
    options: &ClientOptions,
    recorder: Option<Recorder>,
) -> io::Result<()> {
    let mut below = ConnectOptions::default();
    if let Some(recorder) = &recorder {
        below = below.tap(recorder.clone());
    }
    let connected = tls::connect_with(to, &ClientContext::new(options)?, &below);
    let done = connected
        .map_err(io::Error::from)
        .and_then(|socket| send_and_print(&socket));
    done.and(recorder.map_or(Ok(()), |recorder| recorder.finish()))
}

fn send_and_print(socket: &Socket) -> io::Result<()> {
    print_authorized(socket);
    let sender = socket.clone();
    let sender = demo::spawn(move || send_all(&sender))?;
    print_all(socket)?;
    match sender.is_finished() {
        true => sender.join().unwrap_or(Ok(())),
        false => Ok(()), // it reads stdin, and the server has ended the connection
    }
}

/// With `-k` any certificate is accepted; this line shows whether it is a good one.
fn print_authorized(socket: &Socket) {
    let Some(tls) = Tls::of(&**socket.stream()) else {
        return;
    };
    out!("client connected {}", word(tls.authorized()));
    if let Some(why) = tls.authorization_error() {
        err!("{why}");
    }
}

/// The end of stdin half-closes the connection; the server may still answer.
fn send_all(socket: &Socket) -> io::Result<()> {
    let (mut stdin, mut buf) = (io::stdin().lock(), [0; 8192]);
    loop {
        match stdin.read(&mut buf) {
            Ok(0) => return socket.end(),
            Ok(n) => socket.write_all(&buf[..n])?,
            Err(e) => return socket.end().and(Err(named("standard input", &e))),
        }
    }
}

fn print_all(socket: &Socket) -> io::Result<()> {
    let (mut output, mut buf) = (PeerOutput::new(), [0; 8192]);
    loop {
        match socket.read(&mut buf)? {
            0 => break,
            n => output.print(&buf[..n]),
        }
    }
    output.print_end();
    Ok(())
}
