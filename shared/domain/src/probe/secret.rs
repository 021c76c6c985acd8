//! What must nobody read? Values that are masked wherever they appear.
//!
//! A secret comes back in many forms: as it is, in an address, in JSON, in a page, as the
//! base64 of a header. So text is not searched for the value but read character by
//! character, each as it stands and as every escape that it may be part of, alone or
//! mixed: percent-encoding (`%2F`, `%2f`, `+` for a space), escapes of JSON and its kin
//! (`\"`, `\/`, `\u0041`) and of HTML (`&amp;`, `&#38;`, `&#x26;`). Base64 (both alphabets,
//! with and without padding) and hexadecimal digits (in either case) of the whole value
//! are searched in the same way. What is encoded twice, compressed, encrypted or cut is not
//! found.
//!
//! A value of one to three characters is masked only where it stands alone, between what is
//! no letter or digit, and only in the forms that are read character by character: else
//! `a` would leave nothing of any text, and tell with every gap where it was.

mod read;

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// What stands instead of a secret.
pub const MASK: &str = "***";

/// From how many characters on a value is masked wherever it appears.
const ALONE_BELOW: usize = 4;

/// The secrets of a run, to be masked in everything that leaves it.
#[derive(Clone, Default)]
pub struct Secrets {
    needles: Vec<Needle>,
    /// The needles that begin with a character.
    by_first: HashMap<char, Vec<usize>>,
}

/// What is searched for.
#[derive(Clone, PartialEq, Eq)]
struct Needle {
    chars: Vec<char>,
    /// Whether it is found in capitals and in small letters.
    folds: bool,
    /// Whether it is found only between what is no letter or digit.
    alone: bool,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} forms of secrets", self.needles.len())
    }
}

impl Secrets {
    /// Adds a value that nobody may read. A value that is empty, or of nothing but the
    /// mask's own `*`, hides nothing.
    pub fn add(&mut self, value: impl Into<String>) {
        let value = value.into();
        self.add_value(&value);
        // As it comes out where text is made one line, and where what stands around a value
        // is cut off.
        self.add_value(value.trim());
        self.add_value(&crate::text::clean(&value, value.len() + 1));
    }

    fn add_value(&mut self, value: &str) {
        let alone = value.chars().count() < ALONE_BELOW;
        self.add_needle(value, false, alone);
        if !alone {
            self.add_needle(&STANDARD_NO_PAD.encode(value), false, false);
            self.add_needle(&URL_SAFE_NO_PAD.encode(value), false, false);
            let digits = value.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
            let hex: String = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
            self.add_needle(&hex, true, false);
        }
    }

    fn add_needle(&mut self, text: &str, folds: bool, alone: bool) {
        let needle = Needle { chars: text.chars().collect(), folds, alone };
        let Some(first) = needle.chars.first().copied() else { return };
        if needle.chars.iter().all(|ch| MASK.contains(*ch)) || self.needles.contains(&needle) {
            return;
        }
        let at = self.needles.len();
        self.by_first.entry(first).or_default().push(at);
        if folds && first.is_ascii_lowercase() {
            self.by_first.entry(first.to_ascii_uppercase()).or_default().push(at);
        }
        self.needles.push(needle);
    }

    /// `text` with every secret masked.
    pub fn mask(&self, text: &str) -> String {
        self.mask_all(text, false)
    }

    /// `text`, of which only this beginning is known, with every secret masked: also one
    /// that begins at its end.
    pub fn mask_beginning(&self, text: &str) -> String {
        self.mask_all(text, true)
    }

    fn mask_all(&self, text: &str, is_cut: bool) -> String {
        if self.needles.is_empty() {
            return text.to_owned();
        }
        let mut text = text.to_owned();
        // A secret with a `*` in it may appear where a mask was set. Each round takes from
        // the text at least one character that is none, so that this ends.
        while let Some(masked) = self.mask_once(&text, is_cut) {
            text = masked;
        }
        text
    }

    /// `text` with what is found in it masked; none if nothing is.
    fn mask_once(&self, text: &str, is_cut: bool) -> Option<String> {
        let mut masked = String::new();
        let mut n_kept = 0;
        // Where the secrets end that are found from `n_kept` on, one reaching into another.
        let mut open: Option<(usize, usize)> = None;
        for (at, _) in text.char_indices() {
            if let Some((start, end)) = open
                && at >= end
            {
                masked.push_str(&text[n_kept..start]);
                masked.push_str(MASK);
                n_kept = end;
                open = None;
            }
            if let Some(end) = self.found_at(text, at, is_cut) {
                open = Some(open.map_or((at, end), |(start, known)| (start, known.max(end))));
            }
        }
        if let Some((start, end)) = open {
            masked.push_str(&text[n_kept..start]);
            masked.push_str(MASK);
            n_kept = end;
        }
        if n_kept == 0 {
            return None;
        }
        masked.push_str(&text[n_kept..]);
        Some(masked)
    }

    /// Where the longest secret ends that begins at `at`.
    fn found_at(&self, text: &str, at: usize, is_cut: bool) -> Option<usize> {
        let first = text[at..].chars().next()?;
        if !self.by_first.contains_key(&first) && !read::is_escape(first) {
            return None;
        }
        let firsts = read::chars_at(text, at);
        let candidates = firsts.iter().filter_map(|(ch, _)| self.by_first.get(ch)).flatten();
        candidates.filter_map(|n| self.needles[*n].found_at(text, at, is_cut)).max()
    }
}

impl Needle {
    /// Where it ends if it begins at `at`.
    fn found_at(&self, text: &str, at: usize, is_cut: bool) -> Option<usize> {
        let is_word = |ch: char| ch.is_alphanumeric();
        if self.alone && text[..at].chars().next_back().is_some_and(is_word) {
            return None;
        }
        // A character may end in several places: `%` as it stands, or as `%25`.
        let mut ends = vec![at];
        for wanted in &self.chars {
            if is_cut && ends.contains(&text.len()) {
                return Some(text.len());
            }
            let mut next: Vec<usize> = Vec::new();
            for end in ends {
                for (ch, length) in read::chars_at(text, end) {
                    let is_wanted = ch == *wanted || self.folds && ch.eq_ignore_ascii_case(wanted);
                    if is_wanted && !next.contains(&(end + length)) {
                        next.push(end + length);
                    }
                }
            }
            ends = next;
            if ends.is_empty() {
                return None;
            }
        }
        ends.retain(|end| !self.alone || !text[*end..].chars().next().is_some_and(is_word));
        ends.into_iter().max()
    }
}

#[cfg(test)]
mod tests;
