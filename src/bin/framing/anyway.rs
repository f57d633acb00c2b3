//! What needs no framing, because the boundaries are somewhere else or do not matter.

use crate::{MESSAGE, TIMES, shown};
use barewire::net::{self, Socket, Tcp};
use barewire::udp::{self, Family, Inbox};
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// One message for each connection: it ends where the connection ends, however it was cut.
pub(crate) fn fin() -> io::Result<()> {
    writeln!(
        io::stdout(),
        "fin: one message for each connection, and FIN ends it"
    )?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    for number in 1..=TIMES {
        let (client, mut server) = connection(&listener)?;
        let (head, tail) = MESSAGE.split_at(number); // each is cut elsewhere
        client.write_all(head)?;
        client.write_all(tail)?;
        client.end()?;
        let mut message = Vec::new();
        server.read_to_end(&mut message)?;
        writeln!(io::stdout(), "  message {number}: {}", shown(&message))?;
    }
    Ok(())
}

/// A file has no messages in it: what counts is that all bytes come, in order.
pub(crate) fn file(path: &Path) -> io::Result<()> {
    writeln!(io::stdout(), "file: no messages in it, only bytes in order")?;
    let sent =
        fs::read(path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
    let (client, server) = connection(&TcpListener::bind("127.0.0.1:0")?)?;
    let (got, reads) = thread::scope(|scope| {
        let sender = scope.spawn(|| client.write_all(&sent).and_then(|()| client.end()));
        let got = collect(&server);
        sender.join().expect("it does not panic").and(got)
    })?;
    writeln!(
        io::stdout(),
        "bytes sent: {}, received: {}, reads: {reads}; {}",
        sent.len(),
        got.len(),
        if got == sent {
            "the same"
        } else {
            "not the same"
        }
    )?;
    Ok(())
}

fn collect(server: &Socket) -> io::Result<(Vec<u8>, usize)> {
    let (mut got, mut reads, mut buf) = (Vec::new(), 0, [0; 16 * 1024]);
    while let bytes @ 1.. = server.read(&mut buf)? {
        got.extend_from_slice(&buf[..bytes]);
        reads += 1;
    }
    Ok((got, reads))
}

fn connection(listener: &TcpListener) -> io::Result<(Socket, Socket)> {
    let client = net::connect(&listener.local_addr()?.to_string())?;
    let (server, _) = listener.accept()?;
    Ok((client, Socket::new(Arc::new(Tcp::from(server)))))
}

/// A datagram is a message. It may be lost, but not cut, and nothing sticks to it.
pub(crate) fn udp() -> io::Result<()> {
    writeln!(io::stdout(), "udp: one send is one message")?;
    let server = udp::create_socket(Family::Udp4).bind("127.0.0.1:0")?;
    let client = udp::create_socket(Family::Udp4).bind("127.0.0.1:0")?;
    for _ in 0..TIMES {
        client.send_to(MESSAGE.as_bytes(), server.address())?;
    }
    server.set_read_timeout(Some(Duration::from_secs(1)))?; // or a lost one would be waited for
    let mut inbox = Inbox::new();
    for number in 1..=TIMES {
        let message = server.recv(&mut inbox)?;
        writeln!(io::stdout(), "  message {number}: {}", shown(message.bytes))?;
    }
    Ok(())
}
