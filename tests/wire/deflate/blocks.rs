//! The cases of blocks.

use super::{feed, format};
use barewire::deflate::Inflate;

#[test]
fn stored_blocks() {
    run("stored.txt");
}

#[test]
fn blocks_with_fixed_codes() {
    run("fixed.txt");
}

#[test]
fn blocks_with_codes_of_their_own() {
    run("dynamic.txt");
}

fn run(file: &str) {
    let cases = format::cases(file);
    println!("{file}: {} cases", cases.len());
    for case in &cases {
        case.only(&["window", "bits", "bytes", "out", "done", "error"]);
        let window = case
            .find("window")
            .map_or(15, |bits| bits.parse().expect("a number"));
        feed::check(
            &mut Inflate::new(window),
            &format::expected(case),
            &case.place,
        );
    }
}
