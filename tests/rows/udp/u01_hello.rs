use super::{BOOK, socket};
use crate::support::{Log, watched};
use barewire::udp::{self, Family, RemoteInfo, Socket, SocketEvents};

/// The book's server, which writes to a log instead of a terminal.
struct Server(Log);

impl SocketEvents for Server {
    fn message(&self, _socket: &Socket, msg: &[u8], rinfo: &RemoteInfo) {
        let msg = std::str::from_utf8(msg).unwrap();
        let (address, port) = (rinfo.address(), rinfo.port());
        self.0
            .note(format!("server got: {msg} from {address}:{port}"));
    }

    fn listening(&self, socket: &Socket) {
        let address = socket.local_addr();
        let (address, port) = (address.ip(), address.port());
        self.0.note(format!("server listening {address}:{port}"));
    }
}

#[test]
fn row_u01_the_server_receives_the_clients_message() {
    watched(|| {
        let log = Log::default();
        let server = udp::create_socket(Family::V4).bind(0).unwrap();
        let server = server.start(Server(log.clone())).unwrap();
        let port = server.local_addr().port();
        log.wait_for(&format!("server listening 0.0.0.0:{port}"));

        let client = socket();
        client
            .send(BOOK.as_bytes(), 0, 19, port, "localhost")
            .unwrap();
        let from = client.local_addr().port();
        log.wait_for(&format!(
            "server got: 深入浅出Node.js from 127.0.0.1:{from}"
        ));
        client.close();
        server.stop();
        server.wait().unwrap();
        assert_eq!(log.all().len(), 2);
    });
}

#[test]
fn row_u01_a_closure_is_enough() {
    watched(|| {
        let server = socket();
        let client = socket();
        client
            .send_to(BOOK.as_bytes(), server.local_addr())
            .unwrap();
        let mut got = Vec::new();
        let on_message = |socket: &Socket, msg: &[u8], rinfo: &RemoteInfo| {
            got.push((msg.to_vec(), rinfo.socket_addr(), rinfo.size()));
            socket.close();
        };
        server.on_message(on_message).unwrap();
        assert_eq!(got, [(BOOK.as_bytes().to_vec(), client.local_addr(), 19)]);
    });
}
