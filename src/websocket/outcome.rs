//! How a connection ended.

use super::wire::{ABNORMAL, Close};

/// How a connection ended: the argument of the book's `onclose`.
///
/// ```text
///   we               the peer          clean   code
///   Close 1000  ──▶  ◀──  Close 1000   yes     1000
///               ◀──  Close, empty      yes     1005   no code was sent
///               ◀──  FIN, reset        no      1006   no Close frame
///   Close 1002  ──▶  a broken rule     no      1006
///   Close 1000  ──▶  … 10 s            no      1006
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether both sides have sent a Close frame.
    pub clean: bool,
    /// The code of the peer's Close frame; 1005 where it had none, 1006 where there was no frame
    /// (RFC 6455 §7.1.5).
    pub code: u16,
    /// The peer's reason; often empty.
    pub reason: String,
}

impl Outcome {
    pub(super) fn abnormal() -> Outcome {
        Outcome {
            clean: false,
            code: ABNORMAL,
            reason: String::new(),
        }
    }

    pub(super) fn of(close: &Close<'_>) -> Outcome {
        Outcome {
            clean: true,
            code: close.number(),
            reason: close.reason().to_owned(),
        }
    }
}
