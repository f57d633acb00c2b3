//! What is written is read again.

use super::{events, write};
use crate::support::Random;
use barewire::trace::wire::Direction::{self, FromClient, FromServer};
use barewire::trace::wire::capture::{Limits, Writer, invented};
use barewire::trace::wire::{Event, What};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Conversations at the same time, over IPv4 and IPv6, and datagrams between.
#[test]
fn what_is_written_is_read_in_the_same_pieces_and_order() {
    let mut random = Random::new(0x0c0f_fee1);
    for _ in 0..50 {
        let (mut file, mut expected) = (Vec::new(), Vec::new());
        let mut writer = Writer::new(&mut file);
        let mut open: Vec<[bool; 2]> = Vec::new();
        let mut time = Duration::from_secs(1_800_000_000);
        for _ in 0..200 {
            time += Duration::from_nanos(random.next() % 1_000_000_000);
            let number = random.below(open.len().max(1));
            let side = random.below(2);
            let from = [FromClient, FromServer][side];
            let mut event = |number, from, what| {
                let event = Event::new(number as u64, from, time, what);
                writer.event(&event).unwrap();
                event
            };
            if open.is_empty() || random.one_in(20) {
                let number = open.len();
                let (client, server) = match random.one_in(2) {
                    true => invented(number as u64),
                    false => (
                        SocketAddr::from(([1; 8], 40_000 + number as u16)),
                        addr("[::1]:80"),
                    ),
                };
                expected.push(event(number, FromClient, What::begins(client, server)));
                open.push([true; 2]);
            } else if !open[number][side] {
                event(number, from, What::bytes(b"more")); // passed over
            } else if random.one_in(20) {
                expected.push(event(number, from, What::Ends { reset: false }));
                open[number][side] = false;
            } else if open[number] == [true; 2] && random.one_in(40) {
                for from in [from, [FromServer, FromClient][side]] {
                    expected.push(event(number, from, What::Ends { reset: true }));
                }
                open[number] = [false; 2];
            } else {
                let most = [1, 100, 65_475][random.below(3)];
                let bytes: Vec<u8> = (0..=random.below(most))
                    .map(|n| n as u8 ^ side as u8)
                    .collect();
                expected.push(event(number, from, What::bytes(bytes)));
            }
        }
        let (found, error) = events(&file, Limits::default());
        assert!(error.is_none(), "{error:?}");
        assert!(found == expected);
    }
}

#[test]
fn large_bytes_are_several_segments() {
    let bytes: Vec<u8> = (0..700_000_u32).map(|n| (n / 7) as u8).collect();
    for (client, server) in [invented(0), (addr("[::1]:5000"), addr("127.0.0.1:80"))] {
        let mut file = Vec::new();
        let mut writer = Writer::new(&mut file);
        write(&mut writer, 0, FromClient, What::begins(client, server));
        write(&mut writer, 0, FromServer, What::bytes(&bytes));
        let mut found = Vec::new();
        for event in events(&file, Limits::default()).0 {
            match (event.from, event.what) {
                (FromServer, What::Bytes(_, bytes)) => found.extend_from_slice(&bytes),
                (_, What::Begins { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(found == bytes);
    }
}

#[test]
fn datagrams() {
    let (client, server) = (addr("127.0.0.1:50000"), addr("127.0.0.1:41234"));
    let (mut file, time) = (Vec::new(), Duration::from_millis(1));
    let mut writer = Writer::new(&mut file);
    let longest = vec![b'x'; 65_507];
    let sent: [(Direction, &[u8]); 4] = [
        (FromClient, b"one"),
        (FromServer, b"two!"),
        (FromClient, b""),
        (FromServer, &longest),
    ];
    let datagram = |from, bytes: &[u8]| {
        let what = What::Datagram {
            client,
            server,
            bytes: bytes.to_vec().into(),
            missing: 0,
        };
        Event::new(0, from, time, what)
    };
    let sent = sent.map(|(from, bytes)| datagram(from, bytes));
    for event in &sent {
        writer.event(event).unwrap();
    }
    let longer = writer.event(&datagram(FromClient, &[0; 65_508]));
    assert_eq!(longer.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(events(&file, Limits::default()).0, sent);
}

/// What a capture lacks is lacking in its copy, too.
#[test]
fn gaps_are_written() {
    let (client, server) = invented(0);
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file);
    let passed = [
        (FromClient, What::begins(client, server)),
        (FromClient, What::bytes(b"GET")),
        (FromServer, What::Gap(70_000)),
        (FromServer, What::bytes(b"behind")),
        (FromServer, What::Ends { reset: false }),
    ];
    let passed = passed.map(|(from, what)| Event::new(0, from, Duration::ZERO, what));
    for event in &passed {
        writer.event(event).unwrap();
    }
    assert_eq!(events(&file, Limits::default()).0, passed);
}

#[test]
fn what_cannot_be_written_leaves_the_file_whole() {
    let (client, server) = invented(1);
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file);
    let late = Duration::from_secs(1 << 32);
    let late = writer.event(&Event::new(
        1,
        FromClient,
        late,
        What::begins(client, server),
    ));
    assert_eq!(late.unwrap_err().kind(), ErrorKind::InvalidInput);
    let ends = || What::Ends { reset: false };
    for (from, what) in [
        (FromClient, What::bytes(b"early")),
        (FromClient, ends()),
        (FromClient, What::Cut),
        (FromClient, What::begins(client, server)),
        (FromClient, ends()),
        (FromClient, ends()),
        (FromClient, What::bytes(b"behind the end")),
        (FromServer, ends()),
        (FromServer, ends()),
    ] {
        write(&mut writer, 1, from, what);
    }
    let (found, error) = events(&file, Limits::default());
    assert_eq!((found.len(), error.is_none()), (3, true), "{found:?}");
}

#[test]
fn a_capture_in_which_nothing_has_passed_is_a_file() {
    let mut file = Vec::new();
    Writer::new(&mut file).finish().unwrap();
    let (found, error) = events(&file, Limits::default());
    assert_eq!((file.len(), found.len(), error.is_none()), (24, 0, true));
}

/// The ones' complement sum over what a checksum covers, itself included, is all ones.
#[test]
fn checksums_are_right() {
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file);
    let (client, server) = (addr("1.2.3.4:5"), addr("250.7.8.9:65535"));
    write(&mut writer, 0, FromClient, What::begins(client, server));
    for length in [1, 2, 3, 4, 5, 999] {
        let bytes = vec![0xe7; length];
        write(&mut writer, 0, FromServer, What::bytes(&bytes));
        let datagram = What::Datagram {
            client,
            server: addr("6.7.8.9:10"),
            bytes: bytes.into(),
            missing: 0,
        };
        write(&mut writer, 1, FromClient, datagram);
    }
    let mut rest = &file[24..];
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let packet = &rest[16..16 + length];
        let pseudo = [
            &[0, packet[9]],
            &((length - 20) as u16).to_be_bytes()[..],
            &packet[12..],
        ]
        .concat();
        assert_eq!(
            (sum(&packet[..20]), sum(&pseudo)),
            (0xffff, 0xffff),
            "{packet:x?}"
        );
        rest = &rest[16 + length..];
    }
}

fn sum(bytes: &[u8]) -> u32 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
    let sum: u32 = bytes.chunks(2).map(word).sum();
    (sum & 0xffff) + (sum >> 16)
}

/// RFC 9293 §3.1: behind an End of Option List is padding, and that is zeros.
#[test]
fn no_option_of_a_syn_stands_behind_their_end() {
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file);
    let (client, server) = invented(0);
    write(&mut writer, 0, FromClient, What::begins(client, server));
    let syn = &file[24 + 16 + 20..];
    let mut options = &syn[20..usize::from(syn[12] >> 4) * 4];
    while let [kind, rest @ ..] = options {
        options = match kind {
            0 => return assert!(rest.iter().all(|&byte| byte == 0), "{options:?}"),
            1 => rest,
            _ => &options[usize::from(options[1])..],
        };
    }
}
