//! TLS (the book's 7.5): a stream that no third party can read or change, with a peer that has proved who it
//! is.
//!
//! Whole programs: [`https_server`](crate::cookbook::https_server), [`chat`](crate::cookbook::chat).
//!
//! ```
//! use barewire::tls::{self, ClientOptions, ServerOptions, Tls};
//!
//! // The book's server: it greets and echoes, and prints whether the client has proved who it is.
//! let options = ServerOptions::new()
//!     .key(std::fs::read("fixtures/tls/server.key")?)
//!     .cert(std::fs::read("fixtures/tls/server.crt")?)
//!     .ca(std::fs::read("fixtures/tls/ca.crt")?)
//!     .request_cert(true)
//!     .reject_unauthorized(false);
//! let server = tls::create_server(&options, |socket| {
//!     let authorized = Tls::of(&**socket.stream()).is_some_and(Tls::authorized);
//!     println!("server connected {}", if authorized { "authorized" } else { "unauthorized" });
//!     socket.write_all("welcome!\n")?;
//!     socket.pipe(&socket).map(drop)
//! })?;
//! let handle = server.listen("127.0.0.1:0")?; // the book's port is 8000
//!
//! // Its client. Only the certificate options differ from `net::connect`.
//! let options = ClientOptions::new()
//!     .key(std::fs::read("fixtures/tls/client.key")?)
//!     .cert(std::fs::read("fixtures/tls/client.crt")?)
//!     .ca(std::fs::read("fixtures/tls/ca.crt")?);
//! let socket = tls::connect(&format!("localhost:{}", handle.local_addr().port().unwrap()), &options)?;
//! assert!(Tls::of(&**socket.stream()).unwrap().authorized());
//! socket.write_all("hello")?;
//! socket.end()?;
//! let mut received = String::new();
//! std::io::Read::read_to_string(&mut &socket, &mut received)?;
//! assert_eq!(received, "welcome!\nhello");
//! # handle.shutdown(std::time::Duration::from_secs(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The problem
//! A machine between two programs can read what they send, can change it, and can pretend to be one of
//! them. Against the first two, both sides have keys that no third party has; they are made anew for each
//! connection. Against the third, there are certificates: a CA that we trust says which public key belongs
//! to which name.
//!
//! The notes say that the public key encrypts the data. It does not (E32): in every version that is spoken
//! here the two sides agree on a secret with keys that live as long as the connection (ECDHE), the data is
//! sealed with keys from that secret (AEAD), and the key pair of the certificate *signs* the handshake. So
//! a thief who steals the private key later cannot read connections that were recorded before.
//!
//! # The bytes on the wire
//! A handshake of TLS 1.3 (RFC 8446 §2). What is in braces is sealed, in records of type 23.
//!
//! ```text
//!   client                                                                    server
//!   22 ClientHello: a key share, the host (SNI), protocols (ALPN) ───────────►
//!      ◄────────────────────────────────────  22 ServerHello: a key share
//!                                                      both sides have a secret now
//!      ◄─  {EncryptedExtensions: the protocol}  {CertificateRequest}, if it asks
//!      ◄─  {Certificate: its own, then those that lead from it to the CA}
//!      ◄─  {CertificateVerify: all of the above, signed}            {Finished}
//!   is that certificate good, and for the host that was asked for?
//!   {Certificate} {CertificateVerify}, if asked ─────────────────────────────►
//!   {Finished} ──────────────────────────────────────────────────────────────►
//!                                                 is the client's good?
//!      ◄────────────────────────────────────────────── {ticket} {ticket}
//!   {data} ◄─────────────────────────────────────────────────────────► {data}
//!   {alert: close_notify} ───────────────────────────────────────────────────►
//! ```
//!
//! A client that comes back sends a ticket in its hello: the session is resumed without certificates and
//! signatures. A record (RFC 8446 §5), here with the five bytes of `hello`:
//!
//! ```text
//!   17        type: application data, for every sealed record
//!   03 03     "TLS 1.2", in every version
//!   00 16     22 bytes follow
//!   ……        sealed: "hello", the real type, and a tag of 16 bytes that no third party can forge
//! ```
//!
//! # The rules
//! 1. A connection over TLS is a [`Stream`](crate::net::Stream) like every other: [`Tls`]. The code above
//!    it need not know; the stream below may be TCP, a Unix socket or a pipe.
//! 2. A certificate is acceptable if a trusted CA (a public one, or one in [`ca`](ClientOptions::ca)) has issued it, or has issued the
//!    certificate of its issuer, and so on (the *chain*); if it is valid today, and so is a CA that `ca` names; if it is for this purpose;
//!    and, for a server, if its subjectAltName has the host that was asked for. The Common Name is ignored
//!    (E35).
//! 3. A root is signed by itself: it is the end of the chain. A server's certificate is signed by its
//!    CA; the notes call it self-signed, and it is not (E36).
//! 4. A side that refuses sends the alert that fits the reason, and its [`Error`] names what was seen and what to do.
//!    To switch verification off is no solution (E47): pass the CA, or the certificate's
//!    [`fingerprint256`](ClientOptions::fingerprint256), which replaces the checks of rule 2.
//! 5. The certificate is checked in every handshake, also if a session is resumed: it may have expired
//!    since.
//! 6. A server asks clients for a certificate only if [`request_cert`](ServerOptions::request_cert) says
//!    so, and a server that *requires* certificates never sees `unauthorized` (E37).
//! 7. A FIN without close_notify is not an end but a cut. A handshake has ten seconds.
//!
//! # Which file to read first
//! [`options`] is the questions, [`server_context`] and [`client_context`] are the answers: a handshake is
//! one call there. [`verify`] decides whether the peer's certificate is acceptable, with the CAs of
//! [`trust`]. [`identity`], [`pem`] and [`sni`] are our own certificates, [`provider`] is the algorithms.
//! [`error`](mod@error) has the codes and the sentences: `error/certificate.rs` for certificates,
//! `error/handshake.rs` for the rest.
//!
//! [`stream`] is the connection itself: how both directions go on at the same time. [`server`],
//! [`service`] and [`connect`](mod@connect) put it under [`net`](crate::net); [`handshakes`] counts.
//! [`wire`] decodes what can be read without keys: records, hellos, certificates. Sealing and signing are
//! done by rustls.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | an option of both roles | [`options`]: a field of `Common`, its default, a method in `common_options!`; where it takes effect: [`server_context`] (`Prepared::new`) and [`client_context`] (`config`); a client's new option does not compile before `key` there says whether connections with different values may be shared; `tests/rows/tls/t06_options.rs` |
//! | an option of one role | [`options`]: a field and a method of that role; then as above. The demos' flags: `src/bin/tls_echo/main.rs`, `client.rs` and `help.txt` there, `src/bin/http_get/options.rs`, `secure.rs`, `src/bin/ws_client/dial.rs` |
//! | the oldest version, the cipher suites, their order | [`Version`], [`provider`] (`versions`, `PROVIDER`), [`server_context`] (whose order wins); its tests; [`wire`] for what the hellos show |
//! | which certificates are refused | [`verify`] (`ServerVerifier`, `ClientVerifier`), `check_strength` in `error/certificate.rs`; a certificate that breaks the rule: `tests/certs.sh`, `fixtures/tls/README.md`; a row in `tests/rows/tls/t06_servers.rs` |
//! | an error: its code, its sentence | the table in `error/code.rs`; `src/bin/http_get/failure.rs`, which turns codes into exit codes; the sentence in `error/certificate.rs` or `error/handshake.rs` |
//! | which certificate a server sends | [`sni`]; replaced while it runs: [`ServerContext::set_options`] |
//! | which sections of a PEM text are read | the table in [`pem`] (`refusal`); what a marker is: `pem/sections.rs`; a case in `fixtures/tls/pem.txt`, a form of openssl's in `tests/certs.sh` |
//! | a limit of the handshake | `MAX_BYTES` and `ALERT_TIMEOUT` in `stream/handshake.rs`; `HANDSHAKE_TIMEOUT` in [`options`] and the text of `handshake_timeout`; rule 7 above; the table in `limits.md` |
//! | which alert a failure sends | `error/alert.rs`; which of a peer's first bytes are refused before rustls has them: `stream/first_flight.rs`; `tests/rows/tls_hostile/refused.rs` |
//! | what is seen of a peer | `stream/info.rs` |
//! | which thread may wait for which on a connection | [`stream`]: its table of locks, `stream/write_queue.rs`, and `stream/tests/model.rs`, which tries all interleavings |
//! | a rule of a decoder | see [`wire`] |
//!
//! # What a panic does
//!
//! | in | effect |
//! |---|---|
//! | a hook: [`Server::on_error`], [`Secured::on_error`], [`Secured::on_plain`] | the connection's thread catches it, and that connection ends; the server goes on |
//! | the service above, once it has the stream | the same as without TLS: see the service |
//! | a stream below, in a write | the caller of that write sees the panic; the connection is broken, and every later write returns an error |
//! | a stream below, in a read | the caller of that read sees the panic; a later read calls the stream again |
//!
//! No code of a user runs inside rustls: SNI and verification take values, not functions.
//!
//! # Two exercises
//! 1. `make certs` and `openssl x509 -in fixtures/tls/v1.crt -text`: which three of the rules above can
//!    that certificate not keep (E34)? Make one that does, with `-addext`, and check it with
//!    `openssl s_client -verify_return_error`.
//! 2. Set `SSLKEYLOGFILE`, set [`key_log`](ClientOptions::key_log), and look at a connection with
//!    Wireshark with that file and without it. Which of the messages drawn above can you still tell from
//!    each other in the second case, and how?

mod client_context;
mod connect;
mod error;
mod handshakes;
mod identity;
mod options;
mod pem;
mod provider;
mod server;
mod server_context;
mod service;
mod sni;
mod stream;
mod trust;
mod verify;
pub mod wire;

pub use client_context::ClientContext;
pub use connect::{connect, connect_with};
pub use error::{Code, Error};
pub use handshakes::Handshakes;
pub use options::{ClientOptions, ServerOptions, Version};
pub use server::{Server, create_server, create_server_with};
pub use server_context::ServerContext;
pub(crate) use service::OnError;
pub use service::Secured;
pub use stream::Tls;
