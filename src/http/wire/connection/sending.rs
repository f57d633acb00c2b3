//! The body that is being sent: how its head has framed it, and how many bytes may follow.
//!
//! ```text
//!   Content-Length: 12      Known, 12 left ── 5 bytes ──▶ Known, 7 left ── the end: too short
//!   Transfer-Encoding       Chunked, no limit
//!   a response to HEAD      Omitted, or OmittedKnown: counted, and not sent
//! ```

use crate::http::wire::messages::{FieldList, Version, chunked};
use crate::http::wire::misuse::Misuse;

/// How the body that is being sent is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// No body may follow the head.
    Nothing,
    /// A response to HEAD: its body is not sent.
    Omitted,
    /// The same, with a declared length: its body is counted.
    OmittedKnown,
    /// Of a declared length.
    Known,
    Chunked,
    UntilClose,
}

/// The body that is being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sending {
    pub(super) framing: Framing,
    /// How many bytes may follow; the largest number if no length is declared.
    pub(super) left: u64,
}

impl Sending {
    /// No body.
    pub(super) const NOTHING: Sending = Sending::declared(Framing::Nothing, 0);

    /// A body of this length.
    pub(super) const fn declared(framing: Framing, left: u64) -> Sending {
        Sending { framing, left }
    }

    /// A body whose length its head does not declare.
    pub(super) const fn undeclared(framing: Framing) -> Sending {
        Sending::declared(framing, u64::MAX)
    }

    /// Whether `length` more bytes of the body may follow.
    #[inline(always)]
    pub(super) fn check(self, length: usize) -> Result<(), Misuse> {
        match length as u64 > self.left {
            false => Ok(()),
            true if self.framing == Framing::Nothing => Err(Misuse::BodyNotAllowed),
            true => Err(Misuse::BodyTooLong),
        }
    }

    /// What is left after `length` bytes that have been [checked](Self::check).
    #[inline(always)]
    pub(super) fn after(mut self, length: usize) -> Sending {
        if matches!(self.framing, Framing::Known | Framing::OmittedKnown) {
            self.left -= length as u64;
        }
        self
    }

    /// Whether the bytes of the body are sent.
    #[inline(always)]
    pub(super) fn sends_body(self) -> bool {
        matches!(
            self.framing,
            Framing::Known | Framing::Chunked | Framing::UntilClose
        )
    }

    /// Whether the message may end here, with these trailer fields.
    #[inline(always)]
    pub(super) fn check_end(self, version: Version, trailers: &FieldList) -> Result<(), Misuse> {
        if !trailers.view().is_empty() {
            self.check_trailers(version, trailers)?;
        }
        match self.framing == Framing::Known && self.left > 0 {
            true => Err(Misuse::BodyTooShort),
            false => Ok(()),
        }
    }

    #[cold]
    fn check_trailers(self, version: Version, trailers: &FieldList) -> Result<(), Misuse> {
        let mut names = trailers.view().iter().map(|(name, _)| name);
        if names.any(|name| chunked::is_forbidden_trailer(name.as_bytes())) {
            return Err(Misuse::Trailer);
        }
        // Trailers may be discarded anywhere on the path (RFC 9110 §6.5.1). They are discarded here if the
        // client's version or the response has no place for them.
        match self.framing == Framing::Known && version == Version::Http11 {
            true => Err(Misuse::TrailerWithoutChunked),
            false => Ok(()),
        }
    }
}
