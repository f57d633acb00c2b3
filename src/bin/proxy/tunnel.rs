//! CONNECT: bytes, both ways, and nothing that the proxy understands.
//!
//! ```text
//!   client ──► near ══ this thread ══► far ──► server       each direction ends by itself:
//!   client ◄── near ◄══ another one ══ far ◄── server       a FIN is passed on
//! ```

use crate::Proxy;
use crate::reach::reach;
use crate::refusal::Refusal;
use barewire::http::wire::{BodyLength, Target};
use barewire::http::{Failure, Request, Response};
use barewire::net::{Stream, is_timeout};
use std::io;
use std::net::Shutdown;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// All that is held of each direction.
const BUFFER_BYTES: usize = 64 * 1024;
const NO_FIELDS: [(&str, &str); 0] = [];

/// Opens the tunnel and stays until it has ended. Returns what is to be told of it.
pub(crate) fn open(proxy: &Proxy, req: Request<'_>, res: Response<'_>) -> Result<String, Failure> {
    let far = match far_end(proxy, &req) {
        Ok(far) => far,
        Err(refusal) => {
            let said = refusal.to_string();
            refusal.answer(res)?;
            return Ok(said);
        }
    };
    let (near, ahead, slot) = req.upgrade(res, NO_FIELDS)?.into_parts();
    let tunnel = Tunnel {
        near,
        far,
        idle: proxy.idle_timeout,
        last: Mutex::new(Instant::now()),
    };
    let (there, back) = tunnel.run(&ahead)?;
    drop(tunnel);
    drop(slot); // the place is free when the connection is closed
    Ok(format!(
        "200, and a tunnel: {there} bytes there, {back} back"
    ))
}

fn far_end(proxy: &Proxy, req: &Request<'_>) -> Result<Arc<dyn Stream>, Refusal> {
    let Target::Authority { host, port } = req.target() else {
        return Err(Refusal::new(400, "CONNECT asks for HOST:PORT"));
    };
    if !proxy.allow.lets(host, port) {
        return Err(Refusal::not_listed(host, port));
    }
    if req.body_length() != BodyLength::Known(0) {
        let text = "a CONNECT has no content (RFC 9110 §9.3.6)";
        return Err(Refusal::new(400, text));
    }
    let deadline = Instant::now() + proxy.timeout;
    match reach(host, port, deadline) {
        Ok(connected) => Ok(connected.stream),
        Err(e) => Err(Refusal::of(&e.into(), &format!("{host}:{port}"))),
    }
}

struct Tunnel {
    near: Arc<dyn Stream>,
    far: Arc<dyn Stream>,
    idle: Duration,
    /// When a byte came last, from either side.
    last: Mutex<Instant>,
}

impl Tunnel {
    /// Until both directions have ended; how many bytes went there and back.
    fn run(&self, ahead: &[u8]) -> io::Result<(u64, u64)> {
        let look = (self.idle / 4).max(Duration::from_millis(10));
        for stream in [&self.near, &self.far] {
            stream.set_read_timeout(Some(look))?;
            stream.set_write_timeout(Some(self.idle))?;
        }
        if self.far.write_all(ahead).is_err() {
            self.cut();
            return Ok((0, 0));
        }
        thread::scope(|scope| {
            let builder = thread::Builder::new().stack_size(128 * 1024);
            let back = builder.spawn_scoped(scope, || self.pump(&self.far, &self.near))?;
            let there = self.pump(&self.near, &self.far) + ahead.len() as u64;
            Ok((there, back.join().unwrap_or(0)))
        })
    }

    /// One direction. A FIN is passed on, and the other direction lives; whatever else ends it ends
    /// both.
    // RFC 9110 §9.3.6: "the intermediary MUST attempt to send any outstanding data that came from
    // the closed side to the other side, close both connections"
    fn pump(&self, from: &Arc<dyn Stream>, to: &Arc<dyn Stream>) -> u64 {
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut bytes = 0;
        loop {
            match from.read(&mut buffer) {
                Ok(0) => {
                    let _ = to.shutdown(Shutdown::Write);
                    return bytes;
                }
                Ok(n) => {
                    self.stirred();
                    if to.write_all(&buffer[..n]).is_err() {
                        break;
                    }
                    bytes += n as u64;
                }
                Err(e) if is_timeout(&e) && self.silence() < self.idle => {}
                Err(_) => break,
            }
        }
        self.cut();
        bytes
    }

    fn cut(&self) {
        for stream in [&self.near, &self.far] {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn stirred(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn silence(&self) -> Duration {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use barewire::net::{Pipe, pipe};

    /// A tunnel, the two who talk through it, and what it says at its end.
    fn dig(idle: Duration) -> (Pipe, Pipe, thread::JoinHandle<(u64, u64)>) {
        let ((client, near), (far, server)) = (pipe(), pipe());
        let tunnel = Tunnel {
            near: Arc::new(near),
            far: Arc::new(far),
            idle,
            last: Mutex::new(Instant::now()),
        };
        let running = thread::spawn(move || tunnel.run(b"ahead ").unwrap());
        (client, server, running)
    }

    fn all(stream: &Pipe) -> Vec<u8> {
        let (mut all, mut buf) = (Vec::new(), [0; 64]);
        while let Ok(n @ 1..) = stream.read(&mut buf) {
            all.extend_from_slice(&buf[..n]);
        }
        all
    }

    #[test]
    fn each_direction_ends_by_itself() {
        let (client, server, running) = dig(Duration::from_secs(20));
        client.write(b"question").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(all(&server), b"ahead question");
        server.write(b"answer").unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        assert_eq!(all(&client), b"answer");
        assert_eq!(running.join().unwrap(), (14, 6));
    }

    #[test]
    fn silence_ends_both() {
        let (client, server, running) = dig(Duration::from_millis(20));
        assert_eq!(running.join().unwrap(), (6, 0));
        assert_eq!(all(&client), b"");
        assert_eq!(all(&server), b"ahead ");
    }

    #[test]
    fn who_is_gone_ends_both() {
        let (client, server, running) = dig(Duration::from_secs(20));
        drop(server);
        client.write(b"nobody hears this").unwrap();
        assert_eq!(all(&client), b"");
        client.shutdown(Shutdown::Write).unwrap();
        running.join().unwrap();
    }
}
