//! Mistakes on the command line: the demo answers with an error and an exit code.

use crate::stage::{printed, refuses, run};
use crate::support::watched;

#[test]
fn usage_of_the_http_server() {
    watched(|| {
        assert!(printed("http_server", &["--help"]).starts_with("usage: http_server "));
        refuses("http_server", &["--loud"], "there is no option --loud");
        refuses("http_server", &["--tls", "a"], "--tls needs a value");
    });
}

#[test]
fn usage_of_the_cluster() {
    watched(|| {
        assert!(printed("cluster", &["--help"]).starts_with("usage: cluster "));
        refuses("cluster", &["--loud"], "there is no option --loud");
        refuses("cluster", &["--workers"], "--workers needs a value");
        let nowhere = run("cluster", &["--listen", "nowhere"]);
        let why = "cluster: cannot listen on \"nowhere\": ";
        assert!(nowhere.err.starts_with(why), "{}", nowhere.err);
        assert_eq!(nowhere.code, Some(1));
    });
}
