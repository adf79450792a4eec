//! Credentials on trial: what the vendor says to them before anything is stored.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use syncline_aws::{SystemClock, SystemDice};
use syncline_config::{FieldIssue, Schemas, check_fields};
use syncline_engine::budget::Budget;
use syncline_engine::gate::Gate;
use syncline_engine::ports::connector::{Account, Connector};
use syncline_engine::ports::http::{Http, NoAnswer};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::sign_in::Existence;
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_model::{ConnectionName, Deadline, Fault, Side};
use syncline_sql::HttpAndSql;

use crate::context::by;
use crate::exit::{Exit, Failure};
use crate::installation::Installation;

/// One connection of an installation, as it could become.
#[derive(Clone)]
pub(crate) struct Candidate<'a> {
    pub(crate) installation: &'a Installation,
    pub(crate) name: ConnectionName,
    pub(crate) vendor: &'static dyn Vendor,
    pub(crate) settings: Settings,
    /// The name of its bundle.
    pub(crate) secret: String,
}

/// What the vendor said.
pub(crate) struct Tried {
    pub(crate) account: Account,
    /// As the credentials are afterwards: a refresh token may have been rotated.
    pub(crate) bundle: Bundle,
    /// What of the configuration does not fit the account's fields.
    pub(crate) fields: Vec<FieldIssue>,
    /// For further questions with the same credentials.
    pub(crate) connector: Arc<dyn Connector>,
}

impl<'a> Candidate<'a> {
    /// A connection as it is configured.
    pub(crate) fn stored(installation: &'a Installation, wanted: &str) -> Result<Self, Failure> {
        let (name, connection, vendor) = super::named(&installation.config, wanted)?;
        let settings = Settings(connection.settings.clone());
        Ok(Self { installation, name, vendor, settings, secret: connection.secret.clone() })
    }

    pub(crate) fn by(&self) -> Deadline {
        by(&self.installation.engine)
    }

    /// The way to the vendor, under the budget that the installation's other callers share.
    pub(crate) fn http(&self) -> Arc<dyn Http> {
        let clock = Arc::new(SystemClock);
        let limits = self.vendor.limits(&self.settings);
        let budget = Arc::new(Budget::new(self.name.clone(), limits, self.installation.engine.store.clone(), clock.clone()));
        Arc::new(Gate { inner: Arc::new(HttpAndSql::new(clock.clone())), budget, vendor: self.vendor, clock })
    }

    /// Whether the account is there: `None` where nothing tells. Answers its name too.
    pub(crate) async fn existence(&self) -> Result<Option<(String, Existence)>, Failure> {
        let Some(check) = self.vendor.existence(&self.settings) else { return Ok(None) };
        let unreached = |why: String| {
            let says = format!("whether there is an account {} cannot be seen now: {why}", check.account);
            Failure::new(Exit::OutOfReach, says, "nothing was stored; check the name and the network, then run it again")
        };
        let answer = self.http().send(check.call.clone(), self.by()).await.map_err(|no_answer| match no_answer {
            NoAnswer::NotSent(detail) | NoAnswer::Unanswered(detail) => unreached(detail),
            NoAnswer::Budget { until } => unreached(format!("the call budget is used up until {until}")),
        })?;
        let found = (check.read)(&answer, self.installation.engine.now()).map_err(|fault| unreached(fault.to_string()))?;
        Ok(Some((check.account, found)))
    }

    /// The connector with the credentials that are stored. A token that it renews is stored as well.
    pub(crate) fn stored_connector(&self) -> Result<Arc<dyn Connector>, Failure> {
        self.connector(self.installation.secrets.clone())
    }

    fn connector(&self, secrets: Arc<dyn Secrets>) -> Result<Arc<dyn Connector>, Failure> {
        let parts = Parts {
            connection: self.secret.clone(),
            settings: self.settings.clone(),
            secrets,
            http: self.http(),
            clock: Arc::new(SystemClock),
            dice: Arc::new(SystemDice),
        };
        self.vendor.connect(parts).map_err(|problems| {
            let says: Vec<String> =
                problems.iter().map(|found| format!("connections.{}.{} {}; {}", self.name, found.key, found.problem, found.hint)).collect();
            Failure::new(Exit::Config, says.join("\n"), "correct the configuration, then run `syncline validate`")
        })
    }

    /// Asks the vendor whose account this is, and whether it has the fields that the configuration names.
    pub(crate) async fn try_out(&self, bundle: Bundle) -> Result<Tried, Failure> {
        // Nobody else sees them yet.
        let on_trial = Arc::new(OnTrial { name: self.secret.clone(), bundle: Mutex::new(bundle) });
        let connector = self.connector(on_trial.clone())?;
        let unstored = |mut failure: Failure| {
            failure.hint = format!("nothing was stored; {}", failure.hint);
            failure
        };
        let account = connector.account(self.by()).await.map_err(|error| unstored(Failure::from(error)))?;
        let fields = self.fields(connector.as_ref()).await;
        Ok(Tried { account, bundle: on_trial.bundle(), fields, connector })
    }

    /// The configuration's fields that this account lacks, or has otherwise. An object that cannot be described is left to `preflight`.
    async fn fields(&self, connector: &dyn Connector) -> Vec<FieldIssue> {
        let config = &self.installation.config;
        let mut issues = Vec::new();
        for sync in &self.installation.engine.syncs {
            for side in [Side::Left, Side::Right].into_iter().filter(|side| sync.ends.of(*side).connection == self.name) {
                let mut schemas = Schemas::new();
                for mapping in &sync.mappings {
                    let kind = mapping.kind.of(side);
                    if let Ok(schema) = connector.describe(kind, self.by()).await {
                        schemas.insert((self.name.clone(), kind.clone()), schema);
                    }
                }
                let found = config.sync(sync.name.as_str()).map(|sync| check_fields(config, sync, &schemas)).unwrap_or_default();
                issues.extend(found.into_iter().filter(|issue| issue.side == side));
            }
        }
        issues
    }
}

/// Whether the vendor does not take the credentials.
pub(crate) fn is_refusal(failure: &Failure) -> bool {
    failure.exit == Exit::of_fault(&Fault::AuthExpired)
}

/// Credentials in memory, until the vendor has taken them.
struct OnTrial {
    name: String,
    bundle: Mutex<Bundle>,
}

impl OnTrial {
    fn bundle(&self) -> Bundle {
        self.bundle.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Secrets for OnTrial {
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok((name == self.name).then(|| self.bundle()))
    }

    async fn save(&self, name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        if name == self.name {
            *self.bundle.lock().unwrap_or_else(PoisonError::into_inner) = bundle.clone();
        }
        Ok(())
    }
}

/// What stays of a stored bundle when somebody signs in anew, by whatever way: what does not sign in.
pub(crate) fn without_sign_in(vendor: &dyn Vendor, settings: &Settings, stored: &Bundle) -> Bundle {
    let signs_in = super::sign_in_keys(vendor, settings);
    let kept: BTreeMap<_, _> =
        stored.0.iter().filter(|(name, _)| !signs_in.contains(&name.as_str())).map(|(n, s)| (n.clone(), s.clone())).collect();
    Bundle(kept)
}
