//! H05, fifth part: what a handler gives to be sent is code of the program, and may panic.

use super::panics::{UPGRADE, is_served};
use crate::support::{Log, Site, request, watched};
use barewire::http::{self, Handled, Request, Response, ServerEvents};
use std::fmt;

/// The iterator of a head may be lazy, and panic while it goes: nothing of the head has been sent, so the client
/// gets 500 and none of the fields so far. A 1xx that was not sent is lost.
#[test]
fn row_h05_a_lazy_iterator_of_fields_panics() {
    fn fields<'f>() -> impl Iterator<Item = (&'f str, &'f str)> {
        (0..3).map(|n| match n {
            0 => ("X-First", "1"),
            1 => ("Upgrade", "echo"),
            _ => panic!("on purpose"),
        })
    }
    struct Lazy(Log);
    impl ServerEvents for Lazy {
        fn request(&self, req: Request<'_>, mut res: Response<'_>) -> Handled {
            match req.path() {
                "/head" => return res.write_head(203, fields())?.end("never"),
                "/hints" => res.write_early_hints(fields())?,
                "/information" => res.write_information(102, fields())?,
                _ => {}
            }
            res.end("well")
        }
        fn upgrade(&self, req: Request<'_>, res: Response<'_>) -> Handled {
            req.upgrade(res, fields()).map(drop)?;
            Ok(())
        }
        fn error(&self, what: &dyn fmt::Display) {
            self.0.note(what);
        }
    }
    watched(|| {
        let log = Log::default();
        let site = Site::new(http::create_server_with(Lazy(log.clone())));
        let mut client = site.client();
        let asked = [
            request("GET", "/head"),
            request("GET", "/hints"),
            request("GET", "/information"),
            UPGRADE.to_owned(),
        ];
        for request in &asked {
            client.send(request);
            let answer = client.answer();
            assert_eq!(answer.status, 500, "{request}");
            assert_eq!(
                (answer.field("X-First"), answer.field("Upgrade")),
                (None, None)
            );
        }
        is_served(&mut client);
        assert_eq!(log.all(), vec!["a handler panicked"; asked.len()]);
        // Pipelined, with a response before and behind: each request gets its own.
        client.send(request("GET", "/") + &asked[0] + &request("GET", "/"));
        let statuses = [(); 3].map(|()| client.answer().status);
        assert_eq!(statuses, [200, 500, 200]);
    });
}

/// What a program gives to be sent is asked for its bytes when nothing of the connection is borrowed.
#[test]
fn row_h05_bytes_that_panic_when_they_are_asked_for() {
    struct Bytes;
    impl AsRef<[u8]> for Bytes {
        fn as_ref(&self) -> &[u8] {
            panic!("on purpose")
        }
    }
    watched(|| {
        let site = Site::new(http::create_server(
            |req: Request<'_>, mut res: Response<'_>| {
                match req.path() {
                    "/write" => res.write(Bytes)?,
                    "/end" => return res.end(Bytes),
                    _ => {}
                }
                res.end("well")
            },
        ));
        let mut client = site.client();
        for path in ["/write", "/end"] {
            client.send(request("GET", path));
            assert_eq!(client.answer().status, 500, "{path}");
        }
        is_served(&mut client);
    });
}
