//! The format of `fixtures/deflate/*.txt`, as the head of each file explains it.

use crate::cases::websocket::{self, bytes};
use barewire::deflate::Rule;

pub(super) use websocket::Case;

macro_rules! files {
    ($($name:literal)+) => {
        /// The files of cases, and what they hold.
        pub(super) const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../fixtures/deflate/", $name)))),+];
    };
}

files! { "stored.txt" "fixed.txt" "dynamic.txt" "gzip.txt" }

pub(super) fn cases(file: &str) -> Vec<Case> {
    let (_, text) = FILES.iter().find(|(name, _)| *name == file).expect(file);
    websocket::read(&format!("deflate/{file}"), text)
}

/// What a case expects of its stream.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) input: Vec<u8>,
    pub(super) out: Vec<u8>,
    pub(super) done: bool,
    /// The rule that is broken, and the byte where the wrong bits begin.
    pub(super) error: Option<(Rule, u64)>,
}

pub(super) fn expected(case: &Case) -> Expected {
    let (mut bits, mut wrong, mut out) = (Vec::new(), None, Vec::new());
    for (key, value) in &case.lines {
        match key.as_str() {
            "bits" => read_bits(value, &mut bits, &mut wrong).expect(&case.place),
            "bytes" => {
                fill_up(&mut bits);
                let (value, _) = value.split_once(" #").unwrap_or((value, ""));
                for byte in bytes(value).expect(&case.place) {
                    number(byte.into(), 8, &mut bits);
                }
            }
            "out" => out.extend(bytes(value).expect(&case.place)),
            _ => {}
        }
    }
    let error = case.find("error").map(|name| {
        let rule = Rule::ALL.iter().find(|rule| rule.name() == name);
        let rule = *rule.unwrap_or_else(|| panic!("{}: no rule {name}", case.place));
        (
            rule,
            wrong.unwrap_or_else(|| panic!("{}: no !", case.place)),
        )
    });
    Expected {
        input: packed(bits),
        out,
        done: case.find("done").is_none() && error.is_none(),
        error,
    }
}

/// A line of bits, and zeros up to the byte.
pub(super) fn stream(text: &str) -> Vec<u8> {
    let mut bits = Vec::new();
    read_bits(text, &mut bits, &mut None).expect(text);
    packed(bits)
}

fn packed(mut bits: Vec<bool>) -> Vec<u8> {
    fill_up(&mut bits);
    let byte = |bits: &[bool]| (0..8).map(|at| u8::from(bits[at]) << at).sum();
    bits.chunks(8).map(byte).collect()
}

/// `3:5 110 7*0 | ! # what it means`
fn read_bits(text: &str, bits: &mut Vec<bool>, wrong: &mut Option<u64>) -> Option<()> {
    for word in text.split('#').next()?.split_whitespace() {
        let (times, word) = word.split_once('*').unwrap_or(("1", word));
        for _ in 0..times.parse().ok()? {
            match word.split_once(':') {
                Some((value, width)) => number(value.parse().ok()?, width.parse().ok()?, bits),
                None if word == "|" => fill_up(bits),
                None if word == "!" => *wrong = Some(bits.len() as u64 / 8),
                None => bits.extend(word.chars().map(|bit| bit == '1')),
            }
        }
    }
    Some(())
}

fn number(value: u32, width: u32, bits: &mut Vec<bool>) {
    bits.extend((0..width).map(|at| value >> at & 1 == 1));
}

fn fill_up(bits: &mut Vec<bool>) {
    bits.resize(bits.len().next_multiple_of(8), false);
}
