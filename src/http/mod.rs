//! HTTP
pub(crate) mod error;
mod request;
mod response;
mod server;
mod upgraded;
pub mod wire;

pub use error::Error;
pub use request::Request;
pub use response::{FieldValues, Response, Status};
pub use server::{
    Config, Events, Failure, Handled, Outcome, Server, create_server, create_server_with,
};
pub use upgraded::Upgraded;
