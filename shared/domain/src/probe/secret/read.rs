//! What characters may stand here? The one that is written, and those that it may be an
//! escape of.

/// The characters that may be meant by what begins at the byte `at`, each with how many
/// bytes it takes; none at the end.
pub(super) fn chars_at(text: &str, at: usize) -> Vec<(char, usize)> {
    let rest = &text[at..];
    let Some(first) = rest.chars().next() else { return Vec::new() };
    let mut found = vec![(first, first.len_utf8())];
    match first {
        '+' => found.push((' ', 1)),
        '%' => found.extend(percent(rest)),
        '\\' => found.extend(backslash(rest)),
        '&' => found.extend(entity(rest)),
        _ => {}
    }
    found
}

/// Whether an escape may begin with it.
pub(super) const fn is_escape(ch: char) -> bool {
    matches!(ch, '+' | '%' | '\\' | '&')
}

/// `%41`, and as many of them as the character has bytes in UTF-8.
fn percent(rest: &str) -> Option<(char, usize)> {
    let mut bytes = [0u8; 4];
    for n in 0..4 {
        let escape = rest.get(3 * n..3 * n + 3)?.strip_prefix('%')?;
        bytes[n] = u8::try_from(hex(escape)?).ok()?;
        if let Ok(text) = std::str::from_utf8(&bytes[..=n]) {
            return text.chars().next().map(|ch| (ch, 3 * (n + 1)));
        }
    }
    None
}

/// `\n`, `\"`, `\u0041`, and two of the latter for what lies beyond the first plane.
fn backslash(rest: &str) -> Option<(char, usize)> {
    let kind = rest[1..].chars().next()?;
    let ch = match kind {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => return unicode(rest),
        'x' => return char::from_u32(hex(rest.get(2..4)?)?).map(|ch| (ch, 4)),
        '"' | '\'' | '\\' | '/' => kind,
        _ => return None,
    };
    Some((ch, 2))
}

fn unicode(rest: &str) -> Option<(char, usize)> {
    let high = hex(rest.get(2..6)?)?;
    if !(0xd800..0xdc00).contains(&high) {
        return char::from_u32(high).map(|ch| (ch, 6));
    }
    let low = hex(rest.get(6..12)?.strip_prefix("\\u")?)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    char::from_u32(0x10000 + ((high - 0xd800) << 10) + low).map(|ch| (ch, 12))
}

/// `&amp;`, `&#38;`, `&#x26;`.
fn entity(rest: &str) -> Option<(char, usize)> {
    // The longest number has seven digits; some write zeros before it.
    let end = rest.bytes().take(14).position(|byte| byte == b';')?;
    let name = &rest[1..end];
    let ch = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => hex(digits)?,
                None if number.bytes().all(|byte| byte.is_ascii_digit()) => number.parse().ok()?,
                None => return None,
            };
            char::from_u32(code)?
        }
    };
    Some((ch, end + 1))
}

/// The value of hexadecimal digits, nothing but them.
fn hex(digits: &str) -> Option<u32> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}
