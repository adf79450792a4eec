//! What a Rust function on Lambda costs at the least: the runtime, and an answer. The functions' cold start stands beside it.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value as Json, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |_: LambdaEvent<Json>| Ok::<_, Error>(json!({ "batchItemFailures": [] })))).await
}
