//! TLS (the book's 7.5).

mod client_context;
mod code;
mod connect;
mod diagnosis;
mod error;
mod explain;
mod handshakes;
mod identity;
mod judge;
mod names;
mod options;
mod peer;
mod pem;
mod provider;
mod secured;
mod server;
mod server_context;
mod stream;
mod verify;
pub mod wire;

pub use client_context::ClientContext;
pub use code::Code;
pub use connect::{connect, connect_with};
pub use error::Error;
pub use handshakes::Handshakes;
pub use options::{ClientOptions, ServerOptions, Version};
pub use secured::Secured;
pub use server::{Server, create_server, create_server_with};
pub use server_context::ServerContext;
pub use stream::Tls;
