//! Where credentials rest.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_model::Secret;

use crate::house::Turns;

pub struct SimulatedSecrets {
    kernel: Turns,
    bundles: Mutex<BTreeMap<String, Bundle>>,
}

impl SimulatedSecrets {
    pub fn new(kernel: Turns, bundles: &[(&str, &[(&str, &str)])]) -> Self {
        let bundle = |keys: &[(&str, &str)]| Bundle(keys.iter().map(|(key, text)| ((*key).to_owned(), Secret::new(*text))).collect());
        let bundles = bundles.iter().map(|(name, keys)| ((*name).to_owned(), bundle(keys))).collect();
        Self { kernel, bundles: Mutex::new(bundles) }
    }
}

#[async_trait]
impl Secrets for SimulatedSecrets {
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        self.kernel.effect(self.kernel.between(5, 30)).await;
        Ok(self.bundles.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned())
    }

    async fn save(&self, name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        self.kernel.effect(self.kernel.between(5, 30)).await;
        self.bundles.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), bundle.clone());
        Ok(())
    }
}
