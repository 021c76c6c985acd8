//! RDS Data's `ExecuteStatement` on databases that know two statements: one shows all
//! sessions, one ends a session. Which of them it is says the comment at the
//! statement's beginning; the SQL behind it is not read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::wire::{Answer, Call};

/// Begins the statement that shows all sessions: process, user, state, begin, seconds
/// in that state, application, whether it is a superuser's, whether it is the asker's.
pub const SHOW: &str = "/* watchkeeper:sessions */";
/// Begins the statement that ends the session of the parameters `pid` and
/// `backend_start`.
pub const END: &str = "/* watchkeeper:end-session */";

/// The process of whoever asks.
const OWN_PID: i64 = 1;

/// A session of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The number of its process.
    pub pid: i64,
    /// Whose it is.
    pub user: String,
    /// `active`, `idle` or `idle in transaction`.
    pub state: String,
    /// When it was begun.
    pub backend_start: Timestamp,
    /// Since when it is in its state.
    pub state_change: Timestamp,
    /// What its program calls itself.
    pub application: String,
    /// Whether its user may do everything; whoever asks may not end it.
    pub is_superuser: bool,
}

/// The databases of a region, by the ARN of their cluster, with their sessions.
#[derive(Debug, Clone, Default)]
pub struct Sessions {
    databases: BTreeMap<String, Vec<Session>>,
    ended: Vec<Session>,
}

/// When a session was begun, as the statements have it: UTC with microseconds.
fn written(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

impl Sessions {
    /// Adds a database, or changes what goes on in it.
    pub fn set(&mut self, cluster_arn: &str, sessions: Vec<Session>) {
        self.databases.insert(cluster_arn.to_owned(), sessions);
    }

    /// The sessions of a database now.
    pub fn of(&self, cluster_arn: &str) -> &[Session] {
        self.databases.get(cluster_arn).map_or(&[], Vec::as_slice)
    }

    /// Every session that was ended so far, in order.
    pub fn ended(&self) -> &[Session] {
        &self.ended
    }

    /// Answers `ExecuteStatement`. Only databases that were added have an endpoint.
    pub fn answer(&mut self, now: Timestamp, call: &Call) -> Answer {
        let arn = call.text("resourceArn");
        if call.text("secretArn").is_empty() {
            return bad_request("Secret ARN is missing");
        }
        let Some(sessions) = self.databases.get_mut(arn) else {
            return bad_request(&format!("HttpEndpoint is not enabled for resource {arn}"));
        };
        let sql = call.text("sql").trim_start();
        if sql.starts_with(SHOW) {
            let own = std::iter::once(own(now));
            let shown: Vec<Value> = sessions.iter().map(|it| record(now, it, false)).chain(own).collect();
            return records(&shown);
        }
        if !sql.starts_with(END) {
            return error("DatabaseErrorException", "ERROR: syntax error; SQLState: 42601");
        }
        let (pid, begun) = (&parameter(call, "pid")["longValue"], &parameter(call, "backend_start")["stringValue"]);
        let (Some(pid), Some(begun)) = (pid.as_i64(), begun.as_str()) else {
            return bad_request("Cannot find parameter: pid and backend_start are needed");
        };
        match sessions.iter().position(|it| it.pid == pid && written(it.backend_start) == begun) {
            None => records(&[]),
            Some(at) if sessions[at].is_superuser => {
                error("DatabaseErrorException", "ERROR: permission denied to terminate process; SQLState: 42501")
            }
            Some(at) => {
                self.ended.push(sessions.remove(at));
                records(&[json!([{"booleanValue": true}])])
            }
        }
    }
}

fn parameter<'c>(call: &'c Call, name: &str) -> &'c Value {
    let parameters = call.input["parameters"].as_array();
    parameters.into_iter().flatten().find(|it| it["name"] == name).map_or(&Value::Null, |it| &it["value"])
}

fn own(now: Timestamp) -> Value {
    let own = Session {
        pid: OWN_PID,
        user: "watchkeeper".to_owned(),
        state: "active".to_owned(),
        backend_start: now,
        state_change: now,
        application: "rds-data".to_owned(),
        is_superuser: false,
    };
    record(now, &own, true)
}

fn record(now: Timestamp, session: &Session, is_self: bool) -> Value {
    json!([
        {"longValue": session.pid},
        {"stringValue": session.user},
        {"stringValue": session.state},
        {"stringValue": written(session.backend_start)},
        {"longValue": now.duration_since(session.state_change).as_secs()},
        {"stringValue": session.application},
        {"booleanValue": session.is_superuser},
        {"booleanValue": is_self},
    ])
}

fn records(records: &[Value]) -> Answer {
    Answer::json(&json!({"records": records, "numberOfRecordsUpdated": 0}))
}

fn bad_request(message: &str) -> Answer {
    error("BadRequestException", message)
}

fn error(code: &str, message: &str) -> Answer {
    Answer::error(400, code, message)
}
