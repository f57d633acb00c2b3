//! 7.1: the same messages, with each of the four framers, in reads that the page cuts.

use super::stage::{Exchange, Stage, Stop, exchanges, values};
use super::tcp::{connected, pieces};
use crate::log::Side;
use barewire::framing::{
    Decode, Delimiter, Encode, Fixed, Framer, Header16, Message, Padding, Prefix,
};
use barewire::net::Faults;
use barewire::trace::wire::{Framing, Protocol};
use std::net::Shutdown;

/// One that is empty, and one whose characters can be cut.
const MESSAGES: [&str; 3] = ["HELLO", "", "你好"];

// The cuts: inside a cell; inside the delimiter, and a character; inside a header, and behind an empty message.
exchanges! { "7.1", "tcp";
    "framing.fixed", true, |stage| parted(stage, Fixed::<128>::new(Padding::Strip), &[100, 28, 130]),
        ["framing fixed"];
    "framing.delimiter", true, |stage| parted(stage, Delimiter::CRLF, &[6, 4, 4]),
        ["framing delimiter --split 50,250"];
    "framing.header", true, |stage| parted(stage, Header16::new(), &[3, 10, 6]),
        ["framing header --split 50,250"];
    "framing.ring", true, |stage| parted(stage, Prefix::new(), &[1, 8, 4]), ["framing ring --split 50,250"];
}

/// A write for each message; the reads are cut elsewhere.
fn parted<F>(stage: &Stage, framer: F, cuts: &[usize]) -> Result<(), Stop>
where
    F: Framer<Decoder: Send + Sync> + Clone + Send + Sync + 'static,
{
    let (mut encoder, mut wires) = (framer.encoder(), Vec::new());
    for message in MESSAGES {
        let mut wire = Vec::new();
        encoder.encode(message.as_bytes(), &mut wire)?;
        wires.push(wire);
    }
    let total = wires.iter().map(Vec::len).sum();
    let splits = Faults::default().split_reads(pieces(stage, cuts, total));
    let protocol = Protocol::Framed(Framing::of(framer.clone()));
    let [client, server] = connected(stage, protocol, splits)?;
    for wire in &wires {
        stage.send(&client, wire)?;
    }
    client.shutdown(Shutdown::Write)?;

    let (mut decoder, mut read, mut messages) = (framer.decoder(), 0, Vec::new());
    stage.each_read(&server, None, |mut chunk| {
        read += 1;
        while let Some(message) = decoder.decode(&mut chunk)? {
            let bytes = message.to_vec();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            messages.push(text.clone());
            let (number, size) = (messages.len(), bytes.len());
            let values = values!(number, text, bytes = size, read);
            stage.saw(Side::Server, "framing.message", values);
        }
        Ok(true)
    })?;
    decoder.finish()?;
    match messages == MESSAGES {
        true => Ok(()),
        false => Err(Stop(format!("other messages arrived: {messages:?}"))),
    }
}
