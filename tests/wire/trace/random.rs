//! Random and damaged conversations: their leaves tile the bytes, and do not depend on the cuts.

use super::play::{Passes, answers, asks, both_end, played};
use crate::http::format::Kind;
use crate::http::{all_cases, random as http};
use crate::support::Random;
use crate::websocket::{FRAMES, format, handshakes, random as websocket};
use barewire::http::wire::Limits;

/// The same leaves whole, byte by byte, and in pieces of random sizes.
fn check(random: &mut Random, script: &[Passes]) {
    let whole = played(Limits::default(), script, |bytes| bytes.len());
    for most in [1, 9, 300] {
        let pieces = played(Limits::default(), script, |_| 1 + random.below(most));
        assert_eq!(pieces, whole, "up to {most}: {script:?}");
    }
}

/// Both directions in a few pieces: a response may come before, between and behind its requests.
fn in_turns(random: &mut Random, requests: Vec<u8>, responses: Vec<u8>) -> Vec<Passes> {
    let (mut asked, mut answered, mut script) = (&requests[..], &responses[..], Vec::new());
    for _ in 0..random.below(4) {
        let (now, later) = asked.split_at(random.below(asked.len() + 1));
        script.push(asks(now));
        asked = later;
        let (now, later) = answered.split_at(random.below(answered.len() + 1));
        script.push(answers(now));
        answered = later;
    }
    script.extend([asks(asked), answers(answered)]);
    script
}

#[test]
fn random_and_damaged_messages() {
    messages(600);
}

#[test]
#[ignore = "takes 3 s unoptimized; .ci/run runs it"]
fn random_and_damaged_messages_in_more_rounds() {
    messages(5000);
}

fn messages(rounds: usize) {
    let mut random = Random::new(0x7e11);
    let cases: Vec<_> = all_cases().filter(|case| case.input.len() < 600).collect();
    for round in 0..rounds {
        // Some messages one behind the other, sometimes damaged, cut between the two directions.
        let (mut requests, mut responses) = (Vec::new(), Vec::new());
        for _ in 0..1 + random.below(3) {
            let case = &cases[random.below(cases.len())];
            match case.kind {
                Kind::Request => requests.extend_from_slice(&case.input),
                _ => requests.extend(http::request(&mut random).1),
            }
            let case = &cases[random.below(cases.len())];
            if let Kind::Response(_) = case.kind {
                responses.extend_from_slice(&case.input);
            }
        }
        if round % 2 == 0 {
            http::damage(&mut random, &mut requests);
            http::damage(&mut random, &mut responses);
        }
        let mut script = in_turns(&mut random, requests, responses);
        script.extend(both_end());
        check(&mut random, &script);
    }
}

#[test]
fn random_and_damaged_frames() {
    frames(200);
}

#[test]
#[ignore = "takes 5 s unoptimized; .ci/run runs it"]
fn random_and_damaged_frames_in_more_rounds() {
    frames(2000);
}

fn frames(rounds: usize) {
    let mut random = Random::new(0x7e12);
    let cases: Vec<Vec<u8>> = FRAMES
        .iter()
        .flat_map(|file| format::cases(file))
        .map(|case| {
            case.all("in")
                .iter()
                .flat_map(|text| format::bytes(text).expect("bytes"))
                .collect()
        })
        .filter(|bytes: &Vec<u8>| bytes.len() < 600)
        .collect();
    for round in 0..rounds {
        let (mut request, response) = handshakes::samples();
        let mut sent = websocket::frames_to_server(&mut random);
        sent.extend_from_slice(&cases[random.below(cases.len())]);
        let mut received = cases[random.below(cases.len())].clone();
        if round % 2 == 0 {
            websocket::damage(&mut random, &mut sent);
            websocket::damage(&mut random, &mut received);
        }
        // Some frames before the response has come.
        let late = sent.split_off(random.below(sent.len() + 1));
        request.extend(sent);
        let mut script = vec![
            asks(request),
            answers([response, received].concat()),
            asks(late),
        ];
        script.extend(both_end());
        check(&mut random, &script);
    }
}
