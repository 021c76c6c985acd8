//! A function's process: started, handed events, and looked at from outside.

#![allow(dead_code, reason = "each benchmark looks at what it measures")]

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use testkit::world::{LINK_KEY, TABLE, World};
use tests::stack::Outcome;
use tokio::process::{Child, Command};

use crate::lambda::{Answer, RuntimeApi, Seen};

/// Nothing here takes longer unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);
/// After its poll a process has done its work, but not yet gone to sleep.
const SETTLE: Duration = Duration::from_millis(3);

/// What to run, and where.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) file: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// The region that it works in.
    pub(crate) world: World,
    /// Where it writes its log.
    pub(crate) log: PathBuf,
    /// Its memory, in megabytes, as Lambda would tell it.
    pub(crate) memory_mb: u32,
}

/// A process that takes events.
pub(crate) struct Process<'p> {
    program: &'p Program,
    api: RuntimeApi,
    child: Child,
    began: Instant,
}

impl Program {
    /// Starts the program as Lambda does: with Lambda's environment, and no more.
    pub(crate) async fn start(&self) -> Outcome<Process<'_>> {
        let api = RuntimeApi::start().await?;
        let log = File::create(&self.log).map_err(|error| format!("{}: {error}", self.log.display()))?;
        let errors = log.try_clone().map_err(|error| format!("{}: {error}", self.log.display()))?;
        let mut command = Command::new(&self.file);
        command
            .args(&self.arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LANG", "en_US.UTF-8")
            .env("TZ", ":UTC")
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", format!("watchkeeper-{}", self.name))
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", self.memory_mb.to_string())
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/watchkeeper-{}", self.name))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/06/01/[$LATEST]0123456789abcdef0123456789abcdef")
            .env("WATCHKEEPER_TABLE", TABLE)
            .env("WATCHKEEPER_LINK_KEY", LINK_KEY)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .kill_on_drop(true);
        for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"] {
            command.envs(self.world.variable(name).map(|value| (name, value)));
        }
        command.envs(self.world.variable("AWS_REGION").map(|region| ("AWS_DEFAULT_REGION", region)));
        let began = Instant::now();
        let child = command.spawn().map_err(|error| format!("{}: {error}", self.file.display()))?;
        Ok(Process { program: self, api, child, began })
    }
}

impl Process<'_> {
    /// Waits for the first poll; gives the time since exec.
    pub(crate) async fn ready(&mut self) -> Outcome<Duration> {
        match self.next().await? {
            Seen::Poll(at) => Ok(at.duration_since(self.began)),
            Seen::Answer(answer) => Err(self.wrong(&format!("it did not start: {:?}", answer.result))),
        }
    }

    /// Hands out an event; gives the answer once the process waits for the next.
    pub(crate) async fn invoke(&mut self, payload: String) -> Outcome<Answer> {
        self.api.hand_out(payload);
        let Seen::Answer(answer) = self.next().await? else { return Err(self.wrong("it polls without an answer")) };
        if let Err(error) = &answer.result {
            return Err(self.wrong(&format!("it answers an error: {error}")));
        }
        match self.next().await? {
            Seen::Poll(_) => Ok(answer),
            Seen::Answer(_) => Err(self.wrong("it answers twice")),
        }
    }

    /// From exec until `answer`.
    pub(crate) fn since_exec(&self, answer: &Answer) -> Duration {
        answer.at.duration_since(self.began)
    }

    /// CPU time of all its threads so far.
    pub(crate) async fn cpu(&self) -> Outcome<Duration> {
        tokio::time::sleep(SETTLE).await;
        let folder = format!("/proc/{}/task", self.id()?);
        let tasks = std::fs::read_dir(&folder).map_err(|error| self.wrong(&format!("{folder}: {error}")))?;
        let mut nanoseconds = 0;
        for task in tasks.flatten() {
            // Time on a processor, time in a queue, number of turns: `schedstat`
            // counts in nanoseconds, where `stat` counts in hundredths of a second.
            let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            nanoseconds += text.split(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default();
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Memory that it holds, in bytes.
    pub(crate) fn resident(&self) -> Outcome<u64> {
        self.memory("VmRSS:")
    }

    /// The most memory that it has held, in bytes.
    pub(crate) fn peak(&self) -> Outcome<u64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> Outcome<u64> {
        let file = format!("/proc/{}/status", self.id()?);
        let text = std::fs::read_to_string(&file).map_err(|error| self.wrong(&format!("{file}: {error}")))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
        kibibytes.map(|kibibytes| kibibytes * 1024).ok_or_else(|| self.wrong(&format!("{file} has no {name}")))
    }

    /// Ends the process, and waits until it is gone: what is measured next has
    /// the machine for itself.
    pub(crate) async fn end(mut self) -> Outcome<()> {
        self.child.kill().await.map_err(|error| self.wrong(&format!("it does not end: {error}")))
    }

    fn id(&self) -> Outcome<u32> {
        self.child.id().ok_or_else(|| self.wrong("it has ended"))
    }

    async fn next(&mut self) -> Outcome<Seen> {
        let seen = tokio::select! {
            seen = tokio::time::timeout(PATIENCE, self.api.next()) => seen,
            status = self.child.wait() => {
                return Err(self.wrong(&format!("it ended: {}", status.map_or_else(|error| error.to_string(), |status| status.to_string()))));
            }
        };
        seen.ok().flatten().ok_or_else(|| self.wrong(&format!("nothing happened for {} s", PATIENCE.as_secs())))
    }

    /// What went wrong, with the end of the log.
    fn wrong(&self, what: &str) -> String {
        let log = std::fs::read_to_string(&self.program.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        format!("{}: {what}\n{}", self.program.name, lines[lines.len().saturating_sub(5)..].join("\n"))
    }
}
