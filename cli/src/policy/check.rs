//! Check the standing orders, without asking AWS anything.

use std::path::PathBuf;

use domain::policy::{Outline, Place, Problem, Problems};
use serde_json::{Value, json};

use super::file::PolicyFile;
use crate::args::Global;
use crate::fault::Fault;
use crate::show;

pub(crate) const ABOUT: &str = "\
Nothing is asked of AWS. The exit code is 0 if the policy is right, 1 if it has
mistakes, 2 if there is no such file.

Examples:
  watchkeeper policy check infra/policy/policy.yaml
  watchkeeper policy check infra/policy/policy.yaml --json";

/// What to check.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The file, in YAML or JSON.
    pub(crate) file: PathBuf,
}

pub(crate) fn run(global: &Global, args: &CheckArgs) -> Result<(), Fault> {
    let file = PolicyFile::open(&args.file)?;
    let PolicyFile { name, text } = &file;
    match file.policy() {
        Ok(policy) => {
            if global.json {
                show::json(&json!({"file": name, "ok": true, "version": policy.version, "problems": []}));
            } else {
                show::policy(name, &policy);
            }
            Ok(())
        }
        Err(problems) => {
            if global.json {
                show::json(&json!({"file": name, "ok": false, "problems": list(&problems, text)}));
            } else {
                show::problems(&problems.show(name, text));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_listed_with_its_place_path_and_message() {
        let text = "route:\n  reciever: all\nreceivers: []\n";
        let problems = PolicyFile { name: String::new(), text: text.to_owned() }.policy().unwrap_err();
        let listed = list(&problems, text);
        assert_eq!(
            (&listed[0]["line"], &listed[0]["column"], &listed[0]["path"]),
            (&json!(2), &json!(3), &json!("route.reciever"))
        );
        assert!(listed[0]["message"].as_str().unwrap().ends_with("did you mean `receiver`?"), "{listed:?}");
    }
}
