//! The exchanges of 7.1, 7.2 and 7.5 on the page of the chapter: each is played, shows its point, and has its words.

use crate::chapter::Chapter;
use crate::chapter::live::{page, play};
use crate::played::{Played, value};
use crate::support::watched;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// An exchange, its settings, and what must be seen in it.
type Case = (&'static str, &'static str, fn(&Played));

/// Plays them in one chapter. Whatever they show has words in both languages.
fn played(section: &str, cases: &[Case]) {
    let chapter = Chapter::open(&format!("chapter-{section}"));
    let mut page = page(&chapter);
    let words = ["en", "zh"].map(|language| Words::read(language, section));
    for (run, (exchange, settings, shows)) in (1..).zip(cases) {
        let played = Played(play(&mut page, run, exchange, settings));
        assert_eq!(played.outcome(), "ok", "{exchange}");
        played.spans_tile();
        for words in &words {
            assert!(words.exchanges.contains_key(*exchange), "{exchange}");
            words.say(&played);
        }
        shows(&played);
    }
    let of_cases: HashSet<_> = cases.iter().map(|(exchange, ..)| *exchange).collect();
    let of_words: HashSet<_> = words[0].exchanges.keys().map(String::as_str).collect();
    assert_eq!(of_cases, of_words);
    assert_eq!(words[0].exchanges, words[1].exchanges);
    assert_eq!(words[0].events, words[1].events);
}

#[test]
fn sticky_packets_and_framers() {
    let cases: [Case; 11] = [
        ("tcp.greeting", "{}", |played| {
            assert_eq!(played.blocks(0, "client", "server").last(), Some(&6)); // 你好
        }),
        ("tcp.sticky", "{}", |played| {
            assert_eq!(played.blocks(0, "client", "client"), [64; 18]);
            assert_eq!(played.blocks(0, "server", "client"), [64; 18]);
            assert_eq!(played.blocks(1, "client", "client"), [64; 18]);
            assert_eq!(played.blocks(1, "server", "client"), [1152]);
        }),
        ("tcp.cuts", "{}", |played| {
            assert_eq!(played.blocks(0, "client", "client"), [100, 200]);
            assert_eq!(played.blocks(0, "server", "client"), [50, 250]);
        }),
        ("tcp.cuts", "{\"cuts\":[1,99,0]}", |played| {
            assert_eq!(played.blocks(0, "server", "client"), [1, 99, 1, 199]);
        }),
        ("framing.fixed", "{}", |played| {
            three_messages(played, [2, 3, 4], &[100, 28, 130, 126]);
        }),
        ("framing.delimiter", "{}", |played| {
            three_messages(played, [2, 2, 4], &[6, 4, 4, 3]);
        }),
        ("framing.header", "{}", |played| {
            three_messages(played, [2, 2, 4], &[3, 10, 6, 4]);
        }),
        ("framing.ring", "{}", |played| {
            three_messages(played, [2, 2, 4], &[1, 8, 4, 4]);
        }),
        ("framing.ring", "{\"cuts\":[17]}", |played| {
            three_messages(played, [1, 1, 1], &[17]);
        }),
        ("tcp.nagle", "{}", |played| {
            assert_eq!(played.of("nagle.round").count(), 8);
            assert_eq!(played.blocks(2, "server", "client"), [1152]);
        }),
        ("tcp.drain", "{}", |played| {
            assert_eq!(played.of("write.true").count(), 4);
            let full = played.of("write.false").next().expect("a full queue");
            assert_eq!(value(full, "buffered"), "65536");
            assert_eq!(played.of("drain").count(), 1);
            assert_eq!(played.of("tcp.read").count(), 5);
        }),
    ];
    watched(move || self::played("tcp", &cases));
}

/// `HELLO`, an empty one and `你好`, complete with these reads of these sizes.
fn three_messages(played: &Played, reads: [u32; 3], sizes: &[usize]) {
    assert_eq!(played.blocks(0, "server", "client"), sizes);
    let messages = played.of("framing.message");
    let messages = messages.map(|values| (value(values, "text"), value(values, "read")));
    let reads = reads.map(|read| read.to_string());
    assert!(
        messages.eq(["HELLO", "", "你好"]
            .into_iter()
            .zip(reads.iter().map(|read| &**read)))
    );
    let shown = played.of_kind("span").map(|span| value(span, "label"));
    assert!(shown.eq([
        "framing.message",
        "framing.message",
        "framing.message",
        "end"
    ]));
}

#[test]
fn datagrams() {
    let cases: [Case; 4] = [
        ("udp.lost", "{}", |played| {
            assert_eq!(played.blocks(0, "client", "client"), [3, 3, 5]);
            assert_eq!(played.blocks(0, "server", "client"), [3, 5]);
            assert_eq!(played.of("udp.sent").count(), 3);
        }),
        ("udp.twice", "{}", |played| {
            let texts = played
                .of("udp.received")
                .map(|values| value(values, "text"));
            assert!(texts.eq(["a", "a", "c", "b"]));
        }),
        ("udp.too_long", "{}", |played| {
            assert_eq!(
                value(played.of("udp.refused").next().expect("one"), "bytes"),
                "65508"
            );
            assert_eq!(played.blocks(0, "client", "client"), [2000, 4]);
            assert_eq!(played.blocks(0, "server", "client"), [512, 4]);
        }),
        ("udp.ask_again", "{}", |played| {
            assert_eq!(played.blocks(0, "client", "client").len(), 3);
            assert_eq!(played.blocks(0, "server", "client").len(), 2);
            assert_eq!(played.blocks(0, "server", "server").len(), 2);
            assert_eq!(played.blocks(0, "client", "server").len(), 1);
            let handled = played.of("udp.handled").next().expect("a server");
            assert_eq!(value(handled, "handled"), "1");
        }),
    ];
    watched(move || self::played("udp", &cases));
}

#[test]
fn tls() {
    fn refused(played: &Played, code: &str) {
        let refused = played.of("tls.refused").next().expect("a refusal");
        assert_eq!(value(refused, "code"), code);
        assert!(played.has("x509"), "its certificate is shown");
        assert!(played.has("tls.alert.description"), "and the alert");
    }
    let cases: [Case; 15] = [
        ("tls.on_the_way", "{}", |played| {
            assert!(played.blocks_in("tls", 0, "client", "client").eq([5]));
            assert!(played.blocks_in("tls", 0, "server", "client").eq([5]));
            assert!(played.blocks(0, "client", "client").contains(&27));
            assert_eq!(
                value(played.of("tls.read").next().expect("the server's"), "text"),
                "hello"
            );
            let first = played.of_kind("begins").next().expect("a connection");
            assert_eq!(value(first, "seen"), "client");
        }),
        ("tls.hello", "{}", |played| {
            let of = |label, conversation: &'static str| {
                let spans = played.of_kind("span");
                let spans = spans.filter(move |span| value(span, "conversation") == conversation);
                spans.filter(|span| span.contains(label)).count()
            };
            assert_eq!((of("\"x509\"", "0"), of("\"x509\"", "1")), (0, 1));
        }),
        ("tls.authorized", "{}", |played| {
            assert_eq!(played.of("tls.authorized").count(), 1);
        }),
        ("tls.unauthorized", "{}", |played| {
            assert_eq!(played.of("tls.unauthorized").count(), 1);
            let alert = played.of("tls.alert").next().expect("the second server's");
            assert_eq!(
                value(alert, "code"),
                "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"
            );
        }),
        ("tls.resumption", "{}", |played| {
            let received = |key| {
                let values = played.of(key).next().expect("a handshake");
                value(values, "received").parse::<u32>().expect("bytes")
            };
            assert!(received("tls.resumed") * 2 < received("tls.full"));
        }),
        ("tls.broken.expired", "{}", |played| {
            refused(played, "CERT_HAS_EXPIRED")
        }),
        ("tls.broken.notyet", "{}", |played| {
            refused(played, "CERT_NOT_YET_VALID")
        }),
        ("tls.broken.wrongname", "{}", |played| {
            refused(played, "ERR_TLS_CERT_ALTNAME_INVALID")
        }),
        ("tls.broken.unknownca", "{}", |played| {
            refused(played, "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
        }),
        ("tls.broken.chained", "{}", |played| {
            refused(played, "UNABLE_TO_VERIFY_LEAF_SIGNATURE")
        }),
        ("tls.broken.selfsigned", "{}", |played| {
            refused(played, "DEPTH_ZERO_SELF_SIGNED_CERT")
        }),
        ("tls.broken.v1", "{}", |played| {
            refused(played, "ERR_OSSL_X509_UNSUPPORTED_VERSION")
        }),
        ("tls.broken.weak", "{}", |played| {
            refused(played, "ERR_SSL_EE_KEY_TOO_SMALL")
        }),
        ("tls.broken.underexpired", "{}", |played| {
            refused(played, "CERT_HAS_EXPIRED")
        }),
        ("tls.broken.copied", "{}", |played| {
            refused(played, "CERT_SIGNATURE_FAILURE")
        }),
    ];
    watched(move || self::played("tls", &cases));
}

/// An erratum names the exchange that shows it. (Those of 7.3 and 7.4 are in another file.)
#[test]
fn the_errata_are_the_same_in_both_languages() {
    let rows = ["en", "zh"].map(|language| {
        let text = text(language, "errata");
        let rows = text.lines().filter(|line| line.starts_with("    { id: "));
        let rows = rows.map(|row| row.split(", notes: ").next().unwrap_or_default().to_owned());
        rows.collect::<Vec<_>>()
    });
    assert_eq!(rows[0], rows[1]);
    assert_eq!(rows[0].len(), 34);
    for row in &rows[0] {
        let exchange = row.split('"').nth(3).expect("an exchange");
        let section = match exchange.split('.').next() {
            Some("tcp" | "framing") => "tcp",
            Some(section @ ("udp" | "tls")) => section,
            _ => continue,
        };
        let words = Words::read("en", section);
        assert!(words.exchanges.contains_key(exchange), "{row}");
    }
}

fn text(language: &str, section: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/chapter/page/text");
    let path = folder.join(format!("{language}-{section}.js"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"))
}

/// The words of a section in one language, as far as they can be compared.
struct Words {
    /// Which members each has, how many choices, and which of them is right.
    exchanges: HashMap<String, String>,
    /// The names of the values in each event.
    events: HashMap<String, Vec<String>>,
}

impl Words {
    fn read(language: &str, section: &str) -> Words {
        let text = text(language, section);
        let (exchanges, events) = text.split_once("\n  events: {\n").expect("events");
        let (_, exchanges) = exchanges
            .split_once("\n  exchanges: {\n")
            .expect("exchanges");
        let of_exchange = |exchange: &str| {
            let (id, members) = exchange.split_once("\": {\n").expect("an exchange");
            let mut shape = String::new();
            for line in members.lines().map(str::trim) {
                match line.split_once(": ") {
                    Some(("choices", choices)) => {
                        let (choices, answer) = choices.rsplit_once("], ").expect("an answer");
                        let count = choices.split("\", \"").count();
                        shape += &format!("{count} choices, {answer} ");
                    }
                    Some((member, _)) => shape += &format!("{member} "),
                    None => {}
                }
            }
            (id.to_owned(), shape)
        };
        let of_event = |event: &str| {
            let (key, words) = event.split_once("\": \"").expect("an event");
            let names = words
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split_once('}'));
            // The page finds a cause by its code, and interop/page.mjs checks that it does.
            let names = names.filter(|(name, _)| *name != "cause");
            let mut names: Vec<_> = names.map(|(name, _)| name.to_owned()).collect();
            names.sort();
            (key.to_owned(), names)
        };
        Words {
            exchanges: exchanges
                .split("\n    \"")
                .map(|it| of_exchange(it.trim_start_matches("    \"")))
                .collect(),
            events: events
                .lines()
                .filter_map(|line| line.strip_prefix("    \""))
                .map(of_event)
                .collect(),
        }
    }

    /// Each event has words, and each `{name}` in them has a value.
    #[track_caller]
    fn say(&self, played: &Played) {
        for event in played.of_kind("event") {
            let names = self.events.get(value(event, "key"));
            let names = names.unwrap_or_else(|| panic!("no words for {event}"));
            for name in names {
                assert!(event.contains(&format!("\"{name}\":")), "{name} in {event}");
            }
        }
    }
}
