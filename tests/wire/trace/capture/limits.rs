//! What a file may make large has an end, and costs no more than a file of its length may.

use super::cases::pcap;
use super::segments::packet;
use super::{events, shown};
use barewire::trace::wire::Direction::FromClient as C;
use barewire::trace::wire::capture::Limits;
use barewire::trace::wire::{Event, Notice, What};

const SYN: (barewire::trace::wire::Direction, &str, u32, u32, &str) = (C, "S", 0, 0, "");

fn read(packets: &[(Vec<u8>, u32)], limits: Limits) -> Vec<Event<'_>> {
    events(&pcap(true, false, 101, packets), limits).0
}

#[test]
fn bytes_that_are_held() {
    let packets = [
        (1, SYN),
        (1, (C, "A", 6, 1, "five!")),
        (1, (C, "A", 12, 1, "again")),
    ];
    let packets = packets.map(|(port, segment)| packet(port, segment, 0));
    let limits = Limits {
        held_bytes: 69,
        ..Limits::default()
    };
    let expected = ["> gap 5", "> \"five!\"", "> gap 1", "> \"again\""];
    // The first segment is given up when the second one comes, the second one at the end.
    assert_eq!(shown(&read(&packets, limits))[1..], expected);
    let limits = Limits {
        held_bytes: 138,
        ..Limits::default()
    };
    assert_eq!(shown(&read(&packets, limits))[1..], expected);
}

#[test]
fn bytes_that_are_held_of_all_connections() {
    let packets = [
        (1, SYN),
        (2, SYN),
        (1, (C, "A", 6, 1, "five!")),
        (2, (C, "A", 6, 1, "again")),
    ];
    let mut packets = packets
        .map(|(port, segment)| packet(port, segment, 0))
        .to_vec();
    let limits = Limits {
        total_held_bytes: 69,
        ..Limits::default()
    };
    // The second connection finds no room.
    packets.push(packet(1, (C, "A", 1, 1, "first"), 0));
    let expected = ["> gap 5", "> \"again\"", "> \"first\"", "> \"five!\""];
    assert_eq!(shown(&read(&packets, limits))[2..], expected);
}

#[test]
fn connections() {
    let packets = [
        (1, SYN),
        (2, SYN),
        (1, (C, "A", 1, 0, "a")),
        (3, SYN),
        (3, (C, "R", 1, 0, "")),
        (4, SYN),
        (1, (C, "A", 2, 0, "b")),
        (2, (C, "A", 1, 0, "c")),
    ];
    let packets = packets.map(|(port, segment)| packet(port, segment, 0));
    let limits = Limits {
        connections: 2,
        ..Limits::default()
    };
    let found = read(&packets, limits);
    // 2 makes room for 3, which has ended and makes room for 4. 4 makes room for 2, which comes again.
    let forgotten = found
        .iter()
        .filter(|event| event.what == What::Notice(Notice::Forgotten))
        .filter_map(|event| event.conversation);
    assert_eq!(forgotten.collect::<Vec<_>>(), [1, 3], "{found:?}");
    for (number, bytes) in [(0, b"b"), (4, b"c")] {
        let is_there =
            |event: &Event| event.conversation == Some(number) && event.what == What::bytes(bytes);
        assert!(found.iter().any(is_there), "{found:?}");
    }
}

/// Would take minutes if each segment or connection were compared with all others.
#[test]
fn many_segments_and_connections_cost_no_more_than_they_are() {
    let backwards = (1..30_000)
        .rev()
        .map(|n| packet(1, (C, "A", 2 * n, 1, "x"), 0));
    let packets: Vec<_> = [packet(1, SYN, 0)].into_iter().chain(backwards).collect();
    let found = read(&packets, Limits::default());
    assert_eq!(
        found
            .iter()
            .filter(|event| matches!(event.what, What::Bytes(..)))
            .count(),
        29_999
    );
    let many: Vec<_> = (1..30_000).map(|port| packet(port, SYN, 0)).collect();
    let found = read(
        &many,
        Limits {
            connections: 1000,
            ..Limits::default()
        },
    );
    assert_eq!(found.len(), 29_999 + 28_999);
}
