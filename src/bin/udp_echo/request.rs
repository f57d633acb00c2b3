//! Questions over a network that drops, duplicates and delays; every datagram is printed.

use crate::demo::{out, printable};
use barewire::udp::wire::{Kind, Packet};
use barewire::udp::{
    self, Direction, Family, Fault, FaultPlan, Faulty, Requester, Responder, Socket,
};
use std::io;
use std::net::SocketAddr;
use std::thread::{self, Builder};
use std::time::Duration;

pub(crate) struct Network {
    pub(crate) sent: FaultPlan,
    pub(crate) received: FaultPlan,
    pub(crate) timeout: Duration,
    pub(crate) questions: Vec<String>,
}

pub(crate) fn run(network: Network) -> io::Result<()> {
    let server = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
    let client = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
    thread::scope(|scope| {
        let counts = Builder::new().spawn_scoped(scope, || serve(&server))?;
        let done = request_all(network, client, server.local_addr());
        server.close(); // ends the server's thread
        let (received, handled) = counts.join().expect("it does not panic")?;
        out!("the server received {received} questions and handled {handled}");
        done
    })
}

/// Answers in capitals until the socket is closed. Returns how many questions arrived, and how many
/// of them were new.
fn serve(server: &Socket) -> io::Result<(u32, u32)> {
    let (mut received, mut handled) = (0, 0);
    let mut responder = Responder::new(|question: &[u8], _| {
        handled += 1;
        question.to_ascii_uppercase()
    });
    server.on_message(|socket, msg, rinfo| {
        received += 1;
        if let Some(answer) = responder.respond(msg, rinfo.socket_addr()) {
            let _ = socket.send_to(answer, rinfo.socket_addr()); // if it fails, the answer is lost
        }
    })?;
    drop(responder);
    Ok((received, handled))
}

fn request_all(network: Network, client: Socket, server: SocketAddr) -> io::Result<()> {
    let faulty = Faulty::new(client)
        .sending(network.sent)
        .receiving(network.received)
        .watch(print);
    let mut requester = Requester::with_first_id(faulty, 1);
    requester.retry.timeout = network.timeout;
    for question in &network.questions {
        let reply = requester.request(server, question.as_bytes())?;
        out!(
            "answer to try {}: {}",
            reply.tries,
            printable(&reply.payload)
        );
    }
    Ok(())
}

fn print(direction: Direction, fault: Fault, datagram: &[u8]) {
    let way = match direction {
        Direction::Sent => "sent    ",
        Direction::Received => "received",
    };
    let what = match Packet::decode(datagram) {
        Ok(Packet { kind, id, payload }) => {
            let letter = if kind == Kind::Question { 'Q' } else { 'A' };
            format!("{letter} {id} {}", printable(payload))
        }
        Err(e) => e.to_string(),
    };
    out!("  {way}  {what:<12} {fault}");
}
