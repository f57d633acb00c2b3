//! H09, third part: the fields that a handler sets before an upgrade.

use super::h09_upgrade::{ACCEPT, CONNECT, OFFER};
use crate::support::{Log, Reporting, Site, answers, watched};
use barewire::http::wire::Misuse;
use barewire::http::{self, Error, Handled, Request, Response, ServerEvents};
use std::io::Write;

/// What the handler has set before is sent, unless the fields of the call replace it.
#[test]
fn fault_d02_fields_set_before_the_switch_are_sent() {
    struct Prepared;
    impl ServerEvents for Prepared {
        fn request(&self, req: Request<'_>, mut res: Response<'_>) -> Handled {
            res.set_header("Set-Cookie", ["a=b", "c=d"])?;
            match req.method() {
                "CONNECT" => res.set_status(200)?,
                _ => res.set_header("upgrade", "echo/0")?,
            };
            let fields = if req.method() == "CONNECT" {
                &ACCEPT[..0]
            } else {
                &ACCEPT
            };
            let mut upgraded = req.upgrade(res, fields.iter().copied())?;
            Ok(upgraded.write_all(b"on")?)
        }
        fn connect(&self, req: Request<'_>, res: Response<'_>) -> Handled {
            self.request(req, res)
        }
    }
    watched(|| {
        let site = Site::new(http::create_server_with(Prepared));
        for (bytes, status, ours) in [(OFFER, 101, &ACCEPT[..]), (CONNECT, 200, &[])] {
            let mut client = site.client();
            client.send(bytes);
            let switched = client.switched();
            let fields = [("Set-Cookie", "a=b"), ("Set-Cookie", "c=d")];
            let fields = fields.iter().chain(ours);
            let fields: Vec<_> = fields
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect();
            assert_eq!((switched.status, switched.fields), (status, fields));
            client.exactly("on");
            client.ended();
        }
    });
}

#[test]
fn fault_d02_what_contradicts_the_switch_is_an_error() {
    type Prepare = fn(&mut Response<'_>) -> Result<(), Error>;
    let cases: [(Misuse, Prepare); 5] = [
        (Misuse::Framing, |res| {
            res.set_header("Content-Length", "0").map(drop)
        }),
        (Misuse::Framing, |res| {
            res.set_header("Transfer-Encoding", "chunked").map(drop)
        }),
        (Misuse::Status, |res| res.set_status(204).map(drop)),
        (Misuse::TrailerWithoutChunked, |res| {
            res.add_trailer("A", "b").map(drop)
        }),
        (Misuse::Switch, |res| {
            res.set_header("Upgrade", "echo/2").map(drop)
        }),
    ];
    for (misuse, prepare) in cases {
        for bytes in [OFFER, CONNECT] {
            if bytes == CONNECT && misuse == Misuse::Switch {
                continue; // in the answer to a CONNECT, it is only an offer
            }
            let log = Log::default();
            let events = Reporting::new(&log, move |req: Request<'_>, mut res: Response<'_>| {
                prepare(&mut res)?;
                let names_it = req.method() == "GET" && misuse != Misuse::Switch;
                let fields = if names_it { &ACCEPT[..] } else { &[] };
                req.upgrade(res, fields.iter().copied())?;
                Ok(())
            });
            let server = http::create_server_with(Connecting(events));
            let answer = answers(server.answer_to(bytes.as_bytes()), &["GET"]).remove(0);
            assert_eq!((answer.status, log.all()), (500, vec![misuse.to_string()]));
        }
    }
    // A head that was written is the head of this response.
    let log = Log::default();
    let events = Reporting::new(&log, |req: Request<'_>, res: Response<'_>| {
        let res = res.write_head(200, [("Upgrade", "echo/1")])?;
        req.upgrade(res, ())?;
        Ok(())
    });
    let answer = http::create_server_with(events).answer_to(OFFER.as_bytes());
    let status = answers(answer, &["GET"]).remove(0).status;
    assert_eq!(
        (status, log.all()),
        (500, vec![Misuse::HeadSent.to_string()])
    );
}

/// Its tunnels go to the same handler.
struct Connecting(Reporting);

impl ServerEvents for Connecting {
    fn request(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        self.0.request(req, res)
    }

    fn connect(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        self.0.request(req, res)
    }

    fn error(&self, what: &dyn std::fmt::Display) {
        self.0.error(what);
    }
}
