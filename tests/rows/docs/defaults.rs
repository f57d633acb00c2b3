//! Every limit and deadline: its default, the sentence above its field, and the tables that repeat it.

use super::settings::{
    Settings, connect_options, http_config, net_options, net_server, pool_limits, timeouts,
    tls_options, websocket_config,
};
use super::{Page, assert_none, quoted};
use std::ops::Range;

/// The comment above a field says its default.
#[test]
fn each_field_documents_its_default() {
    let mut wrong = Vec::new();
    let mut all = [http_config(), websocket_config()].concat();
    all.extend([net_options(), connect_options(), pool_limits(), timeouts()]);
    for settings in all {
        let page = Page::read(settings.file);
        for (name, default) in &settings.defaults {
            let (line, doc) = doc_of(&page, name);
            if !says(&doc, default) {
                wrong.push(page.wrong(line, &format!("`{name}` is {default} by default: {doc}")));
            }
        }
    }
    assert_none(&wrong);
}

/// The comment above the first `name: …`, and the line of the field.
fn doc_of(page: &Page, name: &str) -> (usize, String) {
    let mut doc = String::new();
    for (line, text) in page.lines() {
        let text = text.trim();
        let field = text.strip_prefix("pub ").unwrap_or(text);
        match text.strip_prefix("///") {
            Some(text) => doc += text,
            None if field.split_once(": ").is_some_and(|it| it.0 == name) => return (line, doc),
            None => doc.clear(),
        }
    }
    panic!("{}: has no field {name}", page.file)
}

/// Each row of a table that names one of these settings has its default. Each setting has a row, or stands in the
/// text as `` `name` (default) ``, or is excepted. If two structs have a setting, the first one counts.
fn check_table(file: &str, heading: &str, settings: &[Settings], excepted: &[&str]) -> Vec<String> {
    let page = Page::read(file);
    let default_of = |name: &str| settings.iter().find_map(|it| it.default_of(name));
    let mut wrong = Vec::new();
    let mut found = Vec::new();
    for (line, cells) in page.table(heading) {
        let columns = named_in(heading, cells.len());
        for name in cells[columns].iter().flat_map(|cell| quoted(cell)) {
            let Some(default) = default_of(name) else {
                continue;
            };
            found.push(name.to_owned());
            if !says(&cells.join(" | "), default) {
                wrong.push(page.wrong(line, &format!("`{name}` is {default} by default")));
            }
        }
    }
    for name in settings.iter().flat_map(Settings::names) {
        let default = default_of(&name).unwrap_or_default();
        let in_a_sentence = page.text.contains(&format!("`{name}` ({default})"));
        if !found.contains(&name) && !in_a_sentence && !excepted.contains(&name.as_str()) {
            let line = page.line_of(heading);
            wrong.push(page.wrong(line, &format!("`{name}` ({default}) is missing below")));
        }
    }
    wrong
}

/// The column of the settings; all columns of a table that has none.
fn named_in(heading: &str, columns: usize) -> Range<usize> {
    let mut titles = heading.split('|').skip(1).map(str::trim);
    let is_column = |title: &str| title == "setting" || title.starts_with("field of ");
    match titles.position(is_column) {
        Some(column) => column..column + 1,
        None => 0..columns,
    }
}

#[test]
fn the_tables_repeat_the_defaults_of_http() {
    let mut settings = http_config();
    let page = "src/http/mod.rs";
    // That page speaks of what a peer can do, and its limits of a head stand in `http/wire/`.
    let of_head = settings[1].names();
    let mut excepted: Vec<_> = of_head.collect();
    excepted.extend(["spare_threads", "stack_bytes", "pending_bytes"].map(String::from));
    let excepted: Vec<&str> = excepted.iter().map(String::as_str).collect();
    let mut wrong = check_table(page, "| the peer | what happens |", &settings, &excepted);
    settings.push(tls_options());
    let heading = "| what a client may do | setting |";
    wrong.extend(check_table("src/limits.md", heading, &settings, &[]));
    assert_none(&wrong);
}

#[test]
fn the_tables_repeat_the_defaults_of_websocket() {
    let settings = websocket_config();
    let heading = "| what the peer of a WebSocket may do | field of `websocket::Config` |";
    let mut wrong = check_table("src/limits.md", heading, &settings, &[]);
    let (page, heading) = (
        "src/websocket/mod.rs",
        "| the peer | what happens | setting |",
    );
    wrong.extend(check_table(page, heading, &settings, &[]));
    assert_none(&wrong);
}

#[test]
fn the_tables_repeat_the_defaults_of_net() {
    let settings = [net_server(), net_options(), connect_options()];
    // How to connect, and what only the program itself can fill.
    let excepted = [
        "timeout",
        "family",
        "no_delay",
        "allow_half_open",
        "high_water_mark",
        "spare_threads",
        "stack_size",
    ];
    let heading = "| what the peer of a `net` server may do | setting |";
    let mut wrong = check_table("src/limits.md", heading, &settings, &excepted);
    let (page, heading) = ("src/net/server.rs", "| what | setting | default |");
    wrong.extend(check_table(page, heading, &settings, &excepted));
    assert_none(&wrong);
}

/// `` `name` (default) `` in a sentence.
#[test]
fn sentences_repeat_the_defaults() {
    let mut http = http_config();
    let mut wrong = Vec::new();
    let mut readme = [http_config(), websocket_config()].concat();
    readme.extend([net_options(), connect_options()]);
    let pages = [Page::readme(), Page::read("src/limits.md")];
    check_sentences(&pages, &readme, &mut wrong);
    http.extend([pool_limits(), timeouts()]);
    check_sentences(&Page::read_all("src/http", ".rs"), &http, &mut wrong);
    let websocket = Page::read_all("src/websocket", ".rs");
    check_sentences(&websocket, &websocket_config(), &mut wrong);
    let net = [net_options(), connect_options()];
    check_sentences(&Page::read_all("src/net", ".rs"), &net, &mut wrong);
    assert_none(&wrong);
}

fn check_sentences(pages: &[Page], settings: &[Settings], wrong: &mut Vec<String>) {
    for page in pages {
        for (line, text) in page.lines() {
            let parts: Vec<&str> = text.split('`').collect();
            for (name, behind) in parts.iter().skip(1).zip(&parts[2.min(parts.len())..]) {
                let defaults = settings.iter().filter_map(|it| it.default_of(name));
                let mut defaults: Vec<&str> = defaults.collect();
                defaults.dedup();
                let value = behind.strip_prefix(" (").unwrap_or_default();
                let is_value = value.starts_with(|c: char| c.is_ascii_digit());
                let is_right = defaults.iter().any(|it| value.starts_with(it));
                if !defaults.is_empty() && is_value && !is_right {
                    let what = format!("`{name}` is {} by default", defaults.join(" or "));
                    wrong.push(page.wrong(line, &what));
                }
            }
        }
    }
}

/// Whether a text has this value: `2 s` is not in `12 s`. No limit is also called "off".
fn says(text: &str, value: &str) -> bool {
    if value == "no limit" && says(text, "off") {
        return true;
    }
    let text = text.to_lowercase();
    let value = value.to_lowercase();
    text.match_indices(&value).any(|(at, value)| {
        let before = text[..at].chars().next_back();
        let behind = text[at + value.len()..].chars().next();
        !before.is_some_and(|c| c.is_ascii_digit() || [',', '.'].contains(&c))
            && !behind.is_some_and(char::is_alphanumeric)
    })
}
