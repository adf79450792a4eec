//! Everything that a table holds, page by page: for moving an installation. The engine never asks for it, and its port has no such question:
//! the partitions of waiting children and of the history are known to nobody but the table.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use syncline_engine::ports::store::{Item, Key, StoreError};

use crate::DynamoStore;
use crate::consumed::count;
use crate::item::{is_gone, key_attributes, read_item, read_key};
use crate::store::unavailable;

/// A part of a table, in no order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanPage {
    /// Expired items are left out, so that a page may be empty although there is more.
    pub items: Vec<Item>,
    /// Where the next page begins; `None`: this was the last one.
    pub next: Option<Key>,
}

impl DynamoStore {
    /// One page of the whole table: up to 1 MB, strongly consistent, billed for every item that it reads. Not a picture of one moment:
    /// what is written between two pages may be in it or not.
    pub async fn scan(&self, from: Option<&Key>) -> Result<ScanPage, StoreError> {
        let table = &self.table;
        count(&table.counters.scans);
        let answer = table
            .aws
            .dynamodb()
            .await
            .scan()
            .table_name(&table.name)
            .consistent_read(true)
            .set_exclusive_start_key(from.map(key_attributes))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| unavailable("Scan", &error))?;
        table.counters.read(answer.consumed_capacity());
        let next = match &answer.last_evaluated_key {
            Some(key) => Some(read_key(key).ok_or_else(|| table.foreign_row())?),
            None => None,
        };
        let now = table.clock.now();
        let mut items = Vec::new();
        for row in answer.items.unwrap_or_default() {
            let item = read_item(row).ok_or_else(|| table.foreign_row())?;
            if !is_gone(&item, now) {
                items.push(item);
            }
        }
        Ok(ScanPage { items, next })
    }
}
