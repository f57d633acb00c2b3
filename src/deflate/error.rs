//! The rules of a compressed stream, and the error that names the broken one.

use std::fmt;

use crate::wire::{rule_error, rules, show_hex};

rules! {
    /// A rule that a compressed stream must keep; `fixtures/deflate/` uses the same names.
    ///
    /// ```
    /// use barewire::deflate::Rule;
    ///
    /// assert_eq!(Rule::CodesOversubscribed.section(), "RFC 1951 §3.2.2");
    /// assert_eq!(Rule::DistanceTooFar.says(), "a distance reaches back to a byte of the window that has been there");
    /// ```
    pub enum Rule;

    BlockTypeReserved "RFC 1951 §3.2.3" "a block is stored, has fixed codes or dynamic ones; type 3 is reserved";
    StoredLengthWrong "RFC 1951 §3.2.4" "the length of a stored block is followed by its complement";
    TooManyCodes "RFC 1951 §3.2.7" "there are at most 286 codes for literals and lengths, and 30 for distances";
    CodesOversubscribed "RFC 1951 §3.2.2" "the lengths of the codes leave a code for each symbol, and no code begins another";
    CodesIncomplete "RFC 1951 §3.2.2" "every sequence of bits is the begin of a code, except where there is one code alone";
    RepeatOfNothing "RFC 1951 §3.2.7" "the first code length repeats no other";
    RepeatTooLong "RFC 1951 §3.2.7" "a repeated code length ends with the last code";
    EndOfBlockMissing "RFC 1951 §3.2.7" "there is a code for the end of the block";
    CodeUnused "RFC 1951 §3.2.2" "these bits are no code of the block";
    SymbolReserved "RFC 1951 §3.2.6" "the symbols 286 and 287, and the distances 30 and 31, do not occur";
    DistanceTooFar "RFC 1951 §2" "a distance reaches back to a byte of the window that has been there";

    GzipMagicMissing "RFC 1952 §2.3.1" "a member begins with 1f 8b";
    GzipMethodUnknown "RFC 1952 §2.3.1" "the only method of compression is 8, deflate";
    GzipFlagsReserved "RFC 1952 §2.3.1.2" "the reserved flags are 0";
    GzipHeaderTooLong "RFC 1952 §2.3" "the header is longer than is accepted here";
    GzipHeaderCrcWrong "RFC 1952 §2.3.1" "the CRC of the header is that of its bytes";
    GzipCrcWrong "RFC 1952 §2.3.1" "the CRC-32 of a member is that of its content";
    GzipLengthWrong "RFC 1952 §2.3.1" "the length of a member is that of its content, modulo 2 to the 32";
    Unfinished "RFC 1952 §2.2" "a file is whole members, one after another, and one at least";
}

rule_error! {
    /// The stream breaks a [`Rule`]: which, about where, and the bytes found there.
    ///
    /// ```
    /// use barewire::deflate::{Inflate, Rule};
    ///
    /// let reserved = [0b0000_0111]; // the last block, of type 3
    /// let error = Inflate::new(15).inflate(&reserved, &mut Vec::new(), 100).unwrap_err();
    /// assert_eq!(error.rule(), Rule::BlockTypeReserved);
    /// assert_eq!(error.to_string(), "a block is stored, has fixed codes or dynamic ones; type 3 is reserved \
    ///     (RFC 1951 §3.2.3); at byte 0: 07");
    /// ```
    pub struct Error {
        rule: Rule,
        /// The byte in which the wrong bits begin, from the begin of the stream. Lengths of codes are judged when the last
        /// one has come: then it is the byte with the next bit.
        at: u64,
        /// Up to four bytes from there on, as far as they have come with this input.
        got: [u8; 4],
    }
    fn new;
    show = show;
}

impl Error {
    /// The rule was broken at byte `at` of the stream, of which `before` bytes came before this input.
    #[cold]
    pub(super) fn behind(before: u64, rule: Rule, input: &[u8], at: u64) -> Error {
        // What came with an earlier input is not shown.
        let got = at
            .checked_sub(before)
            .map_or(&[][..], |at| &input[at as usize..]);
        let error = Error::new(rule, got, 0);
        Error { at, ..error }
    }

    /// What broke the rule is part of something else, and has `before` bytes before it there.
    pub(super) fn moved(self, before: u64) -> Error {
        let at = before + self.at;
        Error { at, ..self }
    }
}

/// Why a step of a decoder did not finish.
pub(super) enum Stop {
    Input,
    Output,
    Broken(Rule),
}

pub(super) type Step<T = ()> = Result<T, Stop>;

impl From<Rule> for Stop {
    fn from(rule: Rule) -> Stop {
        Stop::Broken(rule)
    }
}

fn show(f: &mut fmt::Formatter<'_>, at: u64, got: &[u8]) -> fmt::Result {
    match got {
        [] => write!(f, "; at byte {at}"),
        got => show_hex(f, at, got),
    }
}
