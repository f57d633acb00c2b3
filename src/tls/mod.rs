//! TLS (the book's 7.5): a stream that nobody else reads or changes, and whose other end is who it
//! says.
//!
//! ```
//! use barewire::tls::{self, ClientOptions, ServerOptions, Tls};
//!
//! // The book's server: it greets and echoes, and says whether the client has shown who it is.
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
//! let mut heard = String::new();
//! std::io::Read::read_to_string(&mut &socket, &mut heard)?;
//! assert_eq!(heard, "welcome!\nhello");
//! # handle.shutdown(std::time::Duration::from_secs(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The problem
//! Whoever sits between two programs reads what they send, changes it, and may say that he is the
//! other one. Against the first two there is a key that both sides have and nobody else; it is made
//! anew for each connection. Against the third there is a certificate: somebody whom we trust says
//! which public key belongs to which name.
//!
//! The notes say that the public key encrypts the data. It does not (E32): in all that is spoken here
//! the two sides agree on a key with numbers that live as long as the connection (ECDHE), what is sent
//! is sealed with that (AEAD), and the key pair of the certificate *signs* the handshake. So whoever
//! steals it later cannot read what was recorded before.
//!
//! # The bytes on the wire
//! A handshake of TLS 1.3 (RFC 8446 §2). In braces: sealed, and seen from outside as type 23.
//!
//! ```text
//!   client                                                                    server
//!   22 ClientHello: a number for ECDHE, the host (SNI), protocols (ALPN) ───►
//!      ◄────────────────────────────────  22 ServerHello: a number for ECDHE
//!                                                      both sides have a secret now
//!      ◄─  {EncryptedExtensions: the protocol}  {CertificateRequest}, if it asks
//!      ◄─  {Certificate: its own, then those that lead from it to the CA}
//!      ◄─  {CertificateVerify: all of the above, signed}            {Finished}
//!   is that certificate in order, and for the host that I asked for?
//!   {Certificate} {CertificateVerify}, if asked ─────────────────────────────►
//!   {Finished} ──────────────────────────────────────────────────────────────►
//!                                                 is the client's in order?
//!      ◄────────────────────────────────────────────── {ticket} {ticket}
//!   {data} ◄─────────────────────────────────────────────────────────► {data}
//!   {alert: close_notify} ───────────────────────────────────────────────────►
//! ```
//!
//! A client that comes back shows a ticket in its hello; then no certificate and no signature are
//! needed. A record (RFC 8446 §5), here the five bytes of `hello`:
//!
//! ```text
//!   17        type: application data, whatever is inside
//!   03 03     "TLS 1.2", whatever is spoken
//!   00 16     22 bytes follow
//!   ……        "hello", the true type, and 16 bytes that show whether anybody changed something
//! ```
//!
//! # The rules
//! 1. A connection under TLS is one more [`Stream`](crate::net::Stream): [`Tls`]. What stands above
//!    does not know, and what stands below may be TCP, a Unix socket or a pipe.
//! 2. A certificate is good if somebody in [`ca`](ClientOptions::ca) has issued it, or has issued the
//!    one that has … (the *chain*); if today lies in its time; if it is for this purpose; and if a
//!    server's subjectAltName has the host that was asked for. The Common Name is not looked at (E35).
//! 3. A root is signed by itself: it is the end of the chain. A server's certificate is signed by its
//!    CA; the notes call it self-signed, and it is not (E36).
//! 4. Who refuses says so by an alert that fits, and an [`Error`] says what was seen and what to do. To
//!    switch verification off is no solution (E47): pass the CA, or the certificate's fingerprint.
//! 5. A handshake is judged each time, also one that goes on with an old session: a certificate may
//!    have expired since.
//! 6. Clients are asked only if the server wants that, and a server that *requires* certificates never
//!    sees `unauthorized` (E37).
//! 7. A FIN without close_notify is no end but a cut. A handshake has ten seconds.
//!
//! # Where to begin
//! `options.rs` is what can be said, `server_context.rs` and `client_context.rs` what becomes of it: a
//! handshake is one call there. `verify.rs` is what rustls asks in the middle of one, `judge.rs` the
//! answer and `diagnosis.rs` its words; `explain.rs` has the words for everything that is not a
//! certificate. `pem.rs`, `identity.rs`, `names.rs` are how we show who we are. `server.rs`,
//! `secured.rs` and `connect.rs` put it under [`net`](crate::net).
//!
//! `stream.rs` is the connection itself, and how both directions go at once. [`wire`] reads what can be
//! read without keys: records, hellos, certificates. How sealing and signing are done stands in rustls.
//!
//! # Two exercises
//! 1. `make certs` and `openssl x509 -in fixtures/tls/v1.crt -text`: which three of the rules above can
//!    that certificate not keep (E34)? Make one that does, with `-addext`, and let
//!    `openssl s_client -verify_return_error` tell you.
//! 2. Set `SSLKEYLOGFILE`, ask for [`key_log`](ClientOptions::key_log), and look at a connection with
//!    Wireshark with that file and without it. Which of the messages drawn above can be told apart in
//!    the second case, and by what?

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
