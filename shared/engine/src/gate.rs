//! The gate: a layer in front of a vendor that asks the budget before each call, counts it, and passes the vendor's own count on.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use syncline_model::Deadline;

use crate::budget::{Budget, NoToken};
use crate::ports::clock::Clock;
use crate::ports::http::{Call, Http, NoAnswer};
use crate::ports::vendor::Vendor;

pub struct Gate {
    pub inner: Arc<dyn Http>,
    pub budget: Arc<Budget>,
    pub vendor: &'static dyn Vendor,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Http for Gate {
    async fn send(&self, call: Call, by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        match self.budget.take(call.class, call.units).await {
            Ok(()) => {}
            Err(NoToken::Until(until)) => return Err(NoAnswer::Budget { until }),
            Err(NoToken::Unknown(problem)) => return Err(NoAnswer::NotSent(format!("the call budget could not be asked: {problem}"))),
        }
        let class = call.class;
        let answer = self.inner.send(call, by).await?;
        let facts = self.vendor.rate_facts(class, &answer, self.clock.now());
        self.budget.hear(class, &facts).await;
        Ok(answer)
    }
}
