//! SQS, in its own time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use syncline_aws::{Aws, SqsOutbox, SystemClock};
use syncline_contracts::queue::{Delivery, QUEUES, Queue, RECEIVES_MAX};
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::outbox::Outbox;
use syncline_model::{ConnectionName, Timestamp};

/// Who waits longer for a message waits for ever.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long SQS looks before it answers that there is nothing, in seconds. Below the client's own patience.
const LOOK_S: i32 = 1;

pub(crate) struct Sqs {
    aws: Arc<Aws>,
    outbox: SqsOutbox,
    urls: BTreeMap<ConnectionName, String>,
    dead: BTreeMap<ConnectionName, String>,
}

impl Sqs {
    /// Makes a queue for each name of the contract, and behind it one for what is set aside.
    pub(crate) async fn make(aws: Arc<Aws>, prefix: &str) -> Self {
        let (mut urls, mut dead) = (BTreeMap::new(), BTreeMap::new());
        for name in QUEUES {
            let behind = create(&aws, &format!("{prefix}-{name}-dead"), BTreeMap::new()).await;
            let arn = aws.sqs().await.get_queue_attributes().queue_url(&behind).attribute_names("QueueArn".into()).send().await.unwrap();
            let arn = arn.attributes().unwrap()[&"QueueArn".into()].clone();
            let redrive = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES_MAX }).to_string();
            let url = create(&aws, &format!("{prefix}-{name}"), BTreeMap::from([("RedrivePolicy", redrive)])).await;
            urls.insert(name.into(), url);
            dead.insert(name.into(), behind);
        }
        let outbox = SqsOutbox::new(aws.clone(), urls.clone(), None, Arc::new(SystemClock));
        Self { aws, outbox, urls, dead }
    }

    async fn look(&self, url: &str, max: u32, hidden_s: u32, look_s: i32) -> Vec<Delivery> {
        let asked = self.aws.sqs().await.receive_message().queue_url(url).wait_time_seconds(look_s);
        let asked = asked.max_number_of_messages(i32::try_from(max).unwrap()).visibility_timeout(i32::try_from(hidden_s).unwrap());
        let answer = asked.message_system_attribute_names("ApproximateReceiveCount".into()).send().await.unwrap();
        let taken = answer.messages().iter().map(|message| Delivery {
            id: message.message_id().unwrap().to_owned(),
            receipt: message.receipt_handle().unwrap().to_owned(),
            body: message.body().unwrap().to_owned(),
            attempts: message.attributes().unwrap()[&"ApproximateReceiveCount".into()].parse().unwrap(),
        });
        taken.collect()
    }
}

async fn create(aws: &Aws, name: &str, attributes: BTreeMap<&str, String>) -> String {
    let mut asked = aws.sqs().await.create_queue().queue_name(name);
    for (attribute, value) in attributes {
        asked = asked.attributes(attribute.into(), value);
    }
    asked.send().await.unwrap().queue_url().unwrap().to_owned()
}

#[async_trait]
impl Queue for Sqs {
    fn outbox(&self) -> &dyn Outbox {
        &self.outbox
    }

    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    async fn receive(&self, queue: &ConnectionName, max: u32, hidden_s: u32) -> Vec<Delivery> {
        self.look(&self.urls[queue], max, hidden_s, 0).await
    }

    async fn receive_next(&self, queue: &ConnectionName, max: u32, hidden_s: u32) -> Vec<Delivery> {
        let looking = async {
            loop {
                let taken = self.look(&self.urls[queue], max, hidden_s, LOOK_S).await;
                if !taken.is_empty() {
                    return taken;
                }
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("no message came to {queue}"))
    }

    async fn delete(&self, queue: &ConnectionName, deliveries: &[Delivery]) {
        for delivery in deliveries {
            let asked = self.aws.sqs().await.delete_message().queue_url(&self.urls[queue]).receipt_handle(&delivery.receipt);
            asked.send().await.unwrap();
        }
    }

    async fn release(&self, queue: &ConnectionName, delivery: &Delivery, in_s: u32) {
        let asked = self.aws.sqs().await.change_message_visibility().queue_url(&self.urls[queue]).receipt_handle(&delivery.receipt);
        asked.visibility_timeout(i32::try_from(in_s).unwrap()).send().await.unwrap();
    }

    async fn set_aside(&self, queue: &ConnectionName) -> Vec<String> {
        self.look(&self.dead[queue], 10, 0, LOOK_S).await.into_iter().map(|delivery| delivery.body).collect()
    }
}
