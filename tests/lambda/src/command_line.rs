//! The command line at a deployment, as its operator runs it: the deployed configuration in a folder, and AWS's own variables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value as Json;
use tokio::process::Command;

use crate::world::World;

/// What a command line did.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    /// The one JSON value on stdout.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Everything that somebody at the terminal could read.
    pub fn said(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}

/// Somebody with credentials for a world's account.
pub struct Operator {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
}

impl Operator {
    pub fn of(world: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("syncline.yaml"), world.config()).unwrap();
        let mut environment = world.aws_environment();
        // Nobody asks the machine whether it is one of AWS's.
        environment.insert("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned());
        Self { folder, environment }
    }

    /// The folder that commands run in.
    pub fn at(&self) -> &Path {
        self.folder.path()
    }

    /// Sets a variable for the commands that follow.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    pub fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// Runs a command line, with this environment and no other.
    pub async fn run(&self, line: &str) -> Done {
        let ended = Command::new(binary())
            .args(line.split_whitespace())
            .current_dir(self.at())
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Done { code: ended.status.code().unwrap(), stdout: text(ended.stdout), stderr: text(ended.stderr) }
    }
}

/// The command of this build, which lies beside this test's own binary.
fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // target/debug/deps/test-1234 stands below target/debug.
    let binary = test.parent().and_then(Path::parent).unwrap().join("syncline");
    assert!(binary.is_file(), "{} is not there: `make test` builds it", binary.display());
    binary
}
