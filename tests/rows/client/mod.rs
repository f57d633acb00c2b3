//! The rows of the book's HTTP client and its agent, each shown end to end, and what a server may do wrong.
//!
//! A test is named after its row (`row_a05_…`) or after the mistake in the notes that it corrects
//! (`erratum_e44_…`), so `cargo test --test rows row_a05` is the chapter on the agent, as a
//! program.
//!
//! | rows | module | what a reader sees there |
//! |---|---|---|
//! | A01 | `a01_options` | every option, to the byte; nothing is smuggled in through one |
//! | A02 | `a02_body`, `decompressing` | bodies in pieces or at once, characters that are never cut; bodies in gzip |
//! | A03 | `a03_transcripts` | the notes' two transcripts |
//! | A04 E44 | `a04_events`, `expect` | the events in order; every order in which a 100 can come or not |
//! | A05 E25 E26 | `a05_agent` | five in flight, the others wait |
//! | A06 | `a06_reuse`, `a06_retry`, `closing` | which connections are reused; which requests are sent twice |
//! | A07 | `a07_proxy` | requests in absolute-form, and tunnels |
//! | | `redirects`, `fault_redirects`, `fault_locations` | redirects, if the options ask for them; what is sent again, and where |
//! | | `fault_no_proxy` | which requests go through the proxy |
//! | | `fault_answers` | responses of old, careless and hostile servers |
//! | | `fault_unwanted`, `fault_wanted` | bodies that the caller does not read; requests that it gives up |
//! | | `early` | responses that come before the request is sent |
//! | | `cancelled` | requests that another thread cancels, at each point of their life |
//! | | `deadlines` | every wait ends |
//! | A04 | `finished` | one summary for each request, however it ends |
//! | | `slots` | every way for a request to end, on an agent with one socket |
//! | | `misbehaving` | `fixtures/client/`: responses truncated, reset and stalled at every byte |
//!
//! There are two servers. A [`test_server`] calls a closure for each connection, over pipes or TCP; its
//! [`peer`] reads requests by strict rules of its own, with no code of the library. A
//! [`Script`](crate::support::Script) is a stream without a server: the reads of the [`vectors`] are given
//! beforehand.

mod a01_options;
mod a02_body;
mod a03_transcripts;
mod a04_events;
mod a05_agent;
mod a06_retry;
mod a06_reuse;
mod a07_proxy;
mod cancelled;
mod closing;
mod deadlines;
mod decompressing;
mod early;
mod echoing;
mod expect;
mod fault_answers;
mod fault_locations;
mod fault_no_proxy;
mod fault_redirects;
mod fault_unwanted;
mod fault_wanted;
mod finished;
mod misbehaving;
mod peer;
mod redirects;
mod slots;
mod test_server;
mod vectors;
