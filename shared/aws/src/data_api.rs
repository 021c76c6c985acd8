//! Sessions of Aurora `PostgreSQL`, through RDS's Data API: who is connected, and the
//! end of some of them.
//!
//! The Data API needs a connection of its own, so it may fail just when the database
//! is full. What then may pass is sorted so, and no call waits for long: neither for a
//! full database nor for one that is paused and wakes up. The statements only read the
//! server's own state, so they wait for no lock; what is left of one that was given up
//! the Data API ends after 45 seconds.

use std::time::Duration;

use aws_sdk_rdsdata::config::Builder;
use aws_sdk_rdsdata::error::SdkError;
use aws_sdk_rdsdata::operation::execute_statement::ExecuteStatementError;
use aws_sdk_rdsdata::types::{Field, SqlParameter};
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use aws_smithy_types::timeout::TimeoutConfig;
use domain::remediation::action::{DataApi, EndSessionsPlan, EndedSession, SESSIONS_MAX, Session, SessionId};
use domain::span::Span;
use futures_util::FutureExt as _;
use futures_util::future::join_all;

use crate::{Aws, AwsError};

const CALL: &str = "rds-data:ExecuteStatement";
/// One try of a statement: a first connection takes longer than other calls.
const ATTEMPT: Duration = Duration::from_secs(6);
/// A statement with its retries.
const OPERATION: Duration = Duration::from_secs(8);
/// The ends of all sessions of a plan. What is not ended by then is left to the next
/// tick: the remediator has 45 seconds.
const ENDING: Duration = Duration::from_secs(20);
/// How many are ended at the same time; each needs a connection for a moment.
const AT_ONCE: usize = 4;

/// What is said by a database that may be reached later.
const PASSING: [&str; 4] =
    ["DatabaseResumingException", "DatabaseUnavailableException", "InvalidResourceStateException", "StatementTimeoutException"];
/// The same within a message, in lower case: other codes stand for it, too.
const PASSING_MESSAGES: [&str; 5] = [
    "too many connections",
    "too many clients",
    "remaining connection slots",
    "connection is not available",
    "communications link failure",
];

/// Shows all sessions of clients, those longest in their state first. What decides
/// stands in the domain; who may do everything only the database knows. A colon would
/// begin a parameter, so the statement has none, not even in a format.
fn look() -> String {
    format!(
        "/* watchkeeper:sessions */
         SELECT a.pid,
                coalesce(CAST(a.usename AS text), ''),
                coalesce(a.state, ''),
                replace(to_char(a.backend_start AT TIME ZONE 'utc', 'YYYY-MM-DD\"T\"HH24_MI_SS.US\"Z\"'), '_', chr(58)),
                CAST(greatest(coalesce(floor(extract(epoch FROM clock_timestamp() - a.state_change)), 0), 0) AS bigint),
                coalesce(a.application_name, ''),
                coalesce(r.rolsuper OR r.rolreplication OR r.rolname = 'rdsadmin' OR EXISTS (
                    SELECT 1 FROM pg_roles s
                    WHERE s.rolname IN ('rds_superuser', 'rds_replication') AND pg_has_role(r.oid, s.oid, 'MEMBER')
                ), true),
                a.pid = pg_backend_pid()
         FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid
         WHERE a.backend_type = 'client backend' AND a.backend_start IS NOT NULL
         ORDER BY a.state_change NULLS LAST
         LIMIT {SESSIONS_MAX}"
    )
}

/// Ends a session if it is still the one that was meant, in the state for which it was
/// chosen, and for as long as the policy wants: in between it may have been used.
const END: &str = "/* watchkeeper:end-session */
    SELECT pg_terminate_backend(a.pid)
    FROM pg_stat_activity a
    WHERE a.pid = CAST(:pid AS integer)
      AND a.backend_start = CAST(:backend_start AS timestamptz)
      AND a.pid <> pg_backend_pid()
      AND a.backend_type = 'client backend'
      AND a.state = :state
      AND a.state_change <= clock_timestamp() - CAST(:idle_seconds AS integer) * interval '1 second'";

impl Aws {
    /// The sessions of clients, [`SESSIONS_MAX`] at most.
    ///
    /// # Errors
    /// [`AwsError`]; `Later` also when the database is full, paused or not available.
    pub async fn sessions(&self, data_api: &DataApi) -> Result<Vec<Session>, AwsError> {
        let records = self.execute(data_api, look(), Vec::new()).await?;
        let read: Option<Vec<Session>> = records.iter().map(|row| session(row)).collect();
        read.ok_or_else(|| AwsError::Rejected { call: CALL, message: "the answer cannot be read".to_owned() })
    }

    /// Ends the sessions of a plan, those that are still as they were chosen. To call
    /// it again ends no others.
    ///
    /// # Errors
    /// [`AwsError`] as for [`Aws::sessions`], when the rest may be ended later, or when
    /// none could be ended.
    pub async fn end_sessions(&self, plan: &EndSessionsPlan) -> Result<(), AwsError> {
        match tokio::time::timeout(ENDING, self.end_all(plan)).await {
            Ok(ended) => ended,
            Err(_) => Err(AwsError::Later { call: CALL, message: "not all sessions were ended in time".to_owned() }),
        }
    }

    async fn end_all(&self, plan: &EndSessionsPlan) -> Result<(), AwsError> {
        let mut n_answers = 0;
        let mut refused = None;
        for some in plan.sessions.chunks(AT_ONCE) {
            let ending = some.iter().map(|session| self.execute(&plan.data_api, END.to_owned(), whom(session, plan.idle_for)));
            for answer in join_all(ending.map(futures_util::FutureExt::boxed)).await {
                match answer {
                    Ok(_) => n_answers += 1,
                    // The others would fail in the same way, and each takes its time.
                    Err(error) if error.may_pass() => return Err(error),
                    // The user may end some sessions and not others.
                    Err(error) => refused = Some(error),
                }
            }
        }
        match refused {
            Some(error) if n_answers == 0 => Err(error),
            Some(_) | None => Ok(()),
        }
    }

    async fn execute(&self, data_api: &DataApi, sql: String, parameters: Vec<SqlParameter>) -> Result<Vec<Vec<Field>>, AwsError> {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build();
        let executed = self
            .rds_data()
            .execute_statement()
            .resource_arn(&data_api.cluster_arn)
            .secret_arn(&data_api.secret_arn)
            .database(&data_api.database)
            .sql(sql)
            .set_parameters((!parameters.is_empty()).then_some(parameters))
            .customize()
            .config_override(Builder::new().timeout_config(timeouts))
            .send()
            .boxed()
            .await
            .map_err(|error| sorted(&error))?;
        Ok(executed.records.unwrap_or_default())
    }
}

fn whom(session: &EndedSession, idle_for: Span) -> Vec<SqlParameter> {
    let parameter = |name: &str, value: Field| SqlParameter::builder().name(name).value(value).build();
    let seconds = i64::try_from(idle_for.as_seconds()).unwrap_or(i64::MAX);
    vec![
        parameter("pid", Field::LongValue(session.id.pid)),
        parameter("backend_start", Field::StringValue(session.id.backend_start.clone())),
        parameter("state", Field::StringValue(session.state.word().to_owned())),
        parameter("idle_seconds", Field::LongValue(seconds)),
    ]
}

/// A row of the first statement; none if it has another shape.
fn session(row: &[Field]) -> Option<Session> {
    let [pid, user, state, backend_start, seconds, application, is_administrator, is_own] = row else { return None };
    let id = SessionId { pid: *pid.as_long_value().ok()?, backend_start: backend_start.as_string_value().ok()?.clone() };
    let in_state = Span::seconds(u64::try_from(*seconds.as_long_value().ok()?).unwrap_or(0));
    let session = Session::new(id, user.as_string_value().ok()?)
        .with_state(state.as_string_value().ok()?, in_state)
        .with_application(application.as_string_value().ok()?)
        .with_administrator(*is_administrator.as_boolean_value().ok()?)
        .with_own(*is_own.as_boolean_value().ok()?);
    Some(session)
}

/// Sorts the Data API's errors by what can be done about them.
fn sorted<R: std::fmt::Debug>(error: &SdkError<ExecuteStatementError, R>) -> AwsError {
    resorted(AwsError::of(CALL, error), error.code().unwrap_or_default())
}

fn resorted(error: AwsError, code: &str) -> AwsError {
    let AwsError::Rejected { call, message } = error else { return error };
    let lower = message.to_lowercase();
    if code == "ForbiddenException" {
        AwsError::Denied { call, message }
    } else if PASSING.contains(&code) || PASSING_MESSAGES.iter().any(|part| lower.contains(part)) {
        AwsError::Later { call, message }
    } else {
        AwsError::Rejected { call, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words that begin with a colon: what the Data API takes for parameters.
    fn parameters(sql: &str) -> Vec<&str> {
        sql.split(':')
            .skip(1)
            .map(|rest| rest.split(|ch: char| !ch.is_ascii_lowercase() && ch != '_').next().unwrap_or(""))
            .collect()
    }

    #[test]
    fn each_statement_says_what_it_is_and_has_its_parameters_and_no_other_colon() {
        let (look, head) = (look(), "/* watchkeeper:sessions */");
        assert!(look.starts_with(head));
        assert_eq!(parameters(&look[head.len()..]), [""; 0]);
        let head = "/* watchkeeper:end-session */";
        assert!(END.starts_with(head));
        let session = EndedSession {
            id: SessionId { pid: 7, backend_start: "2026-03-01T11:00:00.000001Z".into() },
            user: "app".into(),
            state: domain::remediation::action::SessionState::Idle,
        };
        let given = whom(&session, Span::minutes(10));
        let mut names: Vec<&str> = given.iter().filter_map(SqlParameter::name).collect();
        let mut wanted = parameters(&END[head.len()..]);
        names.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(names, wanted);
        assert_eq!(given[3].value(), Some(&Field::LongValue(600)));
    }

    #[test]
    fn a_row_is_read_by_its_order_and_one_of_another_shape_not_at_all() {
        let text = |text: &str| Field::StringValue(text.to_owned());
        let row = vec![
            Field::LongValue(7),
            text("app"),
            text("idle"),
            text("2026-03-01T11:00:00.123456Z"),
            Field::LongValue(600),
            text("api"),
            Field::BooleanValue(true),
            Field::BooleanValue(false),
        ];
        let id = SessionId { pid: 7, backend_start: "2026-03-01T11:00:00.123456Z".into() };
        let wanted =
            Session::new(id, "app").with_state("idle", Span::minutes(10)).with_application("api").with_administrator(true);
        assert_eq!(session(&row), Some(wanted));
        assert_eq!(session(&row[..7]), None);
        for column in 0..8 {
            let mut other = row.clone();
            other[column] = Field::IsNull(true);
            assert_eq!(session(&other), None, "column {column}");
        }
    }

    #[test]
    fn a_database_that_is_full_paused_or_away_may_be_reached_later() {
        for (code, message, word) in [
            ("DatabaseResumingException", "resuming", "Later"),
            ("DatabaseUnavailableException", "", "Later"),
            ("StatementTimeoutException", "", "Later"),
            ("BadRequestException", "Too many connections", "Later"),
            ("DatabaseErrorException", "FATAL: sorry, too many clients already; SQLState: 53300", "Later"),
            ("DatabaseErrorException", "FATAL: remaining connection slots are reserved; SQLState: 53300", "Later"),
            ("ForbiddenException", "", "Denied"),
            ("BadRequestException", "HttpEndpoint is not enabled", "Rejected"),
            ("DatabaseErrorException", "ERROR: permission denied to terminate process; SQLState: 42501", "Rejected"),
        ] {
            let rejected = AwsError::Rejected { call: CALL, message: message.to_owned() };
            assert_eq!(resorted(rejected, code).word(), word, "{code} {message}");
        }
        let missing = AwsError::Missing { call: CALL, message: String::new() };
        assert_eq!(resorted(missing.clone(), "DatabaseUnavailableException"), missing);
    }
}
