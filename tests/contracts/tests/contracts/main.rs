//! The contracts, on the embedded store and queue, or on the stand-in for AWS that `SYNCLINE_CONTRACTS_ENDPOINT` names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what a test cannot set up fails the test")]
#![allow(clippy::disallowed_methods, reason = "a test has no main that could read its one setting")]

mod embedded;
mod sqs;

use std::sync::Arc;

use syncline_aws::{Aws, DynamoStore, SystemDice};
use syncline_contracts::clock::HandClock;
use syncline_contracts::queue::queue_contract;
use syncline_contracts::store::store_contract;
use syncline_engine::ports::clock::Dice;
use syncline_local::EmbeddedStore;

/// The address of a stand-in for AWS, where there is one.
fn aws() -> Option<Arc<Aws>> {
    std::env::var_os("SYNCLINE_CONTRACTS_ENDPOINT").map(|endpoint| Aws::at(endpoint.to_str().unwrap()))
}

/// A name that no other run has used: stand-ins outlive a run.
fn name(what: &str) -> String {
    format!("contract-{what}-{:016x}", SystemDice.roll())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_keeps_its_contract() {
    let clock = HandClock::new();
    let Some(aws) = aws() else {
        let folder = tempfile::tempdir().unwrap();
        let embedded = EmbeddedStore::start(folder.path(), clock.clone(), Arc::new(SystemDice)).await.unwrap();
        return store_contract(Arc::new(embedded.store()), clock).await;
    };
    let store = DynamoStore::new(aws, name("table"), clock.clone(), Arc::new(SystemDice));
    store.ensure_table().await.unwrap();
    store_contract(Arc::new(store), clock).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_keeps_its_contract() {
    let Some(aws) = aws() else {
        let folder = tempfile::tempdir().unwrap();
        return queue_contract(&embedded::Embedded::open(folder.path()).await).await;
    };
    queue_contract(&sqs::Sqs::make(aws, &name("queue")).await).await;
}
