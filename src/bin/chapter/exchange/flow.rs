//! 7.1: when bytes leave. Nagle's algorithm, and a queue that is full.

use super::stage::{Exchange, Stage, Stop, exchanges, values};
use super::tcp::{list, read, send_eighteen};
use crate::log::Side;
use barewire::net::{self, Listener, Socket, Stream, Tap, pipe_with_capacity};
use barewire::trace::wire::Protocol;
use std::io;
use std::sync::Arc;
use std::time::Instant;

/// After the first ones of a connection the receiver delays its ACKs.
const ROUNDS: usize = 4;
/// What the transport holds, and what one write has.
const PIECE: usize = 16 * 1024;

exchanges! { "7.1", "tcp";
    "tcp.nagle", false, nagle, ["nagle"];
    "tcp.drain", false, drain, [];
}

/// Small questions in two writes each, with Nagle's algorithm and without; then eighteen writes without.
fn nagle(stage: &Stage) -> Result<(), Stop> {
    for (no_delay, key) in [(false, "nagle.on"), (true, "nagle.off")] {
        let listener = Listener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let client = stage.connect_to(&address, Protocol::Bytes)?;
        let server = net::create_server(answer_reads);
        let server = server.tap(stage.observer(Side::Server, Protocol::Bytes));
        stage.keep(server.listen_on(listener)?);
        client.set_no_delay(no_delay)?;
        stage.event(Side::Client, key, &[]);
        for _ in 0..ROUNDS {
            let began = Instant::now();
            stage.send(&client, b"ask ")?;
            stage.send(&client, &[&[b'.'; 59][..], b"\n"].concat())?;
            let answer = stage.read_until(&client, |all| all.ends_with(b"\n"))?;
            let millis = format!("{:.1}", began.elapsed().as_secs_f64() * 1000.0);
            let reads = String::from_utf8_lossy(&answer);
            let reads = reads.trim_end();
            stage.saw(Side::Client, "nagle.round", values!(reads, millis));
        }
    }
    let reads = send_eighteen(stage)?; // both ends have no_delay
    stage.saw(Side::Server, "nagle.late", values!(sizes = list(&reads)));
    Ok(())
}

/// A question ends with a newline; the answer is the list of the reads that brought it.
fn answer_reads(socket: Socket) -> io::Result<()> {
    let (mut reads, mut room) = (Vec::new(), [0; 4096]);
    while let bytes @ 1.. = socket.read(&mut room)? {
        reads.push(bytes);
        if room[bytes - 1] == b'\n' {
            socket.write_all(list(&reads) + "\n")?;
            reads.clear();
        }
    }
    Ok(())
}

/// A peer that does not read, behind a transport that holds little: a kernel's buffers would hold megabytes.
fn drain(stage: &Stage) -> Result<(), Stop> {
    let (here, there) = pipe_with_capacity(PIECE);
    let observer = stage.observer(Side::Client, Protocol::Bytes);
    let here: Arc<dyn Stream> = Arc::new(Tap::opened(Arc::new(here), observer));
    stage.cut_at_end(&here);
    let observer = stage.observer(Side::Server, Protocol::Bytes);
    let there = Tap::accepted(Arc::new(there), observer);
    let socket = Socket::new(here);

    let (mut is_full, mut left) = (false, 0);
    while !is_full {
        is_full = !socket.write([b'x'; PIECE]);
        left += PIECE;
        let key = if is_full { "write.false" } else { "write.true" };
        let buffered = socket.buffered();
        stage.saw(Side::Client, key, values!(bytes = PIECE, buffered));
    }
    stage.event(Side::Server, "reader.begins", &[]);
    let mut room = [0; PIECE];
    while left > 0 {
        let bytes @ 1.. = there.read(&mut room)? else {
            return Err(Stop("the connection was cut".into()));
        };
        left -= bytes;
        read(stage, &[bytes]);
        // What is left fits into the transport.
        if is_full && left <= PIECE && socket.drained_within(stage.left())? {
            is_full = false;
            stage.saw(Side::Client, "drain", values!(buffered = socket.buffered()));
        }
    }
    Ok(())
}
