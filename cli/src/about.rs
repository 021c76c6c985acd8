//! The longer texts of the help: what a command is good for, with examples.
//!
//! Laid out by hand for 80 columns.

pub(crate) const ABOUT_ALL: &str = "\
Examples:
  watchkeeper incident list
  watchkeeper incident ack 0K3-M9Q-F7T
  watchkeeper silence add 'service=\"batch\"' --for 2h --why 'known, ticket 42'

Exit codes:
  0  done
  1  the answer is no: a policy with mistakes, an incident that is over, events
     that still cannot be processed
  2  the command line is not right
  3  AWS could not be asked: no credentials, no permission, no such table

Credentials and region are found where the AWS CLI finds them: the environment,
AWS_PROFILE, single sign-on. The table's name is Terraform's output
`table_name`.

With --json the answer is one JSON value on standard output. An error is a line
of JSON on standard error, {\"error\": \"there is no ...\", \"exit_code\": 1}, and
so is what else there is to know, {\"note\": \"...\"}.";

pub(crate) const ABOUT_HEARTBEATS: &str = "\
A job that stays silent raises an alert. Which jobs there are stands in the
file of probes, under `heartbeats`; each pings an address of its own when it
has succeeded, and if it likes when it starts and when it fails.

Examples:
  watchkeeper heartbeat list
  watchkeeper heartbeat url nightly-backup";

pub(crate) const ABOUT_HEARTBEAT_LIST: &str = "\
What is wrong comes first. A job that is `waiting` was not heard of yet, and
need not have been: it has one whole period from when it was installed. Times
are in your zone (TZ).

Examples:
  watchkeeper heartbeat list
  watchkeeper heartbeat list --json";

pub(crate) const ABOUT_HEARTBEAT_URL: &str = "\
The address holds a token: whoever knows it can say for this job that it lives.
It is made from the key that signs links, so you need the permission to read
that secret. It stays the same until the key is replaced.

Example:
  watchkeeper heartbeat url nightly-backup";

pub(crate) const ABOUT_INCIDENTS: &str = "\
An incident is named as in the messages about it: 0K3-M9Q-F7T. Case, dashes and
spaces do not matter, and O, I and L are read as 0 and 1.

Examples:
  watchkeeper incident list
  watchkeeper incident show 0k3m9qf7t
  watchkeeper incident ack 0K3-M9Q-F7T";

pub(crate) const ABOUT_LIST: &str = "\
The most urgent come first. For some minutes after its end an incident is listed
as resolved: until then the same alert would open it again. People are not told
of one that is `held back`: because of a silence, for instance.

Examples:
  watchkeeper incident list
  watchkeeper incident list --service api
  watchkeeper incident list --service api --since 7d";

pub(crate) const ABOUT_SHOW: &str = "\
It says what the incident is about, which of its alerts are firing, and line by
line what was done, by whom and why. Times are in your zone (TZ).

Example:
  watchkeeper incident show 0K3-M9Q-F7T";

pub(crate) const ABOUT_ACK: &str = "\
The escalation stops, and the channels hear who has it. Whoever acknowledges it
later takes it over.

Examples:
  watchkeeper incident ack 0K3-M9Q-F7T
  watchkeeper incident ack 0K3-M9Q-F7T --as bob";

pub(crate) const ABOUT_RESOLVE: &str = "\
Without it an incident ends by itself when all its alerts have been OK for a
while. If one goes off again within the next minutes, it is opened again.

Example:
  watchkeeper incident resolve 0K3-M9Q-F7T";

pub(crate) const ABOUT_APPROVE: &str = "\
`watchkeeper incident show` has its name, what it would do and until when it can
be approved. Before it is done its guards are asked once more.

Example:
  watchkeeper incident approve 0K3-M9Q-F7T scale-api-out";

pub(crate) const ABOUT_DECLINE: &str = "\
It is not done for this incident. To stop it for all there is `watchkeeper
remediation stop`.

Example:
  watchkeeper incident decline 0K3-M9Q-F7T scale-api-out";

pub(crate) const ABOUT_SILENCES: &str = "\
What a silence covers is recorded, but people are not told of it and nothing is
mended. For work that is planned there is `watchkeeper maintenance`, which does
the same and says so.

Examples:
  watchkeeper silence add 'service=\"batch\"' --for 2h --why 'known, ticket 42'
  watchkeeper silence list
  watchkeeper silence expire 0K3-M9Q-F7T";

pub(crate) const ABOUT_WINDOWS: &str = "\
What a window covers is recorded, but people are not told of it and nothing is
mended. For alerts that are merely known there is `watchkeeper silence`.

Examples:
  watchkeeper maintenance add 'service=\"batch\"' --for 2h --why 'new cluster'
  watchkeeper maintenance list
  watchkeeper maintenance expire 0K3-M9Q-F7T";

pub(crate) const ABOUT_SILENCE_ADD: &str = "\
An alert is kept back if all matchers match its labels (`watchkeeper incident
show ID --json` has them). They are written as in Alertmanager and quoted for
the shell: 'a=\"b\"', 'a!=\"b\"', 'a=~\"b|c.*\"', 'a!~\"b\"'. If it still fires when
the silence ends, people are told then.

Examples:
  watchkeeper silence add 'service=\"batch\"' --for 2h --why 'known, ticket 42'
  watchkeeper silence add 'team=\"web\"' 'priority=~\"P3|P4\"' --for 1d \\
      --why 'until the new release' --from 2026-12-05T20:00+01:00";

pub(crate) const ABOUT_WINDOW_ADD: &str = "\
An alert is covered if all matchers match its labels (`watchkeeper incident
show ID --json` has them). They are written as in Alertmanager and quoted for
the shell: 'a=\"b\"', 'a!=\"b\"', 'a=~\"b|c.*\"', 'a!~\"b\"'. If it still fires when
the window ends, people are told then.

Examples:
  watchkeeper maintenance add 'service=\"batch\"' --for 2h --why 'new cluster'
  watchkeeper maintenance add 'environment=\"staging\"' --for 1h30m \\
      --why 'moves to the new network' --from 2026-12-05T20:00Z";

pub(crate) const ABOUT_REMEDIATIONS: &str = "\
Examples:
  watchkeeper remediation list
  watchkeeper remediation report --days 90
  watchkeeper remediation stop --all --why 'something is odd'
  watchkeeper remediation resume --all";

pub(crate) const ABOUT_REMEDIATION_LIST: &str = "\
What each does, how far it may go, who must approve, what bounds it and whether
it is stopped; then what is under way in incidents, and how far it has come.

Example:
  watchkeeper remediation list";

pub(crate) const ABOUT_REPORT: &str = "\
For each remediation: how often it was called for, which guards refused it, what
people did while it only observed and how much sooner it would have begun, how
its questions were answered, whether what it did helped and was put back. A
sentence says what follows: whether `mode: act` would be right, for instance.
Times are medians. A remediation of less than five times is not judged.

Examples:
  watchkeeper remediation report
  watchkeeper remediation report --name scale-api-out --days 90";

pub(crate) const ABOUT_APPROVE_HERE: &str = "\
The same as `watchkeeper incident approve`: what waits for an answer is listed
by `watchkeeper remediation list`.

Example:
  watchkeeper remediation approve 0K3-M9Q-F7T scale-api-out";

pub(crate) const ABOUT_DECLINE_HERE: &str = "\
The same as `watchkeeper incident decline`: it is not done for this incident.

Example:
  watchkeeper remediation decline 0K3-M9Q-F7T scale-api-out";

pub(crate) const ABOUT_STOP: &str = "\
From now on nothing begins. What waits for something, an answer for instance,
says at its next tick that it is stopped. What already acts or stands is
finished, checked and put back all the same; it is listed.

Examples:
  watchkeeper remediation stop --all --why 'something is odd'
  watchkeeper remediation stop --name scale-api-out --why 'load test'";

pub(crate) const ABOUT_RESUME: &str = "\
What was stopped by name stays stopped until it is resumed by name.

Examples:
  watchkeeper remediation resume --all
  watchkeeper remediation resume --name scale-api-out";

pub(crate) const ABOUT_REDRIVE: &str = "\
What the classifier gave up on waits in the dead-letter queue. Once the cause is
mended this brings it in: the sweeper does the same every minute, this does it
now and says what came of it. An event that was taken before changes nothing.

Examples:
  watchkeeper redrive
  watchkeeper redrive --table watchkeeper-staging";
