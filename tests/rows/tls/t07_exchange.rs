//! T07: certificates are replaced without a restart.

use super::stage::{
    Met, asking, client, client_context, client_with, meet_again, pem, server, server_context,
};
use crate::support::watched;
use barewire::net::Stream;
use barewire::tls::{self, ClientOptions, Code, ServerOptions, Tls, Version};
use std::time::Duration;

fn common_name(tls: &Tls) -> Option<String> {
    tls.peer_certificate()?.subject().get("CN")
}

#[test]
fn row_t07_a_certificate_is_replaced_while_connections_are_open() {
    watched(|| {
        let context = server_context(&server("server"));
        let client = client_context(&client().reject_unauthorized(false));
        let (here, there) = meet_again(&context, &client, "localhost").both();
        context.set_options(&server("other")).unwrap();
        let (new, _) = meet_again(&context, &client, "localhost").both();
        assert!(
            !new.is_session_reused(),
            "tickets of the old options are void"
        );
        assert_eq!(common_name(&new).as_deref(), Some("other.test.com"));
        assert_eq!(common_name(&here).as_deref(), Some("localhost"));
        here.write(b"still").unwrap();
        let mut buf = [0; 8];
        assert_eq!(there.read(&mut buf).unwrap(), 5);
    });
}

#[test]
fn row_t07_invalid_options_change_nothing() {
    watched(|| {
        let context = server_context(&server("server"));
        let wrong = ServerOptions::new()
            .cert(pem("server.crt"))
            .key(pem("mismatch.key"));
        let error = context.set_options(&wrong).unwrap_err();
        assert_eq!(error.code(), Code::KeyValuesMismatch);
        let client = client_context(&client());
        assert!(
            meet_again(&context, &client, "localhost")
                .both()
                .0
                .authorized()
        );
    });
}

#[test]
fn row_t07_the_trusted_cas_are_replaced_too() {
    watched(|| {
        let context = server_context(&asking());
        let client = client_context(&client_with("client"));
        assert!(
            meet_again(&context, &client, "localhost")
                .both()
                .1
                .authorized()
        );
        let others = server("server")
            .request_cert(true)
            .ca(pem("unknown-ca.crt"));
        context.set_options(&others).unwrap();
        let met = meet_again(&context, &client, "localhost");
        let code = met.server.unwrap_err().code();
        assert_eq!(code, Code::UnableToVerifyLeafSignature);
    });
}

#[test]
fn row_t07_the_context_of_a_running_server_replaces_its_certificate() {
    watched(|| {
        let echo = tls::create_server(&server("server"), |socket| socket.pipe(&socket).map(drop));
        let echo = echo.unwrap();
        let context = echo.context().clone();
        let handle = echo.listen("127.0.0.1:0").unwrap();
        let to = format!("localhost:{}", handle.local_addr().port().unwrap());
        let options = client().reject_unauthorized(false);
        for name in ["localhost", "other.test.com"] {
            let socket = tls::connect(&to, &options).unwrap();
            let tls = Tls::of(&**socket.stream()).unwrap();
            assert_eq!(common_name(tls).as_deref(), Some(name));
            context.set_options(&server("other")).unwrap();
        }
        handle.shutdown(Duration::from_secs(5));
        assert_eq!(context.handshakes().full, 2);
    });
}

/// What a client and a server see of each other: the protocol, the certificate, the client.
fn seen(met: &Met) -> String {
    match (&met.client, &met.server) {
        (Ok(here), Ok(there)) => format!(
            "{} {:?} {:?} {} {}",
            here.protocol(),
            here.alpn_protocol(),
            common_name(here),
            there.authorized(),
            there.peer_certificates().len()
        ),
        (here, there) => format!("{:?} {:?}", here.as_ref().err(), there.as_ref().err()),
    }
}

/// The same options once more change nothing that a client sees; with another certificate only that.
#[test]
fn fault_d13_the_exchange_of_a_certificate_changes_the_certificate() {
    let named = |name: &str| server(name).add_context("a.test", pem("rsa.crt"), pem("rsa.key"));
    let trusting = || client().reject_unauthorized(false);
    // What each option does to these clients is the same before and after.
    let clients: [ClientOptions; 6] = [
        trusting(),
        trusting().servername("a.test"),
        trusting().alpn(["h2"]),
        trusting().alpn(["x", "http/1.1"]),
        client_with("client").reject_unauthorized(false),
        client_with("client-expired").reject_unauthorized(false),
    ];
    type Change = fn(ServerOptions) -> ServerOptions;
    let changes: [Change; 5] = [
        |it| it,
        |it| it.alpn(["http/1.1"]),
        |it| it.min_version(Version::Tls13),
        |it| {
            it.request_cert(true)
                .ca(pem("ca.crt"))
                .reject_unauthorized(false)
        },
        |it| it.handshake_timeout(Duration::from_secs(20)).key_log(false),
    ];
    watched(move || {
        for change in changes {
            let before = change(named("server"));
            let context = server_context(&before);
            let all = || {
                let met = |options: &ClientOptions| {
                    let met = meet_again(&context, &client_context(options), "localhost");
                    seen(&met)
                };
                clients.each_ref().map(met)
            };
            let first = all();
            context.set_options(&before).unwrap();
            assert_eq!(all(), first);
            context.set_options(&change(named("other"))).unwrap();
            let renewed = first
                .clone()
                .map(|it| it.replace("\"localhost\"", "\"other.test.com\""));
            let plain = |seen: &[String; 6]| [seen[0].clone(), seen[3].clone(), seen[4].clone()];
            assert_eq!(plain(&all()), plain(&renewed));
            context.set_options(&before).unwrap();
            assert_eq!(all(), first);
        }
    });
}

/// After the exchange every client sees the new certificate, also one that could resume a session.
#[test]
fn fault_d13_no_session_of_the_old_certificate_is_resumed() {
    watched(|| {
        let context = server_context(&server("server"));
        let client = client_context(&client());
        for reused in [false, true] {
            let (here, _) = meet_again(&context, &client, "localhost").both();
            assert_eq!(here.is_session_reused(), reused);
        }
        context.set_options(&server("rsa")).unwrap();
        let (here, _) = meet_again(&context, &client, "localhost").both();
        assert!(!here.is_session_reused());
        assert_eq!(here.peer_certificates()[0], super::stage::der("rsa.crt"));
    });
}

/// A certificate that clients must have is still required.
#[test]
fn fault_d13_a_client_certificate_stays_required() {
    watched(|| {
        let context = server_context(&asking());
        let (known, unknown) = (
            client_context(&client_with("client")),
            client_context(&client()),
        );
        for _ in 0..2 {
            let (_, there) = meet_again(&context, &known, "localhost").both();
            assert!(there.authorized());
            let met = meet_again(&context, &unknown, "localhost");
            let code = met.server.unwrap_err().code();
            assert_eq!(code, Code::PeerDidNotReturnACertificate);
            context.set_options(&asking()).unwrap();
        }
    });
}
