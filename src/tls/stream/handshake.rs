//! The handshake: on one thread, by a deadline, and with a limit on the peer's bytes.
//!
//! ```text
//!   client                                        server
//!   ClientHello ──────────────────────────────►   the first byte decides whether it is TLS at all
//!               ◄──────────────────────────────   ServerHello … Finished
//!   Finished    ──────────────────────────────►   done; the tickets follow
//! ```
//!
//! It is on the heap from its beginning, and so is the connection after it: a thread keeps the stack pages that it has
//! touched, and nothing goes deeper than the work of rustls, which begins in [`run`](Handshake::run).
//!
//! If the handshake fails, this side sends an alert, then reads and drops what the peer still sends: the kernel
//! resets a connection that is closed over unread bytes, and the reset can overtake the alert. Most alerts
//! are rustls's. Where it has none (a message that is too long for it, a deadline), `close_notify` is sent
//! in its place: see [`Alert`].

use super::super::error::alert::Alert;
use super::super::error::handshake::Failure;
use super::super::verify::{Verdict, take_rejection};
use super::Tls;
use super::first_flight::FirstFlight;
use super::info::Info;
use super::reading::Reading;
use crate::net::{Linger, Stream, is_timeout, linger};
use rustls::{Connection, ProtocolVersion};
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// All bytes of the peer's part of a handshake. A chain of certificates has some KiB.
pub(super) const MAX_BYTES: usize = 128 * 1024;
/// How long the alert may take to leave, and the reading after it.
const ALERT_TIMEOUT: Duration = Duration::from_millis(500);
const LINGER_BYTES: u64 = MAX_BYTES as u64;

/// A handshake: first [`run`](Handshake::run), then [`finish`](Handshake::finish).
#[derive(Debug)]
pub(in crate::tls) struct Handshake {
    below: Arc<dyn Stream>,
    pub(in crate::tls) connection: Connection,
    /// The host that this client has asked for.
    pub(in crate::tls) servername: Option<String>,
    reading: Reading,
    first_flight: FirstFlight,
    /// How many bytes the peer has sent.
    pub(super) received: usize,
    deadline: Instant,
}

impl Handshake {
    pub(in crate::tls) fn new(
        below: Arc<dyn Stream>,
        connection: Connection,
        deadline: Instant,
    ) -> Box<Handshake> {
        Box::new(Handshake {
            below,
            connection,
            servername: None,
            reading: Reading::new(),
            first_flight: FirstFlight::default(),
            received: 0,
            deadline,
        })
    }

    /// Exchanges messages until the handshake is done, and no longer than until the deadline. Afterwards
    /// the stream has no timeouts.
    #[inline(never)]
    pub(in crate::tls) fn run(&mut self) -> Result<(), Failure> {
        let done = self.exchange();
        if let Some(alert) = done.as_ref().err().and_then(Alert::due) {
            let is_known = self.received > 0 || matches!(self.connection, Connection::Client(_));
            if is_known {
                self.send_alert(alert);
            } // a peer that says nothing may speak anything
        }
        let reads = self.below.set_read_timeout(None);
        let writes = self.below.set_write_timeout(None);
        done?;
        reads.and(writes).map_err(Failure::Io)
    }

    /// The connection, once the peer has been judged.
    #[inline(never)]
    pub(in crate::tls) fn finish(self: Box<Self>, verdict: Verdict) -> Box<Tls> {
        let info = Info::new(&self.connection, self.servername, verdict);
        Tls::begin(self.below, self.connection, self.reading, info)
    }

    fn exchange(&mut self) -> Result<(), Failure> {
        loop {
            while !self.is_tls()? {
                self.receive()?;
            }
            let fed = self.reading.feed(&mut self.connection);
            fed.map_err(|why| match take_rejection() {
                Some(error) => Failure::Rejected(error),
                None => Failure::Tls(why),
            })?;
            if self.only_tickets_are_left() {
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

    /// A server of TLS 1.3 is done and has tickets to send, which no client waits for.
    fn only_tickets_are_left(&self) -> bool {
        matches!(self.connection, Connection::Server(_))
            && self.connection.protocol_version() == Some(ProtocolVersion::TLSv1_3)
            && !self.connection.is_handshaking()
    }

    /// Judges the peer's first bytes before rustls gets them; false: there are too few.
    fn is_tls(&mut self) -> Result<bool, Failure> {
        let unopened = self.reading.unopened();
        if self.received > MAX_BYTES {
            return Err(Failure::TooLong(MAX_BYTES));
        }
        let client_speaks_first =
            self.received == 0 && matches!(self.connection, Connection::Client(_));
        if self.received > unopened.len() || client_speaks_first {
            return Ok(true); // the first bytes were judged, or are not due
        }
        self.first_flight.is_tls(unopened)
    }

    fn receive(&mut self) -> Result<(), Failure> {
        let left = self.time_left()?;
        let set = self.below.set_read_timeout(Some(left));
        match set.and_then(|()| self.reading.fill(|room| self.below.read(room))) {
            Ok(0) => return Err(Failure::Ended),
            Ok(n) => self.received += n,
            Err(e) if is_timeout(&e) => {} // `time_left` decides
            Err(e) => return Err(Failure::Io(e)),
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), Failure> {
        let sealed = self.take_records();
        self.send_records(&sealed)
    }

    fn take_records(&mut self) -> Vec<u8> {
        let mut sealed = Vec::new();
        while self.connection.wants_write() {
            let _ = self.connection.write_tls(&mut sealed); // a Vec takes all
        }
        sealed
    }

    fn send_records(&self, sealed: &[u8]) -> Result<(), Failure> {
        let mut rest = sealed;
        while !rest.is_empty() {
            let left = self.time_left()?;
            let set = self.below.set_write_timeout(Some(left));
            match set.and_then(|()| self.below.write(rest)) {
                Ok(0) => return Err(Failure::Io(ErrorKind::WriteZero.into())),
                Ok(n) => rest = &rest[n..],
                Err(e) if is_timeout(&e) => {}
                Err(e) => return Err(Failure::Io(e)),
            }
        }
        Ok(())
    }

    fn time_left(&self) -> Result<Duration, Failure> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match left.is_zero() {
            true => Err(Failure::Timeout),
            false => Ok(left),
        }
    }

    /// Ends a handshake that is done on our side, with a peer that is not acceptable after all.
    #[inline(never)]
    pub(in crate::tls) fn refuse(mut self: Box<Self>) {
        self.send_alert(Alert::CLOSE);
    }

    /// A client that does not speak TLS gets its answer from a hook, and no alert.
    pub(in crate::tls) fn leave_plain_to_hook(&mut self) {
        self.first_flight.plain_is_answered = true;
    }

    /// Sends the alert that rustls has made, or this one, and reads on until the peer has it.
    // RFC 8446 §6.2: "Whenever an implementation encounters a fatal error condition, it SHOULD send an
    // appropriate fatal alert and MUST close the connection without sending or receiving any additional
    // data."
    fn send_alert(&mut self, alert: Alert) {
        let mut records = self.take_records();
        let before = records.len();
        self.connection.send_close_notify(); // nothing, if rustls has made an alert
        records.append(&mut self.take_records());
        let made = records.len() == before;
        alert.write(&mut records, made);
        let now = Instant::now();
        self.deadline = now.checked_add(ALERT_TIMEOUT).unwrap_or(now);
        let _ = self.send_records(&records);
        if let Ok(left) = self.time_left() {
            linger(&*self.below, Linger::within(left), LINGER_BYTES);
        }
    }
}
