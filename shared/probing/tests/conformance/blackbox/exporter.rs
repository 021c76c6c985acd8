//! Prometheus's blackbox exporter, running.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The command, as Debian names it.
const COMMAND: &str = "prometheus-blackbox-exporter";

/// A folder of a test's own, gone at its end.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("watchkeeper-blackbox-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(super) fn write(&self, name: &str, content: &str) -> PathBuf {
        let file = self.0.join(name);
        std::fs::write(&file, content).unwrap();
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The exporter, until it is dropped.
pub(super) struct Exporter {
    process: Child,
    address: String,
    /// What it writes goes nowhere else; it must not be closed before it ends.
    _log: BufReader<ChildStderr>,
    _folder: Folder,
}

impl Exporter {
    /// Starts it with these modules.
    pub(super) fn start(name: &str, modules: &BTreeMap<String, Value>) -> Exporter {
        let folder = Folder::new(name);
        // Every JSON file is a YAML file.
        let file = folder.write("blackbox.yml", &json!({"modules": modules}).to_string());
        let mut process = spawn(&file);
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let begin = said.len();
            let n = log.read_line(&mut said).unwrap();
            assert!(n > 0, "the exporter did not start:\n{said}\n{modules:#?}");
            if let Some((_, rest)) = said[begin..].split_once("msg=\"Listening on\" address=") {
                break rest.split_whitespace().next().unwrap().to_owned();
            }
        };
        Exporter { process, address, _log: log, _folder: folder }
    }

    /// Whether a probe succeeds, and all that is said of it.
    pub(super) async fn probe(&self, module: &str, target: &str) -> (bool, String) {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("module", module)
            .append_pair("target", target)
            .append_pair("debug", "true")
            .finish();
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(format!("GET /probe?{query} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        let success = said.lines().find_map(|line| line.strip_prefix("probe_success "));
        match success {
            Some("1") => (true, said),
            Some("0") => (false, said),
            _ => panic!("{module}: the exporter did not probe {target}:\n{said}"),
        }
    }
}

fn spawn(file: &Path) -> Child {
    Command::new(COMMAND)
        .arg(format!("--config.file={}", file.display()))
        .arg("--web.listen-address=127.0.0.1:0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("{COMMAND} cannot be run ({error}). Get it by: apt-get install --no-install-recommends {COMMAND}")
        })
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
