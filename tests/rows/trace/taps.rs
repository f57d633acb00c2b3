//! The option `tap` of every kind of server and client: both sides see the same bytes.

use super::seen::{Seen, Side};
use crate::https::stage::{agent, identity, trusting};
use crate::https::{stage, t06_proxy};
use crate::support::{Log, PATIENCE, watched};
use barewire::http::{self, Agent, Connected, Handled, Origin, Request, RequestOptions, Response};
use barewire::net::{self, ConnectOptions, Handle, Observer, Socket, pipe};
use barewire::websocket::{self, WebSocket};
use barewire::{https, tls};
use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Serves something, and asks for it.
pub(super) type Run = fn(server: Tap, client: Tap);
type Tap = Arc<dyn Observer>;

static SOCKET_FILES: AtomicUsize = AtomicUsize::new(0);

/// Whether it is under TLS, and how to run it.
pub(super) const KINDS: &[(&str, bool, Run)] = &[
    ("tcp", false, |server, client| {
        tcp("127.0.0.1:0", server, client, LONG)
    }),
    ("unix", false, |server, client| {
        // Two tests run this.
        let number = SOCKET_FILES.fetch_add(1, Ordering::Relaxed);
        let name = format!("barewire-tap-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        tcp(&format!("unix:{}", path.display()), server, client, LONG);
    }),
    ("pipe", false, over_pipe),
    ("http", false, http),
    ("ws", false, ws),
    ("tls", true, |server, client| over_tls(server, client, LONG)),
    ("https", true, https),
    ("wss", true, wss),
];

#[test]
fn both_sides_see_the_same_bytes() {
    for &(kind, is_encrypted, run) in KINDS {
        watched(move || {
            let (server, client) = (Seen::default(), Seen::default());
            run(server.tap(), client.tap());
            let (server, client) = (server.closed(1), client.closed(1));
            same(kind, &server.0[0], &client.0[0]);
            assert_eq!(server.1.len(), usize::from(is_encrypted), "{kind}");
            assert_eq!(client.1.len(), usize::from(is_encrypted), "{kind}");
            if is_encrypted {
                same(kind, &server.1[0], &client.1[0]);
                assert_eq!(client.0[0].sent[0], 0x16, "{kind}: a TLS record");
                assert_ne!(client.1[0].sent[0], 0x16, "{kind}: the plaintext");
            }
        });
    }
}

fn same(kind: &str, server: &Side, client: &Side) {
    assert!(server.is_accepted && !client.is_accepted, "{kind}");
    assert!(!client.sent.is_empty() && !server.sent.is_empty(), "{kind}");
    assert!(client.sent == server.received, "{kind}: to the server");
    assert!(
        server.sent.starts_with(&client.received),
        "{kind}: to the client"
    );
    let unread = server.sent.len() - client.received.len();
    assert!(
        unread == 0 || unread == CLOSE_NOTIFY,
        "{kind}: {unread} bytes unread"
    );
}

/// Its record, sealed: a client that has closed an idle connection does not read it.
const CLOSE_NOTIFY: usize = 24;

fn echo(socket: Socket) -> io::Result<()> {
    socket.pipe(&socket).map(drop)
}

/// More bytes than a tap keeps while a write is under way.
const LONG: usize = 300_000;

/// One thread writes, another reads: some lines, and so many bytes at once.
fn talk(socket: Socket, long: usize) {
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..300 {
                socket.write_all(format!("{number}\n")).unwrap();
            }
            socket.write_all(vec![b'a'; long]).unwrap();
            socket.end().unwrap();
        });
        (&socket).read_to_end(&mut Vec::new()).unwrap();
    });
}

fn tcp(address: &str, server: Tap, client: Tap, long: usize) {
    let handle = net::create_server(echo)
        .tap(server)
        .listen(address)
        .unwrap();
    let options = ConnectOptions::default().tap(client);
    let socket = net::connect_with(&handle.local_addr().to_string(), &options).unwrap();
    talk(socket, long);
    stop(handle);
}

fn over_tls(server: Tap, client: Tap, long: usize) {
    let tapped = tls::create_server(&identity("server"), echo)
        .unwrap()
        .tap(server);
    let handle = tapped.listen("127.0.0.1:0").unwrap();
    let to = format!("localhost:{}", handle.local_addr().port().unwrap());
    let context = tls::ClientContext::new(&trusting()).unwrap();
    let options = ConnectOptions::default().tap(client);
    let socket = tls::connect_with(&to, &context, &options).unwrap();
    assert!(tls::Tls::of(&**socket.stream()).unwrap().authorized()); // a tap hides nothing
    talk(socket, long);
    stop(handle);
}

fn collect(mut req: Request<'_>, res: Response<'_>) -> Handled {
    if !websocket::is_asked_for(&req) {
        return res.end(req.collect()?);
    }
    if let Some(ws) = websocket::accept(req, res)? {
        ws.on_message(|socket, data| drop(socket.send(data)));
    }
    Ok(())
}

fn ask(options: &RequestOptions) {
    for body in ["hello", "", "world"] {
        let mut response = http::request(options.clone().method("POST"))
            .unwrap()
            .end(body)
            .unwrap();
        assert_eq!(response.collect().unwrap(), body.as_bytes());
    }
}

fn over_pipe(server: Tap, client: Tap) {
    let server = Arc::new(http::create_server(collect).tap(server));
    let agent = Agent::new(http::pool::Limits::default()).unwrap();
    let connect = move |_: &Origin, _| {
        let ((here, there), server) = (pipe(), Arc::clone(&server));
        thread::spawn(move || server.serve(Arc::new(there)));
        Ok(Connected::new(here))
    };
    ask(&RequestOptions::new()
        .create_connection(connect)
        .agent(&agent)
        .tap(client));
    agent.close();
}

fn http(server: Tap, client: Tap) {
    let handle = http::create_server(collect)
        .tap(server)
        .listen("127.0.0.1:0")
        .unwrap();
    let agent = Agent::new(http::pool::Limits::default()).unwrap();
    let options = RequestOptions::new().url(&format!("http://{}/", handle.local_addr()));
    ask(&options.unwrap().agent(&agent).tap(client));
    agent.close();
    stop(handle);
}

fn https(server: Tap, client: Tap) {
    let tapped = https::create_server(&identity("server"), collect)
        .unwrap()
        .tap(server);
    let handle = tapped.listen("127.0.0.1:0").unwrap();
    let agent = agent().with_options(|options| options.tap(client));
    let url = format!("https://localhost:{}/", handle.local_addr().port().unwrap());
    ask(&agent.options().url(&url).unwrap());
    agent.pool().close();
    stop(handle);
}

/// Split: one thread sends, another receives.
fn chat(ws: WebSocket) {
    const MESSAGES: usize = 200;
    let (mut reader, writer) = ws.split();
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..MESSAGES {
                writer.send(format!("{number}")).unwrap();
            }
        });
        for _ in 0..MESSAGES {
            reader.receive().unwrap().unwrap();
        }
    });
    writer.close(1000, "").unwrap();
    while let Ok(Some(_)) = reader.receive() {}
}

fn ws(server: Tap, client: Tap) {
    let handle = http::create_server(collect)
        .tap(server)
        .listen("127.0.0.1:0")
        .unwrap();
    let options = websocket::ConnectOptions::new().tap(client);
    chat(websocket::connect_with(&format!("ws://{}/", handle.local_addr()), &options).unwrap());
    stop(handle);
}

fn wss(server: Tap, client: Tap) {
    let tapped = https::create_server(&identity("server"), collect)
        .unwrap()
        .tap(server);
    let handle = tapped.listen("127.0.0.1:0").unwrap();
    let agent = agent().with_options(|options| options.tap(client));
    let url = format!("wss://localhost:{}/", handle.local_addr().port().unwrap());
    chat(agent.websocket(&url).unwrap());
    stop(handle);
}

fn stop(handle: Handle) {
    assert_eq!(handle.shutdown(PATIENCE).cut, 0);
}

/// [`net::Observer`] promises it: a response is never seen before its request. The server sends back what has come,
/// so that there is never more of it.
#[test]
fn an_echo_is_never_seen_before_what_it_answers() {
    const SHORT: usize = 60_000; // with the lines, less than what a tap keeps
    watched(|| {
        let (server, client) = (Seen::default(), Seen::default());
        tcp("127.0.0.1:0", server.tap(), client.tap(), SHORT);
        assert_eq!(client.closed(1).0[0].most_ahead, 0);
        let (server, client) = (Seen::default(), Seen::default());
        over_tls(server.tap(), client.tap(), SHORT);
        assert_eq!(client.closed(1).1[0].most_ahead, 0);
    });
}

/// The CONNECT is on the wire, and the server behind the proxy does not see it.
#[test]
fn through_a_tunnel_all_that_the_client_sends_is_seen() {
    watched(|| {
        let (log, client, server) = (Log::default(), Seen::default(), Seen::default());
        let https = https::create_server(&identity("server"), collect).unwrap();
        let site = stage::Site::of(https.tap(server.clone()));
        let (through, proxy) = t06_proxy::proxy(&log, &site);
        let agent = agent().with_options(|options| options.proxy(&proxy).tap(client.clone()));
        ask(&agent.options().url(&site.url("/")).unwrap());
        agent.pool().close();
        let ((client, inside), (server, behind)) = (client.closed(1), server.closed(1));
        assert!(client[0].sent.starts_with(b"CONNECT localhost:"));
        assert!(client[0].received.starts_with(b"HTTP/1.1 200 "));
        assert!(client[0].sent.ends_with(&server[0].received));
        let unread = server[0].sent.len().saturating_sub(CLOSE_NOTIFY);
        assert!(
            client[0]
                .received
                .windows(unread)
                .any(|at| at == &server[0].sent[..unread])
        );
        same("inside the tunnel", &behind[0], &inside[0]);
        drop(through);
    });
}

/// A connection without the tap is not used for a request with one.
#[test]
fn requests_share_a_connection_if_they_share_the_tap() {
    watched(|| {
        let server = http::create_server(collect).listen("127.0.0.1:0").unwrap();
        let agent = Agent::new(http::pool::Limits::default()).unwrap();
        let url = format!("http://{}/", server.local_addr());
        let plain = RequestOptions::new().url(&url).unwrap().agent(&agent);
        let seen = [Seen::default(), Seen::default()];
        ask(&plain);
        for seen in &seen {
            let tapped = plain.clone().tap(seen.clone());
            ask(&tapped);
            ask(&tapped);
        }
        assert_eq!(agent.totals().free_sockets, 3);
        agent.close();
        for seen in &seen {
            seen.closed(1);
        }
    });
}

#[test]
fn a_cut_and_a_reset_are_seen() {
    watched(|| {
        let seen = Seen::default();
        let reads = |socket: Socket| {
            socket.write_all("x")?;
            socket.read(&mut [0; 1]).map(drop)
        };
        let handle = net::create_server(reads)
            .tap(seen.clone())
            .listen("127.0.0.1:0")
            .unwrap();
        let connect = || {
            let peer = TcpStream::connect(handle.local_addr().ip().unwrap()).unwrap();
            assert_eq!(peer.peek(&mut [0; 1]).unwrap(), 1);
            peer
        };
        drop(connect()); // with an unread byte, which makes it a reset
        let (sides, _) = seen.closed(1);
        assert_eq!(
            sides[0].events[..2],
            ["Connected", "Broken(ConnectionReset)"]
        );
        while handle.connections() > 0 {
            thread::yield_now(); // its slot is free a moment later
        }
        let stays = connect();
        assert_eq!(handle.shutdown(Duration::ZERO).cut, 1);
        let (sides, _) = seen.closed(2);
        assert_eq!(sides[1].events[..2], ["Connected", "Aborted"]);
        drop(stays);
    });
}
