//! One URL after another: the request is sent, and the response is written.

use crate::body::{Body, Source};
use crate::connect::{Reuse, Verbose};
use crate::demo::{Standard, err, named};
use crate::failure::Failure;
use crate::heads::Heads;
use crate::notes;
use crate::options::Options;
use crate::output::{Output, write_report};
use crate::progress::Progress;
use crate::report::Report;
use crate::secure::{self, Secured};
use crate::transcript::{Phase, Transcript};
use barewire::http::wire::{Method, Redirect, Scheme, Uri, status_class};
use barewire::http::{
    self, Agent, ClientRequest, ClientResponse, Proxy, RequestOptions, Timeouts, pool::Limits,
};
use barewire::trace::Recorder;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

/// The buffer for a body.
const BUFFER_BYTES: usize = 64 * 1024;
/// How long the transfer waits for a silent source before it checks whether the server has responded.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

pub(crate) struct Client {
    options: Options,
    transcript: Arc<Transcript>,
    agent: Agent,
    /// The options of every request to http:, without the URL.
    plain: RequestOptions,
    /// Those of every request to https:, if one of the URLs has that.
    secured: Option<RequestOptions>,
    recorder: Option<Recorder>,
}

impl Client {
    pub(crate) fn new(options: Options) -> Result<Client, Failure> {
        let transcript = Arc::new(Transcript::new(options.verbose));
        let recorder = options.recording.recorder(Standard::Err);
        let recorder = recorder.map_err(|e| Failure::new(23, e.to_string()))?;
        let agent = Agent::new(Limits::default())?;
        let connector = Verbose(Arc::clone(&transcript));
        let mut common = RequestOptions::new()
            .agent(&agent)
            .method(options.method())
            .timeouts(timeouts(&options))
            .max_redirects(options.redirects)
            .decompress(options.compressed)
            .tap(Heads(Arc::clone(&transcript), recorder.clone()));
        for (name, value) in fields(&options)? {
            common = common.append_header(&name, value);
        }
        if options.http_1_0 {
            common = common.http_1_0().set_host(!options.leaves_out("Host"));
        }
        if let Some(path) = &options.unix_socket {
            common = common.socket_path(path);
        }
        if let Some(proxy) = proxy(&options)? {
            common = common.proxy(&proxy);
        }
        let https = |url: &String| Uri::parse(url).is_ok_and(|uri| uri.scheme() == Scheme::Https);
        let mut plain = common.clone().create_connection(connector.clone());
        let mut secured = None;
        // An http: URL may be redirected to https:.
        if options.redirects > 0 || options.urls.iter().any(https) {
            let over_tls = Secured::new(&connector, secure::context(&options)?);
            plain = plain.also_create_connection(over_tls.clone());
            let both = common.create_connection(over_tls);
            secured = Some(both.also_create_connection(connector));
        }
        Ok(Client {
            options,
            transcript,
            agent,
            plain,
            secured,
            recorder,
        })
    }

    /// Fetches each URL and prints its report. Returns the last code that was not 0.
    pub(crate) fn run(&self) -> u8 {
        let mut code = 0;
        for (at, url) in self.options.urls.iter().enumerate() {
            let mut report = Report::new(url, self.options.method());
            let mut output = Output::new(self.options.outputs.get(at));
            let before = self.transcript.state().connections;
            if let Err(failure) = self.fetch(url, &mut report, &mut output) {
                code = self.print_failure(failure);
                report.set("exitcode", code);
            }
            report.set("num_connects", self.transcript.state().connections - before);
            if let Some(format) = &self.options.write_out
                && let Err(failure) = write_report(&report.write(format))
            {
                code = self.print_failure(failure);
            }
        }
        self.agent.close();
        if let Some(recorder) = &self.recorder
            && let Err(error) = recorder.finish()
        {
            code = self.print_failure(Failure::new(23, error.to_string()));
        }
        code
    }

    /// Returns its exit code.
    fn print_failure(&self, failure: Failure) -> u8 {
        let (code, text) = failure.report(&self.transcript);
        if !self.options.silent || self.options.show_error {
            err!("({code}) {text}");
        }
        code
    }

    fn fetch(&self, url: &str, report: &mut Report, output: &mut Output) -> Result<(), Failure> {
        self.transcript.restart();
        let uri = Uri::parse(url).map_err(|e| Failure::new(3, format!("{url:?}: {e}")))?;
        let common = match (uri.scheme(), &self.secured) {
            (Scheme::Https, Some(secured)) => secured,
            _ => &self.plain,
        };
        let mut options = common.clone().url(url)?;
        if let Some(user) = &self.options.user {
            options = options.auth(user);
        }
        let mut answer = self.request(&options, report)?;
        self.transcript.set_phase(Phase::Body);
        self.fill_in(report, &answer);
        let not_followed = self.not_followed(&answer, &uri);
        let heads = self.transcript.state().heads.clone();
        report.set("size_header", heads.len());
        if self.options.fail && status_class(answer.status()) >= 4 {
            let text = format!("the answer is {:03} {}", answer.status(), answer.reason());
            return Err(Failure::new(22, text));
        }
        if self.options.include || self.options.head {
            output.write(&heads)?;
        }
        if self.options.notes {
            output.write(notes::head(&answer).as_bytes())?;
        }
        self.receive(&mut answer, report, output)?;
        output.finish()?;
        for (name, value) in answer.trailers().iter() {
            let line = [name.as_bytes(), b": ", value].concat();
            self.transcript.line('<', &line);
        }
        self.transcript.finish();
        not_followed.map_or(Ok(()), Err)
    }

    /// With `-L`, a redirect is followed unless the body would be sent again that was sent piece by piece, or
    /// Location leads nowhere.
    fn not_followed(&self, answer: &ClientResponse, asked: &Uri) -> Option<Failure> {
        let status = answer.status();
        if self.options.redirects == 0 || !matches!(status, 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let last = answer.url().and_then(|url| Uri::parse(url).ok());
        let method = Method::new(self.options.method())?;
        let redirect = Redirect::follow(
            status,
            method,
            answer.headers(),
            last.as_ref().unwrap_or(asked),
        );
        let Ok(Some(redirect)) = redirect else {
            self.transcript.note("Not followed: Location is not usable");
            return None;
        };
        let method = redirect.method.as_str();
        let text = format!(
            "the redirect ({status}) was not followed: it asks for the {method} with its body again, \
             and this body is sent once"
        );
        self.transcript.note(format_args!("Not followed: {text}"));
        Some(Failure::new(65, text))
    }

    fn fill_in(&self, report: &mut Report, answer: &ClientResponse) {
        for name in ["http_code", "response_code"] {
            report.set(name, format_args!("{:03}", answer.status()));
        }
        report.set("http_version", answer.http_version());
        report.set_timings(answer.timings());
        if let Some(url) = answer.url() {
            report.set("url_effective", url);
        }
        report.set(
            "content_type",
            answer.header("Content-Type").unwrap_or_default(),
        );
    }

    fn receive(
        &self,
        answer: &mut ClientResponse,
        report: &mut Report,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let length = answer.header("Content-Length");
        let length = length.filter(|_| !answer.is_decompressed());
        let total = length.and_then(|length| length.parse().ok());
        let mut progress = Progress::new(total, self.wants_bar() && !output.is_terminal());
        let (mut buffer, mut is_in_line) = (vec![0; BUFFER_BYTES], false);
        loop {
            let bytes = answer.read(&mut buffer).map_err(http::Error::from)?;
            if bytes == 0 {
                break;
            }
            report.set("size_download", progress.add(bytes));
            output.write(&buffer[..bytes])?;
            is_in_line = buffer[bytes - 1] != b'\n';
        }
        match self.options.notes && is_in_line {
            true => output.write(b"\n"), // as console.log
            false => Ok(()),
        }
    }

    /// Whether a progress bar is allowed.
    fn wants_bar(&self) -> bool {
        !self.options.silent && !self.options.verbose
    }
}

/// Sending.
impl Client {
    // RFC 9110 §10.1.1: "A client that receives a 417 (Expectation Failed) status code in response
    // to a request containing a 100-continue expectation SHOULD repeat that request without a
    // 100-continue expectation"
    fn request(
        &self,
        options: &RequestOptions,
        report: &mut Report,
    ) -> Result<ClientResponse, Failure> {
        let mut request = self.head(options)?;
        let can_repeat = request.get_header("Expect").is_some()
            && !self.options.body.as_ref().is_some_and(Body::is_stdin);
        let answer = self.send(request, report)?;
        if answer.status() != 417 || !can_repeat {
            return Ok(answer);
        }
        drop(answer);
        self.transcript.note("Asking again without Expect");
        request = self.head(options)?;
        request.remove_header("Expect")?;
        self.send(request, report)
    }

    fn head(&self, options: &RequestOptions) -> Result<ClientRequest, Failure> {
        Ok(http::request(options)?.on(Reuse(Arc::clone(&self.transcript))))
    }

    fn send(&self, request: ClientRequest, report: &mut Report) -> Result<ClientResponse, Failure> {
        let waits = request.get_header("Expect").is_some();
        match &self.options.body {
            None => Ok(request.end("")?),
            Some(Body::Text(text)) if !waits => {
                report.set("size_upload", text.len());
                Ok(request.end(text)?)
            }
            Some(body) => self.send_pieces(request, body.open()?, report),
        }
    }

    /// Sends a source piece by piece, until its end or until the server responds.
    fn send_pieces(
        &self,
        mut request: ClientRequest,
        mut source: Source<'_>,
        report: &mut Report,
    ) -> Result<ClientResponse, Failure> {
        if let Some(length) = source.length {
            request.set_content_length(length)?;
        }
        report.set("size_upload", 0);
        let mut progress = Progress::new(source.length, self.wants_bar());
        while !request.is_answered() {
            let name = source.name;
            let piece = source.next(POLL_INTERVAL);
            match piece.map_err(|e| Failure::new(26, named(name, &e).to_string()))? {
                Some([]) => break,
                Some(piece) => {
                    request.write(piece)?;
                    if !request.is_answered() {
                        report.set("size_upload", progress.add(piece.len()));
                    }
                }
                None => {
                    request.write("")?; // the server may respond to the head alone
                    request.poll_early_response()?;
                }
            }
        }
        drop(progress);
        Ok(request.end("")?)
    }
}

fn timeouts(options: &Options) -> Timeouts {
    let usual = Timeouts::default();
    Timeouts {
        total: options.max_time,
        connect: options.connect_timeout.unwrap_or(usual.connect),
        expect: options.expect_timeout.unwrap_or(usual.expect),
        min_bytes_per_second: 1, // some responses are rare events
        ..usual
    }
}

/// The default fields, without those that `-H` replaces or removes, and the fields of `-H`.
fn fields(options: &Options) -> Result<Vec<(String, String)>, Failure> {
    let agent = concat!("http_get/", env!("CARGO_PKG_VERSION"));
    let mut defaults = vec![("User-Agent", agent), ("Accept", "*/*")];
    if options.body.as_ref().is_some_and(Body::is_form) {
        defaults.push(("Content-Type", "application/x-www-form-urlencoded"));
    }
    let mut theirs = Vec::new();
    for line in &options.fields {
        let mistake = || Failure::new(2, format!("-H takes 'NAME: VALUE', not {line:?}"));
        let (name, value) = line.split_once(':').ok_or_else(mistake)?;
        defaults.retain(|(default, _)| !default.eq_ignore_ascii_case(name));
        match value.trim() {
            "" => {}
            value => theirs.push((name.to_owned(), value.to_owned())),
        }
    }
    let defaults = defaults
        .iter()
        .map(|&(name, value)| (name.into(), value.into()));
    Ok(defaults.chain(theirs).collect())
}

fn proxy(options: &Options) -> Result<Option<Proxy>, Failure> {
    let proxy = match &options.proxy {
        Some(url) => Proxy::new(url).map(Some),
        None if options.proxy_env => Proxy::from_env(),
        None => Ok(None),
    };
    Ok(proxy?.map(|proxy| match options.tunnel {
        true => proxy.tunnel(),
        false => proxy,
    }))
}
