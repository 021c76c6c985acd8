//! What fits a phone? The alphabets of an SMS.
//!
//! An SMS holds 160 characters of the GSM alphabet (3GPP TS 23.038, section 6.2.1,
//! where those of the extension table count twice), or 70 of any other: a single
//! ellipsis more than halves it. Of several joined ones each holds 153, or 67.

/// Longest text in the GSM alphabet: with a link of up to 165 characters two SMS.
pub(super) const GSM_MAX: usize = 140;
/// Longest text that needs any other alphabet: one SMS without the link.
pub(super) const UCS2_MAX: usize = 70;

const BASIC: &str = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà\n";
const EXTENSION: &str = "^{}\\[~]|€";

/// `line` as far as it fits, and `id`, which always does.
pub(super) fn text(line: &str, id: &str) -> String {
    let line = plain(line);
    let is_gsm = line.chars().all(|ch| gsm_width(ch).is_some());
    let (max, width): (usize, fn(char) -> usize) =
        if is_gsm { (GSM_MAX, |ch| gsm_width(ch).unwrap_or(1)) } else { (UCS2_MAX, char::len_utf16) };
    let room = max.saturating_sub(id.chars().count() + 1);
    format!("{} {id}", cut(&line, room, width))
}

/// The beginning of `line` that is at most `room` wide, three dots marking the cut.
fn cut(line: &str, room: usize, width: fn(char) -> usize) -> String {
    if line.chars().map(width).sum::<usize>() <= room {
        return line.to_owned();
    }
    let mut used = 3;
    let mut out: String = line
        .chars()
        .take_while(|ch| {
            used += width(*ch);
            used <= room
        })
        .collect();
    out.truncate(out.trim_end().len());
    out + "..."
}

/// `text` with typographic signs written as on a typewriter.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for ch in text.chars() {
        match ch {
            '…' => out.push_str("..."),
            '‐'..='―' | '−' => out.push('-'),
            '‘'..='‛' | '`' | '´' => out.push('\''),
            '“'..='‟' => out.push('"'),
            '→' => out.push_str("->"),
            '≤' => out.push_str("<="),
            '≥' => out.push_str(">="),
            '×' => out.push('x'),
            other => out.push(other),
        }
    }
    out
}

/// How many places a character takes in the GSM alphabet, if it is in it.
pub(super) fn gsm_width(ch: char) -> Option<usize> {
    if ch.is_ascii_alphanumeric() || BASIC.contains(ch) {
        Some(1)
    } else if EXTENSION.contains(ch) {
        Some(2)
    } else {
        None
    }
}
