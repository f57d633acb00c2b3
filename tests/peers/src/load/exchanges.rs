//! Requests and answers on many connections, in one thread that waits for all of them at once.

use super::answer::{self, Failure, session};
use super::{report, wait_for_start};
use crate::Outcome;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustls::{ClientConfig, ClientConnection};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) struct Plan {
    pub(super) port: u16,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) connections: usize,
    /// What upgrades a connection to a WebSocket; empty for HTTP.
    pub(super) opening: Vec<u8>,
    /// What is sent again and again: this many requests in one write.
    pub(super) request: Vec<u8>,
    pub(super) at_once: usize,
    /// What each of them is answered with, beside a head.
    pub(super) body: Vec<u8>,
    /// Whether each request has a connection of its own.
    pub(super) closes: bool,
}

struct Load {
    plan: Plan,
    poll: Poll,
    connections: Vec<Connection>,
    /// The length of one answer.
    answer_bytes: usize,
    buffer: Vec<u8>,
    done: u64,
}

struct Connection {
    socket: TcpStream,
    tls: Option<ClientConnection>,
    /// How much of the request has not been taken by the socket.
    unsent: usize,
    /// How many bytes of the answers have not come.
    missing: usize,
}

pub(super) fn run(plan: Plan, seconds: Duration) -> Outcome {
    let answer_bytes = first_answer(&plan)?;
    let mut load = Load {
        answer_bytes,
        poll: Poll::new()?,
        connections: Vec::new(),
        buffer: vec![0; 256 * 1024],
        done: 0,
        plan,
    };
    for token in 0..load.plan.connections {
        let connection = load.connect(Token(token))?;
        load.connections.push(connection);
    }
    let warm = (load.plan.connections * load.plan.at_once) as u64;
    load.ask_while(|done| done < warm)?;
    let began = wait_for_start()?;
    load.done = 0;
    let end = began + seconds;
    load.ask_while(|_| Instant::now() < end)?;
    report(load.done, began);
    Ok(())
}

/// Sees on a connection of its own that one request is answered rightly, and how long that answer is.
fn first_answer(plan: &Plan) -> Result<usize, Failure> {
    let one = &plan.request[..plan.request.len() / plan.at_once];
    let mut stream = answer::connect(plan.port, plan.tls.as_ref())?;
    if !plan.opening.is_empty() {
        return answer::echo(&mut *stream, &plan.opening, one, &plan.body);
    }
    stream.write_all(one)?;
    let (received, length) = answer::read(&mut *stream, answer::response)?;
    answer::check(&received, &plan.body)?;
    Ok(length)
}

impl Load {
    /// A connection that sends its first request as soon as it is open. A WebSocket is upgraded before, and blocks
    /// until it is.
    fn connect(&self, token: Token) -> Result<Connection, Failure> {
        let address = SocketAddr::from(([127, 0, 0, 1], self.plan.port));
        let mut socket = match self.plan.opening.as_slice() {
            [] => TcpStream::connect(address)?,
            opening => TcpStream::from_std(upgraded(address, opening)?),
        };
        socket.set_nodelay(true)?;
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut socket, token, both)?;
        let mut connection = Connection {
            socket,
            tls: self.plan.tls.as_ref().map(session).transpose()?,
            unsent: 0,
            missing: 0,
        };
        connection.ask(&self.plan, self.answer_bytes)?;
        Ok(connection)
    }

    fn ask_while(&mut self, goes_on: impl Fn(u64) -> bool) -> Outcome {
        let mut events = Events::with_capacity(1024);
        while goes_on(self.done) {
            self.poll
                .poll(&mut events, Some(Duration::from_millis(100)))?;
            for event in &events {
                self.serve(event.token())?;
            }
        }
        Ok(())
    }

    /// The socket can be read or written. The kernel reports each change once, so what can be done is done.
    fn serve(&mut self, token: Token) -> Outcome {
        let connection = &mut self.connections[token.0];
        connection.flush(&self.plan.request)?;
        loop {
            match connection.receive(&mut self.buffer, &self.plan.request) {
                Ok(0) if self.plan.closes && connection.missing == 0 => {
                    self.done += 1;
                    self.connections[token.0] = self.connect(token)?;
                    return Ok(());
                }
                Ok(0) => return Err("the server closed a connection".into()),
                Ok(_) if connection.missing > 0 || self.plan.closes => {}
                Ok(_) => {
                    self.done += self.plan.at_once as u64;
                    return Ok(connection.ask(&self.plan, self.answer_bytes)?);
                }
                Err(e) if is_early(&e) => return Ok(()),
                Err(e) => return Err(e.into()),
            }
        }
    }
}

/// The bytes come later, or the connection is not open yet.
fn is_early(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::NotConnected
    )
}

fn upgraded(address: SocketAddr, opening: &[u8]) -> io::Result<std::net::TcpStream> {
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.write_all(opening)?;
    answer::read(&mut stream, answer::head).map_err(io::Error::other)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

impl Connection {
    fn ask(&mut self, plan: &Plan, answer_bytes: usize) -> io::Result<()> {
        self.missing = answer_bytes * plan.at_once;
        match &mut self.tls {
            None => self.unsent = plan.request.len(),
            Some(tls) => {
                tls.set_buffer_limit(None);
                tls.writer().write_all(&plan.request)?;
            }
        }
        self.flush(&plan.request)
    }

    /// Sends as much as the socket takes.
    fn flush(&mut self, request: &[u8]) -> io::Result<()> {
        let sent = match &mut self.tls {
            None => send(&mut self.socket, request, &mut self.unsent),
            Some(tls) => send_records(tls, &mut self.socket),
        };
        match sent {
            Err(e) if is_early(&e) => Ok(()),
            sent => sent,
        }
    }

    /// Reads once. 0: the server has closed the connection.
    fn receive(&mut self, buffer: &mut [u8], request: &[u8]) -> io::Result<usize> {
        let bytes = self.socket.read(buffer)?;
        let mut answered = bytes;
        if let Some(tls) = &mut self.tls {
            answered = open_records(tls, &buffer[..bytes])?;
            self.flush(request)?; // the end of a handshake
        }
        match self.missing.checked_sub(answered) {
            Some(missing) => self.missing = missing,
            None => return Err(io::Error::other("an answer is longer than the first one")),
        }
        Ok(bytes)
    }
}

fn send(socket: &mut TcpStream, request: &[u8], unsent: &mut usize) -> io::Result<()> {
    while *unsent > 0 {
        *unsent -= socket.write(&request[request.len() - *unsent..])?;
    }
    Ok(())
}

fn send_records(tls: &mut ClientConnection, socket: &mut TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(socket)?;
    }
    Ok(())
}

/// Returns how many bytes of answers the records had.
fn open_records(tls: &mut ClientConnection, mut records: &[u8]) -> io::Result<usize> {
    let mut answered = 0;
    while !records.is_empty() {
        tls.read_tls(&mut records)?;
        let state = tls.process_new_packets().map_err(io::Error::other)?;
        let opened = state.plaintext_bytes_to_read();
        io::copy(&mut tls.reader().take(opened as u64), &mut io::sink())?;
        answered += opened;
    }
    Ok(answered)
}
