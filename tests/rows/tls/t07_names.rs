//! T07: several certificates on one port (SNI), and the protocol above TLS (ALPN).

use super::stage::{client, client_context, meet, meet_again, pem, server, server_context};
use crate::support::watched;
use barewire::tls::Code;

#[test]
fn row_t07_the_name_decides_which_certificate_is_sent() {
    watched(|| {
        let (cert, key) = (pem("other.crt"), pem("other.key"));
        let options = server("server")
            .add_context("Other.test.com", cert.clone(), key.clone())
            .add_context("*.wild.test.com", cert, key);
        let server = server_context(&options);
        let client_side = client_context(&client());
        for (asked, common_name) in [
            ("localhost", "localhost"),
            ("dev.test.com", "localhost"),
            ("127.0.0.1", "localhost"), // SNI has names only
            ("other.test.com", "other.test.com"),
            ("OTHER.test.com", "other.test.com"),
            ("a.wild.test.com", "other.test.com"),
        ] {
            let (client, server) = meet_again(&server, &client_side, asked).both();
            let sent = client.peer_certificate().unwrap().subject().get("CN");
            assert_eq!(sent.as_deref(), Some(common_name), "{asked}");
            assert!(client.authorized());
            let servername = (!asked.starts_with('1')).then(|| asked.to_lowercase());
            assert_eq!(server.servername().map(str::to_lowercase), servername);
        }
        let unverified = client_context(&client().reject_unauthorized(false));
        for other in ["wild.test.com", "a.b.wild.test.com", "sub.other.test.com"] {
            let (client, _) = meet_again(&server, &unverified, other).both();
            let sent = client.peer_certificate().unwrap().subject().get("CN");
            assert_eq!(sent.as_deref(), Some("localhost"), "{other}");
            assert!(!client.authorized());
        }
    });
}

#[test]
fn row_t07_a_protocol_in_common() {
    watched(|| {
        let web = server("server").alpn(["http/1.1"]);
        let (here, there) = meet(&web, &client().alpn(["h2", "http/1.1"])).both();
        assert_eq!(here.alpn_protocol(), Some("http/1.1"));
        assert_eq!(there.alpn_protocol(), Some("http/1.1"));
        let (here, there) = meet(&web, &client()).both();
        assert_eq!((here.alpn_protocol(), there.alpn_protocol()), (None, None));
        let (here, _) = meet(&server("server"), &client().alpn(["h2"])).both();
        assert_eq!(here.alpn_protocol(), None);
        let met = meet(&web, &client().alpn(["h2"]));
        let code = Some(Code::NoApplicationProtocol);
        assert_eq!(met.codes(), (code, code));
    });
}
