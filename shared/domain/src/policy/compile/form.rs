//! What else is known of a policy file: what it must have, and what is said of keys
//! that people know from Alertmanager.

use super::shape::{Form, Instead, Nest};

/// What a policy file is like.
pub(super) const POLICY: Form = Form {
    needed: &[("route", "{}"), ("receivers", "[]")],
    nests: &[Nest { key: "route", lists: &["routes"], is_recursive: true }],
    instead: &INSTEAD,
};

/// What takes the place of an Alertmanager key that is not here, by the end of the
/// path that it stands at.
const INSTEAD: [Instead; 13] = [
    (
        &["global"],
        "",
        "there are no global settings: addresses and tokens stand in the secrets that receivers name, and waiting times \
         at `route` and `noise`; take it out",
    ),
    (&["templates"], "", "messages are worded by Watchkeeper and have no templates; take it out"),
    (&["tracing"], "", "there is nothing to trace to here; take it out"),
    (&["email_configs"], "receivers", "mail goes by an SNS topic that people subscribe to; write `sns_configs: [{topic: NAME}]`"),
    (
        &["opsgenie_configs", "victorops_configs", "pushover_configs"],
        "receivers",
        "there is no such channel; `pagerduty_configs` and `sns_configs` with `class: page` wake people, and \
         `webhook_configs` reaches any other service",
    ),
    (
        &[
            "msteams_configs",
            "msteamsv2_configs",
            "discord_configs",
            "telegram_configs",
            "webex_configs",
            "wechat_configs",
            "rocketchat_configs",
            "mattermost_configs",
        ],
        "receivers",
        "there is no such channel; `slack_configs` reaches a chat room, and `webhook_configs` any other service",
    ),
    (
        &["jira_configs", "incidentio_configs"],
        "receivers",
        "there is no such channel; `webhook_configs` with `class: ticket` reaches any service",
    ),
    (
        &["api_url", "api_url_file", "channel", "app_token", "app_url"],
        "slack_configs",
        "the address and the channel stand in a secret; write `secret: NAME`",
    ),
    (
        &["routing_key", "routing_key_file", "service_key", "service_key_file", "url"],
        "pagerduty_configs",
        "the integration key stands in a secret; write `secret: NAME`",
    ),
    (&["url", "url_file"], "webhook_configs", "the address and the signing key stand in a secret; write `secret: NAME`"),
    (&["http_config"], "_configs", "the tool calls by HTTPS with its own settings; take it out"),
    (
        &["topic_arn", "phone_number", "target_arn"],
        "sns_configs",
        "a topic goes by its short name, which Terraform knows; write `topic: NAME`",
    ),
    (
        &[
            "title",
            "text",
            "message",
            "subject",
            "color",
            "username",
            "icon_emoji",
            "icon_url",
            "fields",
            "actions",
            "description",
        ],
        "_configs",
        "messages are worded by Watchkeeper; take it out",
    ),
];
