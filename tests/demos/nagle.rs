//! Row N08 and erratum E10. The output differs from machine to machine: only its shape is tested, and
//! no test depends on a time.

use crate::stage::{printed, refuses};
use crate::support::watched;

const ROUNDS: usize = 5;

/// The bytes of `4 + 60`.
#[track_caller]
fn sum(reads: &str) -> usize {
    let sizes = reads.split(" + ").map(|size| size.trim().parse::<usize>());
    sizes.sum::<Result<_, _>>().expect(reads)
}

/// `  wrote 4 + 60   read 64      0.1 ms`: all that was written was read, and it took a time.
#[track_caller]
fn check(line: &str, wrote: &str, bytes: usize) {
    let seen = line.strip_prefix(&format!("  wrote {wrote:<7}  read "));
    let seen = seen.expect(line).strip_suffix(" ms").expect(line);
    let (reads, millis) = seen.trim_end().rsplit_once(' ').expect(line);
    assert_eq!(sum(reads), bytes, "{line}");
    assert!(millis.parse::<f64>().is_ok(), "{line}");
}

#[test]
fn row_n08_erratum_e10_nagle_on_show() {
    watched(|| {
        let out = printed("nagle", &[]);
        let mut lines = out.lines();
        for heading in [
            "set_no_delay(false): Nagle's algorithm is on",
            "set_no_delay(true): it is off",
        ] {
            assert_eq!(lines.next(), Some(heading));
            for _ in 0..ROUNDS {
                check(lines.next().expect(&out), "4 + 60", 64);
            }
            check(lines.next().expect(&out), "18 x 64", 1152);
        }
        // This much is certain on every machine: no_delay cures nothing.
        let rest: Vec<&str> = lines.collect();
        let sticky = [
            "set_no_delay(true), and the receiver reads when all has arrived",
            "  wrote 18 x 64  read 1152",
        ];
        assert_eq!(rest, sticky);
    });
}

#[test]
fn usage() {
    watched(|| {
        refuses("nagle", &["on"], "unexpected argument \"on\"");
        assert!(printed("nagle", &["--help"]).starts_with("usage: nagle\n"));
    });
}
