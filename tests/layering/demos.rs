//! What a demo may not do, since its surroundings would make it panic: `println!` panics if stdout is
//! full, `thread::spawn` if no thread can be had, `env::args` if an argument is not UTF-8.

use crate::Breach;
use crate::house::House;
use crate::outline::Outline;

/// The one file that writes to stdout and stderr.
const PRINT: &str = "src/bin/demo/print.rs";

/// Tokens that stand one behind the other, and what to write instead.
const PANICS: [(&[&str], &str); 15] = [
    (&["println", "!"], "demo::out! or demo::log!"),
    (&["print", "!"], "demo::out! or demo::log!"),
    (&["eprintln", "!"], "demo::err!"),
    (&["eprint", "!"], "demo::err!"),
    (&["dbg", "!"], "demo::err!"),
    (&["panic", "!"], "an error"),
    (&["todo", "!"], "an error"),
    (&["unimplemented", "!"], "an error"),
    (
        &["unwrap", "(", ")"],
        "an error, or `expect` with the reason why it cannot fail",
    ),
    (&["stdout", "("], "demo::PeerOutput"),
    (&["stderr", "("], "demo::write_err"),
    (&["thread", "::", "spawn"], "demo::spawn"),
    (&["scope", ".", "spawn"], "Builder::spawn_scoped"),
    (&["env", "::", "args", "("], "demo::Args"),
    (&["env", "::", "var", "("], "env::var_os"),
];

pub(crate) fn check(house: &House<'_>) -> Vec<Breach> {
    let is_demo = |file: &&Outline<'_>| {
        file.file.starts_with("src/bin/") && !house.is_test_module(file.module())
    };
    let demos = house.files.iter().filter(is_demo);
    demos.flat_map(breaches).collect()
}

fn breaches(file: &Outline<'_>) -> Vec<Breach> {
    let texts: Vec<&str> = file.code.iter().map(|token| token.text).collect();
    let mut found = Vec::new();
    for at in (0..texts.len()).filter(|&at| !file.is_test(at)) {
        let mut panics = PANICS.iter();
        let Some((what, instead)) = panics.find(|(what, _)| texts[at..].starts_with(what)) else {
            continue;
        };
        if file.file != PRINT || !matches!(what[0], "stdout" | "stderr") {
            let what = what.concat();
            let text = format!("{what} may panic in a demo: write {instead}");
            found.push(Breach::new(file, file.code[at].line, text));
        }
    }
    found
}
