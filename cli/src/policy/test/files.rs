//! Where do the tests stand? In the policy, in files beside it, and in files that
//! are named.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::policy::source::TestSource;
use domain::policy::{Outline, Policy, Problems};
use domain::trial;

use crate::fault::Fault;
use crate::file::{Kind, SourceFile};

/// How the names of files of tests end.
const ENDS: [&str; 2] = ["_test.yaml", "_test.yml"];

/// A file's tests, each with the line at which it begins.
pub(super) struct TestFile {
    pub(super) name: String,
    pub(super) tests: Vec<TestSource>,
    pub(super) lines: Vec<usize>,
}

impl TestFile {
    /// The tests in the policy itself.
    pub(super) fn of_policy(file: &SourceFile, policy: &Policy) -> Result<TestFile, Problems> {
        TestFile::new(file, policy, trial::of_policy(&file.content()?)?)
    }

    /// The tests of a file that holds nothing else.
    pub(super) fn of(file: &SourceFile, policy: &Policy) -> Result<TestFile, Problems> {
        TestFile::new(file, policy, trial::read(&file.content()?)?)
    }

    fn new(file: &SourceFile, policy: &Policy, tests: Vec<TestSource>) -> Result<TestFile, Problems> {
        let problems = trial::check(policy, &tests);
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let outline = Outline::of(&file.text);
        let lines = (0..tests.len()).map(|n| outline.place_of(&format!("tests[{n}]")).line).collect();
        Ok(TestFile { name: file.name.clone(), tests, lines })
    }
}

/// The files of tests beside a policy, and those that are named; each once.
pub(super) fn all(policy: &Path, named: &[PathBuf]) -> Result<Vec<SourceFile>, Fault> {
    let mut known: BTreeSet<PathBuf> = BTreeSet::from([whole(policy)]);
    let beside = beside(policy);
    let each = beside.iter().chain(named).filter(|path| known.insert(whole(path)));
    each.map(|path| SourceFile::open(path, Kind::Policy)).collect()
}

fn beside(policy: &Path) -> Vec<PathBuf> {
    let folder = match policy.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let is_test = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        ENDS.iter().any(|end| name.ends_with(end)) && path.is_file()
    };
    // A folder that cannot be listed has none; the policy was read by its name.
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| policy.with_file_name(entry.file_name())).filter(is_test).collect();
    paths.sort();
    paths
}

fn whole(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
