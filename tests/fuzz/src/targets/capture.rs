//! Captures: files, packets, and what was written.
//!
//! - It does not matter how the file is cut into reads.
//! - A conversation begins once, a direction ends once at most, and nothing comes before or behind that.
//! - What is written is read again: the same bytes, in the same order, in each direction.

use crate::input::Input;
use barewire::trace::wire::Direction::{FromClient, FromServer};
use barewire::trace::wire::capture::{Limits, Reader, Writer, invented};
use barewire::trace::wire::{Event, What};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::time::Duration;

const LINK_TYPES: [u8; 4] = [101, 1, 113, 0];
/// So small that each is reached.
const SMALL: Limits = Limits {
    record_bytes: 200,
    interfaces: 2,
    connections: 2,
    held_bytes: 100,
    total_held_bytes: 150,
};

pub(crate) fn run(input: &Input<'_>) {
    let limits = match input.choice(2, 2) {
        0 => Limits::default(),
        _ => SMALL,
    };
    match input.choice(0, 3) {
        0 => file(input.bytes, limits),
        1 => file(&packets(input), limits),
        _ => written(input),
    }
}

/// A pcap file with the pieces as packets.
fn packets(input: &Input<'_>) -> Vec<u8> {
    let mut file = vec![
        0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0,
    ];
    file.extend([LINK_TYPES[input.choice(1, 4)], 0, 0, 0]);
    for piece in &input.ways()[2] {
        let length = (piece.len() as u32).to_le_bytes();
        file.extend([&[0; 8], &length[..], &length, piece].concat());
    }
    file
}

/// Gives a byte to each read.
struct ByteByByte<'a>(&'a [u8]);

impl Read for ByteByByte<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(1);
        self.0.read(&mut buf[..most])
    }
}

fn file(bytes: &[u8], limits: Limits) {
    let whole: Vec<_> = Reader::with_limits(bytes, limits).collect();
    let cut: Vec<_> = Reader::with_limits(ByteByByte(bytes), limits).collect();
    assert_eq!(format!("{whole:?}"), format!("{cut:?}"));
    let mut open: BTreeMap<u64, [bool; 2]> = BTreeMap::new();
    for (at, event) in whole.iter().enumerate() {
        let event = match event {
            Ok(event) => event,
            Err(_) => {
                assert_eq!(at + 1, whole.len(), "an error is the last item");
                return;
            }
        };
        let Some(conversation) = event.conversation else {
            continue;
        };
        let side = usize::from(event.from == FromServer);
        match &event.what {
            What::Begins { .. } => assert!(open.insert(conversation, [true; 2]).is_none()),
            What::Bytes(_, bytes) => assert!(!bytes.is_empty() && open[&conversation][side]),
            What::Gap(length) => assert!(*length > 0 && open[&conversation][side]),
            What::Ends { .. } => {
                let side = &mut open.get_mut(&conversation).unwrap()[side];
                assert!(std::mem::take(side));
            }
            _ => {}
        }
    }
}

fn written(input: &Input<'_>) {
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file);
    let mut passes = |from, what| {
        let event = Event::new(0, from, Duration::ZERO, what);
        writer.event(&event).unwrap();
    };
    let (client, server) = invented(input.choice(3, 7) as u64);
    passes(FromClient, What::begins(client, server));
    let mut sent = Vec::new();
    for (turn, piece) in input.ways()[2].iter().enumerate() {
        let from = [FromClient, FromServer][turn / 2 % 2];
        passes(from, What::bytes(*piece));
        if !piece.is_empty() {
            sent.push((from, piece.to_vec()));
        }
    }
    let read = Reader::new(&file[..]).map(Result::unwrap);
    let read = read.filter_map(|event| match event.what {
        What::Bytes(_, bytes) => Some((event.from, bytes.into_owned())),
        What::Begins { .. } => None,
        other => panic!("{other:?}"),
    });
    assert!(read.eq(sent));
}
