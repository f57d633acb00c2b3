//! The client's end of a connection, of any protocol: blocking, and quick to complain.

use crate::random::Random;
use rustix::net::sockopt::set_socket_linger;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long a server may take for a step before it is an error.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

trait Duplex: Read + Write + Send {}
impl<T: Read + Write + Send> Duplex for T {}

pub(crate) struct Client {
    stream: Box<dyn Duplex>,
    /// The same connection, below TLS.
    pub(crate) tcp: TcpStream,
    /// What has come and was not taken yet.
    input: Vec<u8>,
    /// The last response said `Connection: close`.
    pub(crate) is_last: bool,
}

pub(crate) struct Frame {
    pub(crate) fin: bool,
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// An error of the server's making.
pub(crate) fn wrong<T>(what: impl Into<String>) -> io::Result<T> {
    Err(io::Error::other(what.into()))
}

impl Client {
    pub(crate) fn plain(to: SocketAddr) -> io::Result<Client> {
        let tcp = TcpStream::connect_timeout(&to, PATIENCE)?;
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        tcp.set_write_timeout(Some(PATIENCE))?;
        let stream = Box::new(tcp.try_clone()?);
        Ok(Client {
            stream,
            tcp,
            input: Vec::new(),
            is_last: false,
        })
    }

    /// With the handshake done.
    pub(crate) fn tls(to: SocketAddr) -> io::Result<Client> {
        Client::tls_with(to, trusting())
    }

    pub(crate) fn tls_with(to: SocketAddr, config: Arc<ClientConfig>) -> io::Result<Client> {
        let Client { mut tcp, .. } = Client::plain(to)?;
        let name = ServerName::try_from("localhost").expect("a name");
        let mut session = ClientConnection::new(config, name).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut tcp)?;
        }
        Ok(Client {
            stream: Box::new(StreamOwned::new(session, tcp.try_clone()?)),
            tcp,
            input: Vec::new(),
            is_last: false,
        })
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Waits until something is here.
    pub(crate) fn wait(&mut self) -> io::Result<()> {
        while self.input.is_empty() {
            self.fill()?;
        }
        Ok(())
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut piece = [0; 16 * 1024];
        match self.stream.read(&mut piece) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(n) => self.input.extend_from_slice(&piece[..n]),
            Err(e) if e.kind() == ErrorKind::WouldBlock => {
                return wrong(format!("nothing came within {PATIENCE:?}"));
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }

    pub(crate) fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.input.len() < length {
            self.fill()?;
        }
        let rest = self.input.split_off(length);
        Ok(std::mem::replace(&mut self.input, rest))
    }

    /// Up to and with `end`.
    fn take_until(&mut self, end: &[u8]) -> io::Result<String> {
        loop {
            let found = self
                .input
                .windows(end.len())
                .position(|window| window == end);
            if let Some(at) = found {
                let taken = self.take(at + end.len())?;
                return String::from_utf8(taken).map_err(io::Error::other);
            }
            self.fill()?;
        }
    }

    /// Whatever comes, to the end.
    pub(crate) fn take_all(mut self) -> io::Result<Vec<u8>> {
        self.stream.read_to_end(&mut self.input)?;
        Ok(self.input)
    }

    /// Sends `bytes` and expects them back.
    pub(crate) fn echo(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.send(bytes)?;
        match self.take(bytes.len())? == bytes {
            true => Ok(()),
            false => wrong("other bytes came back"),
        }
    }

    /// A response to a GET or POST: status and body.
    pub(crate) fn response(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let head = self.take_until(b"\r\n\r\n")?.to_ascii_lowercase();
        let status = head.get(9..12).and_then(|digits| digits.parse().ok());
        let Some(status) = status.filter(|_| head.starts_with("http/1.1 ")) else {
            return wrong(format!("no status line: {head:?}"));
        };
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        self.is_last = field("connection: ") == Some("close");
        if matches!(status, 101 | 204) {
            return Ok((status, Vec::new()));
        }
        if let Some(length) = field("content-length: ") {
            let length = length.parse().map_err(io::Error::other)?;
            return Ok((status, self.take(length)?));
        }
        let mut body = Vec::new();
        loop {
            let line = self.take_until(b"\r\n")?;
            let length = usize::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
            let chunk = self.take(length + 2)?;
            if !chunk.ends_with(b"\r\n") {
                return wrong("a chunk does not end where it said");
            }
            body.extend_from_slice(&chunk[..length]);
            if length == 0 {
                return Ok((status, body));
            }
        }
    }

    pub(crate) fn expect(&mut self, status: u16, body: &[u8]) -> io::Result<()> {
        let got = self.response()?;
        match got == (status, body.to_vec()) {
            true => Ok(()),
            false => wrong(format!("{} and {} bytes of body", got.0, got.1.len())),
        }
    }

    /// The opening handshake of a WebSocket.
    pub(crate) fn upgrade(mut self, path: &str) -> io::Result<Client> {
        self.send(upgrade_request(path).as_bytes())?;
        match self.response()?.0 {
            101 => Ok(self),
            status => wrong(format!("{status} for a WebSocket")),
        }
    }

    /// A frame from the server, which must be one (RFC 6455 §5.2, §5.5).
    pub(crate) fn frame(&mut self) -> io::Result<Frame> {
        let head = self.take(2)?;
        let (fin, opcode, length) = (head[0] & 0x80 != 0, head[0] & 0x0f, head[1]);
        let known = matches!(opcode, 0 | TEXT | BINARY | CLOSE | PING | PONG);
        let control = opcode >= CLOSE;
        if head[0] & 0x70 != 0 || !known || length > 127 || control && (!fin || length > 125) {
            return wrong(format!("not the head of a frame: {head:02x?}"));
        }
        let length = match length {
            126 => u16::from_be_bytes(self.take(2)?.try_into().expect("two bytes")) as usize,
            127 => u64::from_be_bytes(self.take(8)?.try_into().expect("eight bytes")) as usize,
            short => short as usize,
        };
        if length > 1 << 26 {
            return wrong(format!("a frame of {length} bytes"));
        }
        let payload = self.take(length)?;
        Ok(Frame {
            fin,
            opcode,
            payload,
        })
    }

    /// The next data message, and the payloads of the pongs before it.
    pub(crate) fn message(&mut self) -> io::Result<(Vec<u8>, Vec<Vec<u8>>)> {
        let (mut message, mut pongs, mut begun) = (Vec::new(), Vec::new(), false);
        loop {
            let frame = self.frame()?;
            match frame.opcode {
                PONG => pongs.push(frame.payload),
                PING => self.send(&client_frame(PING + 1, true, &frame.payload))?,
                CLOSE => return wrong(format!("a Close frame: {:?}", frame.payload)),
                opcode if (opcode == 0) != begun => {
                    return wrong(format!("opcode {opcode} where another has to be"));
                }
                _ => {
                    begun = true;
                    message.extend(frame.payload);
                    if frame.fin {
                        return Ok((message, pongs));
                    }
                }
            }
        }
    }

    /// The end with a reset in place of a FIN.
    pub(crate) fn reset(self) {
        let _ = set_socket_linger(&self.tcp, Some(Duration::ZERO));
    }

    /// The end of what we send. The peer may go on.
    pub(crate) fn half_close(&self) -> io::Result<()> {
        self.tcp.shutdown(Shutdown::Write)
    }

    /// One end or the other.
    pub(crate) fn leave(self, random: &mut Random) {
        if random.one_in(2) {
            self.reset();
        }
    }
}

pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

pub(crate) fn upgrade_request(path: &str) -> String {
    let fields = "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    format!("GET {path} HTTP/1.1\r\n{fields}\r\n")
}

/// A frame with a mask, as clients send them.
pub(crate) fn client_frame(opcode: u8, fin: bool, payload: &[u8]) -> Vec<u8> {
    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![opcode | if fin { 0x80 } else { 0 }];
    match payload.len() {
        short @ ..126 => frame.push(0x80 | short as u8),
        medium @ 126..65536 => {
            frame.push(0x80 | 126);
            frame.extend((medium as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend(KEY);
    let mask = KEY.iter().cycle();
    frame.extend(payload.iter().zip(mask).map(|(byte, key)| byte ^ key));
    frame
}

/// Trusts the CA of the fixtures.
fn trusting() -> Arc<ClientConfig> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let pem = include_bytes!("../../../fixtures/tls/ca.crt");
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(pem).expect("a certificate");
        roots.add(ca).expect("a CA");
        client_config(roots)
    });
    Arc::clone(config)
}

/// Trusts nobody: breaks off each handshake with an alert.
pub(crate) fn distrusting() -> Arc<ClientConfig> {
    client_config(RootCertStore::empty())
}

fn client_config(roots: RootCertStore) -> Arc<ClientConfig> {
    let config = ClientConfig::builder().with_root_certificates(roots);
    Arc::new(config.with_no_client_auth())
}
