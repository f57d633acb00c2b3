//! How long a request head takes to decode, beside httparse, in one run.
//!
//! Ours does more: it splits the target, checks Host, finds the framing, the
//! connection options and the expectation. Each round times every contestant once;
//! the medians of the rounds are printed.

use barewire::http::wire::{Limits, RequestDecoder};
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 31;
const REPEATS: u32 = 20_000;

const BROWSER: &[u8] = b"GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1\r\n\
Host: www.kittyhell.com\r\n\
User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) Gecko/20100401 Firefox/3.6.3 Pathtraq/0.9\r\n\
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
Accept-Language: ja,en-us;q=0.7,en;q=0.3\r\n\
Accept-Encoding: gzip,deflate\r\n\
Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7\r\n\
Keep-Alive: 115\r\n\
Connection: keep-alive\r\n\
Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; __utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x; __utmz=xxxxxxxxx.xxxxxxxxxx.x.x.utmccn=(referral)|utmcsr=reader.livedoor.com|utmcct=/reader/|utmcmd=referral\r\n\
\r\n";
const CURL: &[u8] =
    b"GET / HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";

/// A name, and what is timed.
type Contestant<'a> = (&'static str, Box<dyn FnMut() + 'a>);

fn main() {
    for (name, head) in [("browser", BROWSER), ("curl", CURL)] {
        let mut decoder = RequestDecoder::new(Limits::default());
        let ours = || {
            decoder.restart();
            let length = decoder.decode(black_box(head)).expect("a good head");
            assert_eq!(length, Some(head.len()));
            black_box(decoder.head(head).fields().len());
        };
        let httparse = || {
            let mut fields = [httparse::EMPTY_HEADER; 32];
            let mut request = httparse::Request::new(&mut fields);
            assert!(
                request
                    .parse(black_box(head))
                    .expect("a good head")
                    .is_complete()
            );
            black_box(&request);
        };
        let httparse_uninit = || {
            let mut fields = [const { std::mem::MaybeUninit::uninit() }; 32];
            let mut request = httparse::Request::new(&mut []);
            let status = request.parse_with_uninit_headers(black_box(head), &mut fields);
            assert!(status.expect("a good head").is_complete());
            black_box(&request);
        };
        let mut contestants: [Contestant<'_>; 3] = [
            ("barewire", Box::new(ours)),
            ("httparse", Box::new(httparse)),
            ("httparse, uninit fields", Box::new(httparse_uninit)),
        ];
        let mut times = vec![Vec::new(); contestants.len()];
        for _ in 0..ROUNDS {
            for (run, times) in contestants.iter_mut().zip(&mut times) {
                let start = Instant::now();
                (0..REPEATS).for_each(|_| (run.1)());
                times.push(start.elapsed().as_nanos() as f64 / f64::from(REPEATS));
            }
        }
        let medians: Vec<f64> = times.into_iter().map(median).collect();
        println!("head decode, {name} ({} bytes)", head.len());
        for ((name, _), ns) in contestants.iter().zip(&medians) {
            println!(
                "  {name:<26} {ns:>8.1} ns   barewire is x{:.2}",
                ns / medians[0]
            );
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
