//! Signing in and out: an agent's API key, and whether the account is there at all.

use bytes::Bytes;
use http::StatusCode;
use syncline_engine::ports::http::Call;
use syncline_engine::ports::sign_in::{Existence, ExistenceCheck, Keys, Revoked, Way};
use syncline_engine::ports::vendor::Settings;
use syncline_model::{Fault, Timestamp};

use crate::{calls, faults, settings};

pub(crate) const KEY: Way = Way::Keys(Keys { label: "an agent's API key", names: &["api_key"] });

/// The account's own address, asked without credentials: it wants some where there is an account, and answers 404, maybe with a page, where there
/// is none (fact sheet §1).
pub(crate) fn existence(settings: &Settings) -> Option<ExistenceCheck> {
    let target = settings::read(settings).ok()?;
    let request = http::Request::get(format!("{}/api/v2/agents/me", target.base)).body(Bytes::new()).ok()?;
    Some(ExistenceCheck { account: target.host, call: Call::new(calls::ACCOUNT, request), read })
}

fn read(answer: &http::Response<Bytes>, now: Timestamp) -> Result<Existence, Fault> {
    match answer.status() {
        StatusCode::NOT_FOUND => Ok(Existence::Missing),
        StatusCode::TOO_MANY_REQUESTS => Err(Fault::RateLimited { until: faults::retry_after(answer.headers(), now) }),
        status if status.is_server_error() => Err(Fault::Transient { detail: format!("Freshdesk answered {}", status.as_u16()) }),
        _ => Ok(Existence::Exists),
    }
}

/// The API cannot end a key.
pub(crate) fn by_hand() -> Revoked {
    Revoked::ByHand { how: "In Freshdesk, as the agent whose key it is: Profile settings, Reset API key.".to_owned() }
}
