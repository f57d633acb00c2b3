//! Plays a conversation, and checks the promises that hold for each.

pub(crate) use crate::cases::scripts::{Passes, answers, asks, both_end};
use barewire::http::wire::Limits;
use barewire::trace::wire::{
    Conversation, Direction, Explained, Label, Layer, Note, Protocol, Span,
};
use std::ops::Range;
use std::time::Duration;

pub(crate) const CLIENT: Direction = Direction::FromClient;
pub(crate) const SERVER: Direction = Direction::FromServer;

/// A leaf, however the bytes were cut. The pieces of a long run are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) from: Direction,
    pub(crate) layer: Layer,
    pub(crate) exchange: Option<u64>,
    pub(crate) range: Range<u64>,
    pub(crate) label: Label,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Of a run in pieces: of the first one.
    pub(crate) value: String,
    pub(crate) rule: &'static str,
    /// Not of a run in pieces.
    pub(crate) notes: Vec<Note>,
}

/// The leaves of a conversation. All that every conversation promises is checked.
pub(crate) fn leaves(script: &[Passes]) -> Vec<Leaf> {
    leaves_within(Limits::default(), script)
}

/// The same, with these limits: the bytes are played whole, byte by byte, and cut at some places.
pub(crate) fn leaves_within(limits: Limits, script: &[Passes]) -> Vec<Leaf> {
    leaves_of(|| Conversation::with_limits(limits), script)
}

/// The same, of a conversation of this protocol.
pub(crate) fn leaves_by(protocol: &Protocol, script: &[Passes]) -> Vec<Leaf> {
    leaves_of(|| Conversation::of(protocol.clone()), script)
}

fn leaves_of(begin: impl Fn() -> Conversation, script: &[Passes]) -> Vec<Leaf> {
    let whole = played_in(begin(), script, |bytes| bytes.len().max(1));
    let longest = script.iter().map(|passes| match passes {
        Passes::Bytes(_, bytes) => bytes.len(),
        Passes::End(_) => 0,
    });
    let most = longest.max().unwrap_or_default();
    let cuts = [1, 2, 7, 61, most / 2, most.saturating_sub(1)];
    for cut in cuts.into_iter().filter(|&cut| cut > 0 && cut * 1000 > most) {
        let pieces = played_in(begin(), script, |_| cut);
        assert_eq!(pieces, whole, "in pieces of {cut}: {script:?}");
    }
    whole
}

/// The leaves of a conversation in pieces of the length that `cut` chooses for the bytes that are left.
pub(crate) fn played(
    limits: Limits,
    script: &[Passes],
    cut: impl FnMut(&[u8]) -> usize,
) -> Vec<Leaf> {
    played_in(Conversation::with_limits(limits), script, cut)
}

/// The same in this conversation, which has just begun.
pub(crate) fn played_in(
    conversation: Conversation,
    script: &[Passes],
    mut cut: impl FnMut(&[u8]) -> usize,
) -> Vec<Leaf> {
    let mut conversation = conversation.show_secrets();
    let mut seen = Seen::default();
    for passes in script {
        match passes {
            Passes::Bytes(from, bytes) => {
                seen.sent(*from, bytes);
                let mut rest = &bytes[..];
                while !rest.is_empty() {
                    let (piece, behind) = rest.split_at(cut(rest).min(rest.len()));
                    rest = behind;
                    for explained in conversation.receive(*from, Duration::ZERO, piece) {
                        seen.explained(&explained);
                    }
                }
            }
            Passes::End(from) => {
                for explained in conversation.end(*from, Duration::ZERO) {
                    seen.explained(&explained);
                }
            }
        }
    }
    for from in [CLIENT, SERVER] {
        let ended = script
            .iter()
            .any(|passes| matches!(passes, Passes::End(end) if *end == from));
        let (sent, at) = (&seen.sent[side(from)], seen.at[side(from)]);
        assert!(
            !ended || at == sent.len(),
            "{from:?} is explained up to {at}: {script:?}"
        );
    }
    // In the order of each direction: how the two are interleaved depends on the cut.
    let is_compressed = |leaf: &Leaf| leaf.layer == Layer::Compressed;
    seen.leaves
        .sort_by_key(|leaf| (side(leaf.from), is_compressed(leaf)));
    seen.leaves
}

fn side(from: Direction) -> usize {
    usize::from(from == SERVER)
}

#[derive(Debug, Default)]
struct Seen {
    sent: [Vec<u8>; 2],
    at: [usize; 2],
    compressed: [u64; 2],
    leaves: Vec<Leaf>,
}

impl Seen {
    fn sent(&mut self, from: Direction, bytes: &[u8]) {
        self.sent[side(from)].extend_from_slice(bytes);
    }

    /// A span begins where the one before it has ended, and so do the leaves in it.
    fn explained(&mut self, explained: &Explained) {
        let (from, span) = (explained.from, &explained.span);
        if explained.layer == Layer::Compressed {
            let at = &mut self.compressed[side(from)];
            assert!([0, *at].contains(&span.range.start), "{at} {span:?}");
            *at = span.range.end;
            assert_eq!(
                explained.bytes.len() as u64,
                span.range.end - span.range.start
            );
            tiles(span);
            for leaf in span.leaves() {
                self.leaf(explained, leaf, explained.bytes_of(leaf));
            }
            return;
        }
        if explained.layer == Layer::Message {
            // The first bytes of all, put together of the payloads before it.
            assert_eq!(
                explained.bytes.len() as u64,
                span.range.end.min(1024),
                "{span:?}"
            );
            assert_eq!(span.range.start, 0);
            assert!(matches!(span.label, Label::Message | Label::Content));
            return self.leaf(explained, span, &explained.bytes);
        }
        let at = &mut self.at[side(from)];
        assert_eq!(span.range.start, *at as u64, "{span:?}");
        *at = span.range.end as usize;
        let bytes = self.sent[side(from)][span.range.start as usize..*at].to_vec();
        assert_eq!(bytes, explained.bytes, "{span:?}");
        tiles(span);
        for leaf in span.leaves() {
            let start = (leaf.range.start - span.range.start) as usize;
            let end = (leaf.range.end - span.range.start) as usize;
            self.leaf(explained, leaf, &bytes[start..end]);
        }
    }

    fn leaf(&mut self, explained: &Explained, span: &Span, bytes: &[u8]) {
        let (from, layer, exchange) = (explained.from, explained.layer, explained.exchange);
        let in_pieces = span.label.comes_in_pieces();
        let mut before = self.leaves.iter_mut().rev();
        if let Some(last) = before.find(|leaf| (leaf.from, leaf.layer) == (from, layer))
            && in_pieces
            && (last.label, last.rule, last.exchange) == (span.label, span.rule, exchange)
            && span.range.end > span.range.start
        {
            last.range.end = span.range.end;
            last.bytes.extend_from_slice(bytes);
            return;
        }
        self.leaves.push(Leaf {
            from,
            layer,
            exchange,
            range: span.range.clone(),
            label: span.label,
            bytes: bytes.to_vec(),
            value: match in_pieces && span.label != Label::Refused {
                true => String::new(),
                false => span.value.clone(),
            },
            rule: span.rule,
            notes: match in_pieces {
                true => Vec::new(),
                false => span.notes.clone(),
            },
        });
    }
}

impl Leaf {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// Children lie one behind the other and cover their span; no leaf but the end is empty.
fn tiles(span: &Span) {
    let Some(last) = span.children.last() else {
        let is_end = matches!(span.label, Label::End | Label::Refused);
        assert!(is_end || span.range.start < span.range.end, "{span:?}");
        return;
    };
    assert!(span.value.is_empty(), "{span:?}");
    let mut at = span.range.start;
    for child in &span.children {
        assert_eq!(child.range.start, at, "{span:?}");
        at = child.range.end;
        tiles(child);
    }
    assert_eq!((at, last.range.end), (span.range.end, at), "{span:?}");
}

/// The text of the leaves with this label.
pub(crate) fn texts(leaves: &[Leaf], label: Label) -> Vec<String> {
    let leaves = leaves.iter().filter(|leaf| leaf.label == label);
    leaves.map(Leaf::text).collect()
}

/// The values of the notes with this label.
pub(crate) fn notes(leaves: &[Leaf], label: Label) -> Vec<String> {
    let notes = leaves.iter().flat_map(|leaf| &leaf.notes);
    let notes = notes.filter(|note| note.label == label);
    notes.map(|note| note.value.clone()).collect()
}

/// The sentence and the section of the broken rule, of the first leaf on the wire that is refused.
pub(crate) fn refused(leaves: &[Leaf]) -> Option<(String, &'static str)> {
    let mut on_the_wire = leaves.iter().filter(|leaf| leaf.layer != Layer::Compressed);
    let leaf = on_the_wire.find(|leaf| leaf.label == Label::Refused)?;
    Some((leaf.value.clone(), leaf.rule))
}
