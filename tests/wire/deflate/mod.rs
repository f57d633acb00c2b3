//! Compressed streams: the cases of `fixtures/deflate/`, and what no table can say.
//!
//! A case of [`blocks`] is a stream, bit by bit; one of [`files`] is a gzip file. Each is decompressed whole, byte by byte,
//! cut in two at every place, with bytes behind it, and with an output of one byte at a time ([`feed`]). [`bounds`] is how
//! much comes out at a call, and [`bombs`] how much in all.

mod blocks;
mod bombs;
mod bounds;
mod feed;
mod files;
mod format;

use barewire::deflate::Rule;
use std::collections::BTreeSet;

#[test]
fn every_rule_has_a_case() {
    let cases = format::FILES
        .iter()
        .flat_map(|(file, _)| format::cases(file));
    let raised: BTreeSet<String> = cases.filter_map(|case| case.find("error")).collect();
    for rule in Rule::ALL {
        assert!(raised.contains(rule.name()), "{} has no case", rule.name());
    }
}

/// Every file is run, and the heads explain the format in the same words.
#[test]
fn every_file_is_run_and_explains_the_format() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/deflate");
    let names: BTreeSet<_> = std::fs::read_dir(folder)
        .expect("fixtures/deflate")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    let run = format::FILES.iter().map(|(file, _)| (*file).into());
    assert_eq!(names, run.collect());
    let of_blocks = format::FILES.iter().filter(|(file, _)| *file != "gzip.txt");
    let heads: BTreeSet<Vec<&str>> = of_blocks
        .map(|(_, text)| {
            text.lines()
                .skip(1)
                .take_while(|line| line.starts_with('#'))
                .collect()
        })
        .collect();
    assert_eq!(heads.len(), 1, "different words: {heads:#?}");
}
