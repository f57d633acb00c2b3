//! The handshake, driven on one thread, by a deadline, with a bound on what a stranger may send.
//!
//! ```text
//!   client                                        server
//!   ClientHello ──────────────────────────────►   the first byte decides whether it is TLS at all
//!               ◄──────────────────────────────   ServerHello … Finished
//!   Finished    ──────────────────────────────►   done; tickets follow, without waiting
//! ```
//!
//! If it fails, the alert is sent, and what the peer still sends is read for a moment: a connection that
//! is closed over unread bytes is reset, and the alert is lost with it.

use super::super::wire::FirstBytes;
use super::Tls;
use super::info::{Info, Judgement};
use super::reading::Reading;
use crate::net::{Stream, is_timeout};
use rustls::Connection;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// All bytes of the peer's part of a handshake. Chains of certificates have some KiB.
pub(super) const MAX_BYTES: usize = 128 * 1024;
/// How long the alert may take to leave, with the reading behind it.
const ALERT_TIMEOUT: Duration = Duration::from_millis(500);
const LINGER_BYTES: usize = 64 * 1024;

/// Why there is no connection.
#[derive(Debug)]
pub(in crate::tls) enum Failure {
    /// The deadline has passed.
    Timeout,
    /// The peer ended TCP in the middle.
    Ended,
    /// The peer sent more than any handshake needs.
    TooLong,
    /// The peer does not speak TLS; its first bytes. Nothing was sent to it.
    Plain(Vec<u8>),
    /// The handshake has failed; the alert was sent.
    Tls(rustls::Error),
    /// The connection below is broken.
    Io(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Timeout => write!(f, "the TLS handshake was not done in time"),
            Failure::Ended => write!(f, "the peer ended the connection within the TLS handshake"),
            Failure::TooLong => write!(f, "the peer's handshake is longer than {MAX_BYTES} bytes"),
            Failure::Plain(first) => {
                write!(
                    f,
                    "the peer does not speak TLS: \"{}\"",
                    first.escape_ascii()
                )
            }
            Failure::Tls(error) => error.fmt(f),
            Failure::Io(error) => error.fmt(f),
        }
    }
}

/// A handshake that is done: time to look whom we talk to.
#[derive(Debug)]
pub(in crate::tls) struct Shaken {
    below: Arc<dyn Stream>,
    pub(in crate::tls) connection: Connection,
    /// The host that this client has asked for. A server knows by itself.
    pub(in crate::tls) servername: Option<String>,
    reading: Reading,
}

impl Shaken {
    /// The connection, with what was found out about the peer.
    pub(in crate::tls) fn finish(self, judgement: Judgement) -> Tls {
        let info = Info::of(&self, judgement);
        Tls::begin(self.below, self.connection, self.reading, info)
    }
}

/// Drives the handshake until it is done, and no longer than until the deadline. `first` was read
/// from the stream already. The stream's timeouts are gone afterwards.
pub(in crate::tls) fn handshake(
    below: Arc<dyn Stream>,
    connection: Connection,
    first: &[u8],
    deadline: Instant,
) -> Result<Shaken, Failure> {
    let mut driver = Driver {
        below: &*below,
        connection,
        reading: Reading::of(first),
        came: first.len(),
        deadline,
    };
    let driven = driver.drive();
    if let Err(Failure::Tls(_)) = driven {
        driver.send_alert();
    }
    let restored = driver.without_timeouts();
    let Driver {
        connection,
        reading,
        ..
    } = driver;
    driven.and(restored)?;
    Ok(Shaken {
        below,
        connection,
        servername: None,
        reading,
    })
}

struct Driver<'a> {
    below: &'a dyn Stream,
    connection: Connection,
    reading: Reading,
    came: usize,
    deadline: Instant,
}

impl Driver<'_> {
    fn drive(&mut self) -> Result<(), Failure> {
        loop {
            while !self.is_tls()? {
                self.receive()?;
            }
            let fed = self.reading.feed(&mut self.connection);
            fed.map_err(Failure::Tls)?;
            if self.is_done() {
                return Ok(());
            }
            self.send()?;
            if !self.connection.is_handshaking() {
                return Ok(());
            }
            if self.reading.is_empty() {
                self.receive()?;
            }
        }
    }

    /// Whether nothing is left but tickets.
    fn is_done(&self) -> bool {
        let server = matches!(self.connection, Connection::Server(_));
        let tls13 = self.connection.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3);
        server && tls13 && !self.connection.is_handshaking()
    }

    /// Judges the first bytes before rustls sees them; false: there are not enough.
    fn is_tls(&self) -> Result<bool, Failure> {
        let here = self.reading.waiting();
        if self.came > MAX_BYTES {
            return Err(Failure::TooLong);
        }
        if self.came > here.len() || self.is_at_start() {
            return Ok(true);
        }
        match FirstBytes::of(here) {
            None => Ok(false),
            Some(FirstBytes::Tls) => Ok(true),
            Some(_) => Err(Failure::Plain(here.to_vec())),
        }
    }

    /// The client speaks first.
    fn is_at_start(&self) -> bool {
        self.came == 0 && matches!(self.connection, Connection::Client(_))
    }

    fn receive(&mut self) -> Result<(), Failure> {
        let left = self.left()?;
        let set = self.below.set_read_timeout(Some(left));
        match set.and_then(|()| self.reading.fill(|room| self.below.read(room))) {
            Ok(0) => return Err(Failure::Ended),
            Ok(n) => self.came += n,
            Err(e) if is_timeout(&e) => {} // `left` has the last word
            Err(e) => return Err(Failure::Io(e)),
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), Failure> {
        let mut sealed = Vec::new();
        while self.connection.wants_write() {
            let _ = self.connection.write_tls(&mut sealed); // a Vec takes all
        }
        let mut rest = &sealed[..];
        while !rest.is_empty() {
            let left = self.left()?;
            let wrote = self.below.set_write_timeout(Some(left));
            match wrote.and_then(|()| self.below.write(rest)) {
                Ok(0) => return Err(Failure::Io(ErrorKind::WriteZero.into())),
                Ok(n) => rest = &rest[n..],
                Err(e) if is_timeout(&e) => {}
                Err(e) => return Err(Failure::Io(e)),
            }
        }
        Ok(())
    }

    fn left(&self) -> Result<Duration, Failure> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match left.is_zero() {
            true => Err(Failure::Timeout),
            false => Ok(left),
        }
    }

    /// Sends the alert that rustls has made, and reads on until the peer has it.
    fn send_alert(&mut self) {
        if !self.connection.wants_write() {
            return;
        }
        let now = Instant::now();
        self.deadline = now.checked_add(ALERT_TIMEOUT).unwrap_or(now);
        let _ = self.send();
        let _ = self.below.shutdown(Shutdown::Write);
        let mut heard = 0;
        while let Ok(left) = self.left()
            && heard < LINGER_BYTES
        {
            let set = self.below.set_read_timeout(Some(left));
            let read = set.and_then(|()| self.below.read(&mut [0; 1024]));
            match read {
                Ok(n @ 1..) => heard += n,
                _ => return,
            }
        }
    }

    fn without_timeouts(&self) -> Result<(), Failure> {
        let read = self.below.set_read_timeout(None);
        let write = self.below.set_write_timeout(None);
        read.and(write).map_err(Failure::Io)
    }
}
