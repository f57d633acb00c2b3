//! Bytes that passed and were not kept: they are a leaf, and what is behind them is read if it can be found.

use super::play::{CLIENT, SERVER};
use barewire::trace::wire::{Conversation, Direction, Label, Spans};
use std::time::Duration;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok";

#[derive(Default)]
struct Played {
    conversation: Conversation,
    at: [u64; 2],
    labels: Vec<&'static str>,
}

impl Played {
    fn passes(&mut self, from: Direction, bytes: &[u8]) {
        self.seen(|conversation| conversation.receive(from, Duration::ZERO, bytes));
    }

    fn misses(&mut self, from: Direction, length: u64) {
        self.seen(|conversation| conversation.gap(from, Duration::ZERO, length));
    }

    /// The leaves tile their direction, gaps included.
    fn seen(&mut self, act: impl FnOnce(&mut Conversation) -> Spans<'_>) {
        for explained in act(&mut self.conversation) {
            for leaf in explained.span.leaves() {
                let at = &mut self.at[usize::from(explained.from == SERVER)];
                assert_eq!(leaf.range.start, *at, "{leaf:?}");
                *at = leaf.range.end;
            }
            self.labels.push(explained.span.label.key());
        }
    }

    fn labels(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.labels)
    }
}

#[test]
fn content_goes_on_behind_a_gap() {
    let mut played = Played::default();
    played.passes(CLIENT, &GET.repeat(2));
    played.passes(SERVER, OK);
    played.misses(SERVER, 17);
    played.passes(SERVER, b"!");
    played.passes(
        SERVER,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n",
    );
    played.misses(SERVER, 5);
    played.passes(SERVER, b"!\r\n0\r\n\r\n");
    let (head, data) = ("http.response", "http.body.data");
    let labels = played.labels();
    assert_eq!(labels[2..6], [head, data, "tcp.gap", data]);
    assert_eq!(
        labels[6..10],
        [head, "http.chunk", "tcp.gap", "http.chunk.data"]
    );
    assert!(!labels.contains(&Label::Unexplained.key()));
}

#[test]
fn what_is_behind_another_gap_is_not_blamed() {
    for gap in [20, 18, u64::MAX / 2] {
        let mut played = Played::default();
        played.passes(CLIENT, GET);
        played.passes(SERVER, OK);
        played.misses(SERVER, gap); // the end of the content is in it
        played.passes(SERVER, b"garbage");
        assert_eq!(played.labels()[3..], ["tcp.gap", "unexplained"], "{gap}");
    }
    let mut played = Played::default();
    played.passes(CLIENT, &GET[..10]);
    played.misses(CLIENT, 1000);
    played.passes(CLIENT, b"\r\n\r\n");
    played.passes(SERVER, OK);
    assert_eq!(
        played.labels(),
        ["unexplained", "tcp.gap", "unexplained", "unexplained"]
    );
}

/// A direction may end in a gap.
#[test]
fn the_end_comes_behind_a_gap() {
    let mut played = Played::default();
    played.passes(CLIENT, GET);
    played.misses(CLIENT, 7);
    played.seen(|conversation| conversation.end(CLIENT, Duration::ZERO));
    assert_eq!(played.labels(), ["http.request", "tcp.gap", "end"]);
}
