//! Write flows as files of another tool.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Choice;
use super::hurl::{self, Exported};
use crate::args::Global;
use crate::checked::count;
use crate::fault::Fault;
use crate::show;

pub(crate) const ABOUT: &str = "\
With --hurl each flow with requests over HTTP is written as a file of hurl
(https://hurl.dev), one of another kind than HTTP as a comment in it. Secrets
become variables of hurl; the file's first lines say how to give them. No secret
is read.

What hurl cannot say stays in the file as a comment and is told on standard
error: phases other than the whole time, `in`, CSS selectors. Cookies are kept
by both; but `cookie` in an assertion is to hurl only what the answer sets.

Examples:
  watchkeeper probes export --hurl --flow create-order
  watchkeeper probes export --hurl --file probes.yaml --out hurl-files";

/// What to write.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// As files of hurl; the only form there is.
    #[arg(long, required = true)]
    hurl: bool,
    #[command(flatten)]
    choice: Choice,
    /// Write a file for each flow into this folder, instead of printing them.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(global: &Global, args: &ExportArgs) -> Result<(), Fault> {
    let probes = args.choice.probes()?;
    let mut files = Vec::new();
    let mut left_out = Vec::new();
    for flow in args.choice.of(&probes)? {
        match hurl::export(flow) {
            Some(exported) => {
                left_out.extend(exported.left_out.iter().cloned());
                files.push((format!("{}.hurl", flow.id), exported));
            }
            None => left_out.push(format!("{}: all of it; no step is a request over HTTP", flow.id)),
        }
    }
    for what in &left_out {
        show::note(&format!("hurl cannot say this of {what}"), global.json);
    }
    if files.is_empty() {
        return Err(Fault::No("no flow has a request over HTTP, so that there is nothing to write".to_owned()));
    }
    match &args.out {
        Some(folder) => {
            let written = write_all(folder, &files)?;
            let sentence = format!("{} written to {}: {}", count(written.len(), "file"), folder.display(), written.join(", "));
            show::done(global.json, &sentence, &answer(&files, &left_out));
        }
        None if global.json => show::json(&answer(&files, &left_out)),
        None => {
            let texts: Vec<&str> = files.iter().map(|(_, exported)| exported.text.as_str()).collect();
            show::text(&texts.join("\n"));
            for (name, _) in files.iter().flat_map(|(_, exported)| &exported.beside) {
                show::note(&format!("the file {name} must stand beside it; with --out it is written, too"), false);
            }
        }
    }
    Ok(())
}

fn answer(files: &[(String, Exported)], left_out: &[String]) -> Value {
    let files: Vec<Value> = files.iter().map(|(name, exported)| json!({"file": name, "text": exported.text})).collect();
    json!({"files": files, "left_out": left_out})
}

/// Writes the files, and those that must stand beside them; gives their names.
fn write_all(folder: &Path, files: &[(String, Exported)]) -> Result<Vec<String>, Fault> {
    let fault = |path: &Path, error: &std::io::Error| Fault::Usage(format!("{} cannot be written: {error}", path.display()));
    std::fs::create_dir_all(folder).map_err(|error| fault(folder, &error))?;
    let mut written = Vec::new();
    for (name, exported) in files {
        let all = std::iter::once((name, &exported.text)).chain(exported.beside.iter().map(|(name, text)| (name, text)));
        for (name, text) in all {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(|error| fault(&path, &error))?;
            written.push(name.clone());
        }
    }
    Ok(written)
}
