//! Mistakes on the command line: the demo answers with an error and an exit code.

use crate::stage::{printed, refuses};
use crate::support::watched;

#[test]
fn usage_of_the_http_server() {
    watched(|| {
        assert!(printed("http_server", &["--help"]).starts_with("usage: http_server "));
        refuses("http_server", &["--loud"], "there is no option --loud");
        refuses("http_server", &["--tls", "a"], "--tls needs a value");
    });
}
