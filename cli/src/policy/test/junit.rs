//! The results as CI systems read them: JUnit's XML.

use std::fmt::Write as _;
use std::path::Path;

use super::Ran;
use crate::fault::Fault;
use crate::show;

/// Writes the results to a file.
pub(super) fn write(path: &Path, ran: &[Ran]) -> Result<(), Fault> {
    std::fs::write(path, xml(ran)).map_err(|error| Fault::Usage(format!("{} cannot be written: {error}", path.display())))
}

fn xml(ran: &[Ran]) -> String {
    let n_failed = |ran: &[&Ran]| ran.iter().filter(|ran| !ran.outcome.passed()).count();
    let all: Vec<&Ran> = ran.iter().collect();
    let mut files: Vec<&str> = Vec::new();
    for ran in ran {
        if !files.contains(&ran.file.as_str()) {
            files.push(&ran.file);
        }
    }
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let failures = n_failed(&all);
    // The clock is a simulated one: there is no time that would tell anything.
    let _ = writeln!(out, r#"<testsuites name="policy" tests="{}" failures="{failures}" errors="0" time="0">"#, ran.len());
    for file in files {
        let of_file: Vec<&Ran> = ran.iter().filter(|ran| ran.file == file).collect();
        let (name, n, failures) = (escaped(file), of_file.len(), n_failed(&of_file));
        let _ = writeln!(out, r#"  <testsuite name="{name}" tests="{n}" failures="{failures}" errors="0" skipped="0" time="0">"#);
        for ran in of_file {
            case(&mut out, ran);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, ran: &Ran) {
    let (name, file) = (escaped(&ran.outcome.name), escaped(&ran.file));
    let head = format!(r#"    <testcase name="{name}" classname="{file}" file="{file}" line="{}" time="0""#, ran.line);
    if ran.outcome.passed() {
        let _ = writeln!(out, "{head}/>");
        return;
    }
    let diff = show::trial_difference(&ran.outcome).join("\n");
    let diff = anstream::adapter::strip_str(&diff).to_string();
    let _ = writeln!(
        out,
        "{head}>\n      <failure message=\"not what was expected\" type=\"difference\">{}</failure>",
        escaped(&diff)
    );
    out.push_str("    </testcase>\n");
}

/// Text as it may stand in XML 1.0, in an attribute as well: a few characters have
/// names, and some may not stand there by any.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for ch in text.chars() {
        match ch {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' => out.push(ch),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            ch if ch.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            ch => out.push(ch),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_can_break_the_xml() {
        assert_eq!(escaped("a<b> & \"c\" 'd'\u{0}\u{ffff}\n"), "a&lt;b&gt; &amp; &quot;c&quot; &apos;d&apos;\u{fffd}\u{fffd}\n");
    }
}
