//! What does a server answer over HTTP?

mod body;
mod cookies;
mod redirect;
mod request;
pub(super) mod wire;

use domain::probe::Seen;
use domain::probe::flow::{HttpStep, Redirects};
use hyper::HeaderMap;
use url::Url;

use self::request::Outgoing;
pub(super) use self::request::headers;
use self::wire::{Answer, Asking};
use crate::failed::Failed;
use crate::journey::Journey;
use crate::watch::Part;

/// Takes the step: asks, and follows redirects as far as it may.
///
/// # Errors
/// Why it came to no answer.
pub(super) async fn take(step: &HttpStep, with: &mut Journey<'_>) -> Result<Seen, Failed> {
    let mut outgoing = request::fill(step, with)?;
    let named = outgoing.url.clone();
    let most = match step.redirects {
        Redirects::Stay => None,
        Redirects::Follow(most) => Some(most),
    };
    let mut n_followed = 0;
    loop {
        let hop = hop(step, &outgoing, &named, with).await?;
        let location = most.and_then(|_| redirect::location(hop.status, &hop.headers));
        let Some(location) = location else { return Ok(seen(hop, &outgoing, with)) };
        if most.is_some_and(|most| n_followed >= most) {
            let because = format!("more than {n_followed} redirects: {} leads on to {location}", outgoing.url);
            return Err(Failed::new(because).with_tls(hop.tls));
        }
        n_followed += 1;
        outgoing =
            redirect::next(outgoing, hop.status, &location, &named, &with.secrets).map_err(|failed| failed.with_tls(hop.tls))?;
    }
}

/// An answer that came whole, or up to the cap.
struct Hop {
    status: u16,
    headers: HeaderMap,
    body: body::Decoded,
    tls: Option<domain::probe::seen::TlsSeen>,
}

/// Asks once, and reads the answer.
async fn hop(step: &HttpStep, outgoing: &Outgoing, named: &Url, with: &mut Journey<'_>) -> Result<Hop, Failed> {
    let headers = cookies::sent(outgoing, named, with);
    let asking = Asking {
        method: &outgoing.method,
        url: &outgoing.url,
        headers: &headers,
        body: outgoing.body.as_ref(),
        version: step.version,
        verify_tls: step.verify_tls,
    };
    let Answer { head, mut body, tls, lease } = wire::ask(with, &asking).await?;
    cookies::keep(&head.headers, &outgoing.url, with);
    let read = wire::read(&mut body, with).await;
    with.watch.enter(Part::Own);
    let read = read.map_err(|failed| failed.with_tls(tls.clone()))?;
    if read.is_cut {
        drop(lease);
    } else {
        lease.give_back(with);
    }
    let has_body = outgoing.method != hyper::Method::HEAD;
    let decoded = body::decode(&head.headers, read, with.body_max, has_body).map_err(|failed| failed.with_tls(tls.clone()))?;
    if decoded.is_cut {
        with.recorder.cut_off();
    }
    with.recorder.finished(&decoded.bytes, decoded.transferred, with.watch.phases());
    Ok(Hop { status: head.status.as_u16(), headers: head.headers, body: decoded, tls })
}

/// The last answer, as expectations see it.
fn seen(hop: Hop, outgoing: &Outgoing, with: &Journey<'_>) -> Seen {
    Seen {
        status: Some(hop.status),
        headers: wire::written(&hop.headers),
        cookies: cookies::known(&outgoing.url, with),
        size: hop.body.bytes.len() as u64,
        is_cut: hop.body.is_cut,
        body: hop.body.bytes,
        tls: hop.tls,
        ..Seen::default()
    }
}
