//! A connection that is listened to: the heads that pass through it are told.
//!
//! Nothing of the library is asked for what it sends and receives; this sees the bytes themselves.
//!
//! ```text
//!   "GET / HTTP/1.1\r\nHo" "st: a\r\n\r\n" "body …"      any cuts
//!    └ a line ────┘   └ a line ─┘  └ the head's end: what follows is left alone
//! ```

use crate::transcript::{Phase, Transcript};
use barewire::net::{Addr, Stream};
use std::any::Any;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Tap {
    stream: Arc<dyn Stream>,
    number: usize,
    host: String,
    transcript: Arc<Transcript>,
    heads: Mutex<Heads>,
    /// Another goes on with the stream, so its end is not ours to tell.
    handed_on: AtomicBool,
}

/// Where both directions stand.
#[derive(Debug, Default)]
struct Heads {
    sent: Lines,
    received: Lines,
    /// An `Expect: 100-continue` was sent, and nothing has come since.
    expects: bool,
    /// The status of the head that is being received.
    status: u16,
}

impl Tap {
    pub(crate) fn new(
        stream: Arc<dyn Stream>,
        host: &str,
        transcript: &Arc<Transcript>,
    ) -> Arc<Tap> {
        let tap = Tap::with(stream, transcript.connections(), host, transcript);
        transcript.opened(Arc::downgrade(&tap));
        tap
    }

    /// The same connection, with something put over its stream.
    pub(crate) fn over<E>(
        &self,
        put: impl FnOnce(Arc<dyn Stream>) -> Result<Arc<dyn Stream>, E>,
    ) -> Result<Arc<Tap>, E> {
        let stream = put(Arc::clone(&self.stream))?;
        let tap = Tap::with(stream, self.number, &self.host, &self.transcript);
        self.transcript.replaced(self.number, Arc::downgrade(&tap));
        self.handed_on.store(true, Ordering::Relaxed);
        Ok(tap)
    }

    fn with(
        stream: Arc<dyn Stream>,
        number: usize,
        host: &str,
        transcript: &Arc<Transcript>,
    ) -> Arc<Tap> {
        Arc::new(Tap {
            stream,
            number,
            host: host.to_owned(),
            transcript: Arc::clone(transcript),
            heads: Mutex::default(),
            handed_on: AtomicBool::new(false),
        })
    }

    /// The next bytes, in both directions, begin a head.
    pub(crate) fn begin(&self) {
        *self.heads() = Heads::default();
        self.transcript.uses(self.number);
        self.transcript.set_phase(Phase::Connected);
    }

    pub(crate) fn number(&self) -> usize {
        self.number
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    fn heads(&self) -> MutexGuard<'_, Heads> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sent(&self, bytes: &[u8]) {
        let mut heads = self.heads();
        let heads = &mut *heads;
        let mut rest = bytes;
        while let Some(line) = heads.sent.next(&mut rest) {
            self.transcript.line('>', shown(&line));
            let name = line.get(..7).unwrap_or_default();
            heads.expects |= name.eq_ignore_ascii_case(b"expect:");
            if shown(&line).is_empty() {
                heads.sent.ended = true;
            }
        }
        if heads.expects && !rest.is_empty() {
            heads.expects = false;
            self.transcript.note("Done waiting for 100-continue");
        }
    }

    fn received(&self, bytes: &[u8]) {
        let mut heads = self.heads();
        let heads = &mut *heads;
        let mut rest = bytes;
        heads.expects &= bytes.is_empty();
        if !bytes.is_empty() && self.transcript.phase() == Phase::Connected {
            self.transcript.set_phase(Phase::Head);
        }
        while let Some(line) = heads.received.next(&mut rest) {
            let first = (heads.status == 0).then(|| status(&line));
            heads.status = first.unwrap_or(heads.status);
            self.transcript.line('<', shown(&line));
            self.transcript.head_line(&line, first);
            if shown(&line).is_empty() {
                // RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses
                // received prior to a final response"
                let interim = matches!(heads.status, 100 | 102..=199);
                heads.status = 0;
                heads.received.ended = !interim;
            }
        }
    }
}

/// The code in `HTTP/1.1 200 OK`; 600 where there is none, so that it is looked for once.
fn status(line: &[u8]) -> u16 {
    let code = line.get(9..12).and_then(|code| str::from_utf8(code).ok());
    code.and_then(|code| code.parse().ok()).unwrap_or(600)
}

/// Without the end of the line.
fn shown(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Bytes cut into lines, until somebody says that the head has ended.
#[derive(Debug, Default)]
struct Lines {
    begun: Vec<u8>,
    ended: bool,
}

impl Lines {
    /// The next whole line in front of `rest`, which is moved behind it. What is no whole line yet is
    /// kept, and `rest` is empty then.
    fn next(&mut self, rest: &mut &[u8]) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        let end = rest.iter().position(|&byte| byte == b'\n');
        let (taken, behind) = rest.split_at(end.map_or(rest.len(), |at| at + 1));
        self.begun.extend_from_slice(taken);
        *rest = behind;
        end.map(|_| std::mem::take(&mut self.begun))
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        if !*self.handed_on.get_mut() {
            let number = self.number;
            self.transcript
                .note(format_args!("Closing connection {number}"));
        }
    }
}

impl Stream for Tap {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.stream.read(buf)?;
        self.received(&buf[..n]);
        Ok(n)
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        let n = self.stream.write(buf)?;
        self.sent(&buf[..n]);
        Ok(n)
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let n = self.stream.write_vectored(bufs)?;
        let mut left = n;
        for buf in bufs {
            let sent = left.min(buf.len());
            self.sent(&buf[..sent]);
            left -= sent;
        }
        Ok(n)
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        let read = self.stream.try_read(buf)?;
        self.received(&buf[..read.unwrap_or(0)]);
        Ok(read)
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        let sent = self.stream.try_write(buf)?;
        self.sent(&buf[..sent.unwrap_or(0)]);
        Ok(sent)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.stream.shutdown(how)
    }

    fn abort(&self) -> io::Result<()> {
        self.stream.abort()
    }

    fn set_read_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.stream.set_read_timeout(d)
    }

    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.stream.set_write_timeout(d)
    }

    fn set_no_delay(&self, on: bool) -> io::Result<()> {
        self.stream.set_no_delay(on)
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.stream.local_addr()
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        self.stream.peer_addr()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use barewire::net::{Tcp, pipe};
    use barewire::tls::{ClientContext, ClientOptions, ServerContext, ServerOptions, Tls};
    use std::net::{TcpListener, TcpStream};
    use std::thread;
    use std::time::Instant;

    #[test]
    fn heads_are_found_in_every_cut() {
        let heads = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n";
        let all = [&heads[..], b"HTTP/1.1 999 this is the body\r\n\r\n"].concat();
        for cut in 0..=all.len() {
            let transcript = Arc::new(Transcript::new(false));
            let (here, there) = pipe();
            let tap = Tap::new(Arc::new(here), "a", &transcript);
            tap.begin();
            for piece in [&all[..cut], &all[cut..]] {
                there.write(piece).unwrap();
                let mut buf = vec![0; piece.len()];
                assert_eq!(tap.read(&mut buf).unwrap(), piece.len());
            }
            assert_eq!(transcript.heads(), heads, "cut at {cut}");
            assert_eq!(transcript.last_status(), 200);
        }
    }

    /// The two ends of a TLS connection.
    fn tls() -> (Tls, Tls) {
        let pem = |name: &str| std::fs::read(format!("fixtures/tls/{name}")).unwrap();
        let options = ServerOptions::new().cert(pem("server.crt"));
        let server = ServerContext::new(&options.key(pem("server.key"))).unwrap();
        let client = ClientContext::new(&ClientOptions::new().ca(pem("ca.crt"))).unwrap();
        let (here, there) = pipe();
        let accepts = thread::spawn(move || server.accept(Arc::new(there)));
        let deadline = Instant::now() + Duration::from_secs(30);
        let here = client.connect(Arc::new(here), "localhost", deadline);
        (here.unwrap(), accepts.join().unwrap().unwrap())
    }

    #[test]
    fn fault_a29_an_abort_stays_a_cut_and_no_delay_reaches_tcp() {
        let (here, there) = tls();
        let transcript = Arc::new(Transcript::new(false));
        Tap::new(Arc::new(here), "a", &transcript).abort().unwrap();
        let cut = there.read(&mut [0; 8]).unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof, "{cut}");

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let tcp = Arc::new(Tcp::from(tcp));
        let wrapped = Tap::new(tcp.clone(), "a", &transcript);
        for on in [true, false] {
            wrapped.set_no_delay(on).unwrap();
            assert_eq!(tcp.no_delay().unwrap(), on);
        }
    }
}
