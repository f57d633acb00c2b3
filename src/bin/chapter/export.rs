//! A run as one HTML file that works without a server: the page, and the messages that it would have got.
//!
//! ```text
//!   index.html                 without its links, and with a policy that forbids every request
//!   page.css                   in a <style>
//!   {"exchange": …, "messages": […], "words": {…}, "sources": {…}}      in <script type="application/json" id="run">
//!   main.js and all other modules, each a data: URL                     in <script type="importmap">
//! ```
//!
//! A module that is a data: URL has no neighbours: `./words.js` becomes `chapter/words.js`, which the map leads to its text.

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
    style-src 'unsafe-inline'; script-src 'unsafe-inline' data:; base-uri 'none'; form-action 'none'\">";

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
    let run = format!("<script type=\"application/json\" id=\"run\">{run}</script>\n");
    let html = page(assets::text("index.html").unwrap_or_default());
    html.replace("</body>", &(run + &modules("import \"chapter/main.js\";")))
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
    let texts = assets::modules().filter(|(name, _)| name.starts_with("text/"));
    let texts = list(texts.map(|(name, _)| format!("import(\"chapter/{name}\")")));
    let titles = format!(
        "const texts = (await Promise.all({texts})).flatMap(Object.values);\n\
         for (const node of document.querySelectorAll(\"[data-of]\")) {{\n\
         const titles = texts.map((text) => text.exchanges?.[node.dataset.of]?.title);\n\
         node.textContent = titles.filter(Boolean).join(\" · \");\n}}"
    );
    let html = page(&format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>barewire · 《深入浅出Node.js》</title>\n</head>\n<body>\n<main>\n\
         <h1>barewire · <span lang=\"zh-CN\">《深入浅出Node.js》</span></h1>\n{items}</main>\n</body>\n</html>\n"
    ));
    html.replace("</body>", &modules(&titles))
}

/// All modules, a script that imports some of them, and the end of the body.
fn modules(script: &str) -> String {
    let all = assets::modules().fold(Object::new(), |all, (name, text)| {
        let text = text.replace(" from \"./", " from \"chapter/");
        let text = text.replace("import(`./", "import(`chapter/");
        let text = text
            .replace('%', "%25")
            .replace('#', "%23")
            .replace('\n', "%0A");
        all.text(
            &format!("chapter/{name}"),
            &format!("data:text/javascript,{text}"),
        )
    });
    let all = Object::new().raw("imports", all.end()).end();
    format!(
        "<script type=\"importmap\">{all}</script>\n<script type=\"module\">\n{script}\n</script>\n</body>"
    )
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
    fn a_file_has_each_module_and_loads_none() {
        let modules = modules("");
        for (name, _) in assets::modules() {
            let begin = format!("\"chapter/{name}\":\"data:text/javascript,");
            assert_eq!(modules.matches(&begin).count(), 1, "{name}");
        }
        for loads in [" from \\\"./", "import(`./"] {
            assert!(!modules.contains(loads), "{loads}");
        }
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
        assert_eq!(file.matches("</script>").count(), 3);
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
