//! A run as one HTML file that works without a server: the page, and the messages that it would have got.
//!
//! ```text
//!   index.html                 without its links, and with a policy that forbids every request
//!   page.css                   in a <style>
//!   {"exchange": …, "messages": […], "words": {…}, "sources": {…}}      in <script type="application/json" id="run">
//!   main.js and all that it imports                                     in one <script type="module">
//! ```
//!
//! Each module becomes a function that returns what it exports, so that their names stay apart:
//!
//! ```text
//!   import { el } from "./words.js";        const { el } = $words_js;
//!   export function show() { … }            const $draw_js = (() => { … function show() { … } return { show }; })();
//! ```

use crate::assets;
use crate::catalogue;
use crate::exchange::{self, Exchange};
use crate::json::{Object, Value, list, quoted};
use crate::run;
use crate::sources;
use crate::words;
use barewire::trace::wire::Language;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

const POLICY: &str = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
    style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">";

/// Some exchanges wait, for a timeout that they show; the others need not wait for them.
const AT_A_TIME: usize = 8;

/// Plays every exchange, and writes a file for each of them and an `index.html`. `report` gets the name of each file, and
/// why its run has failed. Returns whether all have gone well.
pub(crate) fn all(folder: &Path, report: impl Fn(&str, Option<&str>)) -> io::Result<bool> {
    fs::create_dir_all(folder)?;
    let exchanges: Vec<&Exchange> = exchange::all().collect();
    let mut is_good = true;
    for some in exchanges.chunks(AT_A_TIME) {
        let runs = some.iter().map(|&exchange| {
            let settings = Value::Object(Vec::new());
            let play = move |run: &_| exchange::play(exchange, run, settings);
            Ok((exchange, run::begin(1, run::MOST_TIME, play, |_| {})?))
        });
        for (exchange, (run, threads)) in runs.collect::<io::Result<Vec<_>>>()? {
            threads.join();
            let (messages, _) = run.played();
            let name = name(exchange);
            fs::write(folder.join(&name), file(exchange, &messages))?;
            let why = messages.last().and_then(|done| failure(done));
            is_good &= why.is_none();
            report(&name, why.as_deref());
        }
    }
    fs::write(folder.join("index.html"), index())?;
    Ok(is_good)
}

/// Why a run has failed, as its last message says.
fn failure(done: &str) -> Option<String> {
    let done = crate::json::read(done).ok()?;
    let text = |name| done.get(name).and_then(Value::text).unwrap_or_default();
    match text("outcome") {
        "ok" => None,
        outcome => Some(format!("{outcome} {}", text("why"))),
    }
}

/// `http.hello.html`
pub(crate) fn name(exchange: &Exchange) -> String {
    format!("{}.html", exchange.id)
}

/// A file is some times as large as its run while it is made.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The page with one run in it.
pub(crate) fn file(exchange: &Exchange, messages: &[String]) -> String {
    let rules: BTreeSet<&str> = messages.iter().flat_map(|message| rules(message)).collect();
    let sources = rules.iter().fold(Object::new(), |all, rule| {
        all.raw(rule, sources::places(rule))
    });
    let run = Object::new()
        .raw("exchange", catalogue::entry(exchange))
        .raw("messages", list(messages.iter().cloned()))
        .raw("words", words())
        .raw("sources", sources.end())
        .end();
    let script = bundle("main.js");
    let scripts = format!(
        "<script type=\"application/json\" id=\"run\">{run}</script>\n<script type=\"module\">\n{script}</script>\n</body>"
    );
    page(assets::text("index.html").unwrap_or_default()).replace("</body>", &scripts)
}

/// The rules that a message names. A quote inside a text has a backslash, so this is always a member.
fn rules(message: &str) -> impl Iterator<Item = &str> {
    let members = message.split("\"rule\":\"").skip(1);
    members
        .filter_map(|rest| rest.split('"').next())
        .filter(|rule| !rule.is_empty())
}

/// The words of spans in each language.
fn words() -> String {
    let languages = Language::ALL.iter();
    let words = languages.fold(Object::new(), |all, &language| {
        all.raw(language.key(), words::json(language))
    });
    words.end()
}

/// A page without its links and scripts: with its policy and its style.
fn page(html: &str) -> String {
    let is_loaded = |line: &&str| !line.starts_with("<link ") && !line.starts_with("<script ");
    let lines = html
        .lines()
        .filter(is_loaded)
        .map(|line| format!("{line}\n"));
    let style = assets::text("page.css").unwrap_or_default();
    let charset = "<meta charset=\"utf-8\">";
    let html = lines
        .collect::<String>()
        .replacen(charset, &format!("{charset}\n{POLICY}"), 1);
    html.replacen("</head>", &format!("<style>\n{style}</style>\n</head>"), 1)
}

/// The list of the files, by section, each with its titles.
fn index() -> String {
    let mut items = String::new();
    let mut section = "";
    for exchange in exchange::all() {
        if exchange.section != section {
            section = exchange.section;
            items += &format!("<h2>{section}</h2>\n");
        }
        let (id, name) = (exchange.id, name(exchange));
        items += &format!("<p><a href=\"{name}\">{id}</a> <span data-of=\"{id}\"></span></p>\n");
    }
    let titles = "for (const node of document.querySelectorAll(\"[data-of]\")) {\n\
        const titles = Object.values(bundledTexts).map((texts) => texts.exchanges?.[node.dataset.of]?.title);\n\
        node.textContent = titles.filter(Boolean).join(\" · \");\n}\n";
    page(&format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>barewire · 《深入浅出Node.js》</title>\n</head>\n<body>\n<main>\n\
         <h1>barewire · <span lang=\"zh-CN\">《深入浅出Node.js》</span></h1>\n{items}</main>\n\
         <script type=\"module\">\n{}{titles}</script>\n</body>\n</html>\n",
        texts(),
    ))
}

/// A module and all that it imports, as one script; the texts are the members of `bundledTexts`.
fn bundle(name: &'static str) -> String {
    let mut script = texts();
    let mut done = BTreeSet::new();
    module(name, &mut done, &mut script);
    script
}

fn texts() -> String {
    let mut script = "const bundledTexts = {};\n".to_owned();
    for name in assets::words() {
        let (body, exports) = body(name, &mut |_| {});
        script += &format!(
            "{{\n{body}Object.assign(bundledTexts, {{ {} }});\n}}\n",
            exports.join(", ")
        );
    }
    script
}

fn module(name: &'static str, done: &mut BTreeSet<String>, script: &mut String) {
    if !done.insert(name.to_owned()) {
        return;
    }
    let mut imported = Vec::new();
    let (body, exports) = body(name, &mut |other| imported.push(other));
    for other in imported {
        module(other, done, script);
    }
    let (name, exports) = (variable(name), exports.join(", "));
    *script += &format!("const {name} = (() => {{\n{body}return {{ {exports} }};\n}})();\n");
}

/// A module without its imports and exports, and the names that it exports. `imports` gets what it imports. An import is one line,
/// an export a declaration.
fn body(name: &'static str, imports: &mut dyn FnMut(&'static str)) -> (String, Vec<&'static str>) {
    let (mut body, mut exports) = (String::new(), Vec::new());
    for line in assets::text(name).unwrap_or_default().lines() {
        if let Some((names, from)) = import(line) {
            imports(from);
            body += &format!(
                "const {} = {};\n",
                names.replace(" as ", ": "),
                variable(from)
            );
            continue;
        }
        let declared = line.strip_prefix("export ");
        exports.extend(declared.and_then(declares));
        // It would end the script that holds it.
        body += &declared.unwrap_or(line).replace("</script", "<\\/script");
        body.push('\n');
    }
    (body, exports)
}

/// `import { el, say } from "./words.js";`
fn import(line: &'static str) -> Option<(&'static str, &'static str)> {
    let (names, from) = line.strip_prefix("import ")?.split_once(" from \"./")?;
    Some((names, from.strip_suffix("\";")?))
}

/// The name behind `const`, `class`, `function` …
fn declares(declaration: &'static str) -> Option<&'static str> {
    const KINDS: [&str; 6] = ["const", "let", "class", "async", "function", "function*"];
    let mut words =
        declaration.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '$' | '*'));
    words.find(|word| !KINDS.contains(word) && !word.is_empty())
}

/// What a module is called in the script.
fn variable(name: &str) -> String {
    let letters = name
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' });
    format!("${}", letters.collect::<String>())
}

/// The answer to the page: the file as a message.
pub(crate) fn message(run: u64, exchange: &Exchange, messages: &[String]) -> String {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let file = file(exchange, messages);
    let message = Object::new().text("kind", "file").raw("run", run);
    message
        .text("name", &name(exchange))
        .raw("text", quoted(&file))
        .end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_has_each_module_once_and_loads_none() {
        let script = bundle("main.js");
        let loads = |line: &&str| line.starts_with("import ") || line.starts_with("export ");
        assert_eq!(script.lines().find(loads), None);
        for name in ["main", "words", "live", "draw", "blocks", "details"] {
            let begin = format!("const ${name}_js = (() => {{");
            assert_eq!(script.matches(&begin).count(), 1, "{name}");
        }
        let at = |module: &str| script.find(&format!("const {module} = (()")).unwrap();
        assert!(at("$words_js") < at("$draw_js") && at("$draw_js") < at("$main_js"));
        assert!(
            script.contains("const { el, ")
                && script.contains("Object.assign(bundledTexts, { enPage });")
        );
    }

    #[test]
    fn declarations_have_names() {
        for (line, name) in [
            ("const a = 1;", "a"),
            ("async function load() {", "load"),
            ("function* all() {", "all"),
            ("class Drawing {", "Drawing"),
        ] {
            assert_eq!(declares(line), Some(name));
        }
        let read = import("import { el, say as speak } from \"./words.js\";");
        assert_eq!(read, Some(("{ el, say as speak }", "words.js")));
    }

    /// What a peer has sent stands inside a script.
    #[test]
    fn no_byte_of_a_run_ends_its_script() {
        let bytes = "</script><script>alert(1)</script><!--\u{2028}";
        let message = Object::new()
            .text("value", bytes)
            .text("rule", "RFC 9112 §7.1")
            .end();
        let file = file(exchange::all().next().unwrap(), &[message]);
        assert_eq!(file.matches("</script>").count(), 2);
        assert!(
            !file.contains("alert(1)</script")
                && !file.contains("<!--")
                && !file.contains('\u{2028}')
        );
        let run = file
            .split("id=\"run\">")
            .nth(1)
            .unwrap()
            .split("</script>")
            .next()
            .unwrap();
        let run = crate::json::read(run).unwrap();
        let value = run.get("messages").unwrap().items()[0]
            .get("value")
            .and_then(Value::text);
        assert_eq!(value, Some(bytes));
        assert!(
            !run.get("sources")
                .unwrap()
                .get("RFC 9112 §7.1")
                .unwrap()
                .items()
                .is_empty()
        );
        for request in ["src=", "<link", "url("] {
            let head = file.split("<script").next().unwrap();
            assert!(!head.contains(request), "{request}");
        }
    }
}
