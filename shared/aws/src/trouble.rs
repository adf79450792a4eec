//! What AWS said no with, as a sentence without anything of ours in it.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// Codes whose message names an action, a resource or a credential's state, and never what was in the request. Other messages may
/// quote the request: they are left out.
const TELLING_CODES: [&str; 9] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidSignatureException",
    "KmsAccessDenied",
    "ResourceNotFoundException",
    "UnrecognizedClientException",
];

/// What SQS answers where no queue has the name: today's code, and the one that it has had before.
pub(crate) const NO_QUEUE_CODES: [&str; 2] = ["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"];

/// Whether doing it again can help only once somebody has mended something: a right, a name, the region, credentials that AWS knows.
pub(crate) fn is_refusal<E, R>(error: &SdkError<E, R>) -> bool
where
    E: ProvideErrorMetadata,
{
    if let SdkError::ServiceError(service) = error {
        return service.err().code().is_some_and(|code| TELLING_CODES.contains(&code) || NO_QUEUE_CODES.contains(&code));
    }
    // That nobody could sign it looks like a connection that broke: who must know asks `Aws::has_credentials`.
    matches!(error, SdkError::ConstructionFailure(_))
}

/// Names the operation and what went wrong.
pub(crate) fn sentence<E, R>(operation: &str, error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::ConstructionFailure(_) => format!("{operation}: the request could not be built; is a region configured?"),
        SdkError::TimeoutError(_) => format!("{operation}: timed out"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => format!("{operation}: timed out while connecting"),
        SdkError::DispatchFailure(failure) if failure.is_io() => format!("{operation}: the connection failed"),
        SdkError::DispatchFailure(_) => {
            format!("{operation}: the request did not leave; are there AWS credentials, and is the endpoint right?")
        }
        SdkError::ResponseError(_) => format!("{operation}: the answer could not be read"),
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("an unnamed error");
            told(operation, code, service.err().message())
        }
        _ => format!("{operation}: failed in a way that the SDK does not name"),
    }
}

/// A refusal by its code, with the service's words where they may be shown.
pub(crate) fn told(operation: &str, code: &str, message: Option<&str>) -> String {
    match message {
        Some(message) if TELLING_CODES.contains(&code) => format!("{operation}: {code}: {message}"),
        Some(_) | None => format!("{operation}: {code}"),
    }
}
