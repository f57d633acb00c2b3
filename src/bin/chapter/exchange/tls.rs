//! 7.5: who the peer is, and what somebody on the way sees.

use super::hello::client_hello;
use super::stage::{Exchange, Stage, Stop, exchanges};
use crate::certificates::{CERT, KEY};
use crate::log::Side;
use barewire::net::{ConnectOptions, Listener, Observer, ServerEvents, Socket, TapEvent, Tapped};
use barewire::tls::{self, ClientContext, ClientOptions, Error, ServerOptions, Tls};
use barewire::trace::wire::Protocol;
use std::io::Read;
use std::net::Shutdown;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const CA: &[u8] = include_bytes!("../../../../fixtures/tls/ca.crt");
const CLIENT_CERT: &[u8] = include_bytes!("../../../../fixtures/tls/client.crt");
const CLIENT_KEY: &[u8] = include_bytes!("../../../../fixtures/tls/client.key");

exchanges! { "7.5", "tls";
    "tls.on_the_way", false, on_the_way, [
        "echo hello | tls_echo --connect localhost:{tls.port} --ca fixtures/tls/ca.crt --explain=hex"];
    "tls.hello", false, hello, [
        "openssl s_client -connect {tls} -servername localhost -CAfile fixtures/tls/ca.crt -tls1_2 -msg </dev/null",
        "openssl x509 -in fixtures/tls/server.crt -noout -text"];
    "tls.authorized", false, authorized, [
        "echo hello | tls_echo --connect localhost:{tls.port} --ca fixtures/tls/ca.crt \
         --cert fixtures/tls/client.crt --key fixtures/tls/client.key",
        "openssl s_client -connect {tls} -CAfile fixtures/tls/ca.crt -cert fixtures/tls/client.crt \
         -key fixtures/tls/client.key </dev/null"];
    "tls.unauthorized", false, unauthorized, [
        "echo hello | tls_echo --connect localhost:{tls.port} --ca fixtures/tls/ca.crt",
        "openssl s_client -connect {tls} -CAfile fixtures/tls/ca.crt </dev/null"];
    "tls.resumption", false, resumption, [
        "openssl s_client -connect {tls} -CAfile fixtures/tls/ca.crt -tls1_2 -reconnect </dev/null"];
}

/// The records, and the plaintext at both ends.
fn on_the_way(stage: &Stage) -> Result<(), Stop> {
    let socket = connect_to(stage, &server(), &client())?;
    stage.event(Side::Client, "tls.writes", &[("text", "hello")]);
    socket.write_all("hello")?;
    socket.end()?;
    read_to_end(stage, &socket)
}

/// A handshake of TLS 1.3; and the answer to a client that offers TLS 1.2 only, which is not sealed.
fn hello(stage: &Stage) -> Result<(), Stop> {
    let socket = connect(stage, stage.door("tls")?, &client())?;
    socket.end()?;
    read_to_end(stage, &socket)?;

    stage.event(Side::Client, "tls.only12", &[]);
    let stream = stage.connect("tls")?;
    stage.send(&stream, &client_hello("localhost"))?;
    stage.read_until(&stream, |all| all.ends_with(&[14, 0, 0, 0]))?; // ServerHelloDone
    stream.shutdown(Shutdown::Write)?;
    stage.read_to_end(&stream)?;
    Ok(())
}

/// Both sides have a certificate.
fn authorized(stage: &Stage) -> Result<(), Stop> {
    let asking = server()
        .ca(CA)
        .request_cert(true)
        .reject_unauthorized(false);
    let options = client().cert(CLIENT_CERT).key(CLIENT_KEY);
    let socket = connect_to(stage, &asking, &options)?;
    socket.end()?;
    read_to_end(stage, &socket)
}

/// The client has none: a server that asks for one goes on, a server that requires one does not.
fn unauthorized(stage: &Stage) -> Result<(), Stop> {
    let asking = server().ca(CA).request_cert(true);
    let socket = connect_to(stage, &asking.clone().reject_unauthorized(false), &client())?;
    socket.end()?;
    read_to_end(stage, &socket)?;

    stage.event(Side::Server, "tls.required", &[]);
    // Its own handshake ends before the server has seen that there is no certificate.
    let socket = connect_to(stage, &asking, &client())?;
    match socket.read(&mut [0; 16]) {
        Err(error) => {
            let code =
                Error::of(&error).map_or_else(|| error.to_string(), |e| e.code().to_string());
            stage.event(Side::Client, "tls.alert", &[("code", &code)]);
            Ok(())
        }
        Ok(_) => Err(Stop("the server did not require a certificate".into())),
    }
}

/// Two connections of one client: the second one has a ticket.
fn resumption(stage: &Stage) -> Result<(), Stop> {
    let address = stage.keep(echo(stage, &server())?.listen("127.0.0.1:0")?);
    let context = ClientContext::new(&client())?;
    for _ in 0..2 {
        let passed = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let (count, ear) = (
            Arc::clone(&passed),
            stage.observer(Side::Client, bytes_in_tls()),
        );
        let options = ConnectOptions::default().tap(move |tapped: &Tapped, event: TapEvent<'_>| {
            let [sent, received] = match event {
                TapEvent::Sent(bytes) if !tapped.is_plaintext() => [bytes.len(), 0],
                TapEvent::Received(bytes) if !tapped.is_plaintext() => [0, bytes.len()],
                _ => [0, 0],
            };
            count[0].fetch_add(sent, Ordering::SeqCst);
            count[1].fetch_add(received, Ordering::SeqCst);
            ear.passed(tapped, event);
        });
        let socket = tls::connect_with(&address, &context, &options)?;
        let [sent, received] = [0, 1].map(|way| passed[way].load(Ordering::SeqCst));
        let key = match tls_of(&socket)?.is_session_reused() {
            true => "tls.resumed",
            false => "tls.full",
        };
        stage.saw(
            Side::Client,
            key,
            &[("sent", &sent), ("received", &received)],
        );
        socket.end()?;
        read_to_end(stage, &socket)?; // the tickets, too
    }
    Ok(())
}

/// No request is inside, but the book's echo.
fn bytes_in_tls() -> Protocol {
    Protocol::TlsWith(Box::new(Protocol::Bytes))
}

fn server() -> ServerOptions {
    ServerOptions::new().cert(CERT).key(KEY)
}

/// A client that trusts our CA, and asks for `localhost`.
fn client() -> ClientOptions {
    ClientOptions::new().ca(CA).servername("localhost")
}

/// A server that says whether a client is authorized if it asks for that, welcomes, and echoes.
fn echo(stage: &Stage, options: &ServerOptions) -> Result<tls::Server<impl ServerEvents>, Stop> {
    let stage = stage.clone();
    Ok(tls::create_server(options, move |socket: Socket| {
        let tls = Tls::of(&**socket.stream());
        if let Some(error) = tls.and_then(Tls::authorization_error) {
            stage.saw(Side::Server, "tls.unauthorized", &[("code", &error.code())]);
        } else if tls.is_some_and(Tls::authorized) {
            stage.event(Side::Server, "tls.authorized", &[]);
        }
        socket.write_all("welcome!\n")?;
        let mut room = [0; 1024];
        while let bytes @ 1.. = socket.read(&mut room)? {
            let text = String::from_utf8_lossy(&room[..bytes]);
            stage.event(Side::Server, "tls.read", &[("text", &text)]);
            socket.write_all(&room[..bytes])?;
        }
        socket.end()
    })?)
}

/// A connection to a server of this exchange. Both ends are tapped. The server accepts when the client's tap has its
/// connection, so the client's end is the one that the page draws.
fn connect_to(
    stage: &Stage,
    server: &ServerOptions,
    client: &ClientOptions,
) -> Result<Socket, Stop> {
    let listener = Listener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let server = echo(stage, server)?.tap(stage.observer(Side::Server, bytes_in_tls()));
    let (ear, keeping) = (stage.observer(Side::Client, bytes_in_tls()), stage.clone());
    let waiting = Mutex::new(Some((server, listener)));
    let below = ConnectOptions::default().tap(move |tapped: &Tapped, event: TapEvent<'_>| {
        ear.passed(tapped, event);
        let begins = waiting.lock().ok().and_then(|mut waiting| waiting.take());
        if let Some(Ok(server)) = begins.map(|(server, listener)| server.listen_on(listener)) {
            keeping.keep(server);
        }
    });
    connect_with(stage, &address, client, &below)
}

fn connect(stage: &Stage, address: &str, options: &ClientOptions) -> Result<Socket, Stop> {
    let below = ConnectOptions::default().tap(stage.observer(Side::Client, bytes_in_tls()));
    connect_with(stage, address, options, &below)
}

fn connect_with(
    stage: &Stage,
    address: &str,
    options: &ClientOptions,
    below: &ConnectOptions,
) -> Result<Socket, Stop> {
    let socket = tls::connect_with(address, &ClientContext::new(options)?, below)?;
    stage.cut_at_end(socket.stream());
    let tls = tls_of(&socket)?;
    let values = [("version", tls.protocol()), ("cipher", tls.cipher())];
    stage.event(Side::Client, "tls.connected", &values);
    Ok(socket)
}

fn tls_of(socket: &Socket) -> Result<&Tls, Stop> {
    Tls::of(&**socket.stream()).ok_or_else(|| Stop("it is no TLS".into()))
}

fn read_to_end(stage: &Stage, mut socket: &Socket) -> Result<(), Stop> {
    let mut text = String::new();
    socket.set_read_timeout(Some(stage.left()))?;
    socket.read_to_string(&mut text)?;
    stage.event(
        Side::Client,
        "tls.read",
        &[("text", &text.trim_end().replace('\n', " "))],
    );
    Ok(())
}
