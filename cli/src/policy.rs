//! Check the standing orders, without asking AWS anything.

use std::io::ErrorKind;

use domain::policy::{Outline, Place, Policy, Problem, Problems};
use serde_json::{Value, json};

use crate::args::{Global, PolicyCommand};
use crate::fault::Fault;
use crate::show;

pub(crate) fn run(global: &Global, command: PolicyCommand) -> Result<(), Fault> {
    let PolicyCommand::Check { file } = command;
    let name = file.display().to_string();
    let text = std::fs::read_to_string(&file).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Fault::Usage(format!("there is no file {name}")),
        _ => Fault::Usage(format!("{name} cannot be read: {error}")),
    })?;
    match read(&text).and_then(|content| Policy::check(&content)) {
        Ok(policy) => {
            if global.json {
                show::json(&json!({"file": name, "ok": true, "version": policy.version, "problems": []}));
            } else {
                show::policy(&name, &policy);
            }
            Ok(())
        }
        Err(problems) => {
            if global.json {
                show::json(&json!({"file": name, "ok": false, "problems": list(&problems, &text)}));
            } else {
                show::problems(&problems.show(&name, &text));
            }
            let n = problems.0.len();
            Err(Fault::No(format!("{name} has {n} problem{}", if n == 1 { "" } else { "s" })))
        }
    }
}

fn list(problems: &Problems, text: &str) -> Vec<Value> {
    let outline = Outline::of(text);
    let of = |problem: &Problem| {
        let Place { line, column } = problem.place(&outline);
        json!({"line": line, "column": column, "path": problem.path, "message": problem.message})
    };
    problems.0.iter().map(of).collect()
}

/// Reads YAML. What is not YAML has no paths: the parser itself says where.
fn read(text: &str) -> Result<Value, Problems> {
    serde_saphyr::from_str(text).map_err(|error| {
        let error = error.without_snippet();
        let message = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
        // The place stands in front of the line already.
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        let message = format!("this is not YAML: {message}");
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let place = error.location().map(|at| Place { line: number(at.line()), column: number(at.column()) });
        Problems(vec![place.map_or_else(|| Problem::new("", message.clone()), |place| Problem::at(place, message.clone()))])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_yaml_is_told_as_any_other_mistake_where_it_stands() {
        for (text, wanted) in [
            ("a: b\nc: [1, 2\nd: e\n", "policy.yaml:3:2: this is not YAML: illegal placement of ':' indicator"),
            ("route:\n\t- b\n", "policy.yaml:2:2: this is not YAML: tabs disallowed within this context (block indentation)"),
            ("a: 1\nb: 2\na: 3\n", "policy.yaml:3:1: this is not YAML: duplicate mapping key: a not allowed here"),
            ("a: b: c\n", "policy.yaml:1:5: this is not YAML: mapping values are not allowed in this context"),
        ] {
            assert_eq!(read(text).unwrap_err().show("policy.yaml", text), wanted);
        }
    }

    #[test]
    fn a_mistake_is_listed_with_its_place_path_and_message() {
        let text = "route:\n  reciever: all\nreceivers: []\n";
        let problems = read(text).and_then(|content| Policy::check(&content)).unwrap_err();
        let listed = list(&problems, text);
        assert_eq!(
            (&listed[0]["line"], &listed[0]["column"], &listed[0]["path"]),
            (&json!(2), &json!(3), &json!("route.reciever"))
        );
        assert!(listed[0]["message"].as_str().unwrap().ends_with("did you mean `receiver`?"), "{listed:?}");
    }
}
