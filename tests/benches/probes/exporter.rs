//! What the prober is compared with: Prometheus's blackbox exporter, asked for one probe
//! at a time by so many who ask.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tests::stack::{Outcome, eventually};

/// What it is called; Debian's name first.
const NAMES: [&str; 2] = ["prometheus-blackbox-exporter", "blackbox_exporter"];
/// One module: a status from 200 to 299 is good.
const CONFIG: &str = "modules: {http_2xx: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}}\n";
/// How long it may take to start.
const START: Duration = Duration::from_secs(10);

/// The exporter, running; it ends when this is dropped.
pub(crate) struct Exporter {
    child: Child,
    base: String,
}

impl Exporter {
    /// Where it is, if it is installed.
    pub(crate) fn find() -> Option<PathBuf> {
        let path = runtime::config::variable("PATH").unwrap_or_default();
        let folders: Vec<&str> = path.split(':').collect();
        NAMES.iter().flat_map(|name| folders.iter().map(move |folder| Path::new(folder).join(name))).find(|file| file.is_file())
    }

    /// Its version.
    pub(crate) fn version(file: &Path) -> String {
        let said = Command::new(file).arg("--version").output();
        let said =
            said.map(|said| String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned()).unwrap_or_default();
        said.split_whitespace().skip_while(|word| *word != "version").nth(1).unwrap_or("of unknown version").to_owned()
    }

    /// Starts it.
    pub(crate) async fn start(file: &Path, work: &Path) -> Outcome<Exporter> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.map_err(|error| format!("no port on loopback: {error}"))?;
        let config = work.join("blackbox.yml");
        std::fs::write(&config, CONFIG).map_err(|error| format!("{}: {error}", config.display()))?;
        let child = Command::new(file)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let exporter = Exporter { child, base: format!("http://{address}") };
        let client = Client::builder(TokioExecutor::new()).build_http();
        eventually(START, async || ask(&client, &format!("{}/-/healthy", exporter.base)).await.map(|_| ())).await?;
        Ok(exporter)
    }

    /// Has it take so many probes of `target`, at most `at_once` at a time; gives how long
    /// all of them took.
    pub(crate) async fn probe(&self, target: &str, n_probes: usize, at_once: usize) -> Outcome<Duration> {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let target: String = form_urlencoded::byte_serialize(target.as_bytes()).collect();
        let url = format!("{}/probe?module=http_2xx&target={target}", self.base);
        let begun = Instant::now();
        stream::iter((0..n_probes).map(|_| ask(&client, &url)))
            .buffer_unordered(at_once)
            .try_for_each(|metrics| async move {
                let is_good = metrics.lines().any(|line| line == "probe_success 1");
                if is_good { Ok(()) } else { Err("a probe of the exporter failed".to_owned()) }
            })
            .await?;
        Ok(begun.elapsed())
    }

    /// The most memory that it has held, in bytes.
    pub(crate) fn peak(&self) -> Option<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

type Plain = Client<hyper_util::client::legacy::connect::HttpConnector, Empty<Bytes>>;

async fn ask(client: &Plain, url: &str) -> Outcome<String> {
    let wrong = |what: String| format!("{url}: {what}");
    let request = Request::get(url).body(Empty::new()).map_err(|error| wrong(error.to_string()))?;
    let response = client.request(request).await.map_err(|error| wrong(error.to_string()))?;
    if !response.status().is_success() {
        return Err(wrong(response.status().to_string()));
    }
    let body = response.into_body().collect().await.map_err(|error| wrong(error.to_string()))?.to_bytes();
    Ok(String::from_utf8_lossy(&body).into_owned())
}
