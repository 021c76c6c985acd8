//! The page of an incident, made for a phone in one hand: what is wrong on top,
//! the buttons within reach of the thumb, the record below.

use std::fmt::Write as _;

use aws::store::IncidentRows;
use domain::incident::{AlertRecord, Incident, Status};
use domain::link::{FORM_LINK, Grant, LinkKey};
use domain::message::moment;
use domain::policy::Policy;
use domain::remediation::Stage;
use domain::span::Span;
use domain::timeline::Entry;
use jiff::Timestamp;

/// Lines of the record that are shown.
const ENTRIES_MAX: usize = 200;
/// Alerts that are shown.
const ALERTS_MAX: usize = 30;

const STYLE: &str = "\
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#5b6570;--line:#d8dee4;--card:#f6f8fa;--ok:#1a7f37;--go:#0b5fb0;--stop:#b42318;--warn:#9a6700}\
@media(prefers-color-scheme:dark){:root{--bg:#0e1116;--fg:#e8edf2;--dim:#9aa5b1;--line:#2c333b;--card:#171c22;--ok:#4ac26b;--go:#5aa9f0;--stop:#ff7b72;--warn:#e3b341}}\
*{box-sizing:border-box}\
body{margin:0;background:var(--bg);color:var(--fg);font:17px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;overflow-wrap:anywhere}\
main{max-width:40rem;margin:0 auto;padding:1rem 1rem 9rem}\
h1{font-size:1.35rem;line-height:1.25;margin:.5rem 0}\
h2{font-size:.8rem;text-transform:uppercase;letter-spacing:.06em;color:var(--dim);margin:1.6rem 0 .5rem}\
p{margin:.4rem 0}.dim{color:var(--dim)}.id{font:600 1rem ui-monospace,monospace}\
.badge{display:inline-block;border-radius:.4rem;padding:.1rem .55rem;font-weight:700;color:#fff;background:var(--dim)}\
.P1{background:#b42318}.P2{background:#b35900}.P3{background:#0b5fb0}.P4{background:#57606a}\
.said{border-radius:.6rem;padding:.7rem .9rem;font-weight:600;border:2px solid var(--ok)}.said.no{border-color:var(--stop)}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem .8rem;margin:0}dt{color:var(--dim)}dd{margin:0}\
ul{list-style:none;margin:0;padding:0}li{border-top:1px solid var(--line);padding:.5rem 0}li:first-child{border-top:0}\
time{color:var(--dim);font-size:.85rem;display:block}.why{color:var(--dim);font-size:.9rem}\
.card{background:var(--card);border:1px solid var(--line);border-radius:.7rem;padding:.8rem .9rem;margin:.5rem 0}\
button{width:100%;min-height:3.4rem;border:0;border-radius:.8rem;font:600 1.1rem system-ui,sans-serif;color:#fff;background:#0b5fb0;touch-action:manipulation}\
button.plain{background:transparent;color:var(--fg);border:1px solid var(--line)}button.stop{background:#b42318}\
form{margin:0;flex:1}.row{display:flex;gap:.6rem}.card .row{margin-top:.7rem}\
.bar{position:fixed;inset:auto 0 0 0;background:var(--bg);border-top:1px solid var(--line);padding:.7rem 1rem calc(.7rem + env(safe-area-inset-bottom))}\
.bar .row{max-width:40rem;margin:0 auto}a{color:var(--go)}";

/// What the page shows.
pub(crate) struct View<'v> {
    pub(crate) now: Timestamp,
    pub(crate) policy: &'v Policy,
    pub(crate) rows: &'v IncidentRows,
    pub(crate) members: &'v [AlertRecord],
    pub(crate) timeline: &'v [Entry],
    /// For whom the link was made.
    pub(crate) who: &'v str,
    /// The token with which the page can be read again.
    pub(crate) token: &'v str,
    pub(crate) key: &'v LinkKey,
    /// What has just been done.
    pub(crate) said: Option<&'v Result<String, String>>,
}

/// Text as HTML.
fn esc(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for ch in text.chars() {
        match ch {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            ch => out.push(ch),
        }
    }
    out
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1,viewport-fit=cover\">\
         <meta name=\"robots\" content=\"noindex\"><title>{}</title><style>{STYLE}</style></head><body>{body}</body></html>\n",
        esc(title)
    )
}

/// A page that says why there is nothing to see.
pub(crate) fn sorry(what: &str, advice: &str) -> String {
    document("Watchkeeper", &format!("<main><h1>{}</h1><p class=\"dim\">{}</p></main>", esc(what), esc(advice)))
}

/// The page of an incident.
pub(crate) fn incident(view: &View<'_>) -> String {
    let incident = &view.rows.incident.value;
    let mut body = String::from("<main>");
    if let Some(said) = view.said {
        let (class, sentence) = match said {
            Ok(sentence) => ("said", sentence),
            Err(sentence) => ("said no", sentence),
        };
        let _ = write!(body, "<p class=\"{class}\" role=\"status\">{}</p>", esc(sentence));
    }
    let _ = write!(
        body,
        "<p><span class=\"badge {p}\">{p} {word}</span> <span class=\"id\">{id}</span></p><h1>{title}</h1><p>{status}</p>",
        p = incident.priority,
        word = incident.priority.word(),
        id = incident.id,
        title = esc(&incident.title),
        status = esc(&status(view.now, incident)),
    );
    facts(&mut body, view, incident);
    remedies(&mut body, view, incident);
    alerts(&mut body, view.members);
    record(&mut body, view.timeline);
    let _ = write!(
        body,
        "<p class=\"dim\">You are here as {}. <a href=\"?k={}\">Look again</a></p></main>",
        esc(view.who),
        esc(view.token)
    );
    buttons(&mut body, view, incident);
    document(&format!("{} {}", incident.priority, incident.title), &body)
}

fn status(now: Timestamp, incident: &Incident) -> String {
    let ago = |at: Timestamp| format!("{} ({} ago)", moment(at), Span::between(at, now).spoken());
    match &incident.status {
        Status::Triggered => format!("Nobody has answered. Opened {}.", ago(incident.opened_at)),
        Status::Acknowledged { by, at, .. } => format!("{by} has it since {}.", ago(*at)),
        Status::Resolved { at, .. } | Status::Closed { at } => format!("Resolved {}.", ago(*at)),
    }
}

fn facts(body: &mut String, view: &View<'_>, incident: &Incident) {
    body.push_str("<dl>");
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = write!(body, "<dt>{}</dt><dd>{}</dd>", esc(name), esc(value));
        }
    };
    fact("Service", incident.service().unwrap_or_default());
    fact("Team", incident.labels.get("team"));
    fact("About", &incident.summary);
    fact("Reason", &incident.reason);
    fact("Because", &incident.because.join("; "));
    if let Some(why) = incident.suppressed.as_deref().or(incident.waiting.as_deref()) {
        fact("Held back", why);
    }
    body.push_str("</dl>");
    let dashboard =
        incident.service().and_then(|name| view.policy.services.get(name)).and_then(|service| service.dashboard.as_deref());
    for (name, address) in [("Runbook", incident.runbook.as_deref()), ("Dashboard", dashboard)] {
        // The policy's own links, and only those that lead to the web.
        if let Some(address) = address.filter(|address| address.starts_with("https://") || address.starts_with("http://")) {
            let _ = write!(body, "<p><a href=\"{}\" rel=\"noreferrer\">{name}</a></p>", esc(address));
        }
    }
}

fn remedies(body: &mut String, view: &View<'_>, incident: &Incident) {
    if view.rows.remedies.is_empty() {
        return;
    }
    body.push_str("<h2>Remediation</h2>");
    for remedy in view.rows.remedies.iter().map(|stored| &stored.value) {
        let _ = write!(
            body,
            "<div class=\"card\"><p><strong>{}</strong></p><p>{}</p>",
            esc(&remedy.name),
            esc(&remedy.stage.sentence())
        );
        if let Stage::Asked { .. } = remedy.stage {
            let _ = write!(
                body,
                "<div class=\"row\">{}{}</div>",
                form(view, incident, &Grant::Approve(remedy.name.clone()), Some(&remedy.name), "Approve", "stop"),
                form(view, incident, &Grant::Decline(remedy.name.clone()), Some(&remedy.name), "Decline", "plain"),
            );
        }
        body.push_str("</div>");
    }
}

/// A button that does one thing.
fn form(view: &View<'_>, incident: &Incident, grant: &Grant, remediation: Option<&str>, label: &str, class: &str) -> String {
    let what = match grant {
        Grant::Show => "show",
        Grant::Acknowledge => "acknowledge",
        Grant::Resolve => "resolve",
        Grant::Approve(_) => "approve",
        Grant::Decline(_) => "decline",
    };
    let token = view.key.sign(&incident.id, grant, view.who, FORM_LINK.after(view.now));
    let hidden = remediation
        .map_or_else(String::new, |name| format!("<input type=\"hidden\" name=\"remediation\" value=\"{}\">", esc(name)));
    format!(
        "<form method=\"post\"><input type=\"hidden\" name=\"do\" value=\"{what}\">\
         <input type=\"hidden\" name=\"k\" value=\"{}\">{hidden}<button class=\"{class}\">{}</button></form>",
        esc(&token),
        esc(label)
    )
}

fn buttons(body: &mut String, view: &View<'_>, incident: &Incident) {
    let forms = match incident.status {
        Status::Triggered => {
            form(view, incident, &Grant::Resolve, None, "Resolve", "plain")
                + &form(view, incident, &Grant::Acknowledge, None, "Acknowledge", "")
        }
        Status::Acknowledged { .. } => form(view, incident, &Grant::Resolve, None, "Resolve", ""),
        Status::Resolved { .. } | Status::Closed { .. } => return,
    };
    let _ = write!(body, "<div class=\"bar\"><div class=\"row\">{forms}</div></div>");
}

fn alerts(body: &mut String, members: &[AlertRecord]) {
    if members.is_empty() {
        return;
    }
    let n_firing = members.iter().filter(|member| member.is_firing()).count();
    let _ = write!(body, "<h2>Alerts: {n_firing} of {} firing</h2><ul>", members.len());
    let mut sorted: Vec<&AlertRecord> = members.iter().collect();
    sorted.sort_by_key(|member| (!member.is_firing(), member.alert.name.clone()));
    for member in sorted.iter().take(ALERTS_MAX) {
        let since = member.history.deciding().map(|transition| moment(transition.state_at)).unwrap_or_default();
        let _ = write!(
            body,
            "<li>{} <strong>{}</strong><time>since {since}</time></li>",
            if member.is_firing() { "🔴" } else { "🟢" },
            esc(&member.alert.name)
        );
    }
    if members.len() > ALERTS_MAX {
        let _ = write!(body, "<li class=\"dim\">and {} more</li>", members.len() - ALERTS_MAX);
    }
    body.push_str("</ul>");
}

fn record(body: &mut String, timeline: &[Entry]) {
    body.push_str("<h2>Record</h2><ul>");
    for entry in timeline.iter().rev().take(ENTRIES_MAX) {
        let _ =
            write!(body, "<li><time>{}</time>{}", esc(&entry.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()), esc(&entry.text));
        if !entry.because.is_empty() {
            let _ = write!(body, "<p class=\"why\">because {}</p>", esc(&entry.because.join("; ")));
        }
        body.push_str("</li>");
    }
    body.push_str("</ul>");
}
