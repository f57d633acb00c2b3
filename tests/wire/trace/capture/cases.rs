//! Runs `fixtures/captures/*.txt`, in the format that the head of each file explains.

use super::{events, shown};
use crate::websocket::format::bytes;
use barewire::trace::wire::capture::{Error, Limits, Rule};
use std::collections::BTreeSet;

/// One case: its keys and values, in order.
#[derive(Clone, Debug)]
struct Case {
    place: String,
    lines: Vec<(String, String)>,
}

fn cases(file: &str, text: &str) -> Vec<Case> {
    let mut names: Vec<(String, String)> = Vec::new();
    let mut cases = Vec::new();
    let mut case: Option<Case> = None;
    for (number, line) in (1..).zip(text.lines().chain([""])) {
        let named = |text: &str| {
            let names = names.iter().rev();
            names.fold(text.to_owned(), |text, (name, value)| {
                text.replace(name, value)
            })
        };
        if let Some((name, value)) = line
            .strip_prefix("let ")
            .and_then(|it| it.split_once(" = "))
        {
            names.push((format!("{{{name}}}"), value.into()));
        } else if line.is_empty() {
            cases.extend(case.take().into_iter().flat_map(|case| case.each()));
        } else if !line.starts_with('#') {
            let (key, value) = line.split_once(": ").unwrap_or((line, ""));
            let place = format!("fixtures/captures/{file}:{number}");
            let lines = Vec::new();
            let case = case.get_or_insert(Case { place, lines });
            // A name may stand for other names, which stand before it.
            case.lines.push((key.into(), named(value)));
        }
    }
    cases
}

impl Case {
    /// One case for each `each:`.
    fn each(self) -> Vec<Case> {
        let each = self.all("each");
        let inset = |inset: &String| {
            let lines = self.lines.iter();
            let lines = lines.map(|(key, value)| (key.clone(), value.replace("{}", inset)));
            Case {
                place: format!("{} [{inset}]", self.place),
                lines: lines.collect(),
            }
        };
        match each.is_empty() {
            true => vec![self],
            false => each.iter().map(inset).collect(),
        }
    }

    fn all(&self, key: &str) -> Vec<String> {
        let lines = self.lines.iter().filter(|(other, _)| other == key);
        lines.map(|(_, value)| value.clone()).collect()
    }

    fn find(&self, key: &str) -> Option<String> {
        self.all(key).pop()
    }

    fn bytes(&self, text: &str) -> Vec<u8> {
        bytes(text).unwrap_or_else(|| panic!("{}: {text}", self.place))
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        for limit in self.all("limits") {
            match limit.split_once('=').unwrap() {
                ("record_bytes", number) => limits.record_bytes = number.parse().unwrap(),
                ("interfaces", number) => limits.interfaces = number.parse().unwrap(),
                other => panic!("{}: {other:?}", self.place),
            }
        }
        limits
    }
}

#[test]
fn each_file_is_read_or_refused_as_its_case_says() {
    let mut refused = BTreeSet::new();
    for case in cases(
        "files.txt",
        include_str!("../../../../fixtures/captures/files.txt"),
    ) {
        let file = case.bytes(&case.all("in").concat());
        let (events, error) = events(&file, case.limits());
        let error = error.map(|error| match error {
            Error::Broken(broken) => format!("{} at {}", broken.rule().name(), broken.at()),
            error => error.to_string(),
        });
        assert_eq!(shown(&events), case.all("event"), "{}", case.place);
        assert_eq!(error, case.find("error"), "{}", case.place);
        refused.extend(error.and_then(|error| Some(error.split_once(' ')?.0.to_owned())));
    }
    let rules: BTreeSet<String> = Rule::ALL
        .iter()
        .map(|rule| rule.name().to_owned())
        .collect();
    assert_eq!(refused, rules, "each rule has a case");
}

/// Each cut of a file gives an error, or the events that were before it.
#[test]
fn a_truncated_file_says_less_and_nothing_else() {
    for case in cases(
        "files.txt",
        include_str!("../../../../fixtures/captures/files.txt"),
    ) {
        let file = case.bytes(&case.all("in").concat());
        let (whole, _) = events(&file, case.limits());
        for length in 0..file.len() {
            let (events, _) = events(&file[..length], case.limits());
            assert_eq!(
                events,
                whole[..events.len()],
                "{} cut at {length}",
                case.place
            );
        }
    }
}

/// A number, in one of the byte orders.
fn number<const N: usize>(little: bool, big: [u8; N]) -> [u8; N] {
    let mut bytes = big;
    if little {
        bytes.reverse();
    }
    bytes
}

pub(crate) fn pcap(
    little: bool,
    nanoseconds: bool,
    link: u16,
    packets: &[(Vec<u8>, u32)],
) -> Vec<u8> {
    let word = |value: u32| number(little, value.to_be_bytes());
    let magic = if nanoseconds {
        0xa1b2_3c4d
    } else {
        0xa1b2_c3d4
    };
    let half = if nanoseconds { 500_000_000 } else { 500_000 };
    let mut file = Vec::from(word(magic));
    file.extend(
        [2_u16, 4]
            .map(|it| number(little, it.to_be_bytes()))
            .as_flattened(),
    );
    file.extend([0, 0, 262_144, link.into()].map(word).as_flattened());
    for (bytes, length) in packets {
        file.extend(
            [1, half, bytes.len() as u32, *length]
                .map(word)
                .as_flattened(),
        );
        file.extend(bytes);
    }
    file
}

fn pcapng(little: bool, link: u16, packets: &[(Vec<u8>, u32)]) -> Vec<u8> {
    let word = |value: u32| number(little, value.to_be_bytes());
    let half = |value: u16| number(little, value.to_be_bytes());
    let mut file = Vec::new();
    let mut block = |kind: u32, body: &[u8]| {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let length = word((12 + body.len() + padding.len()) as u32);
        file.extend([&word(kind), &length, body, &padding, &length].concat());
    };
    let version = [half(1), half(0)].concat();
    block(
        0x0a0d_0d0a,
        &[&word(0x1a2b_3c4d)[..], &version, &[0xff; 8]].concat(),
    );
    block(1, &[half(link), half(0), half(0), half(0)].concat());
    for (bytes, length) in packets {
        let fields = [0, 0, 1_500_000, bytes.len() as u32, *length]
            .map(word)
            .concat();
        block(6, &[fields, bytes.clone()].concat());
    }
    file
}

#[test]
fn each_packet_is_read_in_each_byte_order_resolution_and_format() {
    let text = include_str!("../../../../fixtures/captures/link_types.txt");
    for case in cases("link_types.txt", text) {
        let link = case.find("link").unwrap().parse().unwrap();
        let length = case
            .find("length")
            .map_or(0, |length| length.parse().unwrap());
        let packets = case.all("in").into_iter().map(|packet| {
            let bytes = case.bytes(&packet);
            let length = length.max(bytes.len() as u32);
            (bytes, length)
        });
        let packets: Vec<_> = packets.collect();
        let files = [true, false].map(|little| {
            let [micro, nano] = [false, true].map(|nano| pcap(little, nano, link, &packets));
            [micro, nano, pcapng(little, link, &packets)]
        });
        for file in files.as_flattened() {
            let (events, error) = events(file, Limits::default());
            assert_eq!(
                shown(&events),
                case.all("event"),
                "{}: {error:?}",
                case.place
            );
            assert!(error.is_none(), "{}: {error:?}", case.place);
        }
    }
}
