//! What an installation leaves behind when its functions are replaced by newer ones: the table's items, the messages in flight, and the
//! vendors' records that both tell of. Recorded once a version (`make record`), and put back for the binaries of today.

use serde::{Deserialize, Serialize};
use syncline_aws::SystemClock;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::store::{Expect, Item, Key, Store, Write};
use syncline_model::Timestamp;

use crate::World;
use crate::world::Vendor;

/// A record at a vendor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Person {
    /// `freshdesk` or `salesforce`.
    pub vendor: String,
    pub kind: String,
    pub id: String,
    /// Its texts, by the names of the vendor's API.
    pub fields: Vec<(String, String)>,
}

/// An item of the table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept {
    pub partition: String,
    pub sort: String,
    pub version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    pub body: String,
}

/// Everything. Sealed and marked with the key of [`World`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    /// The version that wrote it.
    pub version: String,
    /// In the order in which they were made: simulators number their records.
    pub people: Vec<Person>,
    pub items: Vec<Kept>,
    /// A queue's name, and a message's body.
    pub messages: Vec<(String, String)>,
}

impl Stored {
    /// All recorded versions, oldest first.
    ///
    /// # Panics
    /// Where the folder or a file in it cannot be read.
    pub fn all() -> Vec<Self> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/stored");
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()).collect()
    }

    /// Takes what a world has stored, and the messages of these queues.
    pub async fn take(world: &World, queues: &[&str], people: Vec<Person>) -> Self {
        let mut items = Vec::new();
        let mut from: Option<Key> = None;
        loop {
            let page = world.store().scan(from.as_ref()).await.unwrap();
            items.extend(page.items.into_iter().map(|Item { key: Key { partition, sort }, body, version, expires }| Kept {
                partition,
                sort,
                version,
                expires,
                body,
            }));
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        items.sort_by(|one, other| (&one.partition, &one.sort).cmp(&(&other.partition, &other.sort)));
        let messages = queues.iter().flat_map(|queue| world.cloud.take(queue).into_iter().map(|body| ((*queue).to_owned(), body)));
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), people, items, messages: messages.collect() }
    }

    /// Puts it all into a new world, but for the messages: those are delivered by whoever plays the queue.
    pub async fn put(&self, world: &World) {
        for person in &self.people {
            let fields: Vec<(&str, &str)> = person.fields.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            let id = vendor(world, &person.vendor).create(&person.kind, &fields);
            assert_eq!(id, person.id, "the simulator numbers {} records as it did then", person.vendor);
        }
        // What would have expired meanwhile lives on: the recording grows old, an upgrade takes minutes.
        let expires = SystemClock.now() + jiff::SignedDuration::from_hours(24);
        for kept in &self.items {
            let key = Key { partition: kept.partition.clone(), sort: kept.sort.clone() };
            let item = Item { key, body: kept.body.clone(), version: kept.version, expires: kept.expires.map(|_| expires) };
            world.store().write(vec![Write::Put { item, expect: Expect::Any }]).await.unwrap();
        }
    }

    /// The bodies of a queue's messages.
    pub fn messages_of(&self, queue: &str) -> Vec<String> {
        self.messages.iter().filter(|(its, _)| its == queue).map(|(_, body)| body.clone()).collect()
    }
}

fn vendor<'a>(world: &'a World, name: &str) -> &'a Vendor {
    match name {
        "freshdesk" => &world.freshdesk,
        "salesforce" => &world.salesforce,
        other => panic!("no vendor {other} in this world"),
    }
}
