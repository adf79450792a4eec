//! One process of a function, from its start to its end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value as Json;
use syncline_aws::SystemClock;
use syncline_engine::ports::clock::Clock;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use crate::runtime_api::{Answer, RuntimeApi};

/// No invocation of these tests takes nearly so long: who waits longer waits for ever.
const PATIENCE: Duration = Duration::from_mins(1);

/// How an invocation ended, seen from Lambda.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    Answered(Answer),
    /// The process ended without an answer: Lambda reports `Runtime.ExitError`.
    Died(ExitStatus),
}

/// A function's process with the host that it talks to.
pub struct Function {
    api: RuntimeApi,
    child: Child,
}

/// Where the binaries lie: the folder that `SYNCLINE_BINARIES` names, or else the one of this build.
pub fn binary(name: &str) -> PathBuf {
    let folder = std::env::var_os("SYNCLINE_BINARIES").map_or_else(
        || {
            let program = std::env::current_exe().unwrap();
            let folder = program.parent().unwrap();
            // A test, target/debug/deps/test-1234, stands below target/debug; a program stands in it.
            if folder.ends_with("deps") { folder.parent().unwrap().to_owned() } else { folder.to_owned() }
        },
        PathBuf::from,
    );
    let binary = folder.join(format!("syncline-{name}"));
    assert!(binary.is_file(), "{} is not there: `make test` builds it", binary.display());
    binary
}

impl Function {
    /// Starts `pull`, `webhook`, `write` or `panel` with this environment and no other, as Lambda does.
    pub async fn start(name: &str, environment: &BTreeMap<String, String>) -> Self {
        let api = RuntimeApi::start().await;
        let child = Command::new(binary(name))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", format!("syncline-{name}"))
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/syncline-{name}"))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/22/[$LATEST]1")
            .env("LAMBDA_TASK_ROOT", "/var/task")
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { api, child }
    }

    /// One invocation with a minute's time.
    pub async fn invoke(&mut self, event: &Json) -> Answer {
        self.invoke_within(event, SignedDuration::from_mins(1)).await
    }

    /// One invocation that has to be over in so much time.
    ///
    /// # Panics
    /// Where the process ends instead of answering.
    pub async fn invoke_within(&mut self, event: &Json, time: SignedDuration) -> Answer {
        match self.try_invoke(event.to_string(), time).await {
            Ended::Answered(answer) => answer,
            Ended::Died(status) => panic!("the function ended: {status}"),
        }
    }

    /// One invocation with any payload, and how it ended.
    pub async fn try_invoke(&mut self, payload: String, time: SignedDuration) -> Ended {
        let answer = self.api.invoke(payload, SystemClock.now() + time);
        let ended = async {
            tokio::select! {
                answer = answer => Ended::Answered(answer.unwrap()),
                status = self.child.wait() => Ended::Died(status.unwrap()),
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.expect("an answer in time")
    }

    /// Waits until it asks for its first event.
    pub async fn started(&self) {
        tokio::time::timeout(PATIENCE, self.api.started()).await.expect("a start in time");
    }

    /// The process's number, as long as it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    pub fn api(&self) -> &RuntimeApi {
        &self.api
    }

    /// The signal that Lambda sends before it takes an environment away.
    pub async fn terminate(&self) {
        let id = self.child.id().expect("a running process").to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &id]).status().await.unwrap().success());
    }

    /// What Lambda does with a process that is over its time.
    pub fn kill(&mut self) {
        self.child.start_kill().unwrap();
    }

    /// Waits for its end, and answers how it ended and all that it wrote.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let (mut stdout, mut stderr) = (self.child.stdout.take().unwrap(), self.child.stderr.take().unwrap());
        let whole = async {
            let mut text = String::new();
            stdout.read_to_string(&mut text).await.unwrap();
            stderr.read_to_string(&mut text).await.unwrap();
            (self.child.wait().await.unwrap(), text)
        };
        tokio::time::timeout(PATIENCE, whole).await.expect("an end in time")
    }
}
