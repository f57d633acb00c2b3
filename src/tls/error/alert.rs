//! Which alert a failed handshake sends (RFC 8446 §6).
//!
//! rustls makes most alerts. Where it makes none, or another one than the RFC asks for, this file replaces the
//! two bytes of its alert. Only an alert that is not sealed can be changed; a sealed one stays `close_notify`, or as
//! rustls made it.

use super::handshake::Failure;
use rustls::{Error, InvalidMessage};

/// The type of an alert's record, the level of an alert, and some descriptions (RFC 8446 §6).
const ALERT: u8 = 21;
const FATAL: u8 = 2;
const CLOSE_NOTIFY: u8 = 0;
const UNEXPECTED_MESSAGE: u8 = 10;
const RECORD_OVERFLOW: u8 = 22;
const ILLEGAL_PARAMETER: u8 = 47;
const DECODE_ERROR: u8 = 50;
const PROTOCOL_VERSION: u8 = 70;
const INTERNAL_ERROR: u8 = 80;
/// The version of an alert for a client whose hello has the form of SSL 2.
const TLS_1_0: u16 = 0x0301;
/// The oldest version that has these records.
const SSL_3_0: u16 = 0x0300;

/// An alert that is due.
#[derive(Clone, Copy, Debug)]
pub(in crate::tls) struct Alert {
    description: u8,
    /// The version of a client that is too old, which may refuse an alert with another version.
    version: Option<u16>,
    /// It replaces the alert that rustls has made.
    replaces: bool,
}

impl Alert {
    /// This side ends the connection, and the peer has broken no rule of TLS.
    pub(in crate::tls) const CLOSE: Alert = Alert::new(CLOSE_NOTIFY);

    const fn new(description: u8) -> Alert {
        Alert {
            description,
            version: None,
            replaces: false,
        }
    }

    /// The alert for a failure; `None`: the peer is gone, or does not read alerts.
    pub(in crate::tls) fn due(failure: &Failure) -> Option<Alert> {
        let alert = match failure {
            Failure::Ended | Failure::Io(_) => return None,
            Failure::Plain { answered: true, .. } => return None,
            Failure::Timeout => Alert::CLOSE,
            Failure::TooLong(_) => Alert::new(DECODE_ERROR),
            // RFC 8446 §5: "If a TLS implementation receives an unexpected record type, it MUST terminate
            // the connection with an "unexpected_message" alert."
            Failure::Plain { .. } => Alert::new(UNEXPECTED_MESSAGE),
            Failure::OldVersion(version) => Alert {
                version: Some(version.unwrap_or(TLS_1_0).max(SSL_3_0)),
                ..Alert::new(PROTOCOL_VERSION)
            },
            Failure::Rejected(_) => Alert::new(INTERNAL_ERROR),
            Failure::Tls(why) => return Alert::of(why),
        };
        Some(alert)
    }

    fn of(why: &Error) -> Option<Alert> {
        let description = match why {
            Error::AlertReceived(_) => return None,
            // RFC 8446 §5.1: "An endpoint that receives a record that exceeds this length MUST terminate
            // the connection with a "record_overflow" alert."
            Error::InvalidMessage(InvalidMessage::MessageTooLarge) => {
                return Some(Alert {
                    replaces: true,
                    ..Alert::new(RECORD_OVERFLOW)
                });
            }
            Error::InvalidMessage(_) => DECODE_ERROR,
            Error::PeerMisbehaved(_) => ILLEGAL_PARAMETER,
            Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
                UNEXPECTED_MESSAGE
            }
            _ => INTERNAL_ERROR,
        };
        Some(Alert::new(description))
    }

    /// Puts this alert in the place of the one at the end of `records`. `made`: rustls has made that one for the
    /// failure; otherwise it is a `close_notify`.
    pub(in crate::tls) fn write(self, records: &mut [u8], made: bool) {
        let at = records.len().saturating_sub(7);
        let [ALERT, major, minor, 0, 2, level, description] = &mut records[at..] else {
            return; // sealed
        };
        if made && !self.replaces {
            return;
        }
        if self.description != CLOSE_NOTIFY {
            (*level, *description) = (FATAL, self.description);
        }
        if let Some(version) = self.version {
            [*major, *minor] = version.to_be_bytes();
        }
    }
}
