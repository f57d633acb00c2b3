//! What is written is read again.

use super::events;
use crate::support::Random;
use barewire::trace::wire::Direction::{self, FromClient, FromServer};
use barewire::trace::wire::capture::{Event, Limits, Writer, invented};
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
        let mut writer = Writer::new(&mut file).unwrap();
        let mut open: Vec<[bool; 2]> = Vec::new();
        let mut time = Duration::from_secs(1_800_000_000);
        for _ in 0..200 {
            time += Duration::from_nanos(random.next() % 1_000_000_000);
            let conversation = random.below(open.len().max(1));
            let from = [FromClient, FromServer][random.below(2)];
            let side = usize::from(from == FromServer);
            let number = conversation as u64;
            if open.is_empty() || random.one_in(20) {
                let conversation = open.len() as u64;
                let (client, server) = match random.one_in(2) {
                    true => invented(conversation),
                    false => (
                        SocketAddr::from(([1; 8], 40_000 + open.len() as u16)),
                        addr("[::1]:80"),
                    ),
                };
                writer.begins(conversation, time, client, server).unwrap();
                expected.push(Event::Begins {
                    conversation,
                    time,
                    client,
                    server,
                });
                open.push([true; 2]);
            } else if !open[conversation][side] {
                let error = writer.bytes(number, from, time, b"more").unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
            } else if random.one_in(20) {
                writer.ends(number, from, time).unwrap();
                expected.push(Event::Ends {
                    conversation: number,
                    from,
                    time,
                    reset: false,
                });
                open[conversation][side] = false;
            } else if open[conversation] == [true; 2] && random.one_in(40) {
                writer.resets(number, from, time).unwrap();
                for from in [from, [FromServer, FromClient][side]] {
                    expected.push(Event::Ends {
                        conversation: number,
                        from,
                        time,
                        reset: true,
                    });
                }
                open[conversation] = [false; 2];
            } else {
                let most = [1, 100, 65_475][random.below(3)];
                let bytes: Vec<u8> = (0..=random.below(most))
                    .map(|n| n as u8 ^ side as u8)
                    .collect();
                writer.bytes(number, from, time, &bytes).unwrap();
                expected.push(Event::Bytes {
                    conversation: number,
                    from,
                    time,
                    bytes,
                });
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
        let mut writer = Writer::new(&mut file).unwrap();
        writer.begins(0, Duration::ZERO, client, server).unwrap();
        writer.bytes(0, FromServer, Duration::ZERO, &bytes).unwrap();
        let mut found = Vec::new();
        for event in events(&file, Limits::default()).0 {
            match event {
                Event::Bytes {
                    bytes,
                    from: FromServer,
                    ..
                } => found.extend(bytes),
                Event::Begins { .. } => {}
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
    let mut writer = Writer::new(&mut file).unwrap();
    let longest = vec![b'x'; 65_507];
    let sent: [(Direction, &[u8]); 4] = [
        (FromClient, b"one"),
        (FromServer, b"two!"),
        (FromClient, b""),
        (FromServer, &longest),
    ];
    for (from, bytes) in sent {
        writer.datagram(client, server, from, time, bytes).unwrap();
    }
    let error = writer
        .datagram(client, server, FromClient, time, &[0; 65_508])
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let expected = sent.map(|(from, bytes)| {
        let bytes = bytes.to_vec();
        Event::Datagram {
            conversation: 0,
            client,
            server,
            from,
            time,
            bytes,
        }
    });
    assert_eq!(events(&file, Limits::default()).0, expected);
}

#[test]
fn what_cannot_be_written_is_refused_and_leaves_the_file_whole() {
    let (client, server) = invented(1);
    let (mut file, time) = (Vec::new(), Duration::ZERO);
    let late = Duration::from_secs(1 << 32);
    let mut writer = Writer::new(&mut file).unwrap();
    let mut refused = vec![
        writer.bytes(1, FromClient, time, b"early"),
        writer.bytes(1, FromClient, time, b""),
        writer.ends(1, FromClient, time),
        writer.resets(1, FromClient, time),
        writer.begins(1, late, client, server),
        writer.datagram(client, server, FromClient, late, b"late"),
    ];
    writer.begins(1, time, client, server).unwrap();
    writer.ends(1, FromClient, time).unwrap();
    refused.push(writer.ends(1, FromClient, time));
    refused.push(writer.bytes(1, FromServer, late, b"late"));
    writer.ends(1, FromServer, time).unwrap();
    refused.push(writer.ends(1, FromServer, time));
    for refused in refused {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    let (found, error) = events(&file, Limits::default());
    assert_eq!((found.len(), error.is_none()), (3, true), "{found:?}");
}

/// The ones' complement sum over what a checksum covers, itself included, is all ones.
#[test]
fn checksums_are_right() {
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file).unwrap();
    writer
        .begins(
            0,
            Duration::ZERO,
            addr("1.2.3.4:5"),
            addr("250.7.8.9:65535"),
        )
        .unwrap();
    for length in [1, 2, 3, 4, 5, 999] {
        writer
            .bytes(0, FromServer, Duration::ZERO, &vec![0xe7; length])
            .unwrap();
        writer
            .datagram(
                addr("1.2.3.4:5"),
                addr("6.7.8.9:10"),
                FromClient,
                Duration::ZERO,
                &vec![0xe7; length],
            )
            .unwrap();
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
    let mut writer = Writer::new(&mut file).unwrap();
    let (client, server) = invented(0);
    writer.begins(0, Duration::ZERO, client, server).unwrap();
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
