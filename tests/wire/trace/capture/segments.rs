//! The segments of a direction, in every way in which a capture may have them.

use super::cases::pcap;
use super::{events, shown};
use crate::support::{Random, watched};
use barewire::trace::wire::Direction::{self, FromClient as C, FromServer as S};
use barewire::trace::wire::What;
use barewire::trace::wire::capture::Limits;

/// A segment: its sender, flags, sequence number, acknowledgment and bytes. A sequence number counts from that of
/// the SYN of its side.
type Segment<'a> = (Direction, &'a str, u32, u32, &'a str);

const CLIENT_SYN: u32 = u32::MAX - 3;
const SERVER_SYN: u32 = 1 << 31;
const SYN: Segment<'_> = (C, "S", 0, 0, "");
const SYN_ACK: Segment<'_> = (S, "SA", 0, 1, "");
const BEGINS: &str = "begins 10.0.0.1:50000 10.0.0.2:80 at 1.500000000";

/// The packet, of which `cut` bytes at its end were not captured.
pub(crate) fn packet(port: u16, segment: Segment<'_>, cut: usize) -> (Vec<u8>, u32) {
    let (from, flags, sequence, acknowledgment, bytes) = segment;
    let client = ([10, 0, 0, 1], port.to_be_bytes(), CLIENT_SYN);
    let server = ([10, 0, 0, 2], 80_u16.to_be_bytes(), SERVER_SYN);
    let (sender, receiver) = if from == C {
        (client, server)
    } else {
        (server, client)
    };
    let length = 40 + bytes.len();
    let mut packet = vec![0x45, 0];
    packet.extend((length as u16).to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 6, 0, 0]);
    packet.extend([sender.0, receiver.0].as_flattened());
    packet.extend([sender.1, receiver.1].as_flattened());
    packet.extend(sender.2.wrapping_add(sequence).to_be_bytes());
    packet.extend(receiver.2.wrapping_add(acknowledgment).to_be_bytes());
    let bits = flags.chars().map(|flag| 1 << "FSRPA".find(flag).unwrap());
    packet.extend([0x50, bits.sum(), 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(bytes.bytes());
    packet.truncate(length - cut);
    (packet, length as u32)
}

fn read(segments: &[Segment<'_>]) -> Vec<String> {
    let packets: Vec<_> = segments
        .iter()
        .map(|&segment| packet(50_000, segment, 0))
        .collect();
    shown(&events(&pcap(true, false, 101, &packets), Limits::default()).0)
}

#[test]
fn each_byte_comes_once_and_in_order() {
    let table: &[(&str, &[Segment<'_>], &[&str])] = &[
        (
            "sent again, whole and in parts",
            &[
                (C, "A", 1, 1, "hello"),
                (C, "A", 1, 1, "hello"),
                (C, "A", 3, 1, "llo wor"),
                (C, "A", 10, 1, "ld"),
            ],
            &["> \"hello\"", "> \" wor\"", "> \"ld\""],
        ),
        (
            "in another order, overlapping",
            &[
                (C, "A", 9, 1, "rld"),
                (C, "A", 4, 1, "lo wo"),
                (C, "A", 1, 1, "hel"),
                (C, "A", 12, 1, "!"),
            ],
            &["> \"hel\"", "> \"lo wo\"", "> \"rld\"", "> \"!\""],
        ),
        (
            "the first copy counts, before and behind what is missing",
            &[
                (C, "A", 1, 1, "he"),
                (C, "A", 1, 1, "HE"),
                (C, "A", 5, 1, "o"),
                (C, "A", 3, 1, "llO w"),
            ],
            &["> \"he\"", "> \"ll\"", "> \"o\"", "> \" w\""],
        ),
        (
            "a keep-alive with a garbage byte, and one without",
            &[
                (C, "A", 1, 1, "hello"),
                (C, "A", 5, 1, "x"),
                (C, "A", 5, 1, ""),
                (C, "A", 6, 1, "!"),
            ],
            &["> \"hello\"", "> \"!\""],
        ),
        (
            "missing: later bytes are there, and the peer has it",
            &[
                (C, "A", 1, 1, "he"),
                (C, "A", 5, 1, "o"),
                (S, "A", 1, 6, ""),
                (C, "A", 3, 1, "ll"),
            ],
            &["> \"he\"", "> gap 2", "> \"o\""],
        ),
        (
            "missing: the peer has a part of it",
            &[
                (C, "A", 5, 1, "o"),
                (S, "A", 1, 3, ""),
                (C, "A", 1, 1, "hell"),
            ],
            &["> gap 2", "> \"ll\"", "> \"o\""],
        ),
        (
            "an acknowledgment that was captured early takes nothing away",
            &[(S, "A", 1, 6, ""), (C, "A", 1, 1, "hello")],
            &["> \"hello\""],
        ),
        (
            "missing: the peer answers it",
            &[(S, "A", 1, 6, "yakexi"), (C, "A", 6, 7, "!")],
            &["> gap 5", "< \"yakexi\"", "> \"!\""],
        ),
        (
            "missing: the file ends",
            &[
                (C, "A", 1, 1, "he"),
                (C, "A", 5, 1, "o"),
                (S, "A", 3, 1, "there"),
            ],
            &["> \"he\"", "> gap 2", "> \"o\"", "< gap 2", "< \"there\""],
        ),
        (
            "missing at the end: the peer has it",
            &[(C, "A", 1, 1, "he"), (S, "A", 1, 6, "")],
            &["> \"he\"", "> gap 3"],
        ),
        (
            "a FIN that comes early, and bytes behind it",
            &[
                (C, "FA", 3, 1, "llo"),
                (C, "A", 1, 1, "he"),
                (C, "A", 7, 1, "x"),
                (S, "FA", 1, 7, ""),
                (S, "FA", 1, 7, ""),
            ],
            &["> \"he\"", "> \"llo\"", "> end", "< end"],
        ),
        (
            "half-close",
            &[
                (C, "FA", 1, 1, "hello"),
                (S, "A", 1, 7, "yakexi"),
                (S, "FA", 7, 7, ""),
            ],
            &["> \"hello\"", "> end", "< \"yakexi\"", "< end"],
        ),
        (
            "reset, with a reason, and what comes behind it",
            &[
                (C, "A", 3, 1, "llo"),
                (S, "RA", 1, 6, "why"),
                (C, "A", 1, 1, "he"),
            ],
            &["> gap 2", "> \"llo\"", "< reset", "> reset"],
        ),
        (
            "a reset of an earlier connection",
            &[(S, "R", 1 << 31, 0, ""), (C, "A", 1, 1, "hello")],
            &["> \"hello\""],
        ),
        (
            "refused",
            &[(S, "RA", u32::MAX, 1, "")],
            &["< reset", "> reset"],
        ),
        (
            "the SYN again, and the answer to it before it",
            &[SYN, SYN_ACK, (C, "A", 1, 1, "hello"), SYN, SYN_ACK],
            &["> \"hello\""],
        ),
        (
            "farther ahead than any window",
            &[(C, "A", 1 << 30 | 1, 1, "far"), (C, "A", 1, 1, "hello")],
            &["notice FarAhead", "> \"hello\""],
        ),
        (
            "the same addresses again",
            &[
                (C, "A", 3, 1, "llo"),
                (C, "S", 77, 0, ""),
                (S, "SA", 7, 78, ""),
                (C, "A", 78, 8, "again"),
            ],
            &["> gap 2", "> \"llo\"", BEGINS, "> \"again\""],
        ),
        (
            "the other way round, after the end",
            &[
                (C, "FA", 1, 1, ""),
                (S, "FA", 1, 2, ""),
                (S, "S", 9, 0, ""),
                (S, "A", 10, 0, "back"),
            ],
            &[
                "> end",
                "< end",
                "begins 10.0.0.2:80 10.0.0.1:50000 at 1.500000000",
                "> \"back\"",
            ],
        ),
    ];
    for (what, segments, expected) in table {
        for opening in [&[SYN, SYN_ACK, (C, "A", 1, 1, "")][..], &[SYN_ACK, SYN]] {
            let refused = *what == "refused";
            let opening = if refused { &[SYN] } else { opening };
            let found = read(&[opening, segments].concat());
            assert_eq!(found[0], BEGINS, "{what}");
            assert_eq!(found[1..], **expected, "{what}");
        }
    }
}

#[test]
fn a_capture_may_begin_later_than_the_connection() {
    let begun = [BEGINS, "notice BeganBefore"];
    // The server is the side with the lower port, whoever comes first.
    let server_first = [
        (S, "A", 100, 50, ""),
        (S, "A", 100, 50, "yakexi"),
        (C, "A", 50, 106, "hello"),
    ];
    assert_eq!(
        read(&server_first),
        [&begun[..], &["< \"yakexi\"", "> \"hello\""]].concat()
    );
    // What is not there is known from the acknowledgment on.
    let gap = [
        (C, "A", 50, 100, "hello"),
        (S, "A", 103, 55, "exi"),
        (S, "FA", 106, 55, ""),
    ];
    assert_eq!(
        read(&gap),
        [
            &begun[..],
            &["> \"hello\"", "< gap 3", "< \"exi\"", "< end"]
        ]
        .concat()
    );
    // A SYN ACK alone says who is who.
    assert_eq!(
        read(&[SYN_ACK, (C, "A", 1, 1, "hello")]),
        [BEGINS, "> \"hello\""]
    );
    assert!(read(&[(C, "A", 50, 100, ""), (S, "R", 100, 0, "")]).is_empty());
}

#[test]
fn what_the_snapshot_length_cuts_off_is_a_gap() {
    let cut = |segments: &[(Segment<'_>, usize)]| {
        let packets = segments
            .iter()
            .map(|&(segment, cut)| packet(50_000, segment, cut));
        let packets: Vec<_> = packets.collect();
        shown(&events(&pcap(true, false, 101, &packets), Limits::default()).0)[1..].to_vec()
    };
    let in_order = [
        (SYN, 0),
        ((C, "A", 1, 1, "hello"), 2),
        ((C, "FA", 6, 1, "you"), 3),
    ];
    assert_eq!(cut(&in_order), ["> \"hel\"", "> gap 2", "> gap 3", "> end"]);
    let held = [
        (SYN, 0),
        ((C, "A", 6, 1, "you!"), 2),
        ((C, "A", 10, 1, "!"), 0),
        ((C, "A", 1, 1, "hello"), 0),
    ];
    assert_eq!(
        cut(&held),
        ["> \"hello\"", "> \"yo\"", "> gap 2", "> \"!\""]
    );
    // Another copy has what this one lacks.
    let again = [
        (SYN, 0),
        ((C, "A", 6, 1, "you"), 3),
        ((C, "A", 6, 1, "you"), 0),
        ((C, "A", 1, 1, "hello"), 0),
    ];
    assert_eq!(cut(&again), ["> \"hello\"", "> \"you\""]);
}

/// No peer sends that, but a capture may have it: the end is where more bytes have passed already.
#[test]
fn bytes_that_reach_beyond_a_fin_end_with_it() {
    watched(|| {
        let beyond: [Segment<'_>; 2] = [(C, "FA", 4, 1, ""), (C, "A", 1, 1, "hello")];
        let more: [&[Segment<'_>]; 3] = [
            &[],
            &[(S, "A", 1, 20, "yakexi")], // the peer has more than there is
            &[(C, "A", 9, 1, "far")],
        ];
        for more in more {
            let segments = [&[SYN, SYN_ACK][..], &beyond, more].concat();
            let by_client: Vec<_> = read(&segments)
                .into_iter()
                .filter(|event| event.starts_with('>'))
                .collect();
            assert_eq!(by_client, ["> \"hello\"", "> end"], "{more:?}");
        }
    });
}

/// Random bytes in random segments, of which some come twice, some later, some never: what comes out is what was
/// sent, or a gap where a segment is missing.
#[test]
fn what_comes_out_is_what_was_sent_or_a_gap() {
    let mut random = Random::new(0x5e9_7e97);
    for round in 0..400 {
        let text: String = (0..random.below(3000))
            .map(|_| char::from(b'a' + random.below(26) as u8))
            .collect();
        let mut segments: Vec<(usize, usize)> = Vec::new();
        while segments.last().map_or(0, |last| last.1) < text.len() {
            let start = segments
                .last()
                .map_or(0, |last| last.1)
                .saturating_sub(random.below(40));
            segments.push((start, (start + 41 + random.below(200)).min(text.len())));
        }
        let drops = round % 2 == 1;
        let mut there = vec![!drops; text.len()];
        let mut sent = Vec::new();
        for (place, &(start, end)) in segments.iter().enumerate() {
            if drops && random.one_in(8) {
                continue;
            }
            there[start..end].fill(true);
            for _ in 0..=usize::from(random.one_in(5)) {
                let fin = if end == text.len() { "FA" } else { "A" };
                let segment = (C, fin, start as u32 + 1, 1, &text[start..end]);
                sent.push((place + random.below(10), segment));
            }
        }
        sent.sort_by_key(|&(place, _)| place);
        let mut packets = vec![packet(50_000, SYN, 0), packet(50_000, SYN_ACK, 0)];
        packets.extend(sent.iter().map(|&(_, segment)| packet(50_000, segment, 0)));
        packets.push(packet(50_000, (S, "A", 1, text.len() as u32 + 1, ""), 0));
        let mut at = 0;
        for event in events(&pcap(false, true, 101, &packets), Limits::default()).0 {
            match event.what {
                What::Bytes(_, bytes) => {
                    assert_eq!(*bytes, text.as_bytes()[at..at + bytes.len()]);
                    at += bytes.len();
                }
                What::Gap(length) => {
                    let missing = &there[at..at + length as usize];
                    assert!(missing.iter().all(|there| !there), "round {round} at {at}");
                    at += length as usize;
                }
                What::Begins { .. } | What::Ends { reset: false } => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(at, text.len(), "round {round}");
    }
}
