//! The cases of `fixtures/`, each as the conversation that it is: for `wire --vectors`, and for the chapter's page.

#[allow(dead_code)] // what a case expects is for the tests
#[path = "../../../tests/wire/cases/mod.rs"]
mod cases;

pub(crate) use self::cases::scripts::Passes;

use self::cases::{http, scripts, websocket};
use barewire::http::wire::Limits;

pub(crate) struct Script {
    /// The file, the line and the name.
    pub(crate) place: String,
    /// The section of its rule: `RFC 9112 §7.1`.
    pub(crate) rfc: String,
    pub(crate) limits: Limits,
    pub(crate) passes: Vec<Passes>,
}

/// All cases, file by file.
pub(crate) fn all() -> impl Iterator<Item = Script> {
    let http_files = http::FILES.iter();
    let http_cases = http_files.flat_map(|(file, _)| http::cases(file));
    let of_http = http_cases.map(|case| {
        let mut passes = scripts::of_http(&case);
        if !case.expect.is_ok_and(|expected| expected.open) {
            passes.extend(scripts::both_end());
        }
        Script {
            place: case.place,
            rfc: case.rfc,
            limits: case.limits,
            passes,
        }
    });
    let files = websocket::FRAMES.iter().chain(&websocket::HANDSHAKES);
    let cases = files.flat_map(|file| {
        websocket::cases(file)
            .into_iter()
            .map(move |case| (file, case))
    });
    let of_websocket = cases.map(|(file, case)| Script {
        rfc: case.find("rfc").unwrap_or_default(),
        limits: Limits::default(),
        passes: match *file {
            "requests.txt" => scripts::of_request(&case),
            "responses.txt" => scripts::of_response(&case),
            _ => scripts::of_frames(&case),
        },
        place: case.place,
    });
    of_http.chain(of_websocket)
}
