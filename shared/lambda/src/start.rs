//! A start that failed is said to Lambda before the process ends: its console then shows the sentence, and not only that the process is gone.

use http::{Method, Request};
use lambda_runtime::Error;
use lambda_runtime_api_client::PooledClient;
use lambda_runtime_api_client::body::Body;
use serde_json::json;

/// As AWS names what a runtime reports before its first event.
const ERROR_TYPE: &str = "Runtime.InitError";

/// Reports a failed start. That the report fails too is logged: the process ends in any case.
pub(crate) async fn report(problem: &Error) {
    if let Err(error) = send(problem).await {
        tracing::error!("the failed start could not be reported: {error}");
    }
}

async fn send(problem: &Error) -> Result<(), Error> {
    let body = json!({ "errorType": ERROR_TYPE, "errorMessage": problem.to_string() }).to_string();
    let request = Request::builder()
        .method(Method::POST)
        .uri("/2018-06-01/runtime/init/error")
        .header("lambda-runtime-function-error-type", ERROR_TYPE)
        .header("content-type", "application/json")
        .body(Body::from(body))?;
    PooledClient::builder().build().call(request).await?;
    Ok(())
}
