//! List prices, each with where it stands and how far that was verified.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syncline_model::Decimal;

/// What AWS bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    StoreWrite,
    StoreRead,
    QueueRequest,
    LambdaRequest,
    LambdaGbSecond,
    Schedule,
    DoorRequest,
    LogGb,
    SecretRead,
    Secret,
    KeyRequest,
    Alarm,
    Metric,
}

impl Item {
    pub const ALL: [Self; 13] = [
        Self::StoreWrite,
        Self::StoreRead,
        Self::QueueRequest,
        Self::LambdaRequest,
        Self::LambdaGbSecond,
        Self::Schedule,
        Self::DoorRequest,
        Self::LogGb,
        Self::SecretRead,
        Self::Secret,
        Self::KeyRequest,
        Self::Alarm,
        Self::Metric,
    ];

    /// For a column of a table.
    pub fn words(self) -> &'static str {
        match self {
            Self::StoreWrite => "DynamoDB writes",
            Self::StoreRead => "DynamoDB reads",
            Self::QueueRequest => "SQS requests",
            Self::LambdaRequest => "Lambda runs",
            Self::LambdaGbSecond => "Lambda GB-seconds",
            Self::Schedule => "schedules",
            Self::DoorRequest => "API Gateway",
            Self::LogGb => "logs",
            Self::SecretRead => "reads of secrets",
            Self::Secret => "secrets kept",
            Self::KeyRequest => "decryptions by KMS",
            Self::Alarm => "alarms",
            Self::Metric => "custom metrics",
        }
    }
}

/// How far a price was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Read on a page of AWS.
    Documented,
    /// Read on somebody else's page.
    Seconded,
    /// Written down from knowledge; nobody looked.
    Unverified,
}

/// One price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    pub usd: Decimal,
    /// For so many.
    pub per: u64,
    pub unit: String,
    /// Where AWS publishes it.
    pub page: String,
    pub certainty: Certainty,
    /// Where it was read; empty where nobody looked.
    pub seen: String,
    /// What every account has for nothing each month, without an end; `None`: nothing.
    #[serde(default)]
    pub free: Option<Free>,
}

/// What AWS always grants free, an account and month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Free {
    pub amount: Decimal,
    pub certainty: Certainty,
    /// As for the price.
    pub seen: String,
}

/// All prices of one region at one date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    pub region: String,
    pub currency: String,
    pub date: String,
    pub prices: BTreeMap<Item, Price>,
}

impl Prices {
    /// Dollars for so many.
    pub fn dollars(&self, item: Item, amount: Decimal) -> Decimal {
        self.prices.get(&item).map_or(Decimal::ZERO, |price| amount * price.usd / Decimal::from(price.per.max(1)))
    }

    /// Dollars for so many in an account that uses nothing else: what AWS always grants free is taken off.
    pub fn dollars_after_free(&self, item: Item, amount: Decimal) -> Decimal {
        let free = self.prices.get(&item).and_then(|price| price.free.as_ref()).map_or(Decimal::ZERO, |free| free.amount);
        self.dollars(item, (amount - free).max(Decimal::ZERO))
    }
}

/// The file of prices is not well-formed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file of prices: {0}")]
pub struct PricesError(String);

/// The prices of this build.
pub fn prices() -> Result<Prices, PricesError> {
    read(include_str!("prices.json"))
}

fn read(text: &str) -> Result<Prices, PricesError> {
    let prices: Prices = serde_json::from_str(text).map_err(|error| PricesError(error.to_string()))?;
    for item in Item::ALL {
        let price = prices.prices.get(&item).ok_or_else(|| PricesError(format!("{} has no price", item.words())))?;
        if price.per == 0 || price.usd.is_sign_negative() || !price.page.starts_with("https://") {
            return Err(PricesError(format!("{}: a price of at least 0 for at least 1, and its page, are expected", item.words())));
        }
        let mut said = vec![(price.certainty, &price.seen)];
        said.extend(price.free.iter().map(|free| (free.certainty, &free.seen)));
        if said.into_iter().any(|(certainty, seen)| (certainty == Certainty::Unverified) != seen.is_empty()) {
            return Err(PricesError(format!("{}: `seen` says where it was read, unless it is unverified", item.words())));
        }
    }
    Ok(prices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_well_formed_and_names_a_region_and_a_date() {
        let prices = prices().unwrap();
        assert_eq!((prices.region.as_str(), prices.currency.as_str()), ("us-east-1", "USD"));
        assert!(prices.date.len() == 10);
    }

    #[test]
    fn a_price_that_is_missing_or_without_a_source_is_refused() {
        let text = include_str!("prices.json");
        assert!(read(&text.replace("\"alarm\": {", "\"metric\": {")).is_err());
        assert!(read(&text.replacen("\"certainty\": \"unverified\"", "\"certainty\": \"documented\"", 1)).is_err());
        assert!(read(&text.replace("\"per\": 10000,", "\"per\": 0,")).is_err());
    }

    #[test]
    fn dollars_are_exact() {
        let prices = prices().unwrap();
        let dollars = |item, amount: u64| prices.dollars(item, Decimal::from(amount)).normalize().to_string();
        assert_eq!(dollars(Item::StoreWrite, 3_000_000), "1.875");
        assert_eq!(dollars(Item::SecretRead, 8_760), "0.0438");
        assert_eq!(dollars(Item::LambdaGbSecond, 1), "0.0000133334");
    }

    #[test]
    fn what_is_granted_free_is_taken_off_and_no_more() {
        let prices = prices().unwrap();
        let dollars = |item, amount: u64| prices.dollars_after_free(item, Decimal::from(amount)).normalize().to_string();
        assert_eq!([999_999, 1_000_000, 2_000_000].map(|requests| dollars(Item::QueueRequest, requests)), ["0", "0", "0.4"]);
        assert_eq!(dollars(Item::Secret, 2), "0.8", "of secrets none is");
    }
}
