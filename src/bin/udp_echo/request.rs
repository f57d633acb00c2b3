//! Questions over a network that drops, repeats and delays, and all of it printed.

use crate::heard::shown;
use crate::options::Network;
use barewire::udp::wire::{Kind, Letter};
use barewire::udp::{self, Direction, Family, Fate, Faulty, Requester, Responder, Socket};
use std::io;
use std::net::SocketAddr;
use std::thread;

pub(crate) fn ask(network: Network) -> io::Result<()> {
    let server = udp::create_socket(Family::Udp4).bind("127.0.0.1:0")?;
    let client = udp::create_socket(Family::Udp4).bind("127.0.0.1:0")?;
    thread::scope(|scope| {
        let counts = scope.spawn(|| answer(&server));
        let asked = ask_all(network, client, server.address());
        server.close(); // or the thread would wait for ever
        let (heard, worked) = counts.join().expect("it does not panic")?;
        println!("the server heard {heard} questions and worked on {worked}");
        asked
    })
}

/// Says everything louder, until the socket is closed.
fn answer(server: &Socket) -> io::Result<(u32, u32)> {
    let (mut heard, mut worked) = (0, 0);
    let mut responder = Responder::new(|question: &[u8], _| {
        worked += 1;
        question.to_ascii_uppercase()
    });
    server.on_message(|socket, msg, rinfo| {
        heard += 1;
        if let Some(answer) = responder.respond(msg, rinfo.socket_addr()) {
            let _ = socket.send_to(answer, rinfo.socket_addr()); // lost, if it fails
        }
    })?;
    drop(responder);
    Ok((heard, worked))
}

fn ask_all(network: Network, client: Socket, server: SocketAddr) -> io::Result<()> {
    let faulty = Faulty::new(client)
        .sending(network.sent)
        .receiving(network.received)
        .watch(tell);
    let mut requester = Requester::with_first_id(faulty, 1);
    requester.retry.timeout = network.timeout;
    for question in &network.questions {
        let reply = requester.request(server, question.as_bytes())?;
        println!("answer to try {}: {}", reply.tries, shown(&reply.payload));
    }
    Ok(())
}

fn tell(direction: Direction, fate: Fate, datagram: &[u8]) {
    let way = match direction {
        Direction::Sent => "sent    ",
        Direction::Received => "received",
    };
    let what = match Letter::decode(datagram) {
        Ok(Letter {
            kind: Kind::Question,
            id,
            payload,
        }) => format!("Q {id} {}", shown(payload)),
        Ok(Letter {
            kind: Kind::Answer,
            id,
            payload,
        }) => format!("A {id} {}", shown(payload)),
        Err(e) => e.to_string(),
    };
    println!("  {way}  {what:<12} {fate}");
}
