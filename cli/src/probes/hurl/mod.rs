//! A flow as a file of [hurl](https://hurl.dev), and what hurl cannot say.

mod expectation;
mod names;
mod text;

use std::fmt::Write as _;

use domain::probe::capture::{Capture, From};
use domain::probe::flow::{Body, Flow, HttpStep, HttpVersion, Part, Redirects, Step, StepKind};
use domain::probe::template::{Template, Values};

use self::names::Names;
use self::text::{Around, comment, key, plain, quoted, template};

/// A flow in hurl's words.
#[derive(Debug)]
pub(super) struct Exported {
    /// The file.
    pub(super) text: String,
    /// Files that must stand beside it: their names and contents.
    pub(super) beside: Vec<(String, String)>,
    /// What is only a comment in it, each with the step.
    pub(super) left_out: Vec<String>,
}

/// Writes a flow; none if no step of it is a request over HTTP.
pub(super) fn export(flow: &Flow) -> Option<Exported> {
    let is_http = |step: &Step| matches!(step.kind, StepKind::Http(_));
    if !flow.steps.iter().any(is_http) {
        return None;
    }
    let mut writer = Writer { flow, names: Names::of_flow(flow), out: String::new(), beside: Vec::new(), left_out: Vec::new() };
    writer.head();
    for (n, step) in flow.steps.iter().enumerate() {
        writer.step(n + 1, step);
    }
    if !flow.cleanup.is_empty() {
        writer.out.push_str("\n# What follows cleans up. After a failure hurl comes here only with --continue-on-error.\n");
    }
    for (n, step) in flow.cleanup.iter().enumerate() {
        writer.step(flow.steps.len() + n + 1, step);
    }
    Some(Exported { text: writer.out, beside: writer.beside, left_out: writer.left_out })
}

struct Writer<'f> {
    flow: &'f Flow,
    names: Names,
    out: String,
    beside: Vec<(String, String)>,
    left_out: Vec<String>,
}

impl Writer<'_> {
    /// What the file is, and how to run it.
    fn head(&mut self) {
        let id = &self.flow.id;
        let mut command = "hurl --test".to_owned();
        for (is_secret, name) in self.names.given() {
            let option = if is_secret { "--secret" } else { "--variable" };
            let _ = write!(command, " {option} {name}=…");
        }
        let _ = write!(self.out, "# {id}, of `watchkeeper probes export --hurl`. To run it:\n#   {command} {id}.hurl\n");
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// Leaves something out: a comment says what, and whoever exports is told.
    fn leave_out(&mut self, n: usize, what: &str) {
        let what = comment(what);
        self.line(&format!("# Not for hurl: {what}"));
        self.left_out.push(format!("{} step {n}: {what}", self.flow.id));
    }

    fn step(&mut self, n: usize, step: &Step) {
        self.line(&format!("\n# Step {n}: {}", comment(&step.name)));
        match &step.kind {
            // Hurl's methods are letters.
            StepKind::Http(http) if !http.method.chars().all(|ch| ch.is_ascii_alphabetic()) => {
                self.leave_out(n, &format!("a request with the method {}", http.method));
            }
            StepKind::Http(http) => {
                self.request(n, step, http);
                self.response(n, step, http.version);
            }
            StepKind::Tcp(_)
            | StepKind::Dns(_)
            | StepKind::Tls(_)
            | StepKind::WebSocket(_)
            | StepKind::Grpc(_)
            | StepKind::Llm(_) => self.leave_out(n, &format!("a step of the kind {}", step.kind.word())),
        }
    }

    fn request(&mut self, n: usize, step: &Step, http: &HttpStep) {
        let url = template(&http.url, &self.names, Around::Nothing);
        self.line(&format!("{} {url}", http.method));
        self.fields(&http.headers);
        let is_told_as_text = matches!(&http.body, Body::Json(value) if text::has_escaped_key(value));
        if is_told_as_text && !http.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            self.line("Content-Type: application/json");
        }
        self.options(step, http);
        match &http.body {
            Body::None => {}
            Body::Json(value) if is_told_as_text => {
                let body = text::json_as_text(value, &self.names);
                self.line(&body);
            }
            Body::Json(value) => {
                let body = text::json(value, &self.names);
                self.line(&body);
            }
            Body::Form(fields) => {
                self.line("[Form]");
                self.fields(fields);
            }
            Body::Raw(content) => {
                let body = template(content, &self.names, Around::Backticks);
                self.line(&format!("`{body}`"));
            }
            Body::Multipart(parts) => {
                self.line("[Multipart]");
                for part in parts {
                    self.part(n, part);
                }
            }
        }
    }

    /// Names with values, a line each.
    fn fields(&mut self, fields: &[(String, Template)]) {
        for (name, value) in fields {
            let value = template(value, &self.names, Around::Nothing);
            self.line(format!("{}: {value}", key(name)).trim_end());
        }
    }

    fn options(&mut self, step: &Step, http: &HttpStep) {
        self.line("[Options]");
        self.line(&format!("max-time: {}ms", step.timeout.as_millis()));
        self.line("compressed: true");
        if let Redirects::Follow(n_max) = http.redirects {
            self.line(&format!("location: true\nmax-redirs: {n_max}"));
        }
        let is_plain = http.url.to_string().starts_with("http:");
        match http.version {
            None => {}
            Some(HttpVersion::Http1) => self.line("http1.1: true"),
            Some(HttpVersion::Http2) if is_plain => self.line("http2-prior-knowledge: true"),
            Some(HttpVersion::Http2) => self.line("http2: true"),
        }
        if !http.verify_tls {
            self.line("insecure: true");
        }
    }

    fn part(&mut self, n: usize, part: &Part) {
        let name = key(&part.name);
        match (&part.file_name, &part.content_type) {
            (None, content_type) => {
                if content_type.is_some() {
                    self.leave_out(n, &format!("the type of the part `{}`, which is no file", part.name));
                }
                let value = template(&part.content, &self.names, Around::Nothing);
                // This would be the name of a file.
                let value = value.strip_prefix("file,").map_or(value.clone(), |rest| format!("\\u{{66}}ile,{rest}"));
                self.line(format!("{name}: {value}").trim_end());
            }
            (Some(file), content_type) => {
                let has_variables = part.content.variables().next().is_some();
                if file.contains(['/', '\\']) || file.starts_with('.') {
                    self.leave_out(
                        n,
                        &format!("the content of the file `{file}`, which would not stand beside this one; write it"),
                    );
                } else if has_variables {
                    self.leave_out(n, &format!("the content of the file `{file}`, in which there are variables; write one"));
                } else {
                    self.beside.push((file.clone(), part.content.fill(&Values::default()).unwrap_or_default()));
                }
                let content_type = content_type.as_ref().map(|text| format!(" {}", plain(text, Around::Nothing)));
                self.line(&format!("{name}: file,{};{}", file_name(file), content_type.unwrap_or_default()));
            }
        }
    }

    fn response(&mut self, n: usize, step: &Step, version: Option<HttpVersion>) {
        let status = step.expect.iter().find_map(expectation::only_status);
        let status = status.map_or_else(|| "*".to_owned(), |status| status.to_string());
        // To ask for HTTP/2 is only a wish: what was agreed on has to be asserted.
        let protocol = if version == Some(HttpVersion::Http2) { "HTTP/2" } else { "HTTP" };
        self.line(&format!("{protocol} {status}"));
        if !step.captures.is_empty() {
            self.line("[Captures]");
            step.captures.iter().for_each(|capture| self.capture(n, capture));
        }
        let asserted = step.expect.iter().filter(|expected| expectation::only_status(expected).is_none());
        let asserted: Vec<_> = asserted.collect();
        let is_status_free = !step.expect.iter().any(domain::probe::expect::Expectation::is_about_status);
        if asserted.is_empty() && !is_status_free {
            return;
        }
        self.line("[Asserts]");
        if is_status_free {
            self.line("status < 400");
        }
        for expected in asserted {
            match expectation::assert(expected, &self.names) {
                Some(assert) => self.line(&assert),
                None => self.leave_out(n, &expected.to_string()),
            }
        }
    }

    fn capture(&mut self, n: usize, capture: &Capture) {
        let query = match &capture.from {
            From::Header(name) => format!("header {}", quoted(name)),
            From::Cookie(name) => format!("cookie {}", quoted(name)),
            From::Json(path) => format!("jsonpath {}", quoted(&path.to_string())),
            // Hurl takes a group, and there must be one.
            From::Regex(pattern) if has_group(pattern.as_str()) => format!("regex {}", quoted(pattern.as_str())),
            From::Regex(pattern) => format!("regex {}", quoted(&format!("({})", pattern.as_str()))),
            From::Css(_) => {
                let name = self.names.of(&capture.name).to_owned();
                return self
                    .leave_out(n, &format!("`{name}`, which is captured by a CSS selector; give it with --variable {name}=…"));
            }
        };
        let redact = if capture.is_secret { " redact" } else { "" };
        let name = self.names.of(&capture.name).to_owned();
        self.line(&format!("{name}: {query}{redact}"));
    }
}

/// Whether an expression captures anything: a parenthesis that is neither escaped, nor in
/// a class, nor one that only groups.
fn has_group(pattern: &str) -> bool {
    let (mut is_escaped, mut is_in_class) = (false, false);
    for (at, ch) in pattern.char_indices() {
        match ch {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' => is_in_class = true,
            ']' => is_in_class = false,
            '(' if !is_in_class => {
                let rest = &pattern[at + 1..];
                if !rest.starts_with('?') || rest.starts_with("?P<") || rest.starts_with("?<") {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// A file's name, in which blanks and some signs end it unless they are escaped, as does a
/// bracket at its beginning.
fn file_name(name: &str) -> String {
    let mut out = String::new();
    for (n, ch) in name.chars().enumerate() {
        match ch {
            ' ' | ';' | '#' | '\\' | '{' | '}' => out.extend(['\\', ch]),
            _ if ch.is_control() || n == 0 && ch == '[' => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(ch));
            }
            _ => out.push(ch),
        }
    }
    out
}

#[cfg(test)]
mod tests;
