//! Where are the tools and what they work on?

use std::path::{Path, PathBuf};

use super::{FUNCTIONS, Outcome};

/// For what a stack is started; each has a folder of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// The demonstration: `.demo` in the project's folder.
    Demo,
    /// The tests: a folder beside the test programs.
    Test,
}

/// Where things lie.
#[derive(Debug, Clone)]
pub struct Places {
    /// The project.
    pub project: PathBuf,
    /// What the stack writes: logs, the copy of `infra/`, the state of Terraform.
    pub work: PathBuf,
    /// The functions' zips.
    pub artifacts: PathBuf,
    /// The emulator.
    pub ministack: PathBuf,
    /// The command-line tool.
    pub watchkeeper: PathBuf,
}

impl Places {
    /// Finds everything, and says of each thing that is missing how to get it.
    ///
    /// # Errors
    /// What is missing.
    pub fn find(root: Root) -> Outcome<Places> {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the tests lie in no project")?.to_owned();
        let programs = std::env::current_exe().map_err(|error| format!("where this program lies is unknown: {error}"))?;
        let programs =
            programs.parent().map(|folder| if folder.ends_with("deps") { folder.join("..") } else { folder.to_owned() });
        let programs = programs.ok_or("this program lies in no folder")?;
        let work = match root {
            Root::Demo => project.join(".demo"),
            Root::Test => programs.join("local-stack"),
        };
        let places = Places {
            artifacts: artifacts(&project),
            ministack: project.join(".venv/bin/ministack"),
            watchkeeper: path_of("WATCHKEEPER_CLI").unwrap_or_else(|| programs.join("watchkeeper")),
            project,
            work,
        };
        places.check()?;
        std::fs::create_dir_all(&places.work).map_err(|error| format!("{} cannot be made: {error}", places.work.display()))?;
        Ok(places)
    }

    fn check(&self) -> Outcome<()> {
        let zips = FUNCTIONS.map(|name| self.artifacts.join(name).join("bootstrap.zip"));
        let needed = zips
            .iter()
            .map(|zip| (zip, "make build-local"))
            .chain([(&self.ministack, "make tools"), (&self.watchkeeper, "cargo build --package watchkeeper")]);
        let missing: Vec<String> = needed
            .filter(|(path, _)| !path.exists())
            .map(|(path, get)| format!("{} is missing; make it with `{get}`", path.display()))
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(missing.join("\n")) }
    }
}

/// The functions' zips, as `make build-local` leaves them.
pub fn artifacts(project: &Path) -> PathBuf {
    path_of("WATCHKEEPER_ARTIFACTS").unwrap_or_else(|| project.join("target/local"))
}

#[expect(clippy::disallowed_methods, reason = "the Makefile says where it has put things")]
fn path_of(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}
