//! 7.5: certificates that a client refuses, each with its code.
//!
//! The server of these exchanges is written by hand (`hello.rs`): it sends the certificate in the clear, so that the
//! page can show it, also one that no server of ours would load.

use super::hello::server_flight;
use super::stage::{Exchange, Stage, Stop, values};
use crate::log::Side;
use barewire::net::{self, ConnectOptions, Socket};
use barewire::text::Encoding;
use barewire::tls::{self, ClientContext, ClientOptions, Code};
use barewire::trace::wire::Protocol;
use std::io::{self, Read};

/// A certificate, the CA that the client trusts, and what the client says.
struct Broken {
    certificate: &'static str,
    ca: &'static str,
    has_rsa: bool,
    code: Code,
}

macro_rules! pem {
    ($file:literal) => {
        include_str!(concat!("../../../../fixtures/tls/", $file))
    };
}

macro_rules! exchanges {
    ($($id:literal $file:literal, $ca:literal, $code:ident, $command:literal;)+) => {
        pub(crate) const EXCHANGES: &[Exchange] = &[$(Exchange {
            id: $id,
            section: "7.5",
            door: "tls",
            has_cuts: false,
            commands: &[concat!("openssl x509 -noout -text -in fixtures/tls/", $file), $command],
            play: |stage| refused(stage, Broken {
                certificate: pem!($file),
                ca: pem!($ca),
                has_rsa: matches!(Code::$code, Code::KeyTooSmall),
                code: Code::$code,
            }),
        }),+];
    };
}

exchanges! {
    "tls.broken.expired" "expired.crt", "ca.crt", CertHasExpired,
        "openssl verify -CAfile fixtures/tls/ca.crt fixtures/tls/expired.crt";
    "tls.broken.notyet" "notyet.crt", "ca.crt", CertNotYetValid,
        "openssl verify -CAfile fixtures/tls/ca.crt fixtures/tls/notyet.crt";
    "tls.broken.wrongname" "wrongname.crt", "ca.crt", CertAltnameInvalid,
        "openssl x509 -noout -checkhost localhost -in fixtures/tls/wrongname.crt";
    "tls.broken.unknownca" "unknownca.crt", "ca.crt", UnableToVerifyLeafSignature,
        "curl --cacert fixtures/tls/unknown-ca.crt https://localhost:{https.port}/";
    "tls.broken.chained" "chained-leaf.crt", "ca.crt", UnableToVerifyLeafSignature,
        "openssl verify -CAfile fixtures/tls/ca.crt -untrusted fixtures/tls/intermediate.crt fixtures/tls/chained-leaf.crt";
    "tls.broken.selfsigned" "selfsigned.crt", "ca.crt", DepthZeroSelfSignedCert,
        "openssl verify -CAfile fixtures/tls/ca.crt fixtures/tls/selfsigned.crt";
    "tls.broken.v1" "v1.crt", "ca.crt", UnsupportedX509Version,
        "openssl x509 -noout -ext subjectAltName -in fixtures/tls/v1.crt";
    "tls.broken.weak" "weak.crt", "ca.crt", KeyTooSmall,
        "openssl verify -CAfile fixtures/tls/ca.crt -auth_level 2 fixtures/tls/weak.crt";
    "tls.broken.underexpired" "under-expired.crt", "expired-ca.crt", CertHasExpired,
        "openssl verify -CAfile fixtures/tls/expired-ca.crt fixtures/tls/under-expired.crt";
    "tls.broken.copied" "server.crt", "ca.crt", CertSignatureFailure,
        "openssl verify -CAfile fixtures/tls/ca.crt fixtures/tls/server.crt";
}

/// The client gets this certificate, and must refuse it with this code.
fn refused(stage: &Stage, broken: Broken) -> Result<(), Stop> {
    let flight = server_flight(&der(broken.certificate)?, broken.has_rsa);
    let server = net::create_server(move |socket| show(socket, &flight));
    let address = stage.keep(server.listen("127.0.0.1:0")?);

    let options = ClientOptions::new().ca(broken.ca).servername("localhost");
    let below = ConnectOptions::default().tap(stage.observer(Side::Client, Protocol::Tls));
    match tls::connect_with(&address, &ClientContext::new(&options)?, &below) {
        Ok(_) => Err(Stop("the client accepts the certificate".into())),
        Err(error) => {
            let code = error.code();
            stage.saw(Side::Client, "tls.refused", values!(code = code.as_str()));
            stage.saw(
                Side::Client,
                "tls.says",
                values!(code, why = error.message()),
            );
            match code == broken.code {
                true => Ok(()),
                false => Err(Stop(format!("{} was expected", broken.code))),
            }
        }
    }
}

/// Answers the ClientHello, and reads the alert.
fn show(mut socket: Socket, flight: &[u8]) -> io::Result<()> {
    let mut header = [0; 5]; // of the record
    socket.read_exact(&mut header)?;
    let length = u16::from_be_bytes([header[3], header[4]]);
    socket.read_exact(&mut vec![0; length.into()])?;
    socket.write_all(flight)?;
    socket.read_to_end(&mut Vec::new()).map(drop)
}

/// The first certificate of a PEM text.
fn der(pem: &str) -> Result<Vec<u8>, Stop> {
    let lines = pem
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN"));
    let lines = lines
        .skip(1)
        .take_while(|line| !line.starts_with("-----END"));
    let mut der = Vec::new();
    Encoding::Base64.encode(&lines.collect::<String>(), &mut der)?;
    Ok(der)
}
