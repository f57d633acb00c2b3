//! What a server must survive without a trace: whatever it answers is right.

use super::Job;
use crate::addresses::{Addresses, CONNECTED, EVENTS, HTTP, TCP, TLS, WS, WSS};
use crate::client::{BINARY, Client, client_frame, distrusting, get, upgrade_request};
use crate::random::Random;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

pub(super) const JOBS: [Job; 9] = [
    ("download given up", download),
    ("reset", reset),
    ("half of something", half),
    ("room, does not read", stuck_members),
    ("floods, does not read", flood),
    ("TLS that fails", tls),
    ("poll and leave", leave_poll),
    ("events and leave", leave_events),
    ("garbage", garbage),
];

fn hold(random: &mut Random, most_ms: u64) {
    thread::sleep(Duration::from_millis(random.between(0, most_ms)));
}

fn download(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let mut client = Client::plain(at[HTTP])?;
    client.send(get("/big").as_bytes())?;
    client.take(random.size(8 << 20))?;
    client.leave(random);
    Ok(())
}

/// Beginnings of what a server waits for the rest of.
pub(crate) fn beginnings(at: &Addresses) -> Vec<(SocketAddr, Vec<u8>)> {
    let handshake = |path| upgrade_request(path).into_bytes();
    let frame = client_frame(BINARY, true, &[b'x'; 1000]);
    let half_message = [handshake("/echo"), frame[..500].to_vec()].concat();
    let fragment = [handshake("/echo"), client_frame(BINARY, false, b"first")].concat();
    let head = "POST /upload HTTP/1.1\r\nHost: localhost\r\n";
    let client_hello = hello();
    vec![
        (at[TCP], vec![]),
        (at[TCP], vec![b'x'; 1000]),
        (at[EVENTS], vec![b'x'; 1000]),
        (at[HTTP], vec![]),
        (at[HTTP], get("/").into_bytes()),
        (at[HTTP], b"GET / HT".to_vec()),
        (
            at[HTTP],
            format!("{head}Content-Length: 1000\r\n\r\nhalf").into_bytes(),
        ),
        (
            at[HTTP],
            format!("{head}Transfer-Encoding: chunked\r\n\r\nff\r\nhalf").into_bytes(),
        ),
        (at[WS], handshake("/echo")),
        (at[WS], handshake("/chat")),
        (at[WS], half_message),
        (at[WS], fragment),
        (at[TLS], vec![]),
        (at[TLS], client_hello[..client_hello.len() / 2].to_vec()),
        (at[TLS], client_hello.clone()),
        (at[WSS], client_hello),
    ]
}

/// A ClientHello, as rustls makes it.
fn hello() -> Vec<u8> {
    let name = rustls::pki_types::ServerName::try_from("localhost").expect("a name");
    let mut session = rustls::ClientConnection::new(distrusting(), name).expect("a session");
    let mut bytes = Vec::new();
    session.write_tls(&mut bytes).expect("memory");
    bytes
}

fn reset(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let all = beginnings(at);
    let (to, bytes) = random.pick(&all);
    let mut client = Client::plain(*to)?;
    client.send(bytes)?;
    hold(random, 5);
    client.reset();
    Ok(())
}

fn half(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let all = beginnings(at);
    let (to, bytes) = random.pick(&all);
    let mut client = Client::plain(*to)?;
    let cut = random.between(0, bytes.len() as u64) as usize;
    client.send(&bytes[..cut])?;
    hold(random, 3000);
    client.leave(random);
    Ok(())
}

fn stuck_members(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let members = (0..random.between(4, 12)).map(|_| Client::plain(at[WS])?.upgrade("/chat"));
    let members: Vec<Client> = members.collect::<io::Result<_>>()?;
    hold(random, 5000);
    for member in members {
        member.leave(random);
    }
    Ok(())
}

/// Sends what is echoed until nothing more is taken.
fn flood(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let (mut client, piece) = match random.between(0, 3) {
        0 => (Client::plain(at[TCP])?, vec![b'x'; 64 * 1024]),
        1 => (Client::plain(at[EVENTS])?, vec![b'x'; 64 * 1024]),
        2 => (Client::tls(at[TLS])?, vec![b'x'; 16 * 1024]),
        _ => {
            let frame = client_frame(BINARY, true, &vec![b'x'; 10_000]);
            (Client::plain(at[WS])?.upgrade("/echo")?, frame)
        }
    };
    client
        .tcp
        .set_write_timeout(Some(Duration::from_millis(100)))?;
    for _ in 0..1000 {
        if client.send(&piece).is_err() {
            break;
        }
    }
    hold(random, 4000);
    client.leave(random);
    Ok(())
}

fn tls(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let to = *random.pick(&[at[TLS], at[WSS]]);
    match random.between(0, 3) {
        0 => drop(Client::tls_with(to, distrusting())),
        1 => {
            let mut client = Client::plain(to)?;
            let mut bytes = hello();
            let at = random.next() as usize % bytes.len();
            bytes[at] ^= 1 << random.between(0, 7);
            client.send(&bytes)?;
            client
                .tcp
                .set_read_timeout(Some(Duration::from_millis(200)))?;
            let _ = client.tcp.read(&mut [0; 4096]);
            client.leave(random);
        }
        2 => {
            let mut client = Client::plain(to)?;
            client.send(get("/").as_bytes())?;
            let _ = client.take_all();
        }
        _ => {
            let mut client = Client::tls(to)?;
            client.tcp.write_all(&random.bytes(100))?; // no record of this session
            let _ = client.take_all();
        }
    }
    Ok(())
}

/// Sometimes with more behind the request than the server looks at.
fn leave_poll(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let mut client = Client::plain(at[HTTP])?;
    client.send(get("/poll?timeout=60").as_bytes())?;
    if random.one_in(2) {
        client.send(&get("/").repeat(400).into_bytes())?;
    }
    hold(random, 500);
    client.leave(random);
    Ok(())
}

fn leave_events(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let mut client = Client::plain(at[HTTP])?;
    client.send(get("/events").as_bytes())?;
    client.take(20)?;
    hold(random, 1000);
    client.leave(random);
    Ok(())
}

fn garbage(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let to = *random.pick(&at[..CONNECTED]);
    let mut client = Client::plain(to)?;
    let length = random.size(16 * 1024);
    client.send(&random.bytes(length))?;
    client
        .tcp
        .set_read_timeout(Some(Duration::from_millis(300)))?;
    let _ = client.tcp.read(&mut [0; 4096]);
    client.leave(random);
    Ok(())
}
