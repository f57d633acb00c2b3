//! Every byte of a connection, printed as it comes and leaves.
//!
//! ```text
//! < 81 8c 37 fa 21 3d 5f 9f 4d 51 58 da 56 52 45 96 45 1c
//! > 81 06 79 61 6b 65 78 69
//! ```

use barewire::net::{Addr, Stream};
use std::any::Any;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

/// Longer pieces are cut.
const MOST: usize = 64;

/// A stream that is looked at.
#[derive(Debug)]
pub(crate) struct Shown(pub(crate) Arc<dyn Stream>);

impl Stream for Shown {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(buf)?;
        show('<', &buf[..n]);
        Ok(n)
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        let n = self.0.write(buf)?;
        show('>', &buf[..n]);
        Ok(n)
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let n = self.0.write_vectored(bufs)?;
        let all: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
        show('>', &all[..n]);
        Ok(n)
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        let n = self.0.try_read(buf)?;
        show('<', &buf[..n.unwrap_or(0)]);
        Ok(n)
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        let n = self.0.try_write(buf)?;
        show('>', &buf[..n.unwrap_or(0)]);
        Ok(n)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.shutdown(how)
    }

    fn abort(&self) -> io::Result<()> {
        self.0.abort()
    }

    fn set_read_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.0.set_read_timeout(d)
    }

    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.0.set_write_timeout(d)
    }

    fn set_no_delay(&self, on: bool) -> io::Result<()> {
        self.0.set_no_delay(on)
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.0.local_addr()
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        self.0.peer_addr()
    }

    fn as_any(&self) -> &dyn Any {
        self.0.as_any()
    }
}

fn show(way: char, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    if bytes.is_ascii() && bytes.ends_with(b"\r\n\r\n") {
        for line in String::from_utf8_lossy(bytes).trim_end().lines() {
            println!("{way} {line}");
        }
        return;
    }
    let digits: String = bytes
        .iter()
        .take(MOST)
        .map(|b| format!(" {b:02x}"))
        .collect();
    match bytes.len().checked_sub(MOST) {
        Some(more @ 1..) => println!("{way}{digits} … {more} more"),
        _ => println!("{way}{digits}"),
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
        Shown(Arc::new(here)).abort().unwrap();
        let cut = there.read(&mut [0; 8]).unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof, "{cut}");

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let tcp = Arc::new(Tcp::from(tcp));
        let wrapped = Shown(tcp.clone());
        for on in [true, false] {
            wrapped.set_no_delay(on).unwrap();
            assert_eq!(tcp.no_delay().unwrap(), on);
        }
    }
}
