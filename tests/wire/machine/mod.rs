//! The connection machine: its two tables against `fixtures/http/states.txt`, and walks
//! through whole exchanges with both ends in step.

mod bodies;
mod endings;
mod exchanges;
mod pair;

use barewire::http::wire::{Event, State, request_step, response_step};

const STATES: [State; 7] = [
    State::Idle,
    State::Waiting,
    State::Body,
    State::Done,
    State::Closed,
    State::Switched,
    State::Failed,
];
const EVENTS: [Event; 8] = [
    Event::Request,
    Event::Informational,
    Event::Response,
    Event::Switch,
    Event::Data,
    Event::End,
    Event::Close,
    Event::Fail,
];

#[test]
fn every_state_and_event_is_as_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/http/states.txt");
    let text = std::fs::read_to_string(path).expect("the table");
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    let words = rows.map(|line| line.split_whitespace().collect::<Vec<_>>());
    let rows: Vec<_> = words.filter(|words| !words.is_empty()).collect();
    let (requests, responses) = rows.split_at(STATES.len() + 1);
    compare("requests", requests, request_step);
    compare("responses", responses, response_step);
}

fn compare(name: &str, rows: &[Vec<&str>], step: fn(State, Event) -> Option<State>) {
    let heading = [
        vec![name.to_string()],
        EVENTS.map(|event| format!("{event:?}")).to_vec(),
    ];
    assert_eq!(rows[0], heading.concat());
    assert_eq!(rows.len(), STATES.len() + 1);
    for (row, state) in rows[1..].iter().zip(STATES) {
        assert_eq!(row[0], format!("{state:?}"));
        assert_eq!(row.len(), EVENTS.len() + 1, "{name}: {state:?}");
        for (cell, event) in row[1..].iter().zip(EVENTS) {
            let leads = step(state, event).map_or("-".to_string(), |state| format!("{state:?}"));
            assert_eq!(leads, *cell, "{name}: {state:?} on {event:?}");
        }
    }
}
