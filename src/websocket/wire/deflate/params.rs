//! The parameters of permessage-deflate: decoded, accepted, checked (RFC 7692 §7.1).
//!
//! | parameter | in an offer | in an answer |
//! |---|---|---|
//! | `server_no_context_takeover` | the server must not take its context over | it does not |
//! | `server_max_window_bits=N` | the server must use a window of 2 to the N at most | it does; N as offered, or less |
//! | `client_no_context_takeover` | the client will not take its context over | it must not |
//! | `client_max_window_bits`, also `=N` | the client can take a window from the server, and needs N at most | it must use that; only if it was offered |

use super::PerMessageDeflate;
use super::agreement::{Agreement, MAX_BITS, MIN_BITS};
use crate::websocket::wire::extensions::Extension;
use std::fmt;

const NAME: &str = "permessage-deflate";

/// Whether an extension is this one.
pub(in crate::websocket::wire) fn is_offered(extension: &Extension<'_>) -> bool {
    extension.name == NAME
}

/// The parameters of an offer or an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::websocket::wire) struct Params {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// The inner `None`: it is there without a value.
    client_max_window_bits: Option<Option<u8>>,
}

impl Params {
    /// `None`: a parameter is unknown, there twice, or has a value that it must not have.
    // RFC 7692 §7.1: "A server MUST decline an extension negotiation offer for this extension if any of
    // the following conditions are met"
    pub(in crate::websocket::wire) fn decode(extension: &Extension<'_>) -> Option<Params> {
        let mut found = Params::default();
        for param in &extension.params {
            let value = param.value.as_deref();
            let is_repeated = match (param.name, value) {
                ("server_no_context_takeover", None) => {
                    std::mem::replace(&mut found.server_no_context_takeover, true)
                }
                ("client_no_context_takeover", None) => {
                    std::mem::replace(&mut found.client_no_context_takeover, true)
                }
                ("server_max_window_bits", Some(value)) => {
                    found.server_max_window_bits.replace(bits(value)?).is_some()
                }
                ("client_max_window_bits", value) => {
                    let bits = match value {
                        Some(value) => Some(bits(value)?),
                        None => None,
                    };
                    found.client_max_window_bits.replace(bits).is_some()
                }
                _ => return None,
            };
            if is_repeated {
                return None;
            }
        }
        Some(found)
    }

    /// What a client offers.
    // RFC 7692 §7.1.2.2: "By including this parameter in an extension negotiation offer, a client informs
    // the peer server that the client supports the "client_max_window_bits" extension parameter in an
    // extension negotiation response"
    pub(in crate::websocket::wire) fn offer(ours: &PerMessageDeflate) -> Params {
        let named = |bits: u8| Some(window(bits)).filter(|&bits| bits < MAX_BITS);
        Params {
            server_no_context_takeover: !ours.receive_takeover,
            client_no_context_takeover: !ours.send_takeover,
            server_max_window_bits: named(ours.receive_window_bits),
            client_max_window_bits: Some(named(ours.send_window_bits)),
        }
    }

    /// What a server answers to this offer; `None`: it cannot be met.
    pub(in crate::websocket::wire) fn answer(&self, ours: &PerMessageDeflate) -> Option<Params> {
        // RFC 7692 §7.1.2.1: "A server accepts an extension negotiation offer with this parameter by
        // including the "server_max_window_bits" extension parameter in the extension negotiation response
        // to send back to the client with the same or smaller value as the offer."
        let sent =
            window(ours.send_window_bits).min(self.server_max_window_bits.unwrap_or(MAX_BITS));
        let is_named = self.server_max_window_bits.is_some() || sent < MAX_BITS;
        // RFC 7692 §7.1.2.2: "If a received extension negotiation offer doesn't have the
        // "client_max_window_bits" extension parameter, the corresponding extension negotiation response to
        // the offer MUST NOT include the "client_max_window_bits" extension parameter."
        let limit = window(ours.receive_window_bits);
        let received = match self.client_max_window_bits {
            None if limit < MAX_BITS => return None,
            None => MAX_BITS,
            Some(needed) => needed.unwrap_or(MAX_BITS).min(limit),
        };
        let received = Some(received).filter(|bits| (MIN_BITS..MAX_BITS).contains(bits));
        Some(Params {
            server_no_context_takeover: self.server_no_context_takeover || !ours.send_takeover,
            client_no_context_takeover: self.client_no_context_takeover || !ours.receive_takeover,
            server_max_window_bits: is_named.then_some(sent),
            client_max_window_bits: received.map(Some),
        })
    }

    /// What this answer agrees to; `None`: a window has no value.
    pub(in crate::websocket::wire) fn agreement(&self) -> Option<Agreement> {
        Some(Agreement {
            server_no_context_takeover: self.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover,
            server_max_window_bits: self.server_max_window_bits.unwrap_or(MAX_BITS),
            client_max_window_bits: self.client_max_window_bits.unwrap_or(Some(MAX_BITS))?,
        })
    }

    /// Whether this answer is one to that offer.
    pub(in crate::websocket::wire) fn meets(&self, offer: &Params) -> bool {
        let no_takeover = self.server_no_context_takeover || !offer.server_no_context_takeover;
        let window = match (offer.server_max_window_bits, self.server_max_window_bits) {
            (None, _) => true,
            (Some(asked), Some(bits)) => bits <= asked,
            (Some(_), None) => false,
        };
        let offered =
            self.client_max_window_bits.is_none() || offer.client_max_window_bits.is_some();
        no_takeover && window && offered
    }
}

/// As the value of the field.
impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)?;
        if self.server_no_context_takeover {
            f.write_str("; server_no_context_takeover")?;
        }
        if self.client_no_context_takeover {
            f.write_str("; client_no_context_takeover")?;
        }
        if let Some(bits) = self.server_max_window_bits {
            write!(f, "; server_max_window_bits={bits}")?;
        }
        match self.client_max_window_bits {
            None => Ok(()),
            Some(None) => f.write_str("; client_max_window_bits"),
            Some(Some(bits)) => write!(f, "; client_max_window_bits={bits}"),
        }
    }
}

// RFC 7692 §7.1.2.1: "This parameter has a decimal integer value without leading zeroes between 8 to 15,
// inclusive, indicating the base-2 logarithm of the LZ77 sliding window size"
fn bits(value: &str) -> Option<u8> {
    let good = ["8", "9", "10", "11", "12", "13", "14", "15"];
    let at = good.iter().position(|&good| good == value)?;
    Some(8 + at as u8)
}

/// A window of ours.
fn window(bits: u8) -> u8 {
    bits.clamp(MIN_BITS, MAX_BITS)
}
