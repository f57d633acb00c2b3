//! What needs no framing: the boundaries are elsewhere, or do not matter.

use crate::book::{MESSAGE, TIMES};
use crate::demo::{out, printable, read_file};
use barewire::net::{self, Socket, Tcp};
use barewire::udp::{self, Family, ReceiveBuffer};
use std::io::{self, Read};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, Builder};
use std::time::Duration;

/// One message in each connection: it ends where the connection ends, however it was cut.
pub(crate) fn fin() -> io::Result<()> {
    out!("fin: one message in each connection, and FIN ends it");
    let listener = TcpListener::bind("127.0.0.1:0")?;
    for number in 1..=TIMES {
        let (client, mut server) = connection(&listener)?;
        let (head, tail) = MESSAGE.split_at(number); // each is cut elsewhere
        client.write_all(head)?;
        client.write_all(tail)?;
        client.end()?;
        let mut message = Vec::new();
        server.read_to_end(&mut message)?;
        out!("  message {number}: {}", printable(&message));
    }
    Ok(())
}

/// A file has no messages in it: all bytes must arrive, in order.
pub(crate) fn file(path: &str) -> io::Result<()> {
    let sent = read_file(path)?;
    out!("file: no messages in it, only bytes in order");
    let (client, server) = connection(&TcpListener::bind("127.0.0.1:0")?)?;
    let (received, reads) = thread::scope(|scope| {
        let send = || client.write_all(&sent).and_then(|()| client.end());
        let sender = Builder::new().spawn_scoped(scope, send)?;
        let received = collect(&server);
        sender.join().expect("it does not panic").and(received)
    })?;
    let same = if received == sent {
        "the same"
    } else {
        "not the same"
    };
    let (sent, received) = (sent.len(), received.len());
    out!("bytes sent: {sent}, received: {received}, reads: {reads}; {same}");
    Ok(())
}

fn collect(server: &Socket) -> io::Result<(Vec<u8>, usize)> {
    let (mut received, mut reads, mut buf) = (Vec::new(), 0, [0; 16 * 1024]);
    while let bytes @ 1.. = server.read(&mut buf)? {
        received.extend_from_slice(&buf[..bytes]);
        reads += 1;
    }
    Ok((received, reads))
}

fn connection(listener: &TcpListener) -> io::Result<(Socket, Socket)> {
    let client = net::connect(&listener.local_addr()?.to_string())?;
    let (server, _) = listener.accept()?;
    Ok((client, Socket::new(Arc::new(Tcp::from(server)))))
}

/// A datagram is a message. It may be lost; it is not cut, and nothing sticks to it.
pub(crate) fn udp() -> io::Result<()> {
    out!("udp: one send is one message");
    let server = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
    let client = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
    for _ in 0..TIMES {
        client.send_to(MESSAGE.as_bytes(), server.local_addr())?;
    }
    server.set_read_timeout(Some(Duration::from_secs(1)))?; // ends the wait for a lost one
    let mut buffer = ReceiveBuffer::new();
    for number in 1..=TIMES {
        let message = server.recv(&mut buffer)?;
        out!("  message {number}: {}", printable(message.bytes));
    }
    Ok(())
}
