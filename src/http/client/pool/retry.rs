//! When a request that failed may be sent once more, without an error to the caller.
//!
//! A server may close an idle connection in the moment in which the client sends on it. The request is
//! lost then, and neither side has broken a rule. So one such failure is retried. All five must hold:
//!
//! | condition | without it |
//! |---|---|
//! | the connection had been used before | a fresh one that fails says something about the server |
//! | no byte of a response has come | the server had begun: it has seen the request |
//! | the method is idempotent | an order would be placed twice |
//! | the body can be sent again from its start | its first half is gone, and its source with it |
//! | it was not retried already | a server that drops every connection would be asked for ever |
//!
//! Where the method or the body forbids it, the error of the request says that the connection was reused, and
//! why the request was not sent again: the caller may know that it is safe.
//!
//! A connection that is found dead *before* anything was sent is no retry at all: any request may
//! take the next connection. That is [`Pool::retry`](super::Pool::retry).

use crate::http::wire::Method;

/// A request whose connection failed, or ended before its response did. An [`Agent`](crate::http::Agent) applies
/// the rule itself; a driver of one's own asks it here: see [`may_retry`](Attempt::may_retry).
///
/// ```
/// use barewire::http::{pool::{Attempt, NotRetried}, wire::Method};
///
/// let order = Attempt {
///     method: Method::new("POST").unwrap(),
///     reused: true,
///     bytes_answered: 0,
///     body_replayable: true,
///     retries: 0,
/// };
/// assert_eq!(order.not_retried(), Some(NotRetried::NotIdempotent)); // or it might be placed twice
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// The method of the request.
    pub method: Method<'a>,
    /// The connection had served another request before.
    pub reused: bool,
    /// How many bytes of a response came; those of a 1xx count.
    pub bytes_answered: u64,
    /// The whole body is still here, or there is none.
    pub body_replayable: bool,
    /// How often this request was retried before.
    pub retries: u32,
}

/// Why a request is not sent once more: the first condition that does not hold. See [`Attempt`] for an example.
///
/// ```
/// use barewire::http::pool::NotRetried;
///
/// fn advice(why: NotRetried) -> &'static str {
///     match why {
///         NotRetried::NotIdempotent | NotRetried::BodyGone => "send it again if you know that it is safe",
///         NotRetried::Fresh | NotRetried::Answered | NotRetried::Again => "ask what is wrong with the server",
///     }
/// }
/// assert!(advice(NotRetried::BodyGone).contains("safe"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRetried {
    /// The connection had served no other request.
    Fresh,
    /// A part of a response has come.
    Answered,
    /// The method is not idempotent.
    NotIdempotent,
    /// The body, or a part of it, is gone.
    BodyGone,
    /// It was retried already.
    Again,
}

impl Attempt<'_> {
    /// Whether to send the request once more, on another connection, without an error to the caller.
    ///
    /// ```
    /// use barewire::http::{pool::Attempt, wire::Method};
    ///
    /// let get = Attempt {
    ///     method: Method::new("GET").unwrap(),
    ///     reused: true,
    ///     bytes_answered: 0,
    ///     body_replayable: true,
    ///     retries: 0,
    /// };
    /// assert!(get.may_retry());
    /// assert!(!Attempt { method: Method::new("POST").unwrap(), ..get }.may_retry());
    /// assert!(!Attempt { retries: 1, ..get }.may_retry());
    /// ```
    pub fn may_retry(&self) -> bool {
        self.not_retried().is_none()
    }

    /// Why the request is not sent once more; `None`: it may be.
    // RFC 9112 §9.3.1: "Connections can be closed at any time, with or without intention.
    // Implementations ought to anticipate the need to recover from asynchronous close events."
    pub fn not_retried(&self) -> Option<NotRetried> {
        match self {
            Attempt { reused: false, .. } => Some(NotRetried::Fresh),
            Attempt {
                bytes_answered: 1..,
                ..
            } => Some(NotRetried::Answered),
            // RFC 9110 §9.2.2: "A client SHOULD NOT automatically retry a request with a non-idempotent
            // method unless it has some means to know that the request semantics are actually
            // idempotent, regardless of the method, or some means to detect that the original request
            // was never applied."
            _ if !self.method.is_idempotent() => Some(NotRetried::NotIdempotent),
            _ if !self.body_replayable => Some(NotRetried::BodyGone),
            // RFC 9110 §9.2.2: "A client SHOULD NOT automatically retry a failed automatic retry."
            _ if self.retries > 0 => Some(NotRetried::Again),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_a06_one_retry_and_only_where_it_is_safe() {
        let methods = "GET HEAD OPTIONS TRACE PUT DELETE | POST PATCH CONNECT get BREW";
        let (idempotent, others) = methods.split_once(" | ").unwrap();
        let all = idempotent.split(' ').map(|name| (name, true));
        for (name, is_idempotent) in all.chain(others.split(' ').map(|name| (name, false))) {
            let safe = Attempt {
                method: Method::new(name).unwrap(),
                reused: true,
                bytes_answered: 0,
                body_replayable: true,
                retries: 0,
            };
            assert_eq!(safe.may_retry(), is_idempotent, "{name}");
            let unsafe_ones = [
                Attempt {
                    reused: false,
                    ..safe
                },
                Attempt {
                    bytes_answered: 1,
                    ..safe
                },
                Attempt {
                    body_replayable: false,
                    ..safe
                },
                Attempt { retries: 1, ..safe },
            ];
            for attempt in unsafe_ones {
                assert!(!attempt.may_retry(), "{attempt:?}");
            }
        }
    }
}
