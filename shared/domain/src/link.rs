//! May whoever holds this link do this? Signed, expiring links.
//!
//! A link is bound to an incident, one action and the person or receiver that it
//! was sent to, and runs out. Its signature is HMAC-SHA256, cut to 128 bits.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use crate::id::IncidentId;
use crate::span::Span;

/// How long the link in a message is good.
pub const MESSAGE_LINK: Span = Span::days(3);
/// How long the buttons of a page are good.
pub const FORM_LINK: Span = Span::hours(1);
/// Length of the key in bytes, at least.
pub const KEY_MIN: usize = 32;

const SIGNATURE_BYTES: usize = 16;

/// What a link allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// To see the incident.
    Show,
    /// To acknowledge it.
    Acknowledge,
    /// To resolve it.
    Resolve,
    /// To approve the remediation of this name.
    Approve(String),
    /// To decline it.
    Decline(String),
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Grant::Show => f.write_str("show"),
            Grant::Acknowledge => f.write_str("acknowledge"),
            Grant::Resolve => f.write_str("resolve"),
            Grant::Approve(name) => write!(f, "approve {name}"),
            Grant::Decline(name) => write!(f, "decline {name}"),
        }
    }
}

impl FromStr for Grant {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Grant, LinkError> {
        match text.split_once(' ') {
            None if text == "show" => Ok(Grant::Show),
            None if text == "acknowledge" => Ok(Grant::Acknowledge),
            None if text == "resolve" => Ok(Grant::Resolve),
            Some(("approve", name)) => Ok(Grant::Approve(name.to_owned())),
            Some(("decline", name)) => Ok(Grant::Decline(name.to_owned())),
            None | Some(_) => Err(LinkError::Invalid),
        }
    }
}

/// What a button says when it is pressed, and is known to have said when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressed {
    /// The incident.
    pub incident: IncidentId,
    /// What its holder may do.
    pub grant: Grant,
    /// For whom it was made.
    pub to: String,
    /// When it runs out, in whole seconds.
    pub expires_at: Timestamp,
}

/// The key that links are signed with.
#[derive(Clone)]
pub struct LinkKey(Vec<u8>);

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey(…)")
    }
}

/// Why a link is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The key is too short to be safe.
    #[error("the link key has {0} bytes; it needs at least {KEY_MIN}")]
    ShortKey(usize),
    /// It is not signed by us for this.
    #[error("this link is not valid; open the newest message about the incident")]
    Invalid,
    /// It was good once.
    #[error("this link ran out; open the newest message about the incident")]
    Expired,
}

impl LinkKey {
    /// Takes a key.
    ///
    /// # Errors
    /// [`LinkError::ShortKey`] when it has fewer than [`KEY_MIN`] bytes.
    pub fn new(bytes: &[u8]) -> Result<LinkKey, LinkError> {
        if bytes.len() < KEY_MIN { Err(LinkError::ShortKey(bytes.len())) } else { Ok(LinkKey(bytes.to_vec())) }
    }

    /// The token with which `to` may do what `grant` says until `expires_at`:
    /// `to.expiry.signature`.
    pub fn sign(&self, incident: &IncidentId, grant: &Grant, to: &str, expires_at: Timestamp) -> String {
        let to = plain(to);
        let expiry = expires_at.as_second().max(0);
        format!("{to}.{expiry:x}.{}", URL_SAFE_NO_PAD.encode(self.signature(incident, grant, &to, expiry)))
    }

    /// All that a button carries with which `to` may do what `grant` says until
    /// `expires_at`: `incident token grant`.
    pub fn button(&self, incident: &IncidentId, grant: &Grant, to: &str, expires_at: Timestamp) -> String {
        format!("{} {} {grant}", incident.compact(), self.sign(incident, grant, to, expires_at))
    }

    /// Checks what a button carried; gives what it was made for.
    ///
    /// # Errors
    /// As for [`LinkKey::verify`].
    pub fn pressed(&self, carried: &str, now: Timestamp) -> Result<Pressed, LinkError> {
        let mut parts = carried.splitn(3, ' ');
        let (Some(incident), Some(token), Some(grant)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(LinkError::Invalid);
        };
        let incident: IncidentId = incident.parse().map_err(|_| LinkError::Invalid)?;
        let grant: Grant = grant.parse()?;
        let (to, expiry) = self.check(token, &incident, &grant, now)?;
        let expires_at = Timestamp::from_second(expiry).map_err(|_| LinkError::Invalid)?;
        Ok(Pressed { incident, grant, to, expires_at })
    }

    /// Checks a token; gives the one it was made for. It is good until the second
    /// before `expires_at`, and not in that second.
    ///
    /// # Errors
    /// [`LinkError::Invalid`] when it was not signed with this key for this, or a
    /// byte was changed; [`LinkError::Expired`] when it was good once.
    pub fn verify(&self, token: &str, incident: &IncidentId, grant: &Grant, now: Timestamp) -> Result<String, LinkError> {
        self.check(token, incident, grant, now).map(|(to, _)| to)
    }

    /// Checks a token; gives the one it was made for, and when it runs out.
    fn check(&self, token: &str, incident: &IncidentId, grant: &Grant, now: Timestamp) -> Result<(String, i64), LinkError> {
        let mut parts = token.splitn(3, '.');
        let (Some(to), Some(expiry), Some(signature)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(LinkError::Invalid);
        };
        let text = expiry;
        let expiry = i64::from_str_radix(text, 16).map_err(|_| LinkError::Invalid)?;
        // One number has one way to be written, so that no byte can be changed.
        if format!("{expiry:x}") != text {
            return Err(LinkError::Invalid);
        }
        let given = URL_SAFE_NO_PAD.decode(signature).map_err(|_| LinkError::Invalid)?;
        // The length first: an empty prefix of a signature would always agree.
        if given.len() != SIGNATURE_BYTES {
            return Err(LinkError::Invalid);
        }
        self.mac(incident, grant, to, expiry).verify_truncated_left(&given).map_err(|_| LinkError::Invalid)?;
        if now.as_second() >= expiry {
            return Err(LinkError::Expired);
        }
        Ok((to.to_owned(), expiry))
    }

    /// The token with which the job of a heartbeat says how it fares. It is good until
    /// the key is replaced: who knows it may say so of this one job, and nothing else.
    pub fn heartbeat(&self, id: &str) -> String {
        URL_SAFE_NO_PAD
            .encode(self.heartbeat_mac(id).finalize().into_bytes().iter().copied().take(SIGNATURE_BYTES).collect::<Vec<u8>>())
    }

    /// Whether a token is that of this heartbeat; found out in constant time.
    pub fn is_heartbeat(&self, id: &str, token: &str) -> bool {
        // Of one signature there is one text: the decoder takes no bits left over.
        let given = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        given.len() == SIGNATURE_BYTES && self.heartbeat_mac(id).verify_truncated_left(&given).is_ok()
    }

    fn heartbeat_mac(&self, id: &str) -> Hmac<Sha256> {
        let mut mac = self.new_mac();
        // Begins otherwise than what a link is signed over.
        mac.update(format!("watchkeeper heartbeat 1\n{id}").as_bytes());
        mac
    }

    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    fn new_mac(&self) -> Hmac<Sha256> {
        Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length")
    }

    fn mac(&self, incident: &IncidentId, grant: &Grant, to: &str, expiry: i64) -> Hmac<Sha256> {
        let mut mac = self.new_mac();
        // No part can hold a line break, so no two different sets of parts read
        // the same.
        mac.update(format!("watchkeeper link 1\n{incident}\n{grant}\n{to}\n{expiry}").as_bytes());
        mac
    }

    fn signature(&self, incident: &IncidentId, grant: &Grant, to: &str, expiry: i64) -> Vec<u8> {
        let full = self.mac(incident, grant, to, expiry).finalize().into_bytes();
        full.iter().copied().take(SIGNATURE_BYTES).collect()
    }
}

/// A name as it can stand in a token: letters, digits, `-` and `_`.
fn plain(name: &str) -> String {
    name.chars().map(|ch| if ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_') { ch } else { '_' }).take(60).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::law::law;

    fn key() -> LinkKey {
        LinkKey::new(&[7; 32]).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_link_is_good_for_one_thing_until_it_runs_out() {
        let incident: IncidentId = "0K3-M9Q-F7T".parse().unwrap();
        let other: IncidentId = "0K3-M9Q-F7V".parse().unwrap();
        let token = key().sign(&incident, &Grant::Acknowledge, "aiko", at(60));
        assert_eq!(key().verify(&token, &incident, &Grant::Acknowledge, at(0)), Ok("aiko".to_owned()));
        assert_eq!(key().verify(&token, &incident, &Grant::Acknowledge, at(60)), Err(LinkError::Expired));
        assert_eq!(key().verify(&token, &incident, &Grant::Resolve, at(0)), Err(LinkError::Invalid));
        assert_eq!(key().verify(&token, &incident, &Grant::Approve("x".into()), at(0)), Err(LinkError::Invalid));
        assert_eq!(key().verify(&token, &other, &Grant::Acknowledge, at(0)), Err(LinkError::Invalid));
        assert_eq!(key().verify(&token.replace("aiko", "ben"), &incident, &Grant::Acknowledge, at(0)), Err(LinkError::Invalid));
        let strange = LinkKey::new(&[8; 32]).unwrap();
        assert_eq!(strange.verify(&token, &incident, &Grant::Acknowledge, at(0)), Err(LinkError::Invalid));
        for cut in 0..token.len() {
            assert_eq!(key().verify(&token[..cut], &incident, &Grant::Acknowledge, at(0)), Err(LinkError::Invalid), "{cut}");
        }
    }

    #[test]
    fn a_heartbeats_token_is_good_for_that_heartbeat_alone() {
        let token = key().heartbeat("nightly");
        assert_eq!(token.len(), 22);
        assert!(key().is_heartbeat("nightly", &token));
        assert!(!key().is_heartbeat("nightly2", &token) && !key().is_heartbeat("", &token));
        assert!(!LinkKey::new(&[8; 32]).unwrap().is_heartbeat("nightly", &token));
        for cut in 0..token.len() {
            assert!(!key().is_heartbeat("nightly", &token[..cut]), "{cut}");
        }
        for n in 0..token.len() {
            let other = if &token[n..=n] == "A" { "B" } else { "A" };
            let changed = format!("{}{other}{}", &token[..n], &token[n + 1..]);
            assert!(!key().is_heartbeat("nightly", &changed), "{changed}");
        }
        // Neither is taken for the other.
        let incident: IncidentId = "0K3-M9Q-F7T".parse().unwrap();
        assert_eq!(key().verify(&token, &incident, &Grant::Show, at(0)), Err(LinkError::Invalid));
    }

    #[test]
    fn a_link_runs_out_at_its_very_second() {
        let incident: IncidentId = "0K3-M9Q-F7T".parse().unwrap();
        let token = key().sign(&incident, &Grant::Show, "aiko", at(60));
        let verified = |now| key().verify(&token, &incident, &Grant::Show, now);
        let last = Timestamp::from_nanosecond(at(60).as_nanosecond() - 1).unwrap();
        assert_eq!(verified(Timestamp::MIN), Ok("aiko".to_owned()));
        assert_eq!(verified(last), Ok("aiko".to_owned()));
        assert_eq!(verified(at(60)), Err(LinkError::Expired));
        assert_eq!(verified(Timestamp::MAX), Err(LinkError::Expired));
    }

    #[test]
    fn a_link_with_any_byte_changed_left_out_or_put_in_is_refused() {
        let incident: IncidentId = "0K3-M9Q-F7T".parse().unwrap();
        let grant = Grant::Approve("api-scale-out".into());
        let token = key().sign(&incident, &grant, "aiko", at(60));
        let refused = |changed: &[u8], how: &str| {
            let Ok(changed) = std::str::from_utf8(changed) else { return };
            let verified = key().verify(changed, &incident, &grant, at(0));
            assert_eq!(verified, Err(LinkError::Invalid), "{how}: {changed}");
        };
        for n in 0..token.len() {
            let mut without = token.clone().into_bytes();
            without.remove(n);
            refused(&without, "left out");
            for byte in 0..=127 {
                let mut changed = token.clone().into_bytes();
                if changed[n] != byte {
                    changed[n] = byte;
                    refused(&changed, "changed");
                }
                let mut more = token.clone().into_bytes();
                more.insert(n, byte);
                refused(&more, "put in");
            }
        }
        for more in ["=", ".", "A", "\n", " "] {
            refused(format!("{token}{more}").as_bytes(), "put behind");
        }
    }

    #[test]
    fn names_that_could_be_part_of_a_token_or_a_page_are_made_plain() {
        let incident: IncidentId = "0K3-M9Q-F7T".parse().unwrap();
        for (to, shown) in [("ann.b@example.com", "ann_b_example_com"), ("<script>", "_script_"), ("相子", "__"), ("", "")] {
            let token = key().sign(&incident, &Grant::Show, to, at(60));
            assert_eq!(key().verify(&token, &incident, &Grant::Show, at(0)), Ok(shown.to_owned()));
            assert!(token.chars().all(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_' | '.')), "{token}");
        }
    }

    #[test]
    fn a_button_says_what_it_was_made_for_and_nothing_else_can_be_put_into_it() {
        let incident: IncidentId = "0K3-M9Q-F7T".parse().unwrap();
        let grants = ["approve reset db", "approve reset", "decline reset db", "acknowledge", "resolve", "show"];
        for made_for in grants {
            let grant: Grant = made_for.parse().unwrap();
            assert_eq!(grant.to_string(), made_for);
            let carried = key().button(&incident, &grant, "team", at(60));
            let wanted = Pressed { incident: incident.clone(), grant: grant.clone(), to: "team".into(), expires_at: at(60) };
            assert_eq!(key().pressed(&carried, at(59)), Ok(wanted));
            assert_eq!(key().pressed(&carried, at(60)), Err(LinkError::Expired));
            let (pass, _) = carried.split_once(&format!(" {made_for}")).unwrap();
            let others = grants.iter().filter(|other| **other != made_for).map(|other| format!("{pass} {other}"));
            let spoilt = ["0K3M9QF7V", "none", ""].map(|other| carried.replacen("0K3M9QF7T", other, 1));
            let more = [carried.replacen("team", "ann", 1), format!("{carried} "), format!(" {carried}"), pass.to_owned()];
            for changed in others.chain(spoilt).chain(more).chain([String::new()]) {
                assert_eq!(key().pressed(&changed, at(0)), Err(LinkError::Invalid), "{changed}");
            }
        }
    }

    #[test]
    fn a_short_key_is_refused_and_no_key_is_shown() {
        assert_eq!(LinkKey::new(b"short").unwrap_err(), LinkError::ShortKey(5));
        assert_eq!(format!("{:?}", key()), "LinkKey(…)");
    }

    proptest! {
        #![proptest_config(law())]

        #[test]
        fn nonsense_is_never_taken(token in ".{0,60}") {
            let incident: IncidentId = "0K3-M9Q-F7T".parse().unwrap();
            prop_assert_eq!(key().verify(&token, &incident, &Grant::Show, at(0)), Err(LinkError::Invalid));
        }
    }
}
