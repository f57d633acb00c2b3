//! HTTP/1.1: heads down to their tokens, bodies down to their chunks.

mod body;
mod head;
mod values;

pub(super) use body::{Body, Coding};
pub(super) use head::{Good, request, response};
