//! A tunnel: bytes copied both ways between two connections, as a proxy does after CONNECT.
//!
//! ```text
//!   client ──► near ══ the caller's thread ══► far ──► server     each direction ends by itself:
//!   client ◄── near ◄══ a second thread ══════ far ◄── server     a FIN is passed on
//! ```

use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::stream::{Stream, is_timeout};

/// The buffer of each direction.
const BUFFER_BYTES: usize = 64 * 1024;
const STACK_BYTES: usize = 128 * 1024;
/// A silent tunnel is noticed after at most a quarter more than its idle timeout.
const POLLS_OF_A_TIMEOUT: u32 = 4;
const SHORTEST_POLL: Duration = Duration::from_millis(10);

/// Copies from `near` to `far` and from `far` to `near` until both directions have ended. `ahead` is what
/// was already read from `near`; it is sent first. Returns how many bytes went to `far` and to `near`.
///
/// A FIN ends one direction: it is passed on, and the other direction goes on. An error cuts both
/// ([`Stream::abort`]), and so does `idle_timeout` without a byte in either direction, or a write that lasts as long.
///
/// ```
/// use barewire::net::{Stream, pipe, tunnel};
/// use std::net::Shutdown;
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// let ((client, near), (far, server)) = (pipe(), pipe());
/// let proxy = std::thread::spawn(move || {
///     tunnel(Arc::new(near), Arc::new(far), b"", Duration::from_secs(60))
/// });
/// client.write(b"hello")?;
/// client.shutdown(Shutdown::Write)?;
/// server.read(&mut [0; 16])?;
/// drop(server);
/// assert_eq!(proxy.join().unwrap()?, (5, 0));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// The second thread cannot be started, or a stream refuses its timeouts. How a direction ended is no
/// error here.
pub fn tunnel(
    near: Arc<dyn Stream>,
    far: Arc<dyn Stream>,
    ahead: &[u8],
    idle_timeout: Duration,
) -> io::Result<(u64, u64)> {
    let poll_interval = (idle_timeout / POLLS_OF_A_TIMEOUT).max(SHORTEST_POLL);
    for stream in [&near, &far] {
        stream.set_read_timeout(Some(poll_interval))?;
        stream.set_write_timeout(Some(idle_timeout))?;
    }
    let tunnel = Arc::new(Tunnel {
        near,
        far,
        idle_timeout,
        began: Instant::now(),
        last_millis: AtomicU64::new(0),
    });
    if tunnel.far.write_all(ahead).is_err() {
        tunnel.cut();
        return Ok((0, 0));
    }
    let own = Arc::clone(&tunnel);
    let thread = thread::Builder::new().stack_size(STACK_BYTES);
    let back = thread.spawn(move || own.copy(&*own.far, &*own.near))?;
    let there = ahead.len() as u64 + tunnel.copy(&*tunnel.near, &*tunnel.far);
    Ok((there, back.join().unwrap_or(0)))
}

struct Tunnel {
    near: Arc<dyn Stream>,
    far: Arc<dyn Stream>,
    idle_timeout: Duration,
    began: Instant,
    /// When the last byte was read, in either direction, since `began`.
    last_millis: AtomicU64,
}

impl Tunnel {
    // RFC 9110 §9.3.6: "the intermediary MUST attempt to send any outstanding data that came from
    // the closed side to the other side, close both connections"
    fn copy(&self, from: &dyn Stream, to: &dyn Stream) -> u64 {
        let (mut buffer, mut copied) = (vec![0; BUFFER_BYTES], 0);
        loop {
            match from.read(&mut buffer) {
                Ok(0) => {
                    let _ = to.shutdown(Shutdown::Write);
                    return copied;
                }
                Ok(n) => {
                    self.last_millis.store(self.millis(), Ordering::Relaxed);
                    if to.write_all(&buffer[..n]).is_err() {
                        break;
                    }
                    copied += n as u64;
                }
                Err(e) if is_timeout(&e) && !self.is_idle() => {}
                Err(_) => break,
            }
        }
        self.cut();
        copied
    }

    fn cut(&self) {
        for stream in [&self.near, &self.far] {
            let _ = stream.abort(); // under TLS, a cut must not look like an end
        }
    }

    fn is_idle(&self) -> bool {
        let last = self.last_millis.load(Ordering::Relaxed);
        Duration::from_millis(self.millis().saturating_sub(last)) >= self.idle_timeout
    }

    fn millis(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Layer, Pipe, pipe};
    use std::sync::atomic::AtomicBool;

    type Running = thread::JoinHandle<(u64, u64)>;

    /// A running tunnel, and its two peers.
    fn start(idle_timeout: Duration) -> (Pipe, Pipe, Running) {
        let ((client, near), (far, server)) = (pipe(), pipe());
        let (near, far) = (Arc::new(near), Arc::new(far));
        let running = thread::spawn(move || tunnel(near, far, b"ahead ", idle_timeout).unwrap());
        (client, server, running)
    }

    fn read_all(stream: &Pipe) -> Vec<u8> {
        let (mut all, mut buf) = (Vec::new(), [0; 64]);
        while let Ok(n @ 1..) = stream.read(&mut buf) {
            all.extend_from_slice(&buf[..n]);
        }
        all
    }

    #[test]
    fn each_direction_ends_by_itself() {
        let (client, server, running) = start(Duration::from_secs(20));
        client.write(b"question").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_all(&server), b"ahead question");
        server.write(b"answer").unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_all(&client), b"answer");
        assert_eq!(running.join().unwrap(), (14, 6));
    }

    #[test]
    fn silence_ends_both_directions() {
        let (client, server, running) = start(Duration::from_millis(20));
        assert_eq!(running.join().unwrap(), (6, 0));
        assert_eq!(read_all(&client), b"");
        assert_eq!(read_all(&server), b"ahead ");
    }

    #[test]
    fn a_peer_that_is_gone_ends_both_directions() {
        let (client, server, running) = start(Duration::from_secs(20));
        drop(server);
        client.write(b"lost").unwrap();
        assert_eq!(read_all(&client), b"");
        client.shutdown(Shutdown::Write).unwrap();
        running.join().unwrap();
    }

    /// A stream that distinguishes a cut from an end, as TLS does.
    #[derive(Debug)]
    struct Cut(Pipe, AtomicBool);

    impl Layer for Cut {
        fn below(&self) -> &dyn Stream {
            &self.0
        }

        fn abort(&self) -> io::Result<()> {
            self.1.store(true, Ordering::Relaxed);
            self.0.abort()
        }
    }

    #[test]
    fn a_cut_is_passed_on_as_a_cut_and_an_end_as_an_end() {
        for is_cut in [true, false] {
            let ((client, near), (far, server)) = (pipe(), pipe());
            let near = Arc::new(Cut(near, AtomicBool::new(false)));
            let (is_near, far) = (Arc::clone(&near), Arc::new(far));
            let running = thread::spawn(move || tunnel(is_near, far, b"", Duration::from_secs(20)));
            match is_cut {
                true => drop(server), // and what the client sends fails
                false => server.shutdown(Shutdown::Write).unwrap(),
            }
            client.write(b"lost").unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            running.join().unwrap().unwrap();
            assert_eq!(near.1.load(Ordering::Relaxed), is_cut);
        }
    }
}
