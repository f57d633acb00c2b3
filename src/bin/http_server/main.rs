//! The book's HTTP server, with something to try for every row of the chapter.
#![forbid(unsafe_code)]

mod behind;
mod board;
#[path = "../https_server/certificate.rs"]
mod certificate;
mod comet;
#[path = "../demo/mod.rs"]
mod demo;
mod invitation;
mod reply;
mod routes;
mod workers;

use barewire::http::{self, Handled, Request, Response, ServerEvents, TrustedProxies};
use barewire::{cluster, https};
use certificate::Certificate;
use demo::{AccessLog, Recording, Standard, err, log};
use invitation::invitation;
use routes::Routes;
use std::fmt;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = include_str!("help.txt");

demo::options! { |args|
    stop_at_eof: bool = demo::stop_at_eof(args)?;
    listen: String = args.value_or("--listen", "127.0.0.1:1337"); // the book's
    max_connections: usize = args.at_least_one("--max-connections")?.unwrap_or(10_000);
    keep_alive: Option<Duration> = match args.number("--keep-alive-timeout")?.unwrap_or(5) {
        0 => None,
        secs => Some(Duration::from_secs(secs)),
    };
    files: Option<String> = args.value("--files");
    certificate: Option<Certificate> = Certificate::of(args, Some("--client-ca"));
    workers: Option<usize> = workers::number(args)?;
    access_log: AccessLog = AccessLog::of(args)?;
    trusted_proxies: Option<TrustedProxies> = behind::trusted_proxies(args)?;
    recording: Recording = Recording::of(args)?;
}

impl ServerEvents for Routes {
    fn request(&self, request: Request<'_>, response: Response<'_>) -> Handled {
        self.serve(request, response)
    }

    fn error(&self, what: &dyn fmt::Display) {
        err!("{what}");
    }
}

fn main() -> ExitCode {
    demo::run(HELP, Options::read, serve)
}

fn serve(options: Options) -> io::Result<()> {
    let (is_https, has_files) = (options.certificate.is_some(), options.files.is_some());
    let worker = cluster::worker();
    if let (None, Some(workers)) = (&worker, options.workers) {
        let cluster = workers::start(workers, &options.listen)?;
        if cluster.wait_listening_within(1, demo::DEADLINE) {
            let invitation = invitation(&cluster.local_addr(), is_https, has_files);
            log!("{}", invitation.trim_end());
        }
        return workers::wait(&cluster, options.stop_at_eof);
    }
    let routes = Routes::new(options.files.as_deref())?;
    let stats = routes.stats();
    let mut server = http::create_server_with(routes)
        .max_connections(options.max_connections)
        .keep_alive_timeout(options.keep_alive)
        .trusted_proxies(options.trusted_proxies);
    let output = match worker {
        Some(_) => Standard::Err,
        None => Standard::Out,
    };
    server = options.access_log.attach(server, output)?;
    if let Some(recorder) = options.recording.recorder(output)? {
        server = server.tap(recorder);
    }
    let listener = match &worker {
        Some(worker) => worker.listener()?,
        None => demo::listener(&options.listen)?,
    };
    let handle = match options.certificate {
        None => server.listen_on(listener)?,
        Some(certificate) => {
            https::create_server_with(&certificate.options()?, server)?.listen_on(listener)?
        }
    };
    let _ = stats.set(handle.clone());
    if let Some(worker) = worker {
        demo::report_cut(&worker.serve(&handle));
        return Ok(());
    }
    let invitation = invitation(&handle.local_addr(), is_https, has_files);
    log!("{}", invitation.trim_end());
    demo::wait(&handle, options.stop_at_eof)
}
