//! H05, second half: a handler that fails costs one request.

use crate::support::{Broken, Client, Log, PATIENCE, Reporting, Site, request, watched};
use barewire::http::wire::Misuse;
use barewire::http::{self, Error, Failure, Handled, Request, Response, ServerEvents};
use std::fmt;
use std::fs::File;
use std::io;

/// One way to fail for each path.
fn fail(path: &str, mut res: Response<'_>) -> Handled {
    match path {
        "/" => return res.end("well"),
        "/silent" => {}
        "/error" => return Err(Misuse::Target.into()),
        "/panic" => panic!("on purpose"),
        "/head" => {
            res.write_head(200, ())?;
        }
        "/sent/silent" => res.write("some")?,
        "/sent/error" => {
            res.write("some")?;
            return Err(Misuse::Target.into());
        }
        "/sent/panic" => {
            res.write("some")?;
            panic!("on purpose");
        }
        "/ended/error" => {
            res.end("well")?;
            return Err(Misuse::Target.into());
        }
        "/ended/panic" => {
            res.end("well")?;
            panic!("on purpose");
        }
        "/file" => drop(File::open("/there/is/no/such/file")?),
        other => panic!("what is {other}?"),
    }
    Ok(())
}

fn site(log: &Log) -> Site {
    let events = Reporting::new(log, |req: Request<'_>, res: Response<'_>| {
        fail(req.path(), res)
    });
    Site::new(http::create_server_with(events))
}

/// The handler fails before anything is sent: a 500, and the connection goes on.
#[track_caller]
fn answered_500(path: &'static str, reported: &'static str) {
    watched(move || {
        let log = Log::default();
        let site = site(&log);
        let mut client = site.client();
        client.send(request("GET", path));
        let answer = client.answer();
        assert_eq!(answer.status, 500);
        assert_eq!(answer.text(), "500 Internal Server Error\n");
        assert_eq!(log.all(), [reported]);
        client.send(request("GET", "/"));
        assert_eq!(client.answer().text(), "well", "on the same connection");
    });
}

#[test]
fn row_h05_a_handler_that_says_nothing_is_a_500() {
    answered_500("/silent", "a handler returned without ending its response");
}

#[test]
fn row_h05_a_handler_that_only_writes_the_head_is_a_500() {
    answered_500("/head", "a handler returned without ending its response");
}

#[test]
fn row_h05_a_handler_that_errs_is_a_500() {
    answered_500(
        "/error",
        "a request-target must have one of the four forms (RFC 9112 §3.2)",
    );
}

#[test]
fn row_h05_a_handler_that_panics_is_a_500() {
    answered_500("/panic", "a handler panicked");
}

/// An `io::Error` of the handler's own is no broken connection: the client is there and waits.
#[test]
fn row_h05_a_handler_without_its_file_is_a_500() {
    answered_500("/file", "No such file or directory (os error 2)");
}

/// The handler fails after a part is sent: only a cut connection shows that the response is not complete.
#[track_caller]
fn cut(path: &'static str, reported: &'static str) {
    watched(move || {
        let log = Log::default();
        let site = site(&log);
        let mut client = site.client();
        client.send(request("GET", path));
        let head = client.head();
        assert_eq!(head.status, 200);
        client.exactly("4\r\nsome\r\n");
        client.ended();
        log.wait_for(reported);
        assert_eq!(log.all(), [reported]);
        assert_eq!(site.get("/").text(), "well", "the server lives on");
    });
}

/// A body that ends with the connection has no other end, so a client of HTTP/1.0 cannot see that it was cut. A
/// length that was declared shows it.
#[test]
fn fault_c16_a_client_of_http_1_0_sees_a_cut_by_the_length_alone() {
    watched(|| {
        let log = Log::default();
        let site = Site::new(http::create_server_with(Reporting::new(
            &log,
            |req, mut res| {
                if req.path() == "/length" {
                    res.set_header("Content-Length", "9")?;
                }
                fail("/sent/error", res)
            },
        )));
        for (path, length) in [("/", None), ("/length", Some("9"))] {
            let mut client = site.client();
            client.send(format!("GET {path} HTTP/1.0\r\n\r\n"));
            let head = client.head();
            assert_eq!((head.status, head.field("Content-Length")), (200, length));
            assert!(head.field("Transfer-Encoding").is_none() && head.says_close());
            client.exactly("some");
            client.ended();
        }
        assert_eq!(log.all().len(), 2, "both are reported");
    });
}

#[test]
fn row_h05_a_handler_that_never_ends_is_cut() {
    cut(
        "/sent/silent",
        "a handler returned without ending its response",
    );
}

#[test]
fn row_h05_a_handler_that_errs_in_the_middle_is_cut() {
    cut(
        "/sent/error",
        "a request-target must have one of the four forms (RFC 9112 §3.2)",
    );
}

#[test]
fn row_h05_a_handler_that_panics_in_the_middle_is_cut() {
    cut("/sent/panic", "a handler panicked");
}

/// The handler fails after all is sent: the client has its response, and the failure is reported.
#[track_caller]
fn only_reported(path: &'static str, reported: &'static str) {
    watched(move || {
        let log = Log::default();
        let site = site(&log);
        let mut client = site.client();
        for path in [path, "/"] {
            client.send(request("GET", path));
            assert_eq!(client.answer().text(), "well");
        }
        log.wait_for(reported);
        assert_eq!(log.all(), [reported]);
    });
}

#[test]
fn row_h05_an_error_after_the_end_is_reported() {
    only_reported(
        "/ended/error",
        "a request-target must have one of the four forms (RFC 9112 §3.2)",
    );
}

#[test]
fn row_h05_a_panic_after_the_end_is_reported() {
    only_reported("/ended/panic", "a handler panicked");
}

/// Others on the server notice nothing, not even those that are waiting meanwhile.
#[test]
fn row_h05_many_failures_side_by_side() {
    watched(|| {
        let log = Log::default();
        let site = site(&log);
        let mut bystander = site.client();
        let mut failing: Vec<Client> = (0..20).map(|_| site.client()).collect();
        for (n, client) in failing.iter_mut().enumerate() {
            client.send(request("GET", ["/panic", "/sent/panic"][n % 2]));
        }
        for (n, client) in failing.iter_mut().enumerate() {
            match n % 2 {
                0 => assert_eq!(client.answer().status, 500),
                _ => assert!(matches!(client.try_answer(), Err(Broken::Cut))),
            }
        }
        bystander.send(request("GET", "/"));
        assert_eq!(bystander.answer().text(), "well");
    });
}

/// A failure of any type will do; what it says is for the program, not for the client.
#[test]
fn row_h05_failures_of_ones_own() {
    struct Own(Log);
    impl ServerEvents for Own {
        fn request(&self, req: Request<'_>, _res: Response<'_>) -> Handled {
            match req.path() {
                "/text" => Err("the text of a secret".into()),
                "/io" => Err(io::Error::other("the disk of a secret").into()),
                _ => Err(Failure::from(Error::Misuse(Misuse::Method))),
            }
        }
        fn error(&self, what: &dyn fmt::Display) {
            self.0.note(what);
        }
    }
    watched(|| {
        let log = Log::default();
        let site = Site::new(http::create_server_with(Own(log.clone())));
        for path in ["/text", "/io", "/misuse"] {
            let answer = site.get(path);
            assert_eq!(
                (answer.status, answer.text()),
                (500, "500 Internal Server Error\n")
            );
        }
        let reported = [
            "the text of a secret",
            "the disk of a secret",
            "a method must be a token (RFC 9110 §9.1)",
        ];
        assert_eq!(log.all(), reported);
    });
}

/// A closure may return nothing, or a result with any error that can be displayed.
#[test]
fn row_h05_outcomes_of_many_types() {
    let get = request("GET", "/");
    let nothing = http::create_server(|_req, res| {
        let _ = res.end("nothing");
    });
    assert!(nothing.answer_to(get.as_bytes()).ends_with(b"nothing"));
    let value = http::create_server(|_req, res| res.end("value").map(|()| 7));
    assert!(value.answer_to(get.as_bytes()).ends_with(b"value"));
    let own = http::create_server(|_req, _res| Err::<(), _>("an error of text"));
    assert!(own.answer_to(get.as_bytes()).starts_with(b"HTTP/1.1 500 "));
    let boxed = http::create_server(|_req, _res| Err::<(), Failure>("boxed".into()));
    assert!(
        boxed
            .answer_to(get.as_bytes())
            .starts_with(b"HTTP/1.1 500 ")
    );
}

/// A client that does not wait for its response is no failure of ours: the handler's `write` fails, and
/// nothing is reported.
#[test]
fn row_h05_a_client_that_leaves_is_no_failure() {
    watched(|| {
        let (reported, wrote) = (Log::default(), Log::default());
        let noted = wrote.clone();
        let events = Reporting::new(&reported, move |req: Request<'_>, mut res: Response<'_>| {
            if req.path() == "/" {
                return res.end("well");
            }
            loop {
                if let Err(error) = res.write([b'x'; 1000]) {
                    noted.note(if let Error::Io(_) = error {
                        "the client has left"
                    } else {
                        "?"
                    });
                    return Err(error.into());
                }
            }
        });
        let site = Site::new(http::create_server_with(events));
        let mut client = site.client();
        client.send(request("GET", "/endless"));
        assert_eq!(client.head().status, 200);
        drop(client);
        wrote.wait_for("the client has left");
        assert_eq!(site.get("/").text(), "well");
        site.handle.shutdown(PATIENCE);
        assert!(reported.all().is_empty());
    });
}
