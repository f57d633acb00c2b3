//! 7.1: TCP delivers bytes in order, and no messages.

use super::stage::{Exchange, Stage, Stop, exchanges, values};
use crate::log::Side;
use barewire::net::{Faults, Faulty, Stream, Tap, Tcp};
use barewire::trace::wire::Protocol;
use std::net::{Shutdown, TcpListener};
use std::sync::Arc;

/// The book's message, and how often it is sent.
const MESSAGE: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const TIMES: usize = 18;

exchanges! { "7.1", "tcp";
    "tcp.greeting", false, greeting,
        [r"printf 'world!\r\n' | nc -q 1 127.0.0.1 {tcp.port}", "tcp_echo client {tcp}"];
    "tcp.sticky", false, sticky, ["framing none"];
    "tcp.cuts", true, cuts, ["framing none --split 50,250"];
}

/// The chapter's own server: it greets, and answers 你好.
fn greeting(stage: &Stage) -> Result<(), Stop> {
    let stream = stage.connect("tcp")?;
    let address = stage.door("tcp")?;
    stage.saw(Side::Client, "tcp.connected", values!(address));
    let got = |bytes: &[u8]| stage.saw(Side::Client, "tcp.data", values!(bytes = bytes.len()));
    got(&stage.read_until(&stream, |all| all.ends_with(b"\n"))?);
    stage.send(&stream, b"world!\r\n")?;
    got(&stage.read_until(&stream, |all| all == "你好".as_bytes())?);
    stream.shutdown(Shutdown::Write)?;
    stage.read_to_end(&stream)?;
    stage.event(Side::Client, "tcp.end", &[]);
    Ok(())
}

/// The same writes, to a reader that reads at once, and to one that reads when all has arrived.
fn sticky(stage: &Stage) -> Result<(), Stop> {
    let [client, server] = connected(stage, Protocol::Bytes, Faults::default())?;
    stage.event(Side::Server, "tcp.quick", &[]);
    let (mut room, mut reads) = ([0; 4096], Vec::new());
    for _ in 0..TIMES {
        stage.send(&client, MESSAGE)?;
        server.set_read_timeout(Some(stage.left()))?;
        reads.push(server.read(&mut room)?);
    }
    wrote(stage, &[MESSAGE.len(); TIMES]);
    read(stage, &reads);

    stage.event(Side::Server, "tcp.busy", &[]);
    read(stage, &send_eighteen(stage)?);
    Ok(())
}

/// Eighteen writes to a reader that is busy: its one read waits for all of them. Returns what the reads have brought.
pub(super) fn send_eighteen(stage: &Stage) -> Result<Vec<usize>, Stop> {
    let all = Faults::default().split_reads([MESSAGE.len() * TIMES]);
    let [client, server] = connected(stage, Protocol::Bytes, all)?;
    for _ in 0..TIMES {
        stage.send(&client, MESSAGE)?;
    }
    client.shutdown(Shutdown::Write)?;
    wrote(stage, &[MESSAGE.len(); TIMES]);
    reads(stage, &server)
}

/// 100 bytes and 200, and the reads that the page asks for.
fn cuts(stage: &Stage) -> Result<(), Stop> {
    let messages = [vec![b'1'; 100], vec![b'2'; 200]];
    let pieces = pieces(stage, &[50, 250], 300);
    let splits = Faults::default().split_reads(pieces);
    let [client, server] = connected(stage, Protocol::Bytes, splits)?;
    for message in &messages {
        stage.send(&client, message)?;
    }
    client.shutdown(Shutdown::Write)?;
    wrote(stage, &messages.map(|message| message.len()));
    read(stage, &reads(stage, &server)?);
    Ok(())
}

/// A connection of the exchange with itself. Both ends are tapped; the server's reads have these faults.
pub(super) fn connected(
    stage: &Stage,
    protocol: Protocol,
    faults: Faults,
) -> Result<[Arc<dyn Stream>; 2], Stop> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let client = stage.connect_to(&address, protocol.clone())?;
    let (server, _) = listener.accept()?; // the kernel has connected them already
    let server = Faulty::new(Arc::new(Tcp::from(server)), faults);
    let observer = stage.observer(Side::Server, protocol);
    let server: Arc<dyn Stream> = Arc::new(Tap::accepted(Arc::new(server), observer));
    stage.cut_at_end(&server);
    Ok([client, server])
}

/// The sizes of the reads: those of the setting `cuts`, or the default, and what is left of `total`.
pub(super) fn pieces(stage: &Stage, default: &[usize], total: usize) -> Vec<usize> {
    let cuts = stage.cuts();
    let cuts = if cuts.is_empty() { default } else { &cuts };
    let (mut pieces, mut left) = (Vec::new(), total);
    for &cut in cuts.iter().chain([&total]) {
        let piece = cut.max(1).min(left);
        if piece > 0 {
            pieces.push(piece);
        }
        left -= piece;
    }
    pieces
}

/// What each read has brought, to the peer's end.
fn reads(stage: &Stage, stream: &Arc<dyn Stream>) -> Result<Vec<usize>, Stop> {
    let mut reads = Vec::new();
    stage.each_read(stream, None, |bytes| {
        reads.push(bytes.len());
        Ok(true)
    })?;
    Ok(reads)
}

fn wrote(stage: &Stage, sizes: &[usize]) {
    stage.saw(Side::Client, "tcp.wrote", values!(sizes = list(sizes)));
}

pub(super) fn read(stage: &Stage, sizes: &[usize]) {
    stage.saw(Side::Server, "tcp.read", values!(sizes = list(sizes)));
}

/// `18 × 64`, `50 + 250`
pub(super) fn list(sizes: &[usize]) -> String {
    match sizes {
        [first, second, others @ ..] if others.len() > 1 && first == second => {
            let same = sizes.iter().take_while(|size| *size == first).count();
            let begin = format!("{same} × {first}");
            match &sizes[same..] {
                [] => begin,
                behind => format!("{begin} + {}", list(behind)),
            }
        }
        [] => String::new(),
        [last] => last.to_string(),
        [first, behind @ ..] => format!("{first} + {}", list(behind)),
    }
}
