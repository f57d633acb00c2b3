//! Messages in a stream: nothing is allocated for one, whole in its chunk or cut, once the
//! decoder's buffer has grown to what a cut message needs.

use crate::counting;
use barewire::framing::{
    Decode, Delimiter, Encode, Fixed, Framer, Header16, Header32, Message, Padding, Prefix,
};
use barewire::net::{Framed, Socket, pipe};
use std::hint::black_box;
use std::sync::Arc;
use std::thread;

const MESSAGES: usize = 1008;
const MESSAGE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Every framer, as a thread that serves a connection would use it; and a control.
pub fn results() -> Vec<bool> {
    let counted = thread::spawn(|| {
        counting::this_thread_serves();
        vec![
            catches(),
            costs_nothing("fixed cells", Fixed::<128>::new(Padding::Strip)),
            costs_nothing("delimiter", Delimiter::CRLF),
            costs_nothing("header, u16", Header16::new()),
            costs_nothing("header, u32", Header32::new()),
            costs_nothing("length and ring", Prefix::new()),
            costs_nothing_over_a_socket("fixed cells", Fixed::<128>::new(Padding::Strip)),
            costs_nothing_over_a_socket("delimiter", Delimiter::CRLF),
            costs_nothing_over_a_socket("header, u16", Header16::new()),
            costs_nothing_over_a_socket("length and ring", Prefix::new()),
        ]
    });
    counted.join().expect("no panic")
}

/// The counter works here, too: a message that is copied is caught each time.
fn catches() -> bool {
    let framer = Header16::new();
    let wire = encoded(&mut framer.encoder());
    let mut decoder = framer.decoder();
    counting::start(false);
    decode(&mut decoder, &wire, wire.len(), |message| {
        drop(black_box(message.to_vec()))
    });
    let count = counting::stop().serving;
    report(
        count == MESSAGES as u64,
        "framing control: a copied message is caught",
        count,
    )
}

fn costs_nothing<F: Framer>(name: &str, framer: F) -> bool {
    let (mut encoder, mut decoder) = (framer.encoder(), framer.decoder());
    let mut wire = encoded(&mut encoder);
    let mut round = || {
        wire.clear();
        encode(&mut encoder, &mut wire);
        for chunk in [16 * 1024, 1000, 50, 1] {
            decode(&mut decoder, &wire, chunk, |message| {
                black_box(message.len());
            });
        }
    };
    round();
    counting::start(true);
    round();
    let count = counting::stop().serving;
    report(
        count == 0,
        &format!("framing: {name}, chunks of 16384 to 1"),
        count,
    )
}

/// Sent and received through [`Framed`], one by one and sixteen at a time.
fn costs_nothing_over_a_socket<F: Framer + Copy>(name: &str, framer: F) -> bool {
    let ends = pipe();
    let framed = |end| Framed::new(Socket::new(Arc::new(end)), framer);
    let (sender, mut receiver) = (framed(ends.0), framed(ends.1));
    let mut round = || {
        for together in [1, 16] {
            for _ in 0..MESSAGES / together / 2 {
                (0..together).for_each(|_| sender.send(MESSAGE).expect("a peer"));
                for _ in 0..together {
                    let message = receiver.receive().expect("good messages");
                    black_box(message.expect("a message").len());
                }
            }
        }
    };
    round();
    counting::start(true);
    round();
    let count = counting::stop().serving;
    report(count == 0, &format!("framing over a socket: {name}"), count)
}

fn encoded<E: Encode>(encoder: &mut E) -> Vec<u8> {
    let mut wire = Vec::new();
    encode(encoder, &mut wire);
    wire
}

fn encode<E: Encode>(encoder: &mut E, wire: &mut Vec<u8>) {
    for _ in 0..MESSAGES {
        encoder.encode(MESSAGE, wire).expect("a short message");
    }
}

fn decode<D: Decode>(
    decoder: &mut D,
    wire: &[u8],
    chunk: usize,
    mut each: impl FnMut(&D::Message<'_>),
) {
    let mut found = 0;
    for mut chunk in wire.chunks(chunk) {
        while let Some(message) = decoder.decode(&mut chunk).expect("good messages") {
            each(&message);
            found += 1;
        }
    }
    assert_eq!(found, MESSAGES);
}

fn report(passed: bool, name: &str, count: u64) -> bool {
    let verdict = if passed { "ok" } else { "FAIL" };
    println!("{verdict:<4} {name:<46} {count:>4} allocations in {MESSAGES} messages");
    passed
}
