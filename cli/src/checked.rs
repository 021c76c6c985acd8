//! What a check of a file found: told with places, or as JSON.

use domain::policy::{Mark, Outline, Problem, Problems, Warning};
use serde_json::{Value, json};

use crate::args::Global;
use crate::fault::Fault;
use crate::file::SourceFile;
use crate::show::{self, Severity};

/// A file that is checked, and how to answer.
pub(crate) struct Checked<'f> {
    file: &'f SourceFile,
    outline: Outline,
    json: bool,
    /// Whether a warning is as bad as a mistake.
    deny_warnings: bool,
}

impl<'f> Checked<'f> {
    pub(crate) fn new(global: &Global, file: &'f SourceFile, deny_warnings: bool) -> Checked<'f> {
        Checked { file, outline: Outline::of(&file.text), json: global.json, deny_warnings }
    }

    /// The file can be used: `more` is what there is to say of it as members of the
    /// answer, `show` says it to people.
    pub(crate) fn right(&self, warnings: &[Warning], more: Value, show: impl FnOnce()) -> Result<(), Fault> {
        let is_refused = self.deny_warnings && !warnings.is_empty();
        if self.json {
            let warnings: Vec<Value> = warnings.iter().map(|warning| self.warned(warning)).collect();
            let mut answer = json!({"file": self.file.name, "ok": !is_refused, "problems": [], "warnings": warnings});
            if let (Value::Object(answer), Value::Object(more)) = (&mut answer, more) {
                answer.extend(more);
            }
            show::json(&answer);
        } else {
            for warning in warnings {
                self.point(Severity::Warning, &warning.mark(&self.outline), &warning.to_string());
            }
            show();
        }
        if is_refused {
            let n = count(warnings.len(), "warning");
            return Err(Fault::No(format!("{} has {n}, and none is allowed", self.file.name)));
        }
        Ok(())
    }

    /// The file cannot be used.
    pub(crate) fn wrong(&self, problems: &Problems) -> Fault {
        if self.json {
            let list: Vec<Value> = problems.0.iter().map(|problem| self.told(problem)).collect();
            show::json(&json!({"file": self.file.name, "ok": false, "problems": list, "warnings": []}));
        } else {
            self.show_all(problems);
        }
        Fault::No(format!("{} has {}", self.file.name, count(problems.0.len(), "problem")))
    }

    /// Shows all that is wrong, with its lines.
    pub(crate) fn show_all(&self, problems: &Problems) {
        for problem in &problems.0 {
            self.point(Severity::Error, &problem.mark(&self.outline), &problem.to_string());
        }
    }

    fn point(&self, severity: Severity, mark: &Mark, message: &str) {
        show::finding(severity, &self.file.name, &self.file.text, mark, message);
    }

    fn told(&self, problem: &Problem) -> Value {
        placed(&problem.mark(&self.outline), json!({"path": problem.path, "message": problem.message}))
    }

    fn warned(&self, warning: &Warning) -> Value {
        let Warning { id, path, message } = warning;
        placed(&warning.mark(&self.outline), json!({"id": id, "path": path, "message": message}))
    }
}

/// `value` with what it is about and where that stands.
fn placed(mark: &Mark, mut value: Value) -> Value {
    value["line"] = json!(mark.place.line);
    value["column"] = json!(mark.place.column);
    value["end_column"] = json!(mark.end_column());
    value["text"] = json!(mark.text);
    value
}

/// A number of things.
pub(crate) fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
