//! Rows T02 and T04, and the book's HTTPS server (T05).

use crate::stage::{Ended, Running, refuses, run, run_with};
use crate::support::watched;

const CA: [&str; 2] = ["--ca", "fixtures/tls/ca.crt"];

fn own(name: &str) -> [String; 4] {
    let path = |end| format!("fixtures/tls/{name}.{end}");
    ["--cert".into(), path("crt"), "--key".into(), path("key")]
}

/// `localhost` and the port, since that is the name in the certificate.
fn by_name(server: &Running) -> String {
    server.address().replace("127.0.0.1", "localhost")
}

#[track_caller]
fn talks(to: &str, more: &[&str], text: &str) -> Ended {
    let args = [&["--connect", to], more].concat();
    run_with("tls_echo", &args, text)
}

#[test]
fn fault_e05_row_t02_t04_the_books_words() {
    watched(|| {
        let mut server = Running::start("tls_echo", &["--listen", "127.0.0.1:0"]);
        let to = by_name(&server);
        assert_eq!(server.line(), "server bound");
        let (known, stranger) = (own("client"), own("client-unknown"));
        for (own, word) in [
            (&[][..], "unauthorized"),
            (&known[..], "authorized"),
            (&stranger[..], "unauthorized"),
        ] {
            let own = own.iter().map(String::as_str);
            let args: Vec<&str> = CA.into_iter().chain(own).collect();
            let ended = talks(&to, &args, "你好\nhello\n");
            let out = "client connected authorized\nwelcome!\n你好\nhello\n".to_owned();
            let (code, err) = (Some(0), String::new());
            assert_eq!(ended, Ended { code, out, err });
            assert_eq!(server.line(), format!("server connected {word}"));
        }
    });
}

#[test]
fn row_t03_an_untrusted_server_is_refused_with_the_reason_and_advice() {
    watched(|| {
        let server = Running::start("tls_echo", &["--listen", "127.0.0.1:0"]);
        let to = by_name(&server);
        let ended = talks(&to, &[], "");
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
        let why = "tls_echo: UNABLE_TO_VERIFY_LEAF_SIGNATURE: ";
        assert!(ended.err.starts_with(why), "{}", ended.err);

        let ended = talks(&to, &["-k"], "hello\n");
        let out = "client connected unauthorized\nwelcome!\nhello\n";
        assert_eq!((ended.code, ended.out.as_str()), (Some(0), out));
        assert!(ended.err.starts_with(why), "{}", ended.err);

        let wrong = [&CA[..], &["--servername", "other.test.com"]].concat();
        let ended = talks(&to, &wrong, "");
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
        let why = "tls_echo: ERR_TLS_CERT_ALTNAME_INVALID: ";
        assert!(ended.err.starts_with(why), "{}", ended.err);
    });
}

#[test]
fn row_t05_the_books_https_server() {
    watched(|| {
        let server = Running::start("https_server", &["127.0.0.1:0"]);
        let url = format!("https://{}/", by_name(&server));
        let ended = run("http_get", &["--cacert", "fixtures/tls/ca.crt", &url]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(0), "hello world\n"));
        let ended = run("http_get", &["-k", &url]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(0), "hello world\n"));
        let ended = run("http_get", &[&url]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(60), ""));
        let why = "http_get: (60) UNABLE_TO_VERIFY_LEAF_SIGNATURE";
        assert!(ended.err.starts_with(why), "{}", ended.err);
    });
}

#[test]
fn usage() {
    watched(|| {
        assert!(crate::stage::printed("tls_echo", &["--help"]).starts_with("usage: tls_echo "));
        refuses("tls_echo", &["--loud"], "there is no option --loud");
        refuses("tls_echo", &["--connect"], "--connect needs a value");
        refuses("tls_echo", &["-k"], "-k does not apply here");
        let both = ["--connect", "a:1", "--listen", "b:2"];
        refuses("tls_echo", &both, "--listen does not apply here");
        let missing = run("tls_echo", &["--connect", "a:1", "--ca", "/nothing/here"]);
        let why = "tls_echo: /nothing/here: No such file or directory";
        assert_eq!(missing.code, Some(1));
        assert!(missing.err.starts_with(why), "{}", missing.err);
        assert_eq!(missing.err.lines().count(), 1, "{}", missing.err);
    });
}

#[test]
fn usage_of_the_https_server() {
    watched(|| {
        let help = crate::stage::printed("https_server", &["--help"]);
        assert!(help.starts_with("usage: https_server "), "{help}");
        refuses("https_server", &["--loud"], "there is no option --loud");
        refuses(
            "https_server",
            &["a:1", "b:2"],
            "unexpected argument \"b:2\"",
        );
        let nowhere = run("https_server", &["nowhere"]);
        let why = "https_server: cannot listen on \"nowhere\": ";
        assert_eq!(nowhere.code, Some(1));
        assert!(nowhere.err.starts_with(why), "{}", nowhere.err);
    });
}
