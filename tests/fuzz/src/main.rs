//! Runs the targets one after the other, each in an engine of its own.
//!
//! ```text
//!   cargo run -- [SECONDS] [TARGET …]      all targets, a minute each, if nothing is said
//!   cargo run -- repeat TARGET FILE …      plays files alone, without the engine
//!   cargo run -- seeds                     plays what `fixtures/` has, without the engine
//! ```
//!
//! What an engine has learnt lies beside what was built, in `fuzz/TARGET`: the next run goes on from
//! there. What it finds lies in `found/`.

use barewire_fuzz::{TARGETS, Target};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs, io};

/// What makes the compiler count edges and tell comparisons, on any toolchain. `cargo fuzz` sets the
/// same; no sanitizer is among it, because the crate has no `unsafe`.
const COVERAGE: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1";

/// The longest input, in bytes.
const LONGEST: usize = 4096;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["repeat", name, ref files @ ..] => repeat(name, files),
        ["seeds"] => {
            seeds();
            Ok(true)
        }
        [seconds, ref names @ ..] if seconds.parse::<u32>().is_ok() => fuzz(seconds, names),
        ref names => fuzz("60", names),
    }
    .map_or_else(failed, |good| match good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn failed(error: io::Error) -> ExitCode {
    eprintln!("{error}");
    ExitCode::FAILURE
}

fn named(name: &str) -> io::Result<&'static Target> {
    let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    let unknown = || io::Error::other(format!("no target {name}, only {}", known.join(", ")));
    Target::named(name).ok_or_else(unknown)
}

// ---- without the engine -----------------------------------------------------------------------

fn repeat(name: &str, files: &[&str]) -> io::Result<bool> {
    let target = named(name)?;
    for file in files {
        let data = fs::read(file)?;
        println!("{file}: {}", data.escape_ascii());
        target.play(&data);
    }
    Ok(true)
}

fn seeds() {
    for target in TARGETS {
        let seeds = target.seeds();
        seeds.iter().for_each(|seed| target.play(seed));
        println!("{}: {} seeds", target.name, seeds.len());
    }
}

// ---- with it ----------------------------------------------------------------------------------

fn fuzz(seconds: &str, names: &[&str]) -> io::Result<bool> {
    let chosen = names.iter().map(|name| named(name));
    let mut chosen: Vec<&Target> = chosen.collect::<io::Result<_>>()?;
    if chosen.is_empty() {
        chosen.extend(TARGETS);
    }
    let built = env::current_exe()?.ancestors().nth(2).map(Path::to_owned);
    let built = built.ok_or_else(|| io::Error::other("where was this built?"))?;
    let engine = build(&built)?;
    let mut good = 0;
    for target in &chosen {
        good += usize::from(run(target, &engine, &built, seconds)?);
    }
    println!("{good} passed, {} failed", chosen.len() - good);
    Ok(good == chosen.len())
}

/// Builds the engine, and says where it is. A host that is named keeps the flags away from what
/// cargo runs while it builds.
fn build(into: &Path) -> io::Result<PathBuf> {
    let host = Command::new("rustc")
        .args(["--print", "host-tuple"])
        .output()?;
    let host = String::from_utf8_lossy(&host.stdout).trim().to_owned();
    let done = Command::new(env::var("CARGO").unwrap_or("cargo".into()))
        .args(["build", "--quiet", "--release", "--features", "engine"])
        .args(["--bin", "engine", "--target", &host, "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .arg("--target-dir")
        .arg(into)
        .env("RUSTFLAGS", COVERAGE)
        .status()?;
    match done.success() {
        true => Ok(into.join(host).join("release/engine")),
        false => Err(io::Error::other("the engine was not built")),
    }
}

fn run(target: &Target, engine: &Path, built: &Path, seconds: &str) -> io::Result<bool> {
    let name = target.name;
    let corpus = built.join("fuzz").join(name);
    fs::create_dir_all(&corpus)?;
    for (number, seed) in target.seeds().iter().enumerate() {
        fs::write(corpus.join(format!("seed-{number}")), seed)?;
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here.join("found");
    fs::create_dir_all(&found)?;
    let found = format!("{}/{name}-", found.display());
    let played = Command::new(engine)
        .env("FUZZ_TARGET", name)
        .env("RUST_BACKTRACE", "0")
        .arg(&corpus)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={LONGEST}"))
        .arg(format!("-artifact_prefix={found}"))
        .arg(format!("-dict={}", here.join("dictionary.txt").display()))
        .args(["-timeout=10", "-print_final_stats=1"])
        .stdout(Stdio::null())
        .output()?;
    let told = String::from_utf8_lossy(&played.stderr);
    match played.status.success() {
        true => println!("ok   {name:<13} {}", figures(&told)),
        false => println!("FAIL {name:<13}\n{}\n{}", last(&told), again(name, &told)),
    }
    Ok(played.status.success())
}

/// Runs, runs a second, and how much of the code they have seen.
fn figures(told: &str) -> String {
    let stat = |name: &str| {
        let after = told.split(&format!("stat::{name}:")).nth(1);
        let number = after.and_then(|after| after.split_whitespace().next());
        number.unwrap_or("?").to_owned()
    };
    let edges = told.rsplit("cov: ").next().unwrap_or_default();
    let edges = edges.split(' ').next().unwrap_or_default();
    let (runs, speed) = (
        stat("number_of_executed_units"),
        stat("average_exec_per_sec"),
    );
    format!("{runs} runs, {speed} a second, {edges} edges")
}

/// The engine's last words: the panic is among them.
fn last(told: &str) -> String {
    let about = |line: &&str| !line.starts_with('#') && !line.starts_with("stat::");
    let lines: Vec<&str> = told.lines().filter(about).collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

fn again(name: &str, told: &str) -> String {
    let file = told.split("Test unit written to ").nth(1);
    let file = file.and_then(|rest| rest.lines().next()).unwrap_or("FILE");
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    format!("again: cargo run --manifest-path {manifest} -- repeat {name} {file}")
}
