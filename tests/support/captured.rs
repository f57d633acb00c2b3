//! What a capture has of each conversation, once more.

use barewire::trace::wire::capture::Reader;
use barewire::trace::wire::{Direction, What};
use std::collections::BTreeMap;

/// The bytes of both directions of each conversation, as far as the file is whole.
pub(crate) fn captured(file: &[u8]) -> BTreeMap<u64, [Vec<u8>; 2]> {
    let mut all = BTreeMap::<u64, [Vec<u8>; 2]>::new();
    for event in Reader::new(file).map_while(Result::ok) {
        let number = event.conversation.expect("a notice about the file");
        let directions = all.entry(number).or_default();
        match event.what {
            What::Bytes(_, bytes) => {
                directions[usize::from(event.from == Direction::FromServer)]
                    .extend_from_slice(&bytes);
            }
            What::Begins { .. } | What::Ends { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    all
}
