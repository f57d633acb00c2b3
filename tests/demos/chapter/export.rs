//! `chapter --export DIR`: every exchange as a file that needs no server.

use super::Chapter;
use crate::place::Place;
use crate::stage::{Ended, run};
use crate::support::watched;
use std::fs;

#[test]
fn every_exchange_is_a_file_and_the_index_leads_to_it() {
    watched(|| {
        let chapter = Chapter::open("chapter-catalogue-2");
        let url = format!("http://{}/chapter/exchanges.json", chapter.address("HTTP"));
        let Ended { out: catalogue, .. } = run("http_get", &["-s", &url]);
        let ids: Vec<&str> = catalogue
            .split("{\"id\":\"")
            .skip(1)
            .map(|rest| rest.split('"').next().expect("an id"))
            .collect();
        assert!(!ids.is_empty());

        let (place, socket) = (
            Place::new("chapter-export"),
            Place::new("chapter-export-socket"),
        );
        let (folder, unix) = (place.path(), socket.path());
        let folder = folder.to_str().expect("text");
        let args = [
            "--any-port",
            "--unix",
            unix.to_str().expect("text"),
            "--export",
            folder,
        ];
        let Ended { code, out, err } = run("chapter", &args);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        assert!(!unix.exists(), "the socket file goes");
        let index = fs::read_to_string(format!("{folder}/index.html")).expect("an index");
        for id in ids {
            assert!(index.contains(&format!("<a href=\"{id}.html\">")), "{id}");
            assert!(out.contains(&format!("{folder}/{id}.html\n")), "{id}");
            let file = fs::read_to_string(format!("{folder}/{id}.html")).expect("a file");
            assert!(
                file.contains(
                    "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                ),
                "{id}"
            );
            assert!(
                file.contains("\"kind\":\"done\"") && file.contains("\"outcome\":\"ok\""),
                "{id}"
            );
        }
    });
}
