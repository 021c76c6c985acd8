//! A job says that it lives: is it that job, and what does it say?
//!
//! `POST /ping/<heartbeat>/<token>` says that it has succeeded; with `/start`, `/fail` or
//! an exit code at its end that it has begun or how it has ended. The beginning of the
//! body is kept as its log. GET does nothing: whatever reads addresses would say for the
//! job that it lives.

use std::time::Duration;

use aws::store::{CommitError, Row, Write};
use domain::heartbeat::source::is_id;
use domain::heartbeat::{Ping, State};
use jiff::Timestamp;
use runtime::{Failure, conflict_pause};
use tracing::{info, warn};

use crate::http::{Request, Response};
use crate::{ATTEMPTS_MAX, Console};

/// How the addresses of pings begin.
pub(crate) const PING_PATH: &str = "/ping/";
/// How often the table is asked again that is busy. Its client has tried thrice by then.
const BUSY_MAX: u32 = 2;
/// How long that waits.
const BUSY_PAUSE: Duration = Duration::from_millis(300);

/// What the address of a ping says.
struct Address<'a> {
    id: &'a str,
    token: &'a str,
    ping: Ping,
}

impl<'a> Address<'a> {
    fn read(path: &'a str) -> Option<Address<'a>> {
        let mut parts = path.strip_prefix(PING_PATH)?.trim_end_matches('/').splitn(3, '/');
        let (id, token) = (parts.next()?, parts.next()?);
        Some(Address { id, token, ping: Ping::parse(parts.next().unwrap_or_default())? })
    }
}

impl Console {
    /// Takes one ping.
    pub(crate) async fn ping(&self, now: Timestamp, request: &Request, seed: u64) -> Result<Response, Failure> {
        if request.method != "POST" {
            return Ok(not_by_get(request));
        }
        let Some(Address { id, token, ping }) = Address::read(&request.path) else { return Ok(unknown()) };
        // Whoever guesses learns nothing of which names there are.
        if !is_id(id) || !self.key().await?.is_heartbeat(id, token) {
            return Ok(unknown());
        }
        let mut n_busy = 0;
        for attempt in 0..ATTEMPTS_MAX {
            match self.note(now, id, ping, &request.body).await {
                Ok(true) => {
                    info!(heartbeat = id, ping = ?ping, "a job was heard of");
                    return Ok(Response::text(200, "ok\n"));
                }
                Ok(false) => return Ok(gone(id)),
                Err(CommitError::Conflict { .. }) => tokio::time::sleep(conflict_pause(attempt, seed)).await,
                Err(CommitError::Store(error)) if error.may_pass() && n_busy < BUSY_MAX => {
                    n_busy += 1;
                    tokio::time::sleep(BUSY_PAUSE).await;
                }
                Err(CommitError::Store(error)) if error.may_pass() => {
                    warn!(heartbeat = id, "a ping could not be stored, and its job was told so: {error}");
                    break;
                }
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Ok(Response::text(503, "not stored: try again\n").with("retry-after", "5"))
    }

    /// Notes what a job says; false if nobody watches it any more. One that is not
    /// watched yet may have been installed a moment ago.
    async fn note(&self, now: Timestamp, id: &str, ping: Ping, log: &str) -> Result<bool, CommitError> {
        let stored = self.store.heartbeat(id).await?;
        let mut state = stored.as_ref().map_or_else(|| State::new(id), |stored| stored.value.clone());
        if state.retired_at.is_some() {
            return Ok(false);
        }
        state.heard = state.heard.ping(now, ping, log);
        if stored.as_ref().is_some_and(|stored| stored.value == state) {
            return Ok(true);
        }
        self.store.commit(vec![Write::over(Row::Heartbeat(Box::new(state)), stored.as_ref())]).await?;
        Ok(true)
    }
}

/// The answer to whoever knows no address that is good.
fn unknown() -> Response {
    Response::text(
        404,
        "There is no such heartbeat, or the token in the address is not its own.\nwatchkeeper heartbeat url ID says it.\n",
    )
}

fn gone(id: &str) -> Response {
    Response::text(410, &format!("The heartbeat {id} is not in the file of probes any more: nobody waits for this ping.\n"))
}

/// The answer to whoever only looks, with what would be right.
fn not_by_get(request: &Request) -> Response {
    let is_plain = |text: &str| {
        !text.is_empty() && text.len() < 300 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_.-:".contains(&byte))
    };
    let host = request.header("host");
    let address = if is_plain(host) && is_plain(&request.path) {
        format!("https://{host}{}", request.path.trim_end_matches('/'))
    } else {
        "https://CONSOLE/ping/ID/TOKEN".to_owned()
    };
    let text = format!("A ping is a POST; to look changes nothing.\n\n    curl -fsS -m 10 --retry 5 -X POST {address}\n");
    Response::text(405, &text).with("allow", "POST")
}
