//! The table's shape, for where no deployment makes it: one machine, and tests.

use std::time::Duration;

use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TimeToLiveSpecification, TimeToLiveStatus,
};

use crate::DynamoStore;
use crate::item::{EXPIRES, PARTITION, SORT};
use crate::trouble::sentence;

/// How long a new table may take to be ready.
const READY_WAIT_MAX: Duration = Duration::from_mins(1);

/// The table is not there and could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    pub table: String,
    pub problem: String,
}

impl std::fmt::Display for TableError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "table {}: {}", self.table, self.problem)
    }
}

impl std::error::Error for TableError {}

impl DynamoStore {
    /// Creates the table, billed by request, where it is absent, and lets it forget expired items. Doing it twice is no error.
    pub async fn ensure_table(&self) -> Result<(), TableError> {
        let fail = |problem: String| TableError { table: self.table.name.clone(), problem };
        let client = self.table.aws.dynamodb().await;
        let described = client.describe_table().table_name(&self.table.name).send().await;
        match described {
            Ok(_) => {}
            Err(error) if error.code() == Some("ResourceNotFoundException") => self.create_table().await?,
            Err(error) => return Err(fail(sentence("DescribeTable", &error))),
        }
        client
            .wait_until_table_exists()
            .table_name(&self.table.name)
            .wait(READY_WAIT_MAX)
            .await
            .map_err(|_| fail(format!("was not ready after {} s", READY_WAIT_MAX.as_secs())))?;
        self.ensure_time_to_live().await
    }

    async fn create_table(&self) -> Result<(), TableError> {
        let fail = |problem: String| TableError { table: self.table.name.clone(), problem };
        let unbuilt = |error: aws_sdk_dynamodb::error::BuildError| fail(error.to_string());
        let attribute = |name: &str| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build().map_err(unbuilt)
        };
        let key = |name: &str, part: KeyType| KeySchemaElement::builder().attribute_name(name).key_type(part).build().map_err(unbuilt);
        let created = self
            .table
            .aws
            .dynamodb()
            .await
            .create_table()
            .table_name(&self.table.name)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute(PARTITION)?)
            .attribute_definitions(attribute(SORT)?)
            .key_schema(key(PARTITION, KeyType::Hash)?)
            .key_schema(key(SORT, KeyType::Range)?)
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            // Somebody else created it meanwhile.
            Err(error) if error.code() == Some("ResourceInUseException") => Ok(()),
            Err(error) => Err(fail(sentence("CreateTable", &error))),
        }
    }

    async fn ensure_time_to_live(&self) -> Result<(), TableError> {
        let fail = |problem: String| TableError { table: self.table.name.clone(), problem };
        let client = self.table.aws.dynamodb().await;
        let described = client
            .describe_time_to_live()
            .table_name(&self.table.name)
            .send()
            .await
            .map_err(|error| fail(sentence("DescribeTimeToLive", &error)))?;
        let status = described.time_to_live_description().and_then(|description| description.time_to_live_status());
        // Switching it on a second time is refused by DynamoDB.
        if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
            return Ok(());
        }
        let specification =
            TimeToLiveSpecification::builder().attribute_name(EXPIRES).enabled(true).build().map_err(|error| fail(error.to_string()))?;
        client
            .update_time_to_live()
            .table_name(&self.table.name)
            .time_to_live_specification(specification)
            .send()
            .await
            .map_err(|error| fail(sentence("UpdateTimeToLive", &error)))?;
        Ok(())
    }
}
