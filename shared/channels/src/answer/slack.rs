//! What does Slack mean? Its error codes, and as much of its answer as came.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// What one of Slack's error codes asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Another form of the message.
    Form,
    /// A message outside the thread.
    Thread,
    /// Another attempt; nothing was posted.
    Busy,
    /// Another attempt; something may have been posted.
    Unsure,
    /// A person who does this.
    Advice(&'static str),
    /// Nobody knows.
    Unknown,
}

/// The error codes of `chat.postMessage` and of incoming webhooks (Slack's
/// reference of both).
pub(super) fn trouble(code: &str) -> Trouble {
    match code {
        "invalid_blocks" | "invalid_blocks_format" | "msg_blocks_too_long" | "invalid_payload" | "invalid_attachments" => {
            Trouble::Form
        }
        "thread_not_found" | "invalid_thread_ts" | "cannot_reply_to_message" | "restricted_action_non_threadable_channel" => {
            Trouble::Thread
        }
        "ratelimited" | "rate_limited" | "service_unavailable" | "request_timeout" | "team_added_to_org" => Trouble::Busy,
        "internal_error" | "fatal_error" | "rollup_error" => Trouble::Unsure,
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            Trouble::Advice("install the Slack app anew and put its bot token into the secret")
        }
        "missing_scope" | "no_permission" | "not_allowed_token_type" => {
            Trouble::Advice("give the Slack app the scope chat:write, install it anew and put its bot token into the secret")
        }
        "channel_not_found" | "not_in_channel" => {
            Trouble::Advice("invite the Slack app to the channel, and check the channel in the secret")
        }
        "is_archived" | "channel_is_archived" => {
            Trouble::Advice("the channel is archived: restore it, or put another one into the secret")
        }
        "no_service" | "no_team" | "no_active_hooks" | "invalid_token" | "user_not_found" => {
            Trouble::Advice("the incoming webhook is gone: make a new one and put its address into the secret")
        }
        "action_prohibited"
        | "restricted_action"
        | "restricted_action_read_only_channel"
        | "restricted_action_thread_only_channel"
        | "posting_to_general_channel_denied"
        | "ekm_access_denied" => Trouble::Advice("the workspace forbids the app to post there: ask its administrators"),
        _ => Trouble::Unknown,
    }
}

/// What Slack's API answers, as far as it was read: it repeats the message, so
/// the answer may be longer than the cap.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) ok: Option<bool>,
    pub(super) ts: Option<String>,
    pub(super) error: Option<String>,
}

impl Reply {
    pub(super) fn read(body: &[u8]) -> Reply {
        let mut reply = Reply::default();
        // What was found before the end of a text that was cut counts.
        let _ = Reading(&mut reply).deserialize(&mut serde_json::Deserializer::from_slice(body));
        reply
    }
}

struct Reading<'a>(&'a mut Reply);

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer of Slack's API")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match name.as_ref() {
                "ok" => self.0.ok = Some(map.next_value()?),
                "ts" => self.0.ts = Some(map.next_value()?),
                "error" => self.0.error = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}
