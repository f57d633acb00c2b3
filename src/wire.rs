//! What every `wire/` folder shares: the shape of a rule and of the error that names it.
//!
//! A decoder refuses bytes for one reason: they break a rule of a standard. So each protocol has one table
//! of its rules, and both the type and the sentences are made from that table:
//!
//! ```text
//!   rules! {
//!       pub enum Rule;                name        number  section          says
//!       pub fn status -> u16;         HostMissing 400     "RFC 9112 §3.2"  "an HTTP/1.1 request must have …";
//!   }
//!
//!   rule_error! { pub struct Error }  "an HTTP/1.1 request must have … (RFC 9112 §3.2); at byte 16: \"\\r\\n\""
//!                                      └ Rule::says ──────────────────┘ └ section ────┘          │    └ got
//!                                                                                                └ at
//! ```
//!
//! The number is what the protocol answers a broken rule with: a status of HTTP, a close code of WebSocket,
//! an alert of TLS. A table without numbers leaves the `fn` line out.
//!
//! To add a rule, add a row, and a case to the protocol's folder in `fixtures/` that breaks the rule: the
//! tests there find a rule without a case. `Misuse` (what a caller must not do) is such a table, too.

use std::fmt;

/// Makes the enum of a table of rules: `ALL`, `section`, `says`, `name`, `Display`, and the number of each
/// rule where the table has numbers.
macro_rules! rules {
    (
        $(#[$about:meta])* $seen:vis enum $Rule:ident;
        $(#[$doc:meta])* $vis:vis fn $number:ident -> $Number:ty;
        $($name:ident $value:literal $section:literal $says:literal;)+
    ) => {
        $crate::wire::rules! { $(#[$about])* $seen enum $Rule; $($name $section $says;)+ }

        impl $Rule {
            $(#[$doc])* $vis fn $number(self) -> $Number { match self { $($Rule::$name => $value),+ } }
        }
    };
    (
        $(#[$about:meta])* $seen:vis enum $Rule:ident;
        $($name:ident $section:literal $says:literal;)+
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        $seen enum $Rule { $(#[doc = concat!($section, ": ", $says)] $name),+ }

        #[allow(dead_code)] // a chapter that keeps its table to itself uses a part of this
        impl $Rule {
            /// Every rule there is, in the order of the table.
            $seen const ALL: &'static [$Rule] = &[$($Rule::$name),+];

            /// Where the rule stands, as `"RFC 9112 §6.3"`.
            $seen fn section(self) -> &'static str { match self { $($Rule::$name => $section),+ } }

            /// The rule in one sentence.
            $seen fn says(self) -> &'static str { match self { $($Rule::$name => $says),+ } }

            /// The name of the rule, as the vectors in `fixtures/` write it.
            $seen fn name(self) -> &'static str { match self { $($Rule::$name => stringify!($name)),+ } }
        }

        impl ::std::fmt::Display for $Rule {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "{} ({})", self.says(), self.section())
            }
        }
    };
}

/// Makes the error of a decoder: the rule that was broken, the offset, and the first bytes found there. The
/// function behind `show` writes the offset and those bytes.
macro_rules! rule_error {
    (
        $(#[$about:meta])* pub struct $Error:ident {
            rule: $Rule:ident,
            $(#[$at_doc:meta])* at: $At:ty,
            $(#[$got_doc:meta])* got: [u8; $GOT:literal],
            $($(#[$flag_doc:meta])* $flag:ident: bool,)?
        }
        $vis:vis fn new;
        show = $show:path;
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $Error {
            rule: $Rule,
            at: $At,
            got: [u8; $GOT],
            got_len: u8,
            $($(#[$flag_doc])* $flag: bool,)?
        }

        impl $Error {
            /// The rule was broken at byte `at` of `input`.
            #[cold]
            $vis fn new(rule: $Rule, input: &[u8], at: usize) -> $Error {
                let found = input.get(at..).unwrap_or_default();
                let mut got = [0; $GOT];
                let len = found.len().min($GOT);
                got[..len].copy_from_slice(&found[..len]);
                $Error { rule, at: at as $At, got, got_len: len as u8, $($flag: false)? }
            }

            /// Which rule.
            pub fn rule(&self) -> $Rule { self.rule }

            $(#[$at_doc])* pub fn at(&self) -> $At { self.at }

            $(#[$got_doc])* pub fn got(&self) -> &[u8] { &self.got[..self.got_len.into()] }
        }

        impl ::std::fmt::Display for $Error {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "{}", self.rule)?;
                $show(f, self.at as u64, self.got())
            }
        }

        impl ::std::fmt::Debug for $Error {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "{}: {self}", self.rule.name())
            }
        }

        impl ::std::error::Error for $Error {}
    };
}

/// Lets `?` make the error of a protocol out of each of its causes, the decoder's error among them.
macro_rules! from_causes {
    ($Error:ident: $($Variant:ident($Cause:ty)),+) => {$(
        impl From<$Cause> for $Error {
            fn from(cause: $Cause) -> $Error {
                $Error::$Variant(cause)
            }
        }
    )+};
}

pub(crate) use {from_causes, rule_error, rules};

/// Shows bytes that are mostly text in quotes; where none were found, no single place is to blame.
pub(crate) fn show_quoted(f: &mut fmt::Formatter<'_>, at: u64, got: &[u8]) -> fmt::Result {
    match got {
        [] => Ok(()),
        got => write!(f, "; at byte {at}: \"{}\"", got.escape_ascii()),
    }
}

/// Shows bytes of a binary format in hexadecimal; where none were found, the input ends.
pub(crate) fn show_hex(f: &mut fmt::Formatter<'_>, at: u64, got: &[u8]) -> fmt::Result {
    write!(f, "; at byte {at}:")?;
    match got {
        [] => f.write_str(" the end"),
        got => got.iter().try_for_each(|byte| write!(f, " {byte:02x}")),
    }
}

/// Shows characters as text and bytes that are none as hexadecimal.
pub(crate) fn show_text(f: &mut fmt::Formatter<'_>, at: u64, got: &[u8]) -> fmt::Result {
    write!(f, "; at byte {at}")?;
    match str::from_utf8(got) {
        Ok("") => Ok(()),
        Ok(text) => write!(f, ": {text:?}"),
        Err(_) => write!(f, ": {got:02X?}"),
    }
}
