//! 7.2: datagrams, over a transport that loses, doubles and delays them on purpose.

use super::stage::{Exchange, Stage, Stop, exchanges, values};
use crate::log::Side;
use barewire::trace::wire::Direction;
use barewire::udp::{
    self, Datagrams, Family, Fault, Faulty, ReceiveBuffer, Received, Requester, Responder, Socket,
};
use std::io;
use std::net::SocketAddr;
use std::thread::{self, Builder};
use std::time::Duration;

exchanges! { "7.2", "udp";
    "udp.lost", false, |stage| sent(stage, ".x.", ["one", "two", "three"], 2),
        ["udp_echo client {udp}", "udp_echo request --sent .x one two"];
    "udp.twice", false, |stage| sent(stage, "2~.", ["a", "b", "c"], 4), ["udp_echo request --sent 2~ one two"];
    "udp.too_long", false, too_long, [r#"udp_echo client {udp} "$(printf %065508d 0)""#];
    "udp.ask_again", false, ask_again, [r#"udp_echo request --sent x --received x "add 1""#];
}

/// Three datagrams through these faults, of which `arriving` arrive.
fn sent(stage: &Stage, faults: &str, texts: [&str; 3], arriving: usize) -> Result<(), Stop> {
    let (network, server) = network(stage, faults, "")?;
    for text in texts {
        let bytes = network.send_to(text.as_bytes(), server.local_addr())?;
        stage.saw(Side::Client, "udp.sent", values!(bytes));
    }
    for _ in 0..arriving {
        receive(&network, &server, &mut ReceiveBuffer::new())?;
    }
    let values = values!(sent = texts.len(), received = arriving);
    stage.saw(Side::Server, "udp.count", values);
    Ok(())
}

/// One that is too long to be sent, and one that is too long for its receiver.
fn too_long(stage: &Stage) -> Result<(), Stop> {
    let (network, server) = network(stage, "", "")?;
    let (to, too_long) = (server.local_addr(), vec![b'x'; 65_508]);
    let Err(why) = network.faulty.send_to(&too_long, to) else {
        return Err(Stop("65,508 bytes were sent".into()));
    };
    stage.saw(
        Side::Client,
        "udp.refused",
        values!(bytes = too_long.len(), why),
    );
    let mut room = ReceiveBuffer::with_capacity(512);
    for message in [&[b'x'; 2000][..], b"next"] {
        let bytes = network.send_to(message, to)?;
        stage.saw(Side::Client, "udp.sent", values!(bytes));
    }
    receive(&network, &server, &mut room)?;
    receive(&network, &server, &mut room)
}

/// The first question is lost, and then the first answer.
fn ask_again(stage: &Stage) -> Result<(), Stop> {
    let (network, server) = network(stage, "x", "x")?;
    let (ends, address) = (network.ends, server.local_addr());
    let mut requester = Requester::with_first_id(network, 1);
    requester.retry.timeout = Duration::from_millis(100);
    let (reply, counts) = thread::scope(|scope| {
        let answering = Builder::new().spawn_scoped(scope, || answer(stage, &server, ends))?;
        let reply = requester.request(address, b"add 1");
        server.close(); // ends that thread
        let counts = answering.join().unwrap_or(Ok((0, 0)));
        Ok::<_, io::Error>((reply, counts))
    })?;
    let (reply, (received, handled)) = (reply?, counts?);
    let text = String::from_utf8_lossy(&reply.payload);
    stage.saw(
        Side::Client,
        "udp.answered",
        values!(text, tries = reply.tries),
    );
    stage.saw(Side::Server, "udp.handled", values!(received, handled));
    Ok(())
}

/// Adds until the socket is closed. Returns how many questions have arrived, and how many of them were new.
fn answer(stage: &Stage, server: &Socket, ends: [SocketAddr; 2]) -> io::Result<(u32, u32)> {
    let (mut received, mut handled) = (0, 0);
    let mut responder = Responder::new(|_: &[u8], _| {
        handled += 1;
        handled.to_string().into_bytes()
    });
    server.on_message(|socket, question, rinfo| {
        received += 1;
        stage.datagram(Side::Server, Direction::FromClient, ends, question);
        if let Some(answer) = responder.respond(question, rinfo.socket_addr()) {
            stage.datagram(Side::Server, Direction::FromServer, ends, answer);
            let _ = socket.send_to(answer, rinfo.socket_addr()); // if it fails, the answer is lost
        }
    })?;
    drop(responder);
    Ok((received, handled))
}

/// The server takes a datagram.
fn receive(network: &Network, server: &Socket, room: &mut ReceiveBuffer) -> Result<(), Stop> {
    let stage = &network.stage;
    server.set_read_timeout(Some(stage.left()))?;
    let Received { bytes, rinfo } = server.recv(room)?;
    stage.datagram(Side::Server, Direction::FromClient, network.ends, bytes);
    let (length, text) = (bytes.len(), String::from_utf8_lossy(bytes));
    match rinfo.truncated() {
        true => stage.saw(Side::Server, "udp.truncated", values!(bytes = length)),
        false => stage.saw(Side::Server, "udp.received", values!(bytes = length, text)),
    }
    Ok(())
}

/// The client's transport: it has faults, and what passes there is on the page.
struct Network {
    faulty: Faulty<Socket>,
    stage: Stage,
    /// The client, and the server.
    ends: [SocketAddr; 2],
}

/// The client's transport with these faults, and the server's socket.
fn network(stage: &Stage, sent: &str, received: &str) -> Result<(Network, Socket), Stop> {
    let [client, server] = [(); 2].map(|()| udp::create_socket(Family::V4).bind("127.0.0.1:0"));
    let (client, server) = (client?, server?);
    for socket in [&client, &server] {
        let socket = socket.clone();
        stage.on_end(move || socket.close());
    }
    let (ends, watching) = ([client.local_addr(), server.local_addr()], stage.clone());
    let faulty = Faulty::new(client)
        .sending(sent.parse()?)
        .receiving(received.parse()?)
        .watch(move |_, fault, _| {
            let key = match fault {
                Fault::None => return,
                Fault::Drop => "udp.dropped",
                Fault::Duplicate => "udp.doubled",
                Fault::Delay => "udp.delayed",
            };
            watching.event(Side::Client, key, &[]);
        });
    let stage = stage.clone();
    Ok((
        Network {
            faulty,
            stage,
            ends,
        },
        server,
    ))
}

impl Datagrams for Network {
    fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.stage
            .datagram(Side::Client, Direction::FromClient, self.ends, message);
        self.faulty.send_to(message, to)
    }

    fn recv_within<'a>(
        &self,
        buffer: &'a mut ReceiveBuffer,
        timeout: Option<Duration>,
    ) -> io::Result<Received<'a>> {
        let received = self.faulty.recv_within(buffer, timeout)?;
        self.stage.datagram(
            Side::Client,
            Direction::FromServer,
            self.ends,
            received.bytes,
        );
        Ok(received)
    }
}
