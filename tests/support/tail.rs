//! How a peer sends the rest of a body that the other side does not need.

use barewire::net::Stream;
use std::time::Duration;

/// Each goes on until the other side closes.
#[derive(Clone, Copy)]
pub(crate) enum Tail {
    Flood,
    FloodChunks,
    /// A byte every 20 ms: never silent for long.
    Drip,
    DripChunks,
    Silence,
}

impl Tail {
    pub(crate) fn send(self, stream: &dyn Stream) {
        match self {
            Tail::Flood => flood(stream, &[b'a'; 16 * 1024]),
            Tail::FloodChunks => {
                let chunk = format!("4000\r\n{}\r\n", "a".repeat(0x4000));
                flood(stream, chunk.as_bytes());
            }
            Tail::Drip => drip(stream, b"a"),
            Tail::DripChunks => drip(stream, b"1\r\na\r\n"),
            Tail::Silence => while let Ok(1..) = stream.read(&mut [0; 1024]) {},
        }
    }
}

fn flood(stream: &dyn Stream, piece: &[u8]) {
    while stream.write_all(piece).is_ok() {}
}

fn drip(stream: &dyn Stream, piece: &[u8]) {
    let every = Some(Duration::from_millis(20));
    stream.set_read_timeout(every).expect("a timeout");
    while !matches!(stream.read(&mut [0; 1024]), Ok(0)) && stream.write_all(piece).is_ok() {}
}
