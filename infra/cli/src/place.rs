//! Where the installation stands that a command is about: in a data folder of this machine, or deployed in an AWS account.
//!
//! One rule for every command: a flag beats the environment, and without either it is this machine. All names of a deployment follow from its
//! stack's name, as `infra/aws` gives them, so that nothing has to be asked first.

use std::collections::BTreeMap;
use std::path::PathBuf;

use syncline_engine::ports::secrets::SecretsError;
use syncline_local::FOLDER;
use syncline_model::Secret;

use crate::args::Global;
use crate::exit::{Exit, Failure};

const STACK: &str = "SYNCLINE_STACK";
const TABLE: &str = "SYNCLINE_TABLE";
const SECRETS_PREFIX: &str = "SYNCLINE_SECRETS_PREFIX";

/// The stack of a deployment that was given no name: `STACK` of the Makefile.
const STACK_USUAL: &str = "Syncline";
/// As `infra/aws` takes it.
const STACK_LENGTH_MAX: usize = 40;

/// Where an installation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A data folder of this machine.
    Folder(PathBuf),
    /// A stack in an AWS account; which account and region, AWS's own environment says.
    Deployed(Deployment),
}

/// The names of a deployment's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deployment {
    pub(crate) stack: String,
    pub(crate) table: String,
    /// What stands before a bundle's name in Secrets Manager.
    pub(crate) secrets_prefix: String,
}

impl Deployment {
    /// What stands before a connection's name in the name of its queue. A stack's name has no underscore, so that no two stacks share a queue.
    pub(crate) fn queue_prefix(&self) -> String {
        format!("{}_", self.stack.to_lowercase())
    }
}

impl Place {
    /// The place that the flags name, or else the environment; a flag for this machine beats a stack in the environment.
    pub(crate) fn choose(global: &Global, environment: &BTreeMap<String, Secret>) -> Result<Self, Failure> {
        let is_here = global.data.is_some() || global.demo;
        if is_here {
            if global.stack.is_some() || global.table.is_some() || global.secrets_prefix.is_some() {
                let says = "`--data` and `--demo` mean this machine; `--stack`, `--table` and `--secrets-prefix` mean AWS";
                return Err(Failure::usage(says, "give those of one place"));
            }
            return Ok(Self::Folder(folder(global)));
        }
        let given = |flag: &Option<String>, variable: &str| {
            let named = || environment.get(variable).map(|value| value.expose().to_owned());
            flag.clone().or_else(named).filter(|name| !name.is_empty())
        };
        let (stack, table) = (given(&global.stack, STACK), given(&global.table, TABLE));
        if stack.is_none() && table.is_none() {
            if global.secrets_prefix.is_some() {
                return Err(Failure::usage("`--secrets-prefix` is of a deployment, and none is named", "give `--stack NAME` as well"));
            }
            return Ok(Self::Folder(folder(global)));
        }
        let stack = stack.unwrap_or_else(|| STACK_USUAL.to_owned());
        let is_name = |stack: &str| {
            stack.len() <= STACK_LENGTH_MAX
                && stack.starts_with(|first: char| first.is_ascii_alphabetic())
                && stack.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '-')
        };
        if !is_name(&stack) {
            let hint = format!(
                "give the name that was deployed (`STACK`, `{STACK_USUAL}` without it): up to {STACK_LENGTH_MAX} letters, digits and hyphens"
            );
            return Err(Failure::usage(format!("`{stack}` is no name of a stack"), hint));
        }
        let lower = stack.to_lowercase();
        Ok(Self::Deployed(Deployment {
            table: table.unwrap_or_else(|| lower.clone()),
            secrets_prefix: given(&global.secrets_prefix, SECRETS_PREFIX).unwrap_or_else(|| format!("{lower}/")),
            stack,
        }))
    }

    /// As people call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Folder(folder) => format!("the data folder {}", folder.display()),
            Self::Deployed(deployment) => format!("the deployment {} (table {})", deployment.stack, deployment.table),
        }
    }

    /// Who does what a command only begins.
    pub(crate) fn carried_out_by(&self) -> &'static str {
        match self {
            Self::Folder(_) => "`syncline local` carries it out",
            Self::Deployed(_) => "the deployment carries it out, unless it is paused",
        }
    }

    /// Why credentials were not read or kept, and what to do about it here.
    pub(crate) fn secrets_failure(&self, error: &SecretsError) -> Failure {
        let hint = match self {
            Self::Folder(folder) => format!("correct or remove {}, then run `syncline connect`", folder.join("secrets.json").display()),
            Self::Deployed(_) => "check `--stack`, AWS_REGION and AWS_PROFILE, and that you may read and write the stack's secrets \
                                  (secretsmanager:GetSecretValue, secretsmanager:PutSecretValue)"
                .to_owned(),
        };
        Failure::new(Exit::Failed, error.to_string(), hint)
    }
}

/// The data folder of this machine, whatever else is named.
pub(crate) fn folder(global: &Global) -> PathBuf {
    global.data.clone().unwrap_or_else(|| PathBuf::from(FOLDER))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Cli;

    fn chosen(flags: &[&str], environment: &[(&str, &str)]) -> Result<Place, String> {
        let line = ["syncline", "status"].into_iter().chain(flags.iter().copied());
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
        Place::choose(&Cli::try_parse_from(line).unwrap().global, &environment).map_err(|failure| failure.says)
    }

    fn deployed(stack: &str, table: &str, secrets_prefix: &str) -> Place {
        Place::Deployed(Deployment { stack: stack.into(), table: table.into(), secrets_prefix: secrets_prefix.into() })
    }

    #[test]
    fn flags_beat_the_environment_and_without_either_it_is_this_machine() {
        let folder = |name: &str| Ok(Place::Folder(PathBuf::from(name)));
        let acme = [("SYNCLINE_STACK", "Acme")];
        assert_eq!(chosen(&[], &[]), folder(".syncline"));
        assert_eq!(chosen(&[], &[("SYNCLINE_STACK", "")]), folder(".syncline"));
        assert_eq!(chosen(&["--data", "other"], &acme), folder("other"));
        assert_eq!(chosen(&["--demo"], &acme), folder(".syncline"));
        assert_eq!(chosen(&[], &acme), Ok(deployed("Acme", "acme", "acme/")));
        assert_eq!(chosen(&["--stack", "Second"], &acme), Ok(deployed("Second", "second", "second/")));
        assert_eq!(chosen(&["--table", "restored"], &acme), Ok(deployed("Acme", "restored", "acme/")));
        assert_eq!(chosen(&["--table", "restored"], &[]), Ok(deployed("Syncline", "restored", "syncline/")));
        assert_eq!(
            chosen(&[], &[("SYNCLINE_TABLE", "restored"), ("SYNCLINE_SECRETS_PREFIX", "x/")]),
            Ok(deployed("Syncline", "restored", "x/"))
        );
    }

    #[test]
    fn what_names_two_places_or_none_is_refused() {
        assert!(chosen(&["--data", "other", "--stack", "Acme"], &[]).unwrap_err().contains("mean this machine"));
        assert!(chosen(&["--demo", "--table", "acme"], &[]).unwrap_err().contains("mean AWS"));
        assert!(chosen(&["--secrets-prefix", "acme/"], &[]).unwrap_err().contains("none is named"));
        for name in ["a_b", "1st", "https://acme", &"a".repeat(41)] {
            assert!(chosen(&["--stack", name], &[]).unwrap_err().contains("no name of a stack"), "{name}");
        }
    }

    /// The deployment and the command line name the same things.
    #[test]
    fn names_are_those_that_the_deployment_gives() {
        let parts = |name: &str| std::fs::read_to_string(format!("{}/../aws/src/parts/{name}.ts", env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(parts("store").contains("tableName: options.stack.toLowerCase()"));
        assert!(parts("secrets").contains("`${options.stack.toLowerCase()}/`"));
        assert!(parts("queues").contains("`${options.stack.toLowerCase()}_${connection}`"));
    }
}
