//! The emulator's process, from start to end.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::stand_ins::SERVICES;
use super::{Outcome, Places, eventually};

/// It takes about a second.
const START: Duration = Duration::from_mins(1);

/// A running emulator, with its functions' processes.
#[derive(Debug)]
pub(super) struct Emulator {
    child: Child,
    port: u16,
    log: PathBuf,
    environment: BTreeMap<String, String>,
}

impl Emulator {
    pub(super) async fn start(places: &Places, stand_ins: SocketAddr) -> Outcome<Emulator> {
        let port = free_port()?;
        let log = places.work.join("emulator.log");
        let environment = environment_of(port, stand_ins);
        let output = std::fs::File::create(&log).map_err(|error| format!("{} cannot be written: {error}", log.display()))?;
        let errors = output.try_clone().map_err(|error| error.to_string())?;
        // A group of its own: an interrupt at the terminal reaches the
        // demonstration first, which then ends all of it in order.
        let child = Command::new(&places.ministack)
            .current_dir(&places.work)
            .env_clear()
            .envs(inherited())
            .envs(&environment)
            .envs(settings(port))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", places.ministack.display()))?;
        let mut emulator = Emulator { child, port, log, environment };
        emulator.wait_until_healthy().await?;
        Ok(emulator)
    }

    async fn wait_until_healthy(&mut self) -> Outcome<()> {
        let api = super::Api::new(self.port);
        let log = self.log.display().to_string();
        eventually(START, async || {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Ok(Err(format!("the emulator ended at once ({status}); see {log}")));
            }
            api.get("/_ministack/health")
                .await
                .map(|_| Ok(()))
                .map_err(|why| format!("the emulator does not answer: {why}; see {log}"))
        })
        .await?
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// What a tool needs to find this emulator instead of AWS.
    pub(super) fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // Nothing in it is worth an orderly end; its state is in memory.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

fn environment_of(port: u16, stand_ins: SocketAddr) -> BTreeMap<String, String> {
    let settings = [
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        // The one region that the emulator's alarms speak of.
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let first = SERVICES.map(|service| (format!("AWS_ENDPOINT_URL_{service}"), format!("http://{stand_ins}")));
    settings.into_iter().chain(first).collect()
}

fn settings(port: u16) -> BTreeMap<&'static str, String> {
    [
        ("BIND_HOST", "127.0.0.1".to_owned()),
        ("MINISTACK_HOST", "127.0.0.1".to_owned()),
        ("GATEWAY_PORT", port.to_string()),
        // Times are shortened by the policy, not by a bent clock.
        ("SFN_WAIT_SCALE", "1".to_owned()),
        ("LAMBDA_ASYNC_RETRY_BASE_SECONDS", "1".to_owned()),
        ("IOT_MTLS_ENABLED", "0".to_owned()),
        ("SFTP_ENABLED", "0".to_owned()),
    ]
    .into()
}

/// Of the surrounding environment only what any program needs: credentials of a
/// real account must not come near this.
#[expect(clippy::disallowed_methods, reason = "a child process needs its paths")]
pub(super) fn inherited() -> BTreeMap<String, String> {
    ["PATH", "HOME", "TMPDIR", "LANG", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok().map(|value| (name.to_owned(), value)))
        // Terraform warns of a file that is not there, at every call.
        .filter(|(name, value)| name != "TF_CLI_CONFIG_FILE" || Path::new(value).exists())
        .collect()
}

fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| format!("no port on loopback: {error}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}
