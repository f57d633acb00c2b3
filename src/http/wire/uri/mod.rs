//! `http` and `https` URIs: what a client is asked to fetch (RFC 3986, RFC 9110 §4.2).
//!
//! ```text
//!   https://user:pass@Example.com:8042/over/there?name=ferret#nose
//!   └─┬─┘   └───┬───┘ └─────┬────────┘└────┬────┘ └────┬────┘ └┬─┘
//!   scheme  userinfo   host and port      path       query  fragment
//!     │         │           │              └─────┬─────┘       │
//!   TLS?  Authorization  connect, Host    request-target   never sent
//! ```
//!
//! # The problem
//!
//! Two programs that read one URI differently connect to different servers, or send a password to the
//! wrong one. So nothing is repaired here: a space is not encoded silently, a backslash is not a slash,
//! a missing scheme is not guessed. A host that no resolver accepts is refused with a sentence, before
//! any lookup fails.
//!
//! ```
//! use barewire::http::wire::Uri;
//!
//! let uri = Uri::parse("HTTP://user:pass@Example.com:80/a?b=c#d")?;
//! assert_eq!(uri.authority(), "example.com");
//! assert_eq!(uri.path_and_query(), "/a?b=c");
//! assert_eq!(uri.userinfo(), Some(("user", "pass")));
//! assert_eq!(uri.to_string(), "http://example.com/a?b=c#d");
//! assert_eq!(uri.join("../x")?.to_string(), "http://example.com/x");
//!
//! let error = Uri::parse("http://a/two words").unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "a URI holds ASCII letters, digits and some signs, every other byte is percent-encoded \
//!      (RFC 3986 §2.1); at byte 12: ' ', to be written %20"
//! );
//! # Ok::<(), barewire::http::wire::UriError>(())
//! ```
//!
//! # The rules
//!
//! - A URI is split at its delimiters first. Only user and password are decoded, once. Path and query stay
//!   encoded; [`percent_decode`] decodes a part, and [`Query::pairs`] the pairs of a query.
//! - Scheme and host are lower-case, and a default port is left out. Everything else stays as it came.
//! - A password is never printed, sent or kept in an error.
//!
//! # Which file to read first
//!
//! `reference.rs` splits a text and checks every byte; `authority.rs` does the same for `host:port`,
//! which the Host field and CONNECT need, too. `absolute.rs` is the result, [`Uri`]; `resolve.rs` finds
//! the URI that a relative reference means. `percent.rs` and `query.rs` encode and decode what a user
//! puts in, `params.rs` decodes what a browser makes of a form.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | why a URI is refused, or the sentence for it | a row in `error.rs`, and `reference.rs`; `fixtures/http/uri.txt` |
//! | what a host may be | `authority.rs` (it also decides for the Host field and for request-targets); `HostUnsupported` in `reference.rs` |
//! | a scheme | `Scheme` in `origin.rs` (the compiler names the rest) and `scheme` in `reference.rs` |
//! | how a relative reference is resolved | `resolve.rs`; `fixtures/http/uri_resolution.txt` |
//! | which bytes are percent-encoded | `percent.rs` |
//! | how a form is read | `params.rs` |
//! | what a request line or Host says of a URI | `origin_form`, `absolute_form`, `authority` in `absolute.rs` |
//!
//! # Exercises
//!
//! 1. `http://a/%2e%2e/b` is not `http://a/b` here. RFC 3986 §6.2.2 would permit it: which two programs
//!    could then disagree about what a path may reach?
//! 2. Accept `http://例え.jp/`. Which RFC turns the host into `xn--r8jz45g.jp`, and why must that happen
//!    before [`Origin`]s are compared?

mod absolute;
pub(in crate::http::wire) mod authority;
mod error;
mod origin;
mod params;
mod percent;
mod query;
mod reference;
mod resolve;

pub use absolute::Uri;
pub(crate) use authority::split_host_port;
pub(in crate::http::wire) use authority::{is_ipv4, is_ipv6};
pub use error::{UriError, UriReason};
pub use origin::{Origin, Scheme};
pub use params::{ParamPairs, Params};
pub(in crate::http::wire) use percent::percent_encode_where;
pub use percent::{percent_decode, percent_decode_text, percent_encode_component};
pub use query::Query;
