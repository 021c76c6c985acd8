//! Check the standing orders, without asking AWS anything.

use domain::policy::{Policy, Problem, Problems};
use serde_json::{Value, json};

use crate::args::{Global, PolicyCommand};
use crate::fault::Fault;
use crate::show;

pub(crate) fn run(global: &Global, command: PolicyCommand) -> Result<(), Fault> {
    let PolicyCommand::Check { file } = command;
    let name = file.display().to_string();
    let text = std::fs::read_to_string(&file).map_err(|error| Fault::Usage(format!("{name} cannot be read: {error}")))?;
    let checked = serde_saphyr::from_str::<Value>(&text)
        .map_err(|error| Problems(vec![Problem { path: String::new(), message: error.to_string() }]))
        .and_then(|content| Policy::check(&content));
    match checked {
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
                let outline = domain::policy::Outline::of(&text);
                let list: Vec<_> = problems
                    .0
                    .iter()
                    .map(|problem| json!({"line": outline.line_of(&problem.path), "path": problem.path, "message": problem.message}))
                    .collect();
                show::json(&json!({"file": name, "ok": false, "problems": list}));
            } else {
                show::problems(&problems.show(&name, &text));
            }
            let n = problems.0.len();
            Err(Fault::No(format!("{name} has {n} problem{}", if n == 1 { "" } else { "s" })))
        }
    }
}
