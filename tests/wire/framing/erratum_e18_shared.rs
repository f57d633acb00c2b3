//! E18: one parser for all connections of a server.

use super::stack_buffer::StackBuffer;
use barewire::framing::{Decode, Framer, Message, Prefix};

/// Two clients, `a` and `b`, each with one message that arrives in two chunks.
const ARRIVALS: [(usize, &[u8]); 4] =
    [(0, b"\0\x05HEL"), (1, b"\0\x05WOR"), (0, b"LO"), (1, b"LD")];
/// The result of one parser for both: the second client's header is part of the first's message.
const MIXED: [&[u8]; 1] = [b"HEL\0\x05"];

#[test]
fn erratum_e18_one_parser_for_all_mixes_two_clients() {
    let mut faulty = StackBuffer::new(128);
    let messages: Vec<_> = ARRIVALS
        .iter()
        .flat_map(|(_, chunk)| faulty.put(chunk))
        .collect();
    assert_eq!(messages, MIXED);
}

/// The cause is sharing, not the parser: ours, shared, does the same.
#[test]
fn erratum_e18_ours_shared_mixes_as_well() {
    let mut shared = Prefix::new().decoder();
    let mut messages = Vec::new();
    for (_, mut chunk) in ARRIVALS {
        while let Some(message) = shared.decode(&mut chunk).unwrap() {
            messages.push(message.to_vec());
        }
    }
    assert_eq!(messages, MIXED);
}

#[test]
fn erratum_e18_a_decoder_for_each_connection() {
    let mut decoders = [Prefix::new().decoder(), Prefix::new().decoder()];
    let mut messages = Vec::new();
    for (client, mut chunk) in ARRIVALS {
        while let Some(message) = decoders[client].decode(&mut chunk).unwrap() {
            messages.push((client, message.to_vec()));
        }
    }
    assert_eq!(messages, [(0, b"HELLO".to_vec()), (1, b"WORLD".to_vec())]);
    assert!(decoders.iter().all(|decoder| decoder.finish().is_ok()));
}
