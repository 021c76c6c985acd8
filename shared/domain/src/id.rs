//! What is an incident called? A name that sorts by time and can be said aloud.
//!
//! Nine characters of Crockford's base 32 in groups of three, `0K3-M9Q-F7T`: six
//! for the second in which it was opened, three that tell apart what was opened
//! in the same second. There is no I, L, O or U to be mistaken; what is typed
//! with them, in lower case or without dashes is understood.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 2026-01-01T00:00:00Z. Six digits count the seconds until the year 2060.
const EPOCH_SECOND: i64 = 1_767_225_600;
const N_TIME_DIGITS: u32 = 6;
const N_OTHER_DIGITS: u32 = 3;

/// The name of an incident: `0K3-M9Q-F7T`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct IncidentId(String);

impl IncidentId {
    /// The name of an incident opened at `opened_at` by whatever `seed` tells
    /// from the others. Should the name be taken, `attempt` gives another.
    pub fn new(opened_at: Timestamp, seed: &str, attempt: u32) -> IncidentId {
        let seconds = u64::try_from(opened_at.as_second() - EPOCH_SECOND).unwrap_or(0) % (1 << (5 * N_TIME_DIGITS));
        let hash = Sha256::digest(format!("{attempt}:{seed}").as_bytes());
        let other = u64::from(u16::from_be_bytes([hash[0], hash[1]])) % (1 << (5 * N_OTHER_DIGITS));
        let number = (seconds << (5 * N_OTHER_DIGITS)) | other;
        let mut digits = [0u8; 9];
        for (n, digit) in digits.iter_mut().rev().enumerate() {
            let value = usize::try_from((number >> (5 * n)) & 31).unwrap_or(0);
            *digit = DIGITS[value];
        }
        IncidentId::grouped(digits.iter().map(|digit| char::from(*digit)))
    }

    fn grouped(digits: impl Iterator<Item = char>) -> IncidentId {
        let mut name = String::with_capacity(11);
        for (n, digit) in digits.enumerate() {
            if n == 3 || n == 6 {
                name.push('-');
            }
            name.push(digit);
        }
        IncidentId(name)
    }

    /// The name with its dashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without dashes, for links.
    pub fn compact(&self) -> String {
        self.0.replace('-', "")
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not the name of an incident.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an incident's name; names look like 0K3-M9Q-F7T")]
pub struct IncidentIdError(String);

impl FromStr for IncidentId {
    type Err = IncidentIdError;

    /// Reads a name as a person may type it.
    ///
    /// # Errors
    /// [`IncidentIdError`] when there are not nine digits.
    fn from_str(text: &str) -> Result<IncidentId, IncidentIdError> {
        let error = || IncidentIdError(crate::text::clean(text, 40));
        let digits: Option<Vec<char>> = text
            .trim()
            .chars()
            .filter(|ch| !matches!(ch, '-' | ' '))
            .map(|ch| match ch.to_ascii_uppercase() {
                'O' => Some('0'),
                'I' | 'L' => Some('1'),
                upper => u8::try_from(upper).ok().filter(|byte| DIGITS.contains(byte)).map(char::from),
            })
            .collect();
        match digits {
            Some(digits) if digits.len() == 9 => Ok(IncidentId::grouped(digits.into_iter())),
            _ => Err(error()),
        }
    }
}

impl<'de> Deserialize<'de> for IncidentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<IncidentId, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::law::law;

    #[test]
    fn what_is_said_over_the_phone_is_understood() {
        let id: IncidentId = "0K3-M9Q-F7T".parse().unwrap();
        for typed in ["0k3m9qf7t", "oK3 M9q f7T", " 0K3-M9Q-F7T\n"] {
            assert_eq!(typed.parse(), Ok(id.clone()), "{typed}");
        }
        for typed in ["", "0K3", "0K3-M9Q-F7U", "0K3-M9Q-F7T-0", "0K3-M9Q-F7é"] {
            assert!(typed.parse::<IncidentId>().unwrap_err().to_string().contains("look like"), "{typed}");
        }
    }

    #[test]
    fn a_clock_before_the_first_year_still_gives_a_name() {
        for at in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            assert_eq!(IncidentId::new(at, "x", 0).as_str().len(), 11, "{at}");
        }
    }

    #[test]
    fn a_taken_name_has_another_of_the_same_second() {
        let at = Timestamp::from_second(EPOCH_SECOND + 1_000_000).unwrap();
        let names: std::collections::BTreeSet<IncidentId> = (0..20).map(|attempt| IncidentId::new(at, "x", attempt)).collect();
        assert!(names.len() > 15, "{names:?}");
        let second = |name: &IncidentId| name.as_str()[..7].to_owned();
        assert!(names.iter().all(|name| second(name) == second(&IncidentId::new(at, "y", 0))));
    }

    proptest! {
        #![proptest_config(law())]

        #[test]
        fn names_sort_by_time_and_read_back(a in 0i64..1_000_000_000, b in 0i64..1_000_000_000, seed in ".{0,8}") {
            let name = |second: i64| IncidentId::new(Timestamp::from_second(EPOCH_SECOND + second).unwrap(), &seed, 0);
            prop_assert_eq!(name(a).as_str().parse::<IncidentId>(), Ok(name(a)));
            prop_assert_eq!(a.cmp(&b), name(a).cmp(&name(b)));
        }

        /// Three groups of three, and nothing in them that is mistaken for another.
        #[test]
        fn a_name_can_be_said_aloud_and_typed_as_it_was_heard(second in 0i64..1_073_741_824, seed in ".{0,8}", attempt in 0u32..9) {
            let name = IncidentId::new(Timestamp::from_second(EPOCH_SECOND + second).unwrap(), &seed, attempt);
            let groups: Vec<&str> = name.as_str().split('-').collect();
            prop_assert!(groups.len() == 3 && groups.iter().all(|group| group.len() == 3), "{name}");
            prop_assert!(!name.as_str().contains(['I', 'L', 'O', 'U']) && !name.as_str().chars().any(char::is_lowercase));
            let heard = name.as_str().to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
            prop_assert_eq!(heard.parse(), Ok(name.clone()));
            prop_assert_eq!(serde_json::from_str::<IncidentId>(&serde_json::to_string(&name).unwrap()).unwrap(), name);
        }
    }
}
