//! How is text from outside made safe to store, log and show?
//!
//! Alarm names, descriptions and reasons are written by whoever can create an
//! alarm, so they can hold control characters, terminal escapes, bidirectional
//! overrides and megabytes. Everything passes through [`clean`] once, at the
//! edge; escaping for HTML or Slack is the business of the one who writes HTML
//! or Slack.

use jiff::Timestamp;

/// Longest name kept, in characters. CloudWatch allows 255.
pub const NAME_MAX: usize = 255;
/// Longest description, reason or label value kept, in characters. CloudWatch
/// allows 1,024 for a description and 1,023 for a reason.
pub const TEXT_MAX: usize = 1024;

/// A moment as people read it, to the second and with its zone:
/// `2026-11-21 02:05:54 UTC`.
pub fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Returns `raw` on one line, without control or invisible formatting
/// characters, cut to `max` characters (an ellipsis marks the cut).
pub fn clean(raw: &str, max: usize) -> String {
    let mut out = String::with_capacity(raw.len().min(max * 4));
    let mut n_chars = 0;
    let mut pending_space = false;
    for ch in raw.chars() {
        if ch.is_whitespace() || ch.is_control() {
            pending_space = !out.is_empty();
            continue;
        }
        if is_invisible(ch) {
            continue;
        }
        let needed = usize::from(pending_space) + 1;
        if n_chars + needed > max {
            cut(&mut out, n_chars, max);
            return out;
        }
        if pending_space {
            out.push(' ');
        }
        out.push(ch);
        n_chars += needed;
        pending_space = false;
    }
    out
}

/// Returns the first `max` characters of `text`, the last one an ellipsis if
/// anything was left out.
pub fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(max.saturating_sub(1)).collect();
    out.push('…');
    out
}

fn cut(out: &mut String, n_chars: usize, max: usize) {
    if n_chars >= max {
        out.pop();
    }
    if max > 0 {
        out.push('…');
    }
}

/// Characters that show as nothing, or that change how their neighbours show:
/// zero-width ones, bidirectional controls, the byte-order mark, tags and
/// variation selectors beyond the common ones.
fn is_invisible(ch: char) -> bool {
    matches!(ch,
        '\u{00ad}' | '\u{061c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::law::law;

    #[test]
    fn hostile_names_become_one_plain_line() {
        for (raw, wanted) in [
            ("vitascope-api", "vitascope-api"),
            ("  two\r\n lines\t", "two lines"),
            ("\u{1b}[31mred\u{1b}[0m", "[31mred [0m"),
            ("\u{202e}gnp.exe", "gnp.exe"),
            ("zero\u{200b}width", "zerowidth"),
            ("監視アラーム", "監視アラーム"),
            ("", ""),
        ] {
            assert_eq!(clean(raw, 40), wanted, "{raw:?}");
        }
        assert_eq!(clean("abcdef", 4), "abc…");
        assert_eq!(clean("ab cdef", 4), "ab …");
        assert_eq!(shorten("abcdef", 4), "abc…");
        assert_eq!(shorten("abcd", 4), "abcd");
    }

    proptest! {
        #![proptest_config(law())]

        #[test]
        fn cleaning_twice_changes_nothing_and_respects_the_limit(raw in any::<String>(), max in 0usize..40) {
            let once = clean(&raw, max);
            prop_assert!(once.chars().count() <= max);
            prop_assert_eq!(clean(&once, max), once.clone());
            prop_assert!(!once.chars().any(char::is_control));
        }
    }
}
