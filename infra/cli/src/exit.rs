//! How a command ends: the exit codes, which are part of the contract, and failures as what, why and what to do.

use syncline_config::Problems;
use syncline_engine::EngineError;
use syncline_engine::ports::outbox::OutboxError;
use syncline_engine::ports::store::StoreError;
use syncline_local::OpenError;
use syncline_model::{CallError, Fault};
use syncline_registry::{AssemblyProblem, KeyError};

/// How a command ends. The numbers never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    /// Something went wrong that none of the others names.
    Failed,
    /// The command line is wrong.
    Usage,
    /// The configuration has problems.
    Config,
    /// A connection needs signing in.
    SignIn,
    /// Something is held, or does not fit.
    Held,
    /// A vendor or the store is out of reach or over its limit: try again later.
    OutOfReach,
    /// Somebody pressed Ctrl-C at a question.
    Interrupted,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Config => 3,
            Self::SignIn => 4,
            Self::Held => 5,
            Self::OutOfReach => 6,
            // As shells tell an end by SIGINT.
            Self::Interrupted => 130,
        }
    }

    pub(crate) fn of_fault(fault: &Fault) -> Self {
        match fault {
            Fault::AuthExpired | Fault::AuthRefused { .. } => Self::SignIn,
            Fault::Transient { .. } | Fault::RateLimited { .. } | Fault::Uncertain | Fault::Conflict => Self::OutOfReach,
            Fault::Rejected { .. } | Fault::Taken { .. } | Fault::Drift { .. } => Self::Held,
            Fault::Missing | Fault::Unsupported { .. } => Self::Failed,
        }
    }
}

/// The exit codes, for the help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed, for a reason that none of the others names
  2  the command line is wrong
  3  the configuration has problems
  4  a connection needs signing in: `syncline connect`
  5  something is held, or does not fit
  6  a vendor or the store is out of reach or over its limit: try again later
  130  interrupted at a question";

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) says: String,
    pub(crate) hint: String,
    /// The problems of a config, which are shown at their places.
    pub(crate) problems: Option<Problems>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, says: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit, says: says.into(), hint: hint.into(), problems: None }
    }

    pub(crate) fn usage(says: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Usage, says, hint)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        let says = problems.to_string();
        Self { problems: Some(problems), ..Self::new(Exit::Config, says, "correct the file, then run `syncline validate`") }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let hint = match &error.fault {
            Fault::AuthExpired | Fault::AuthRefused { .. } => "run `syncline connect` for this connection",
            Fault::RateLimited { .. } => "run it again then",
            Fault::Transient { .. } | Fault::Uncertain | Fault::Conflict => "run it again; `-v` shows each call",
            Fault::Rejected { .. } | Fault::Taken { .. } | Fault::Missing | Fault::Unsupported { .. } => {
                "`syncline preflight` shows what the account allows"
            }
            Fault::Drift { .. } => "record the answer and report what `syncline decode` says of it",
        };
        Self::new(Exit::of_fault(&error.fault), error.to_string(), hint)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Call(error) => error.into(),
            EngineError::Store(StoreError::Refused(_)) | EngineError::Outbox(OutboxError::Refused(_)) => Self::new(
                Exit::Failed,
                error.to_string(),
                "nothing was lost; check `--stack`, AWS_REGION and AWS_PROFILE, and your rights on the stack's table and queues",
            ),
            EngineError::Store(StoreError::Lost { .. } | StoreError::Unavailable(_)) | EngineError::Outbox(OutboxError::Unavailable(_)) => {
                Self::new(Exit::OutOfReach, error.to_string(), "run it again; nothing was lost")
            }
            EngineError::Unknown { .. } => Self::usage(error.to_string(), "`syncline status` lists the syncs and their mappings"),
            EngineError::Impossible { problem, instead } => Self::usage(problem, instead),
            EngineError::Unreadable { .. } => {
                Self::new(Exit::Failed, error.to_string(), "use the version of Syncline that wrote it, or a newer one")
            }
        }
    }
}

impl From<Vec<AssemblyProblem>> for Failure {
    fn from(problems: Vec<AssemblyProblem>) -> Self {
        let says: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Self::new(Exit::Config, says.join("\n"), "correct the configuration, then run `syncline validate`")
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let says = error.to_string();
        match error {
            OpenError::Assembly(_) => Self::new(Exit::Config, says, "correct the configuration, then run `syncline validate`"),
            OpenError::Key(KeyError::Secrets(_) | KeyError::Missing | KeyError::Unreadable) => {
                Self::new(Exit::Failed, says, "restore the secrets file of the data folder from its backup")
            }
            OpenError::Store(_) | OpenError::Queue(_) => {
                Self::new(Exit::OutOfReach, says, "check that the data folder can be written: `--data DIR`")
            }
            OpenError::Simulation(_) => Self::new(Exit::Failed, says, "remove the data folder to begin a new simulation"),
        }
    }
}
