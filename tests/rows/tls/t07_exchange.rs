//! T07: certificates are replaced without a restart.

use super::stage::{
    asking, client, client_context, client_with, meet_again, pem, server, server_context,
};
use crate::support::watched;
use barewire::net::Stream;
use barewire::tls::{self, Code, ServerOptions, Tls};
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
