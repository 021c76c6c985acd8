//! Where are the functions, and what they are compared with?

#![allow(dead_code, reason = "each benchmark needs its part")]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::stack::{FUNCTIONS, Outcome, artifacts};

/// Where things lie.
pub(crate) struct Places {
    /// The functions' zips, as `make build-local` leaves them.
    artifacts: PathBuf,
    /// The Python that has botocore.
    pub(crate) python: PathBuf,
    /// The function in Python.
    pub(crate) peer: PathBuf,
    /// Unpacked functions, and what processes write.
    pub(crate) work: PathBuf,
}

impl Places {
    /// Finds everything, and says of what is missing how to get it.
    pub(crate) fn find() -> Outcome<Places> {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let project = tests.parent().ok_or("the benchmarks lie in no project")?;
        let places = Places {
            artifacts: artifacts(project),
            python: project.join(".venv/bin/python"),
            peer: tests.join("benches/peer.py"),
            work: Path::new(env!("CARGO_TARGET_TMPDIR")).join("cold-start"),
        };
        if !places.python.exists() {
            return Err(format!("{} is missing; make it with `make tools`", places.python.display()));
        }
        std::fs::create_dir_all(&places.work).map_err(|error| format!("{}: {error}", places.work.display()))?;
        Ok(places)
    }

    fn zip(&self, function: &str) -> PathBuf {
        self.artifacts.join(function).join("bootstrap.zip")
    }

    /// The size of each function's zip, in bytes.
    pub(crate) fn zips(&self) -> Outcome<Vec<(&'static str, u64)>> {
        let size = |name: &'static str| {
            let zip = self.zip(name);
            let file = std::fs::metadata(&zip).map_err(|error| missing(&zip, &error))?;
            Ok((name, file.len()))
        };
        FUNCTIONS.into_iter().map(size).collect()
    }

    /// Unpacks a function as Lambda does; gives the program.
    pub(crate) fn unpack(&self, function: &str) -> Outcome<PathBuf> {
        let (zip, folder) = (self.zip(function), self.work.join(function));
        std::fs::metadata(&zip).map_err(|error| missing(&zip, &error))?;
        self.ask_python(&["-m", "zipfile", "-e", &zip.to_string_lossy(), &folder.to_string_lossy()])?;
        let program = folder.join("bootstrap");
        std::fs::set_permissions(&program, Permissions::from_mode(0o755))
            .map_err(|error| format!("{}: {error}", program.display()))?;
        Ok(program)
    }

    /// What the functions are compared with, by name and version.
    pub(crate) fn peer_is(&self) -> Outcome<String> {
        let versions = "import platform, botocore; print(f'Python {platform.python_version()}, botocore {botocore.__version__}')";
        Ok(self.ask_python(&["-c", versions])?.trim().to_owned())
    }

    fn ask_python(&self, arguments: &[&str]) -> Outcome<String> {
        let output = Command::new(&self.python).args(arguments).output();
        let output = output.map_err(|error| format!("{}: {error}", self.python.display()))?;
        if !output.status.success() {
            return Err(format!(
                "{} {}: {}",
                self.python.display(),
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn missing(zip: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}; make it with `make build-local`", zip.display())
}
