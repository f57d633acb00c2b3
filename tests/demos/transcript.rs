//! Goldens: sessions of a terminal, in `fixtures/demos/`.

use crate::stage::printed;
use std::path::Path;

/// Runs each `$ demo …` of a file, and compares its output with the lines that follow.
#[track_caller]
pub(crate) fn replays(file: &str) {
    let session = read(file);
    let mut commands = session.split("$ ").skip(1).peekable();
    assert!(commands.peek().is_some(), "{file} has no command");
    for command in commands {
        let (line, expected) = command.split_once('\n').expect("a command line");
        let mut words = line.split(' ');
        let demo = words.next().expect("a demo");
        let args: Vec<&str> = words.collect();
        assert_eq!(printed(demo, &args), expected, "{file}: {line}");
    }
}

fn read(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demos");
    let path = folder.join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
