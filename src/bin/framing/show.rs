//! Both ends in one process, on one thread. What the sender writes fits into the kernel's buffers,
//! and the receiver begins to read when all of it has arrived. So every run prints the same.

use crate::book::{MESSAGE, TIMES};
use crate::demo::out;
use crate::framings::{Framing, Received};
use barewire::net::{self, Faults, Faulty, Socket, Splits, Tcp};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Where to cut, also as it was typed.
pub(crate) struct Split {
    pub(crate) text: String,
    pub(crate) at: Splits,
}

pub(crate) fn show(framing: Framing, split: Option<&Split>) -> io::Result<()> {
    out!("{}: {}", framing.name(), framing.rule());
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = net::connect(&listener.local_addr()?.to_string())?;
    let (server, _) = listener.accept()?; // the kernel has connected them already

    let messages = messages(split.is_some());
    let writes = send(framing, &client, &messages)?;
    let bytes = usize::try_from(client.bytes_written()).unwrap_or(usize::MAX);
    await_arrival(&server, bytes)?;
    out!("writes: {writes}, bytes: {bytes}; all have arrived before the first read");
    if let Some(Split { text, .. }) = split {
        out!("the reads are split on purpose: {text}");
    }

    let received = receive(framing, &with_splits(server, split))?;
    let bodies = received.iter().map(|message| &message.body);
    let same = if bodies.eq(&messages) {
        "the same"
    } else {
        "not the same"
    };
    let (sent, received) = (messages.len(), received.len());
    out!("messages to send: {sent}, received: {received}; {same}");
    Ok(())
}

/// The book's 18, or its two of 100 and 200 bytes.
fn messages(two: bool) -> Vec<Vec<u8>> {
    match two {
        true => vec![vec![b'1'; 100], vec![b'2'; 200]],
        false => vec![MESSAGE.into(); TIMES],
    }
}

/// A write for each message, then the end. Returns how many writes it took.
fn send(framing: Framing, client: &Socket, messages: &[Vec<u8>]) -> io::Result<usize> {
    let (mut sender, mut writes) = (framing.codec(), 0);
    for message in messages {
        let mut wire = Vec::new();
        match (sender.frame)(message, None, &mut wire) {
            Ok(()) => {
                client.write_all(&wire)?;
                writes += 1;
            }
            Err(refusal) => out!("not sent: {refusal}"),
        }
    }
    client.end()?;
    Ok(writes)
}

/// Peeks, which takes nothing, until all bytes are there.
fn await_arrival(server: &TcpStream, bytes: usize) -> io::Result<()> {
    let mut buf = vec![0; bytes];
    while server.peek(&mut buf)? < bytes {
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn with_splits(server: TcpStream, split: Option<&Split>) -> Socket {
    let stream = Arc::new(Tcp::from(server));
    match split {
        Some(split) => {
            let faults = Faults::default().split_reads(split.at.clone());
            Socket::new(Arc::new(Faulty::new(stream, faults)))
        }
        None => Socket::new(stream),
    }
}

fn receive(framing: Framing, server: &Socket) -> io::Result<Vec<Received>> {
    let (mut receiver, mut all, mut reads) = (framing.codec(), Vec::new(), 0);
    while let (bytes @ 1.., messages) = (receiver.read)(server)? {
        reads += 1;
        out!("read {reads}: {bytes} bytes");
        for message in messages {
            out!("  message {}: {message}", all.len() + 1);
            all.push(message);
        }
    }
    Ok(all)
}
