//! The targets, and what all of them promise.

mod answer;
mod capture;
mod certificate;
mod deflate;
mod field_values;
mod frame;
mod framing;
mod gunzip;
mod handshake;
mod hello;
mod inflate;
mod message;
mod request;
mod text;
mod trace;
mod uri;

use crate::counting;
use crate::input::Input;
use crate::seeds;

/// Something that is fed.
#[derive(Debug)]
pub struct Target {
    /// How it is called on the command line.
    pub name: &'static str,
    run: fn(&Input<'_>),
    seeds: fn() -> Vec<Vec<u8>>,
}

/// All there are, from the bytes up.
pub const TARGETS: &[Target] = &[
    Target {
        name: "text",
        run: text::run,
        seeds: seeds::texts,
    },
    Target {
        name: "framing",
        run: framing::run,
        seeds: seeds::streams,
    },
    Target {
        name: "inflate",
        run: inflate::run,
        seeds: seeds::compressed,
    },
    Target {
        name: "gunzip",
        run: gunzip::run,
        seeds: seeds::gzip_files,
    },
    Target {
        name: "deflate",
        run: deflate::run,
        seeds: seeds::contents,
    },
    Target {
        name: "uri",
        run: uri::run,
        seeds: seeds::uris,
    },
    Target {
        name: "field_values",
        run: field_values::run,
        seeds: seeds::field_values,
    },
    Target {
        name: "request",
        run: request::run,
        seeds: seeds::requests,
    },
    Target {
        name: "answer",
        run: answer::run,
        seeds: seeds::answers,
    },
    Target {
        name: "handshake",
        run: handshake::run,
        seeds: seeds::handshakes,
    },
    Target {
        name: "frame",
        run: frame::run,
        seeds: seeds::frames,
    },
    Target {
        name: "message",
        run: message::run,
        seeds: seeds::frames,
    },
    Target {
        name: "trace",
        run: trace::run,
        seeds: seeds::conversations,
    },
    Target {
        name: "capture",
        run: capture::run,
        seeds: seeds::captures,
    },
    Target {
        name: "hello",
        run: hello::run,
        seeds: seeds::hellos,
    },
    Target {
        name: "certificate",
        run: certificate::run,
        seeds: seeds::certificates,
    },
];

impl Target {
    /// The target of this name.
    pub fn named(name: &str) -> Option<&'static Target> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// The inputs that `fixtures/` has for it.
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        (self.seeds)()
    }

    /// Plays one input.
    ///
    /// # Panics
    /// Where a promise is broken.
    pub fn play(&self, data: &[u8]) {
        let largest = counting::largest(|| (self.run)(&Input::new(data)));
        // Sixty times is what field lines of five bytes cost, twice over because a vector doubles. In a trace a
        // byte may be a leaf.
        let (first, times) = match self.name {
            "trace" => (1 << 18, 600), // it plays a handshake of 300 bytes with the input
            "capture" => (1 << 17, 600), // it reads 64 KiB at once
            "inflate" | "gunzip" | "deflate" => (1 << 17, 60), // windows, and what is compared: 64 KiB each
            "message" => (1 << 17, 3000), // a window; and a compressed byte stands for up to 1032
            _ => (4096, 60),
        };
        let most = first + times * data.len();
        let length = data.len();
        assert!(
            largest <= most,
            "{largest} bytes were allocated for an input of {length}"
        );
    }
}
