//! Bodies that the caller does not read, under TLS: `client/fault_unwanted.rs` has them in the clear.

use super::stage::{Site, agent};
use crate::support::{SOON, watched};
use barewire::http::{self, Request, Response};
use barewire::https;
use barewire::websocket::{ConnectOptions, Error};
use std::time::{Duration, Instant};

/// Redirects to `/end` with a body that never ends: it floods, or is silent until the client has left.
fn endless() -> Site {
    let piece = [b'a'; 16 * 1024];
    Site::new(http::create_server(
        move |req: Request<'_>, res: Response<'_>| {
            let fields = [("Location", "/end")];
            match req.path() {
                "/end" => res.end("ok"),
                "/flood" => {
                    let mut res = res.write_head(302, fields)?;
                    loop {
                        res.write(piece)?;
                    }
                }
                _ => {
                    let mut res = res.write_head(302, fields)?;
                    res.write("why?")?;
                    while !res.client_left() && !res.is_stopping() {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    res.end("")
                }
            }
        },
    ))
}

#[test]
fn fault_c10_a_redirect_under_tls_is_followed_although_its_body_never_ends() {
    watched(|| {
        let site = endless();
        for path in ["/flood", "/silent"] {
            let began = Instant::now();
            let options = agent().options().max_redirects(3);
            let options = options.url(&site.url(path)).unwrap();
            let mut answer = https::request(options.clone()).unwrap().end("").unwrap();
            assert_eq!(answer.collect().unwrap(), b"ok");
            // A response that is dropped ends its connection without waiting, too.
            let dropped = https::request(options.max_redirects(0)).unwrap();
            drop(dropped.end("").unwrap());
            assert!(began.elapsed() < SOON, "{path}: {:?}", began.elapsed());
        }
    });
}

#[test]
fn fault_d04_a_refused_handshake_under_tls_is_reported_at_once() {
    watched(|| {
        let site = endless();
        for path in ["/flood", "/silent"] {
            let began = Instant::now();
            let options = ConnectOptions::new().request_options(&agent().options());
            let url = site.url(path).replace("https:", "wss:");
            match https::websocket_with(&url, &options) {
                Err(Error::Refused(refusal)) => {
                    assert_eq!(refusal.header("Location"), Some("/end"));
                    assert!(!refusal.body.is_empty());
                }
                other => panic!("{other:?}"),
            }
            assert!(began.elapsed() < SOON, "{path}: {:?}", began.elapsed());
        }
    });
}
