//! T06: through a proxy: CONNECT, then TLS with the server itself.

use super::stage::{Site, agent};
use crate::support::{self, Log, watched};
use barewire::http::{self, Handled, Proxy, Request, Response, ServerEvents};
use barewire::https;
use barewire::net::Stream;
use barewire::websocket::{self, ConnectOptions};
use std::net::Shutdown;
use std::sync::Arc;
use std::thread;

/// A proxy that records the targets it is asked for, and searches the bytes that pass.
struct Tunnels {
    log: Log,
    to: u16,
}

impl ServerEvents for Tunnels {
    fn request(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        self.log.note(format!("{} {}", req.method(), req.url()));
        res.end("asked whole")
    }

    fn connect(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        let by = req.header("Proxy-Authorization").unwrap_or("no user");
        self.log.note(format!("CONNECT {} by {by}", req.url()));
        let server: Arc<dyn Stream> = super::stage::tcp(self.to);
        let (client, ahead, _slot) = req.upgrade(res, ())?.into_parts();
        assert!(ahead.is_empty());
        let (back, log) = (Arc::clone(&client), self.log.clone());
        let other = Arc::clone(&server);
        let answers = thread::spawn(move || pass(&*other, &*back, &log));
        pass(&*client, &*server, &self.log);
        let _ = answers.join();
        Ok(())
    }
}

fn pass(from: &dyn Stream, to: &dyn Stream, log: &Log) {
    let mut piece = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut piece) {
        if piece[..n].windows(6).any(|six| six == b"secret") {
            log.note("seen");
        }
        if to.write_all(&piece[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Sends the secret, over HTTP and over WebSocket.
fn site() -> Site {
    Site::new(http::create_server(|req, res| {
        if !websocket::is_asked_for(&req) {
            return res.end(format!("secret of {}", req.host()));
        }
        if let Some(mut ws) = websocket::accept(req, res)? {
            ws.send("secret")?;
            ws.receive()?;
        }
        Ok(())
    }))
}

pub(crate) fn proxy(log: &Log, site: &Site) -> (support::Site, Proxy) {
    let tunnels = Tunnels {
        log: log.clone(),
        to: site.port(),
    };
    let at = support::Site::new(http::create_server_with(tunnels));
    let proxy = Proxy::new(&format!("http://user:pass@{}", at.address())).unwrap();
    (at, proxy)
}

/// The certificate must be for the server's name; the port is 443 if none is named; the proxy sees a name
/// and sealed bytes; the server does not get the proxy's credentials.
#[test]
fn row_t06_a_tunnel_with_tls_inside() {
    watched(|| {
        let (log, site) = (Log::default(), site());
        let (_at, proxy) = proxy(&log, &site);
        let options = agent().options().proxy(&proxy);
        let options = options.url("https://dev.test.com/secret").unwrap();
        for _ in 0..2 {
            let mut answer = https::request(&options)
                .unwrap()
                .end("")
                .expect("an answer");
            assert_eq!(answer.collect().expect("a body"), b"secret of dev.test.com");
        }
        let by = "Basic dXNlcjpwYXNz";
        assert_eq!(log.all(), [format!("CONNECT dev.test.com:443 by {by}")]);
    });
}

/// A proxy that connects to another server is noticed.
#[test]
fn row_t06_a_tunnel_to_another_server_is_refused() {
    watched(|| {
        let (log, site) = (Log::default(), site());
        let (_at, proxy) = proxy(&log, &site);
        let options = agent().options().proxy(&proxy);
        let options = options.url("https://bank.example/").unwrap();
        let error = https::request(&options).unwrap().end("").unwrap_err();
        let error = https::tls_error(&error).expect("TLS has to do with it");
        assert_eq!(error.code().as_str(), "ERR_TLS_CERT_ALTNAME_INVALID");
        let text = error.to_string();
        assert!(text.contains("bank.example"), "{text}");
    });
}

/// The proxy may be set before TLS or after it.
#[test]
fn row_t06_the_order_of_options_does_not_matter() {
    watched(|| {
        let (log, site) = (Log::default(), site());
        let (_at, proxy) = proxy(&log, &site);
        let plain = http::RequestOptions::new()
            .proxy(&proxy)
            .hostname("localhost");
        let mut answer = agent().request(plain).unwrap().end("").expect("an answer");
        assert_eq!(answer.collect().expect("a body"), b"secret of localhost");
        assert!(log.all()[0].starts_with("CONNECT localhost:443 "));
    });
}

#[test]
fn row_t06_a_proxy_that_refuses_says_why() {
    watched(|| {
        let at = support::Site::new(http::create_server(|_req, res| res.end("not reached")));
        let proxy = Proxy::new(&format!("http://{}", at.address())).unwrap();
        let options = agent().options().proxy(&proxy);
        let error = https::request(options)
            .unwrap()
            .end("")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("opens no tunnel to localhost:443: 405"),
            "{error}"
        );
    });
}

#[test]
fn row_t06_a_websocket_through_a_tunnel() {
    watched(|| {
        let (log, site) = (Log::default(), site());
        let (_at, proxy) = proxy(&log, &site);
        let options = ConnectOptions::new().request_options(&agent().options().proxy(&proxy));
        let mut ws = https::websocket_with("wss://localhost/", &options).expect("a WebSocket");
        assert_eq!(ws.receive().expect("open").unwrap().text(), Some("secret"));
        assert!(ws.close(1000, "").expect("a code").clean);
        assert!(log.all()[0].starts_with("CONNECT localhost:443 "));
        assert_eq!(log.count("seen"), 0);
    });
}
