//! Both ends in one process, on one thread: what the sender writes fits into the kernel's buffers,
//! and the receiver does not look before all of it is there. So every run prints the same.

use crate::framings::{Framing, Got};
use crate::options::Split;
use crate::{MESSAGE, TIMES};
use barewire::net::{self, Faults, Faulty, Socket, Tcp};
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

pub(crate) fn show(framing: Framing, split: Option<&Split>) -> io::Result<()> {
    writeln!(io::stdout(), "{}: {}", framing.name(), framing.rule())?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = net::connect(&listener.local_addr()?.to_string())?;
    let (server, _) = listener.accept()?; // the kernel has connected them already

    let messages = messages(split.is_some());
    let writes = send(framing, &client, &messages)?;
    let bytes = usize::try_from(client.bytes_written()).unwrap_or(usize::MAX);
    await_arrival(&server, bytes)?;
    writeln!(
        io::stdout(),
        "writes: {writes}, bytes: {bytes}; all have arrived before the first read"
    )?;
    if let Some(split) = split {
        writeln!(
            io::stdout(),
            "what the reads bring is cut on purpose: {}",
            split.text
        )?;
    }

    let got = receive(framing, &cut(server, split))?;
    let same = got.iter().map(|got| &got.body).eq(&messages);
    writeln!(
        io::stdout(),
        "messages to send: {}, received: {}; {}",
        messages.len(),
        got.len(),
        if same { "the same" } else { "not the same" }
    )?;
    Ok(())
}

/// The book's 18, or its two of 100 and 200 bytes.
fn messages(two: bool) -> Vec<Vec<u8>> {
    match two {
        true => vec![vec![b'1'; 100], vec![b'2'; 200]],
        false => vec![MESSAGE.into(); TIMES],
    }
}

/// A write for each message, then the end. How many writes it took.
fn send(framing: Framing, client: &Socket, messages: &[Vec<u8>]) -> io::Result<usize> {
    let (mut sender, mut writes) = (framing.codec(), 0);
    for message in messages {
        let mut wire = Vec::new();
        match sender.frame(message, None, &mut wire) {
            Ok(()) => {
                client.write_all(&wire)?;
                writes += 1;
            }
            Err(refusal) => writeln!(io::stdout(), "not sent: {refusal}")?,
        }
    }
    client.end()?;
    Ok(writes)
}

/// Looks how much is there until it is all, and takes nothing.
fn await_arrival(server: &TcpStream, bytes: usize) -> io::Result<()> {
    let mut buf = vec![0; bytes];
    while server.peek(&mut buf)? < bytes {
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn cut(server: TcpStream, split: Option<&Split>) -> Socket {
    let stream = Arc::new(Tcp::from(server));
    match split {
        Some(split) => {
            let faults = Faults::default().split_reads(split.at.clone());
            Socket::new(Arc::new(Faulty::new(stream, faults)))
        }
        None => Socket::new(stream),
    }
}

fn receive(framing: Framing, server: &Socket) -> io::Result<Vec<Got>> {
    let (mut receiver, mut all, mut reads) = (framing.codec(), Vec::new(), 0);
    while let (bytes @ 1.., messages) = receiver.read(server)? {
        reads += 1;
        writeln!(io::stdout(), "read {reads}: {bytes} bytes")?;
        for message in messages {
            writeln!(io::stdout(), "  message {}: {message}", all.len() + 1)?;
            all.push(message);
        }
    }
    Ok(all)
}
