//! Whole small programs: each does one thing that a program with a network needs, and can be pasted.
//!
//! | you want | recipe |
//! |---|---|
//! | a small service: routes, query, form, static files, a clean stop | [`counter`] |
//! | JSON from clients with a token | [`json_body`] |
//! | users who log in and out | [`login`] |
//! | to get a large file, see how far it is, and go on where it was cut | [`download`] |
//! | to stop a request that takes too long, or that nobody wants any more | [`cancel`] |
//! | to send a large file, see how far it is, and stop when the server refuses it | [`upload`] |
//! | events that a browser gets as they happen | [`server_sent_events`] |
//! | rooms full of people who talk, over TLS | [`chat`] |
//! | a client that stays connected for days | [`reconnect`] |
//! | messages over TCP, in the blocking style and in the event style | [`framed_echo`] |
//! | a request and its answer over UDP, although datagrams are lost | [`udp_request`] |
//! | HTTPS, with a certificate that is renewed without a restart | [`https_server`] |
//! | a server in front of another one | [`reverse_proxy`] |
//! | a log line for each request | [`request_log`] |
//! | figures of a running server, for Prometheus | [`metrics`] |
//! | error pages of your own | [`error_pages`] |
//! | to test your server | [`server_in_a_test`] |
//!
//! Each recipe is one program: paste it in place of the `main` of an empty crate that depends on barewire, and run
//! it. It serves, asks itself on a port that the system chooses, checks what comes, and ends. Above the program
//! stand the problem and what is easy to get wrong; below it what to change for the real thing, and the limits and
//! deadlines that hold without a line of yours.
//!
//! The tests of barewire compile and run each of them: `cargo test --doc cookbook`. The texts are in `src/cookbook/`.
//! A new one needs its file there, a row of the table above, and its name in the list below the table.

macro_rules! recipes {
    ($($name:ident)*) => {$(
        #[doc = include_str!(concat!("cookbook/", stringify!($name), ".md"))]
        pub mod $name {}
    )*};
}

recipes! {
    counter json_body login download cancel upload server_sent_events chat reconnect framed_echo udp_request
    https_server reverse_proxy request_log metrics error_pages server_in_a_test
}
