//! Who is connected to a `PostgreSQL` database, and which sessions may be ended?

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::span::Span;
use crate::text::clean;

/// Most sessions that a look shows, those longest in their state first. Together with
/// the longest names they stay below the Data API's answer of 1 MiB.
pub const SESSIONS_MAX: usize = 2_000;
/// Most sessions that a policy may have ended at once.
const AT_MOST_MAX: u32 = 500;
/// The shortest time after which a policy may call a session idle.
const IDLE_FOR_MIN: Span = Span::seconds(30);
/// Longest name of `PostgreSQL`, in characters.
const NAME_MAX: usize = 63;
/// Longest name of a state: `idle in transaction (aborted)` and some more.
const STATE_MAX: usize = 40;
/// How many names are told of many.
const NAMES_TOLD: usize = 3;
/// Users by whom RDS itself is connected, whatever rights they show.
const OF_RDS: [&str; 5] = ["rdsadmin", "rdsproxyadmin", "rdsrepladmin", "rdstopmgr", "rdswriteforwarduser"];

/// Which sessions may be ended, and how the database is reached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndSessions {
    /// The ARN of the secret with the user's name and password. The user needs
    /// `pg_monitor`, to see in which states sessions are, and `pg_signal_backend`, to
    /// end those of others.
    pub secret_arn: String,
    /// The database to connect to. Sessions of all databases of the cluster are seen.
    pub database: String,
    /// The cluster's ARN, to be sure; that of the instance's cluster if not given.
    /// Instances of other clusters are refused altogether.
    #[serde(default)]
    pub cluster_arn: Option<String>,
    /// How long they must have been in their state; at least 30s, and 10m unless said
    /// otherwise. Never shortened by a drill: it is about the world outside.
    #[serde(default = "ten_minutes")]
    pub idle_for: Span,
    /// How many are ended at most, 1 to 500; 20 unless said otherwise.
    #[serde(default = "twenty")]
    pub at_most: u32,
    /// In which states they must be; `idle` and `idle in transaction (aborted)` unless
    /// said otherwise. In both nothing is lost that was not lost before. Whoever is
    /// `idle in transaction` loses what was not committed: to name that state is to
    /// agree to it once and for all, so that ending these sessions is not called
    /// disruptive either.
    #[serde(default = "harmless")]
    pub states: Vec<SessionState>,
    /// Users whose sessions are left alone, as administrators' always are.
    #[serde(default)]
    pub spare_users: Vec<String>,
}

/// A state in which a session may be ended: it does nothing for anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SessionState {
    /// It waits for its client's next statement.
    #[serde(rename = "idle")]
    Idle,
    /// The same within a transaction.
    #[serde(rename = "idle in transaction")]
    IdleInTransaction,
    /// The same within a transaction that can only be rolled back.
    #[serde(rename = "idle in transaction (aborted)")]
    Aborted,
}

impl SessionState {
    /// The state as `PostgreSQL` calls it.
    pub const fn word(self) -> &'static str {
        match self {
            SessionState::Idle => "idle",
            SessionState::IdleInTransaction => "idle in transaction",
            SessionState::Aborted => "idle in transaction (aborted)",
        }
    }
}

/// How the Data API reaches a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataApi {
    /// The cluster's ARN.
    pub cluster_arn: String,
    /// The ARN of the secret with the user's name and password.
    pub secret_arn: String,
    /// The database to connect to.
    pub database: String,
}

/// What a look showed of a database's sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sessions {
    /// It was not asked for.
    NotAsked,
    /// They could not be seen: why.
    Hidden(String),
    /// These, [`SESSIONS_MAX`] at most.
    Listed(Vec<Session>),
}

/// Names a session: numbers of processes are used again, but not at the same moment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionId {
    /// The number of its process.
    pub pid: i64,
    /// When it was begun: ISO 8601, UTC, with microseconds.
    pub backend_start: String,
}

/// A client's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    id: SessionId,
    user: String,
    state: String,
    in_state: Span,
    application: String,
    is_administrator: bool,
    is_own: bool,
}

/// A session that is to be ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedSession {
    /// Which.
    #[serde(flatten)]
    pub id: SessionId,
    /// Whose, as it may be shown.
    pub user: String,
    /// In which state. It is ended only in this.
    pub state: SessionState,
}

impl Session {
    /// A session in no particular state. Names are written by whoever connects, so
    /// they are cleaned here.
    pub fn new(id: SessionId, user: &str) -> Session {
        let user = clean(user, NAME_MAX);
        let (state, application) = (String::new(), String::new());
        Session { id, user, state, in_state: Span::ZERO, application, is_administrator: false, is_own: false }
    }

    /// The same in a state, for so long.
    #[must_use]
    pub fn with_state(self, state: &str, in_state: Span) -> Session {
        Session { state: clean(state, STATE_MAX), in_state, ..self }
    }

    /// The same of an application, as that calls itself.
    #[must_use]
    pub fn with_application(self, application: &str) -> Session {
        Session { application: clean(application, NAME_MAX), ..self }
    }

    /// The same of an administrator: a superuser, or who replicates or may do as much.
    #[must_use]
    pub fn with_administrator(self, is_administrator: bool) -> Session {
        Session { is_administrator, ..self }
    }

    /// The same as the session in which the question was asked.
    #[must_use]
    pub fn with_own(self, is_own: bool) -> Session {
        Session { is_own, ..self }
    }

    /// Which it is.
    pub const fn id(&self) -> &SessionId {
        &self.id
    }

    /// Whose it is, as it may be shown.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// In which state it is, as it may be shown; empty if that cannot be seen.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// For how long it has been in its state.
    pub const fn in_state(&self) -> Span {
        self.in_state
    }

    /// Whether it is an administrator's.
    pub const fn is_administrator(&self) -> bool {
        self.is_administrator
    }

    /// Whether it is the session in which the question was asked.
    pub const fn is_own(&self) -> bool {
        self.is_own
    }

    /// The one of these states that it is in for so long at least.
    fn has_been(&self, states: &[SessionState], idle_for: Span) -> Option<SessionState> {
        let state = states.iter().find(|state| state.word() == self.state)?;
        (self.in_state >= idle_for).then_some(*state)
    }

    /// Whether it is still as it was when it was chosen, for so long at least.
    pub(super) fn is_still(&self, chosen: &EndedSession, idle_for: Span) -> bool {
        self.id == chosen.id && self.has_been(&[chosen.state], idle_for).is_some()
    }
}

fn ten_minutes() -> Span {
    Span::minutes(10)
}

const fn twenty() -> u32 {
    20
}

fn harmless() -> Vec<SessionState> {
    vec![SessionState::Idle, SessionState::Aborted]
}

impl EndSessions {
    /// What is wrong with the parameters: which one, and why.
    pub(super) fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if !is_arn(&self.secret_arn, "secretsmanager", "secret", "/_+=.@-") {
            let why = "this is not the ARN of a secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME";
            problems.push(("sessions.secret_arn", why.to_owned()));
        }
        if self.database.trim().is_empty() {
            problems.push(("sessions.database", "name the database to connect to".to_owned()));
        }
        if self.cluster_arn.as_ref().is_some_and(|arn| !is_arn(arn, "rds", "cluster", "-")) {
            let why = "this is not the ARN of a cluster: arn:aws:rds:REGION:ACCOUNT:cluster:NAME";
            problems.push(("sessions.cluster_arn", why.to_owned()));
        }
        if self.idle_for < IDLE_FOR_MIN {
            let why = format!("`{}` is shorter than {IDLE_FOR_MIN}: a pool that is in use would lose sessions", self.idle_for);
            problems.push(("sessions.idle_for", why));
        }
        if !(1..=AT_MOST_MAX).contains(&self.at_most) {
            problems.push(("sessions.at_most", format!("`{}` is not from 1 to {AT_MOST_MAX}", self.at_most)));
        }
        if self.states.is_empty() {
            let why = "name the states in which sessions may be ended, or take it out";
            problems.push(("sessions.states", why.to_owned()));
        }
        problems
    }

    /// The sessions to end, those longest in their state first.
    pub(super) fn chosen(&self, sessions: &[Session]) -> Vec<EndedSession> {
        let mut fitting: Vec<(&Session, SessionState)> = sessions
            .iter()
            .filter(|session| !self.is_spared(session))
            .filter_map(|session| Some((session, session.has_been(&self.states, self.idle_for)?)))
            .collect();
        fitting.sort_by_key(|(session, _)| (Reverse(session.in_state), session.id.backend_start.clone(), session.id.pid));
        fitting
            .into_iter()
            .take(usize::try_from(self.at_most).unwrap_or(usize::MAX))
            .map(|(session, state)| EndedSession { id: session.id.clone(), user: session.user.clone(), state })
            .collect()
    }

    fn is_spared(&self, session: &Session) -> bool {
        let user = session.user.as_str();
        // Whose it is cannot be told without a name.
        session.is_own
            || session.is_administrator
            || user.is_empty()
            || OF_RDS.contains(&user)
            || self.spare_users.iter().any(|spared| clean(spared, NAME_MAX) == user)
    }
}

/// Whether this is an ARN of a service's resource of a kind, with a name of letters,
/// digits and these other characters.
fn is_arn(arn: &str, service: &str, kind: &str, others: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let [head, partition, of, region, account, resource, name] = parts.as_slice() else { return false };
    let is_word =
        |text: &str, others: &str| !text.is_empty() && text.chars().all(|ch| ch.is_ascii_alphanumeric() || others.contains(ch));
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (*head, *of, *resource) == ("arn", service, kind)
        && is_word(partition, "-")
        && is_word(region, "-")
        && is_account
        && is_word(name, others)
}

/// Sessions that were begun first. While one of these is there the database has not
/// been restarted.
pub(super) fn first_begun(sessions: &[Session], n: usize) -> Vec<SessionId> {
    let mut ids: Vec<&SessionId> = sessions.iter().filter(|session| !session.is_own).map(Session::id).collect();
    ids.sort_by_key(|id| (&id.backend_start, id.pid));
    ids.into_iter().take(n).cloned().collect()
}

/// How many are connected but for ourselves.
pub(super) fn n_connections(sessions: &[Session]) -> usize {
    sessions.iter().filter(|session| !session.is_own).count()
}

/// Who is connected, in a sentence without its full stop: never what they ask.
pub(super) fn diagnosis(sessions: &[Session]) -> String {
    let others: Vec<&Session> = sessions.iter().filter(|session| !session.is_own).collect();
    let at_least = if sessions.len() >= SESSIONS_MAX { "at least " } else { "" };
    let total = format!("{at_least}{}", counted(others.len(), "connection"));
    if others.is_empty() {
        return total;
    }
    let mut states: BTreeMap<&str, (usize, Span)> = BTreeMap::new();
    for session in &others {
        let (n, oldest) = states.entry(&session.state).or_default();
        *n += 1;
        *oldest = session.in_state.max(*oldest);
    }
    let mut states: Vec<(&str, (usize, Span))> = states.into_iter().collect();
    states.sort_by_key(|(_, (n, _))| Reverse(*n));
    let states: Vec<String> = states
        .into_iter()
        .map(|(state, (n, oldest))| match state {
            "" => format!("{n} in a state that cannot be seen"),
            state => format!("{n} {state} (oldest {})", oldest.spoken()),
        })
        .collect();
    let (users, applications) = (others.iter().map(|it| it.user.as_str()), others.iter().map(|it| it.application.as_str()));
    format!("{total}: {}; by user: {}; by application: {}", states.join(", "), told(users), told(applications))
}

/// How often each name is there, the most frequent first: `10 app, 2 reports`.
pub(super) fn told<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, n)| Reverse(*n));
    let rest = counts.split_off(counts.len().min(NAMES_TOLD));
    let mut parts: Vec<String> =
        counts.into_iter().map(|(name, n)| format!("{n} {}", if name.is_empty() { "without a name" } else { name })).collect();
    if !rest.is_empty() {
        parts.push(format!("{} of {}", rest.iter().map(|(_, n)| n).sum::<usize>(), counted(rest.len(), "other")));
    }
    parts.join(", ")
}

/// States as people read them: `idle or idle in transaction`.
pub(super) fn either(states: &[SessionState]) -> String {
    states.iter().map(|state| state.word()).collect::<Vec<_>>().join(" or ")
}

/// A number with its noun.
pub(super) fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
