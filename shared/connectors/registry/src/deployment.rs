//! What a function finds in its environment: read once, in its main, and every problem told.

use std::collections::BTreeMap;
use std::path::Path;

use syncline_config::Config;
use syncline_model::ConnectionName;

use crate::system_facts;

const CONFIG: &str = "SYNCLINE_CONFIG";
const CONFIG_FILE: &str = "SYNCLINE_CONFIG_FILE";
const TABLE: &str = "SYNCLINE_TABLE";
const QUEUES: &str = "SYNCLINE_QUEUES";
const SECRETS: &str = "SYNCLINE_SECRETS";
const SECRETS_PREFIX: &str = "SYNCLINE_SECRETS_PREFIX";

/// A function's settings.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// From `SYNCLINE_CONFIG` (the text), or else the file that `SYNCLINE_CONFIG_FILE` names, `syncline.yaml` beside the binary by default.
    pub config: Config,
    /// The table's name: `SYNCLINE_TABLE`.
    pub table: String,
    /// `SYNCLINE_QUEUES`, a JSON object: the URL of each connection's queue.
    pub queue_urls: BTreeMap<ConnectionName, String>,
    /// `SYNCLINE_SECRETS_PREFIX`, `syncline/` by default: what stands before a bundle's name in Secrets Manager.
    pub secrets_prefix: String,
    /// `SYNCLINE_SECRETS`: whether the bundles of connections rest in Parameter Store (`parameters`) and not in Secrets Manager
    /// (`secrets-manager`, the default). The installation's key always rests in Secrets Manager.
    pub secrets_are_parameters: bool,
}

/// One thing wrong with a function's environment. Names the variable, never its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentProblem {
    pub variable: &'static str,
    pub problem: String,
}

impl std::fmt::Display for DeploymentProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; deploy again with `make deploy`", self.variable, self.problem)
    }
}

impl std::error::Error for DeploymentProblem {}

impl Deployment {
    /// Reads the environment; `folder` is where the binary lies.
    pub fn read(environment: &BTreeMap<String, String>, folder: &Path) -> Result<Self, Vec<DeploymentProblem>> {
        let mut problems = Vec::new();
        let config = config(environment, folder).map_err(|found| problems.extend(found)).ok();
        let table = environment.get(TABLE).filter(|name| !name.is_empty()).cloned();
        if table.is_none() {
            problems.push(DeploymentProblem { variable: TABLE, problem: "the table's name is missing".to_owned() });
        }
        let urls = environment.get(QUEUES).and_then(|text| serde_json::from_str::<BTreeMap<ConnectionName, String>>(text).ok());
        if urls.is_none() {
            let problem = "a JSON object of connections and queue URLs is expected".to_owned();
            problems.push(DeploymentProblem { variable: QUEUES, problem });
        }
        let queue_urls = urls.unwrap_or_default();
        let secrets_are_parameters = match environment.get(SECRETS).map_or("", String::as_str) {
            "" | "secrets-manager" => false,
            "parameters" => true,
            _ => {
                problems.push(DeploymentProblem { variable: SECRETS, problem: "secrets-manager or parameters is expected".to_owned() });
                false
            }
        };
        for connection in config.iter().flat_map(|config| config.connections.keys()) {
            if !queue_urls.is_empty() && !queue_urls.contains_key(connection) {
                problems.push(DeploymentProblem { variable: QUEUES, problem: format!("the queue of connection {connection} is missing") });
            }
        }
        match (config, table) {
            (Some(config), Some(table)) if problems.is_empty() => Ok(Self {
                config,
                table,
                queue_urls,
                secrets_are_parameters,
                secrets_prefix: environment.get(SECRETS_PREFIX).cloned().unwrap_or_else(|| "syncline/".to_owned()),
            }),
            (_, _) => Err(problems),
        }
    }

    /// The connection whose queue this is, told from the queue's ARN as events carry it: the last part of ARN and URL is the queue's name.
    pub fn connection_of(&self, queue_arn: &str) -> Option<&ConnectionName> {
        let name = queue_arn.rsplit(':').next()?;
        self.queue_urls.iter().find(|(_, url)| url.trim_end_matches('/').rsplit('/').next() == Some(name)).map(|(connection, _)| connection)
    }
}

fn config(environment: &BTreeMap<String, String>, folder: &Path) -> Result<Config, Vec<DeploymentProblem>> {
    let (variable, name, text) = if let Some(text) = environment.get(CONFIG) {
        (CONFIG, CONFIG.to_owned(), text.clone())
    } else {
        let name = environment.get(CONFIG_FILE).map_or("syncline.yaml", String::as_str);
        let text = std::fs::read_to_string(folder.join(name))
            .map_err(|error| vec![DeploymentProblem { variable: CONFIG_FILE, problem: format!("{name} cannot be read: {error}") }])?;
        (CONFIG_FILE, name.to_owned(), text)
    };
    syncline_config::read(&text, &name, &system_facts()).map_err(|problems| {
        let told =
            |problem: syncline_config::Problem| format!("line {}: {}: {}; {}", problem.line, problem.path, problem.problem, problem.hint);
        problems.0.into_iter().map(|problem| DeploymentProblem { variable, problem: told(problem) }).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn good() -> BTreeMap<String, String> {
        let recipe = syncline_config::recipe("freshdesk-salesforce").unwrap();
        environment(&[
            (CONFIG, recipe),
            (TABLE, "syncline"),
            (QUEUES, r#"{"freshdesk":"https://sqs.test/1/acme-freshdesk","salesforce":"https://sqs.test/1/acme-salesforce"}"#),
        ])
    }

    #[test]
    fn a_whole_environment_is_read() {
        let deployment = Deployment::read(&good(), Path::new("/nowhere")).unwrap();
        assert_eq!((deployment.secrets_prefix.as_str(), deployment.secrets_are_parameters), ("syncline/", false));
        let connection = deployment.connection_of("arn:aws:sqs:eu-central-1:1:acme-salesforce");
        assert_eq!(connection.map(ConnectionName::as_str), Some("salesforce"));
        assert_eq!(deployment.connection_of("arn:aws:sqs:eu-central-1:1:acme-other"), None);
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let problems = Deployment::read(&environment(&[]), Path::new("/nowhere")).unwrap_err();
        let variables: Vec<&str> = problems.iter().map(|problem| problem.variable).collect();
        assert_eq!(variables, [CONFIG_FILE, TABLE, QUEUES]);
    }

    #[test]
    fn where_secrets_rest_is_said_in_one_of_two_words() {
        let read = |word: &str| {
            let mut given = good();
            given.insert(SECRETS.to_owned(), word.to_owned());
            Deployment::read(&given, Path::new("/nowhere")).map(|deployment| deployment.secrets_are_parameters)
        };
        assert!(read("parameters").unwrap());
        assert!(!read("secrets-manager").unwrap());
        assert_eq!(read("a drawer").unwrap_err()[0].variable, SECRETS);
    }

    #[test]
    fn a_connection_without_a_queue_is_named() {
        let mut given = good();
        given.insert(QUEUES.to_owned(), r#"{"freshdesk":"https://sqs.test/1/acme-freshdesk"}"#.to_owned());
        let problems = Deployment::read(&given, Path::new("/nowhere")).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].to_string().contains("queue of connection salesforce"), "{}", problems[0]);
    }
}
