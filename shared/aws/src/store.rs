//! The store on one `DynamoDB` table.
//!
//! Why one table: every access of the hot path is then one batched read or one conditional write. A transaction of one write is a
//! plain conditional write, at half the price.
//! Bounds: rounds over what `DynamoDB` left unprocessed are counted, never waited for; what is left then is `Unavailable`.
//! A conditional write that stands alone is sent once: were it repeated after a lost answer, its own first try would look like
//! somebody else's. Reads, transactions (by their token) and loose writes bear repetition, and the SDK repeats them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, DeleteRequest, KeysAndAttributes, Put, PutRequest, ReturnConsumedCapacity, TransactWriteItem,
    WriteRequest,
};
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::store::{Expect, Item, Key, Store, StoreError, WRITES_MAX, Write};

use crate::client::Aws;
use crate::consumed::{Consumed, Counters, count};
use crate::item::{Attributes, Condition, condition, is_gone, item_attributes, key_attributes, read_item, read_key, stored_sort};
use crate::parallel::{JobLost, in_parallel};
use crate::trouble::{is_refusal, sentence};

/// `BatchGetItem` takes this many keys.
const GET_KEYS_MAX: usize = 100;
/// `BatchWriteItem` takes this many writes.
const LOOSE_WRITES_MAX: usize = 25;
/// How often what `DynamoDB` left unprocessed is asked for again. A full answer is 16 MB, so 100 items of 400 KB need three rounds.
const UNPROCESSED_ROUNDS_MAX: u32 = 6;
/// How many pages one listing reads past expired items before it gives up, and how many items a page after the first asks for.
const LIST_PAGES_MAX: u32 = 100;
const LIST_PAGE_ITEMS: u32 = 1000;

/// The production `Store`. Cloning shares the clients and the counters.
#[derive(Clone)]
pub struct DynamoStore {
    pub(crate) table: Arc<Table>,
}

pub(crate) struct Table {
    pub(crate) aws: Arc<Aws>,
    pub(crate) name: String,
    pub(crate) clock: Arc<dyn Clock>,
    dice: Arc<dyn Dice>,
    pub(crate) counters: Counters,
}

impl DynamoStore {
    /// A store on this table. Makes no call; `ensure_table` creates the table where the deployment does not.
    pub fn new(aws: Arc<Aws>, table: impl Into<String>, clock: Arc<dyn Clock>, dice: Arc<dyn Dice>) -> Self {
        Self { table: Arc::new(Table { aws, name: table.into(), clock, dice, counters: Counters::default() }) }
    }

    /// What this store and its clones have cost so far.
    pub fn consumed(&self) -> Consumed {
        self.table.counters.snapshot()
    }
}

#[async_trait]
impl Store for DynamoStore {
    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        // A request may name a key only once.
        let distinct: BTreeSet<&Key> = keys.iter().collect();
        let distinct: Vec<&Key> = distinct.into_iter().collect();
        let jobs = distinct
            .chunks(GET_KEYS_MAX)
            .map(|chunk| {
                let table = self.table.clone();
                let keys: Vec<Attributes> = chunk.iter().map(|key| key_attributes(key)).collect();
                async move { table.get_batch(keys).await }
            })
            .collect();
        let mut found = BTreeMap::new();
        for batch in in_parallel(jobs).await.map_err(stopped)? {
            found.extend(batch?.into_iter().map(|item| (item.key.clone(), item)));
        }
        let now = self.table.clock.now();
        Ok(keys.iter().map(|key| found.get(key).filter(|item| !is_gone(item, now)).cloned()).collect())
    }

    async fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        if writes.len() > WRITES_MAX {
            let count = writes.len();
            return Err(StoreError::Unavailable(format!("a transaction of {count} writes; at most {WRITES_MAX} go together")));
        }
        match writes.as_slice() {
            [] => Ok(()),
            [Write::Put { item, expect }] => self.table.put(item, *expect).await,
            [Write::Delete { key, expect }] => self.table.delete(key, *expect).await,
            [Write::Check { key, expect }] => self.check(key, *expect).await,
            several => self.table.transact(several).await,
        }
    }

    async fn write_loose(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        // A request may name a key only once; of several writes to one key the last counts.
        let mut requests = BTreeMap::new();
        for write in &writes {
            let request = match write {
                Write::Put { item, .. } => WriteRequest::builder()
                    .put_request(PutRequest::builder().set_item(Some(item_attributes(item))).build().map_err(unbuilt)?)
                    .build(),
                Write::Delete { key, .. } => WriteRequest::builder()
                    .delete_request(DeleteRequest::builder().set_key(Some(key_attributes(key))).build().map_err(unbuilt)?)
                    .build(),
                Write::Check { .. } => {
                    return Err(StoreError::Unavailable("a loose write has no conditions, so it cannot hold a check".to_owned()));
                }
            };
            requests.insert(write.key(), request);
        }
        let requests: Vec<WriteRequest> = requests.into_values().collect();
        let jobs = requests
            .chunks(LOOSE_WRITES_MAX)
            .map(|chunk| {
                let (table, chunk) = (self.table.clone(), chunk.to_vec());
                async move { table.write_batch(chunk).await }
            })
            .collect();
        in_parallel(jobs).await.map_err(stopped)?.into_iter().collect()
    }

    async fn list(&self, partition: &str, after: Option<&str>, limit: u32) -> Result<Vec<Item>, StoreError> {
        self.table.list(partition, after, limit).await
    }
}

impl DynamoStore {
    /// A check that stands alone is a read: a transaction would cost a write.
    async fn check(&self, key: &Key, expect: Expect) -> Result<(), StoreError> {
        let found = self.get(std::slice::from_ref(key)).await?.pop().flatten();
        let holds = match expect {
            Expect::Any => true,
            Expect::Absent => found.is_none(),
            Expect::Version(version) => found.is_some_and(|item| item.version == version),
        };
        if holds { Ok(()) } else { Err(StoreError::Lost { at: vec![0] }) }
    }
}

impl Table {
    async fn get_batch(&self, mut keys: Vec<Attributes>) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        for _ in 0..UNPROCESSED_ROUNDS_MAX {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build().map_err(unbuilt)?;
            count(&self.counters.batch_gets);
            let mut answer = self
                .aws
                .dynamodb()
                .await
                .batch_get_item()
                .request_items(&self.name, wanted)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| unavailable("BatchGetItem", &error))?;
            self.counters.read(answer.consumed_capacity());
            let rows = answer.responses.as_mut().and_then(|tables| tables.remove(&self.name)).unwrap_or_default();
            for row in rows {
                items.push(read_item(row).ok_or_else(|| self.foreign_row())?);
            }
            keys = answer.unprocessed_keys.and_then(|mut tables| tables.remove(&self.name)).map(|left| left.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(items);
            }
        }
        Err(StoreError::Unavailable(format!("BatchGetItem: {} keys stayed unprocessed", keys.len())))
    }

    async fn write_batch(&self, mut requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        for _ in 0..UNPROCESSED_ROUNDS_MAX {
            count(&self.counters.batch_writes);
            let answer = self
                .aws
                .dynamodb()
                .await
                .batch_write_item()
                .request_items(&self.name, requests)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| unavailable("BatchWriteItem", &error))?;
            self.counters.written(answer.consumed_capacity());
            requests = answer.unprocessed_items.and_then(|mut tables| tables.remove(&self.name)).unwrap_or_default();
            if requests.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable(format!("BatchWriteItem: {} writes stayed unprocessed", requests.len())))
    }

    async fn put(&self, item: &Item, expect: Expect) -> Result<(), StoreError> {
        let (expression, values) = parts(condition(expect, self.clock.now()));
        count(&self.counters.single_writes);
        let request = self
            .aws
            .dynamodb()
            .await
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item_attributes(item)))
            .set_condition_expression(expression)
            .set_expression_attribute_values(values)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .customize()
            .config_override(aws_sdk_dynamodb::Config::builder().retry_config(attempts(expect)));
        match request.send().await {
            Ok(answer) => {
                self.counters.written(answer.consumed_capacity());
                Ok(())
            }
            Err(error) => Err(self.single_write_error("PutItem", &error)),
        }
    }

    async fn delete(&self, key: &Key, expect: Expect) -> Result<(), StoreError> {
        let (expression, values) = parts(condition(expect, self.clock.now()));
        count(&self.counters.single_writes);
        let request = self
            .aws
            .dynamodb()
            .await
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(key_attributes(key)))
            .set_condition_expression(expression)
            .set_expression_attribute_values(values)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .customize()
            .config_override(aws_sdk_dynamodb::Config::builder().retry_config(attempts(expect)));
        match request.send().await {
            Ok(answer) => {
                self.counters.written(answer.consumed_capacity());
                Ok(())
            }
            Err(error) => Err(self.single_write_error("DeleteItem", &error)),
        }
    }

    async fn transact(&self, writes: &[Write]) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut steps = Vec::with_capacity(writes.len());
        // Where each step stands in the caller's list: a check for anything is no step.
        let mut places = Vec::with_capacity(writes.len());
        for (place, write) in writes.iter().enumerate() {
            let step = match write {
                Write::Put { item, expect } => self.put_step(item, condition(*expect, now))?,
                Write::Delete { key, expect } => self.delete_step(key, condition(*expect, now))?,
                Write::Check { key, expect } => match condition(*expect, now) {
                    Some(condition) => self.check_step(key, condition)?,
                    None => continue,
                },
            };
            steps.push(step);
            places.push(place);
        }
        if steps.is_empty() {
            return Ok(());
        }
        count(&self.counters.transactions);
        let answer = self
            .aws
            .dynamodb()
            .await
            .transact_write_items()
            .set_transact_items(Some(steps))
            .client_request_token(format!("{:016x}{:016x}", self.dice.roll(), self.dice.roll()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                self.counters.written(answer.consumed_capacity());
                Ok(())
            }
            Err(error) => {
                let at = lost_places(&error, &places);
                if at.is_empty() {
                    return Err(transaction_unavailable(&error));
                }
                count(&self.counters.lost);
                Err(StoreError::Lost { at })
            }
        }
    }

    fn put_step(&self, item: &Item, condition: Option<Condition>) -> Result<TransactWriteItem, StoreError> {
        let (expression, values) = parts(condition);
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item_attributes(item)))
            .set_condition_expression(expression)
            .set_expression_attribute_values(values)
            .build()
            .map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn delete_step(&self, key: &Key, condition: Option<Condition>) -> Result<TransactWriteItem, StoreError> {
        let (expression, values) = parts(condition);
        let delete = Delete::builder()
            .table_name(&self.name)
            .set_key(Some(key_attributes(key)))
            .set_condition_expression(expression)
            .set_expression_attribute_values(values)
            .build()
            .map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    fn check_step(&self, key: &Key, condition: Condition) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .set_key(Some(key_attributes(key)))
            .condition_expression(condition.expression)
            .set_expression_attribute_values(Some(condition.values))
            .build()
            .map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// Reads on past expired items until there is something to show: an empty page means the end of the partition.
    async fn list(&self, partition: &str, after: Option<&str>, limit: u32) -> Result<Vec<Item>, StoreError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        if wanted == 0 {
            return Err(StoreError::Unavailable("a listing of at most 0 items would look like the partition's end".to_owned()));
        }
        let mut after = after.map(str::to_owned);
        let mut page_items = limit;
        for _ in 0..LIST_PAGES_MAX {
            let (items, more) = self.list_page(partition, after.as_deref(), page_items).await?;
            let now = self.clock.now();
            let live: Vec<Item> = items.into_iter().filter(|item| !is_gone(item, now)).take(wanted).collect();
            match more {
                Some(last) if live.is_empty() => after = Some(last.sort),
                Some(_) | None => return Ok(live),
            }
            page_items = LIST_PAGE_ITEMS;
        }
        Err(StoreError::Unavailable(format!(
            "Query: {LIST_PAGES_MAX} pages of expired items; the table's time to live has not removed them"
        )))
    }

    async fn list_page(&self, partition: &str, after: Option<&str>, limit: u32) -> Result<(Vec<Item>, Option<Key>), StoreError> {
        count(&self.counters.queries);
        let query = self
            .aws
            .dynamodb()
            .await
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .expression_attribute_values(":p", AttributeValue::S(partition.to_owned()));
        let query = match after {
            Some(sort) => query.key_condition_expression("pk = :p AND sk > :a").expression_attribute_values(":a", stored_sort(sort)),
            None => query.key_condition_expression("pk = :p"),
        };
        let answer = query.send().await.map_err(|error| unavailable("Query", &error))?;
        self.counters.read(answer.consumed_capacity());
        let more = match &answer.last_evaluated_key {
            Some(key) => Some(read_key(key).ok_or_else(|| self.foreign_row())?),
            None => None,
        };
        let items = answer.items.unwrap_or_default().into_iter().map(|row| read_item(row).ok_or_else(|| self.foreign_row()));
        Ok((items.collect::<Result<_, _>>()?, more))
    }

    fn single_write_error<E: ProvideErrorMetadata, R>(&self, operation: &str, error: &SdkError<E, R>) -> StoreError {
        if error.code() == Some("ConditionalCheckFailedException") {
            count(&self.counters.lost);
            return StoreError::Lost { at: vec![0] };
        }
        unavailable(operation, error)
    }

    pub(crate) fn foreign_row(&self) -> StoreError {
        StoreError::Refused(format!("table {} holds a row that Syncline did not write; give Syncline a table of its own", self.name))
    }
}

/// The places whose condition failed. Empty where the transaction failed for any other reason.
fn lost_places<R>(error: &SdkError<TransactWriteItemsError, R>, places: &[usize]) -> Vec<usize> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else { return Vec::new() };
    let reasons = cancelled.cancellation_reasons().iter();
    reasons.zip(places).filter(|(reason, _)| reason.code() == Some("ConditionalCheckFailed")).map(|(_, place)| *place).collect()
}

/// Names the reasons of a cancelled transaction, such as `TransactionConflict`; their messages may quote items and stay out.
fn transaction_unavailable<R>(error: &SdkError<TransactWriteItemsError, R>) -> StoreError {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return unavailable("TransactWriteItems", error);
    };
    let reasons = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
    let codes: BTreeSet<&str> = reasons.filter(|code| *code != "None").collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    StoreError::Unavailable(format!("TransactWriteItems: cancelled: {}", codes.join(", ")))
}

pub(crate) fn unavailable<E: ProvideErrorMetadata, R>(operation: &str, error: &SdkError<E, R>) -> StoreError {
    let says = sentence(operation, error);
    if is_refusal(error) { StoreError::Refused(says) } else { StoreError::Unavailable(says) }
}

#[allow(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn unbuilt(error: aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Unavailable(format!("a request could not be built: {error}"))
}

#[allow(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn stopped(_: JobLost) -> StoreError {
    StoreError::Unavailable("a request was stopped before its answer came".to_owned())
}

fn parts(condition: Option<Condition>) -> (Option<String>, Option<Attributes>) {
    match condition {
        Some(condition) => (Some(condition.expression.to_owned()), Some(condition.values)),
        None => (None, None),
    }
}

/// One attempt for a write under a condition, see the module's head.
fn attempts(expect: Expect) -> RetryConfig {
    match expect {
        Expect::Any => RetryConfig::standard(),
        Expect::Absent | Expect::Version(_) => RetryConfig::disabled(),
    }
}
