//! Requests and answers as an HTTP Archive (HAR 1.2), which the tools of browsers open.
//!
//! <http://www.softwareishard.com/blog/har-12-spec/>

use std::time::Duration;

use domain::probe::{FlowReport, Phases};
use jiff::Timestamp;
use probing::{Done, Exchange};
use serde_json::{Value, json};

/// What does not apply.
const NONE: f64 = -1.0;

/// An archive of runs: a page for each, with its requests in order of time.
pub(super) fn archive(runs: &[Done]) -> Value {
    let pages: Vec<Value> = runs.iter().map(|run| page(&run.report)).collect();
    let all = runs.iter().flat_map(|run| run.exchanges.iter().map(|exchange| (&run.report, exchange)));
    let mut all: Vec<(&FlowReport, &Exchange)> = all.collect();
    all.sort_by_key(|(_, exchange)| exchange.at);
    let entries: Vec<Value> = all.into_iter().map(|(report, exchange)| entry(report, exchange)).collect();
    json!({"log": {
        "version": "1.2",
        "creator": {"name": "watchkeeper", "version": env!("CARGO_PKG_VERSION")},
        "pages": pages,
        "entries": entries,
    }})
}

fn page(report: &FlowReport) -> Value {
    let at = report.failed_step.map(|step| format!(" at step {step}")).unwrap_or_default();
    json!({
        "startedDateTime": moment(report.at),
        "id": report.flow,
        "title": format!("{}: {}{at}", report.flow, report.verdict.word()),
        "pageTimings": {"onContentLoad": NONE, "onLoad": report.duration_ms},
        "comment": report.because.join("; "),
    })
}

fn entry(report: &FlowReport, exchange: &Exchange) -> Value {
    let (timings, time) = timings(exchange);
    let name = report.steps.iter().chain(&report.cleanup).find(|step| step.step == exchange.step);
    let mut entry = json!({
        "pageref": report.flow,
        "startedDateTime": moment(exchange.at),
        "time": time,
        "request": request(exchange),
        "response": response(exchange),
        "cache": {},
        "timings": timings,
        "comment": name.map_or_else(|| format!("step {}", exchange.step), |step| format!("step {}: {}", step.step, step.name)),
    });
    if let Some(peer) = exchange.peer {
        entry["serverIPAddress"] = json!(peer.ip().to_string());
        entry["_serverPort"] = json!(peer.port());
    }
    entry
}

fn request(exchange: &Exchange) -> Value {
    let url = exchange.url.split('#').next().unwrap_or_default();
    let query: Vec<Value> = match url.split_once('?') {
        Some((_, query)) => form_urlencoded::parse(query.as_bytes()).map(|(name, value)| pair(&name, &value)).collect(),
        None => Vec::new(),
    };
    let mut request = json!({
        "method": exchange.method,
        "url": url,
        "httpVersion": exchange.version,
        "cookies": sent_cookies(&exchange.request_headers),
        "headers": headers(&exchange.request_headers),
        "queryString": query,
        "headersSize": -1,
        "bodySize": exchange.request_body.as_ref().map_or(0, String::len),
    });
    if let Some(body) = &exchange.request_body {
        let mime = header(&exchange.request_headers, "content-type").unwrap_or("application/octet-stream");
        request["postData"] = json!({"mimeType": mime, "params": [], "text": body});
    }
    request
}

fn response(exchange: &Exchange) -> Value {
    let size = exchange.response_body.len();
    let mut response = json!({
        // Nothing is what the tools of browsers show of a request without an answer, too.
        "status": exchange.status.unwrap_or(0),
        "statusText": "",
        "httpVersion": exchange.version,
        "cookies": set_cookies(&exchange.response_headers),
        "headers": headers(&exchange.response_headers),
        "content": {
            "size": size,
            "mimeType": header(&exchange.response_headers, "content-type").unwrap_or("x-unknown"),
            "text": exchange.response_body,
        },
        "redirectURL": header(&exchange.response_headers, "location").unwrap_or_default(),
        "headersSize": -1,
        "bodySize": exchange.transferred,
    });
    if let Some(error) = &exchange.error {
        response["_error"] = json!(error);
    }
    response
}

/// The timings, in milliseconds, and their sum. In an archive `connect` holds `ssl`, and
/// the three that every request has are never negative.
fn timings(exchange: &Exchange) -> (Value, f64) {
    let [dns, connect, tls, ttfb, total] = {
        let Phases { dns, connect, tls, ttfb, total } = exchange.phases;
        [dns, connect, tls, ttfb, total].map(|length| length.map(whole))
    };
    let connect = connect.map(|connect| connect + tls.unwrap_or_default()).or(tls);
    let before = dns.unwrap_or_default() + connect.unwrap_or_default();
    let after = total.unwrap_or_default().saturating_sub(before);
    // Without an answer all that was left was waiting.
    let wait = ttfb.unwrap_or(after);
    let receive = after.saturating_sub(wait);
    let time = before + wait + receive;
    let timings = json!({
        "blocked": NONE,
        "dns": dns.map_or(NONE, millis),
        "connect": connect.map_or(NONE, millis),
        "ssl": tls.map_or(NONE, millis),
        "send": 0.0,
        "wait": millis(wait),
        "receive": millis(receive),
    });
    (timings, millis(time))
}

/// Whole microseconds, so that parts add up to what is written for all of them.
fn whole(length: Duration) -> Duration {
    length.saturating_sub(Duration::from_nanos(u64::from(length.subsec_nanos() % 1_000)))
}

/// In milliseconds, to the microsecond.
fn millis(length: Duration) -> f64 {
    (length.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// A moment in ISO 8601, to the millisecond.
fn moment(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn headers(headers: &[(String, String)]) -> Vec<Value> {
    headers.iter().map(|(name, value)| pair(name, value)).collect()
}

fn pair(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

/// The cookies of `Cookie`.
fn sent_cookies(headers: &[(String, String)]) -> Vec<Value> {
    let fields = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    let cookies = fields.flat_map(|(_, value)| value.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    cookies.map(|(name, value)| pair(name, value)).collect()
}

/// The cookies of `Set-Cookie`.
fn set_cookies(headers: &[(String, String)]) -> Vec<Value> {
    let fields = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    fields.filter_map(|(_, value)| set_cookie(value)).collect()
}

fn set_cookie(field: &str) -> Option<Value> {
    let mut parts = field.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let mut cookie = pair(name, value);
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        match key.to_ascii_lowercase().as_str() {
            "path" => cookie["path"] = json!(value),
            "domain" => cookie["domain"] = json!(value),
            "httponly" => cookie["httpOnly"] = json!(true),
            "secure" => cookie["secure"] = json!(true),
            _ => {}
        }
    }
    Some(cookie)
}

#[cfg(test)]
mod tests;
