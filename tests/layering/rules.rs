//! Invariants 1 to 4: who may name what.

use crate::Breach;
use crate::house::House;
use crate::outline::{Name, Outline, Path, path};

/// Invariant 1: beside every file in a folder `wire`, these are bytes and rules.
const LIKE_WIRE: &[&str] = &[
    "deflate",
    "framing",
    "text",
    "http::client::pool",
    "net::reach::call_queue",
    "net::socket::queue",
    "websocket::heartbeat",
    "websocket::queue",
];

/// Invariant 1: what has no place there, TLS done by others included. (A glob names each thing that it
/// could bring in.)
#[rustfmt::skip]
const NOT_IN_WIRE: &[&str] = &[
    "std::net", "std::thread", "std::sync", "std::fs", "std::process", "std::env", "std::os",
    "std::io::Read", "std::io::Write", "std::io::prelude",
    "std::time::Instant::now", "std::time::SystemTime::now",
    "rustls", "rustls_pemfile", "webpki_roots",
];

/// Of these, what a file may be: the files here write to, or read from, what they are given.
const FILES: &[&str] = &["std::io::Read", "std::io::Write"];
const GIVEN_FILES: &[&str] = &[
    "trace::wire::capture",
    "trace::wire::explainer",
    "trace::wire::render",
];

/// Of these, what is a value: a capture has addresses in it, and so has what it is written from.
#[rustfmt::skip]
const ADDRESSES: &[&str] = &[
    "std::net::IpAddr", "std::net::Ipv4Addr", "std::net::Ipv6Addr", "std::net::SocketAddr",
];
const HAVE_ADDRESSES: &[&str] = &["trace::wire::capture", "trace::wire::event"];

/// What a chapter may name of ours, besides itself.
enum May {
    All,
    Only(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

/// Invariant 2. A new chapter needs a row.
const CHAPTERS: &[(&str, May)] = &[
    ("lib", May::All),                               // the title page
    ("text", May::AllBut(&["trace", "cluster"])),    // invariant 1 has more to say
    ("framing", May::AllBut(&["trace", "cluster"])), // the same
    ("deflate", May::AllBut(&["trace", "cluster"])), // the same
    ("pool", May::Only(&[])),
    ("random", May::Only(&[])),
    ("setters", May::Only(&[])),
    ("wire", May::Only(&[])), // what the folders of that name share
    ("net", May::Only(&["framing", "setters", "text"])),
    ("udp", May::Only(&["net", "text", "framing"])),
    (
        "http",
        May::AllBut(&["websocket", "tls", "https", "trace", "cluster"]),
    ),
    (
        "websocket",
        May::AllBut(&["tls", "https", "trace", "cluster"]),
    ),
    ("tls", May::Only(&["net", "setters", "wire"])),
    ("https", May::AllBut(&["trace", "cluster"])),
    ("cluster", May::Only(&["net", "setters"])),
    ("trace", May::Only(&["net"])),
    ("trace::wire", May::All), // invariant 1 has more to say
];

/// Invariant 3: the files and folders of `http/` on each side.
const SERVER_SIDE: &[&str] = &["server", "files"];
const CLIENT_SIDE: &[&str] = &["client", "pool"];

/// Invariant 4: the modules that may name a package.
const PACKAGES: &[(&str, &[&str])] = &[
    ("rustls", &["tls", "random"]),
    ("rustls_pemfile", &["tls"]),
    ("webpki_roots", &["tls"]),
    ("sha1_smol", HANDSHAKE),
    ("base64", HANDSHAKE),
    ("base64", &["http::wire::semantics::auth", "text"]),
];
const HANDSHAKE: &[&str] = &["websocket::wire::handshake"];

/// Invariant 4: of these, one file alone knows.
const IN_ONE_FILE: &[&str] = &["rustls_pemfile", "webpki_roots"];

pub(crate) fn check(house: &House<'_>) -> Vec<Breach> {
    let mut found = Vec::new();
    let mut known_in: Vec<(&str, &str)> = Vec::new();
    for file in &house.files {
        for name in file.names.iter().filter(|name| name.is_path()) {
            let stops = house.resolve(name);
            let broken = judge(house, file, name, &stops);
            let broken = broken.or_else(|| one_file(file, &stops, &mut known_in));
            found.extend(broken.map(|what| Breach::new(file, name.line, what)));
        }
        for (line, what) in &file.unseen {
            let what = format!("{what} from where no invariant is checked");
            found.push(Breach::new(file, *line, what));
        }
    }
    found
}

/// The first rule that a name breaks, at the first stop that breaks one.
fn judge(house: &House<'_>, file: &Outline<'_>, name: &Name, stops: &[Path]) -> Option<String> {
    let mut each = stops.iter();
    let (stop, why) = match file.module()[0].as_str() {
        "crate" => each.find_map(|stop| Some((stop, in_the_library(house, file, name, stop)?)))?,
        _ => (each.next()?, in_a_demo(file, name, stops)?),
    };
    let (stop, written) = (stop.join("::"), name.path.join("::"));
    match written.trim_start_matches("::") {
        same if same == stop => Some(format!("names {stop}, but {why}")),
        written => Some(format!("names {stop} (written {written}), but {why}")),
    }
}

fn in_the_library(
    house: &House<'_>,
    file: &Outline<'_>,
    name: &Name,
    stop: &[String],
) -> Option<String> {
    let from = &name.module;
    if stop[0] == "crate" {
        stop.get(1)?;
        let broken = wire(file, from, stop).or_else(|| chapter(from, stop));
        broken.or_else(|| sides(from, stop))
    } else {
        let broken = facility(from, stop).filter(|_| !house.is_test(file, name));
        broken.or_else(|| package(from, stop))
    }
}

/// Invariant 1, of ours. (A machine that is not in `wire/`, as `http/client/pool`, may name its own files.)
fn wire(file: &Outline<'_>, from: &[String], stop: &[String]) -> Option<String> {
    let one_machine = |root: &&str| is_in(from, root) && is_in(stop, root);
    let itself = is_bytes_and_rules(file.module())
        && (stop.starts_with(file.module()) || LIKE_WIRE.iter().any(one_machine));
    let shared = ["deflate", "framing", "text", "setters"];
    let allowed = itself || is_wire(stop) || shared.iter().any(|module| is_in(stop, module));
    let why = "a wire file names of ours only wire, framing, text, deflate (invariant 1)";
    (is_bytes_and_rules(from) && !allowed).then(|| why.into())
}

/// Invariant 1, of the standard library.
fn facility(from: &[String], stop: &[String]) -> Option<String> {
    if !is_bytes_and_rules(from) {
        return None;
    }
    let is_address = ADDRESSES
        .iter()
        .any(|address| stop.starts_with(&path(address)));
    if is_address && HAVE_ADDRESSES.iter().any(|home| is_in(from, home)) {
        return None;
    }
    let given = GIVEN_FILES.iter().any(|home| is_in(from, home));
    let forbidden = |it: &&&str| !(given && FILES.contains(it));
    let mut all = NOT_IN_WIRE.iter().filter(forbidden);
    let it = all.find(|facility| reaches(stop, &path(facility)))?;
    let why = format!("without {it}: take what it gives as an argument");
    Some(format!(
        "a wire file is bytes and rules, {why} (invariant 1)"
    ))
}

/// Invariant 2.
fn chapter(from: &[String], stop: &[String]) -> Option<String> {
    let own = from.get(1).map_or("lib", String::as_str);
    // The last row that fits: a folder of a chapter may have one of its own.
    let mut rows = CHAPTERS.iter();
    let row = rows.rfind(|(chapter, _)| *chapter == own || is_in(from, chapter));
    let why = match row.map(|(_, may)| may) {
        None => "has no row in CHAPTERS: say there what it may name".into(),
        Some(May::Only(these)) if stop[1] != own && !these.contains(&stop[1].as_str()) => {
            format!("names of ours only [{}] and itself", these.join(", "))
        }
        Some(May::AllBut(these)) if these.iter().any(|it| reaches(stop, &ours(it))) => {
            let why = "only https knows all chapters, only trace/wire all wires";
            format!("never names {}; {why}", these.join(", "))
        }
        _ => return None,
    };
    Some(format!("{own} {why} (invariant 2)"))
}

/// Invariant 3.
fn sides(from: &[String], stop: &[String]) -> Option<String> {
    if !is_in(from, "http") {
        return None;
    }
    let on = |path: &[String], side: &[&str]| {
        let mut files = side.iter().map(|file| ours(&format!("http::{file}")));
        files.any(|file| reaches(path, &file))
    };
    let server = on(from, SERVER_SIDE) && on(stop, CLIENT_SIDE);
    let client = on(from, CLIENT_SIDE) && on(stop, SERVER_SIDE);
    let why = "the server never names the client, nor the client the server";
    (server || client).then(|| format!("{why}; what both need is in neither (invariant 3)"))
}

/// Invariant 4.
fn package(from: &[String], stop: &[String]) -> Option<String> {
    let rows = PACKAGES.iter().filter(|(package, _)| stop[0] == *package);
    let homes: Vec<&str> = rows.flat_map(|(_, homes)| homes.iter().copied()).collect();
    let at_home = homes.is_empty() || homes.iter().any(|home| is_in(from, home));
    (!at_home).then(|| format!("{} is for {} only (invariant 4)", stop[0], homes.join(", ")))
}

/// Invariant 4, where one file alone may know: the first that is read is taken for it.
fn one_file<'a>(
    file: &Outline<'a>,
    stops: &[Path],
    known_in: &mut Vec<(&'a str, &'a str)>,
) -> Option<String> {
    let is_named = |package: &&&str| stops.iter().any(|stop| stop[0] == **package);
    let package = IN_ONE_FILE.iter().find(is_named)?;
    let Some((_, first)) = known_in.iter().find(|(known, _)| known == package) else {
        known_in.push((package, file.file));
        return None;
    };
    let why = format!("names {package}, as {first} does, but one file alone may (invariant 4)");
    (*first != file.file).then_some(why)
}

/// A demo is a crate of its own and shows what a user can do. A file that it has from another demo
/// is held to the same rule there.
fn in_a_demo(file: &Outline<'_>, name: &Name, stops: &[Path]) -> Option<String> {
    let allowed = ["std", "barewire", &file.module()[0]];
    let allowed = |name: &str| allowed.contains(&name) || name.starts_with("bin/");
    let strange = !stops.iter().any(|stop| allowed(&stop[0]));
    let package = |stop: &Path| PACKAGES.iter().any(|(package, _)| stop[0] == *package);
    (name.import && strange || stops.iter().any(package))
        .then(|| "a demo names only std and barewire, so that a user could write it".into())
}

fn is_bytes_and_rules(module: &[String]) -> bool {
    is_wire(module) || LIKE_WIRE.iter().any(|home| is_in(module, home))
}

fn is_wire(path: &[String]) -> bool {
    path.iter().any(|segment| segment == "wire")
}

fn is_in(module: &[String], home: &str) -> bool {
    let mut module = module.iter();
    let is_ours = module.next().is_some_and(|root| root == "crate");
    let mut segments = home.split("::");
    is_ours && segments.all(|segment| module.next().is_some_and(|it| it == segment))
}

fn ours(module: &str) -> Path {
    path(&format!("crate::{module}"))
}

/// Whether a path is `target` or below it; a glob is each of the things it brings in.
fn reaches(path: &[String], target: &[String]) -> bool {
    let mut pairs = path.iter().zip(target);
    path.len() >= target.len() && pairs.all(|(one, other)| one == "*" || one == other)
}
