//! Fields that a vendor demands of a new record, learnt from its metadata.
//!
//! Lazy and tolerant: an answer is kept for a day, and where there is none the sync runs without; the vendor's own refusal then holds
//! the record.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use syncline_config::{Config, Schemas, apply_schemas};
use syncline_engine::Engine;
use syncline_engine::ports::store::{Expect, Item, Key, Write};
use syncline_model::{ConnectionName, Deadline, ObjectKind, ObjectSchema, Side};

/// How long an answer is believed.
pub const SCHEMA_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Only what decides which fields are required is kept: a whole schema may be larger than the store's largest item.
#[derive(Serialize, Deserialize)]
struct Kept {
    v: u8,
    required: ObjectSchema,
}

/// Sets `required` of every mapping, from the store where it is known, else by asking the vendor. Answers what could not be found out, a
/// sentence each.
pub async fn fill_required(config: &Config, engine: &mut Engine, by: Deadline) -> Vec<String> {
    let mut schemas = Schemas::new();
    let mut unknown = Vec::new();
    for sync in &engine.syncs {
        for mapping in &sync.mappings {
            for side in [Side::Left, Side::Right] {
                let end = sync.ends.of(side);
                let place = (end.connection.clone(), mapping.kind.of(side).clone());
                if schemas.contains_key(&place) {
                    continue;
                }
                if let Some(known) = kept(engine, &place.0, &place.1).await {
                    schemas.insert(place, known);
                    continue;
                }
                match end.connector.describe(&place.1, by).await {
                    Ok(mut schema) => {
                        schema.fields.retain(|field| field.required);
                        keep(engine, &place.0, &schema).await;
                        schemas.insert(place, schema);
                    }
                    Err(error) => {
                        tracing::warn!(connection = %place.0, object = %place.1, fault = error.fault.code(), "required fields are not known: {error}");
                        unknown.push(format!("the required fields of {} at {} are not known: {error}", place.1, place.0));
                    }
                }
            }
        }
    }
    for sync in &mut engine.syncs {
        let Some(known) = config.sync(sync.name.as_str()) else { continue };
        let mut described = known.clone();
        apply_schemas(&mut described, &schemas);
        for (mapping, with) in sync.mappings.iter_mut().zip(described.mappings) {
            mapping.required = with.required;
        }
    }
    unknown
}

fn place(connection: &ConnectionName, kind: &ObjectKind) -> Key {
    Key { partition: format!("d#{connection}"), sort: kind.as_str().to_owned() }
}

async fn kept(engine: &Engine, connection: &ConnectionName, kind: &ObjectKind) -> Option<ObjectSchema> {
    let item = engine.store.get(&[place(connection, kind)]).await.ok()?.pop().flatten()?;
    serde_json::from_str::<Kept>(&item.body).ok().filter(|kept| kept.v == 1).map(|kept| kept.required)
}

/// A failure costs one more question next time.
async fn keep(engine: &Engine, connection: &ConnectionName, schema: &ObjectSchema) {
    let Ok(body) = serde_json::to_string(&Kept { v: 1, required: schema.clone() }) else { return };
    let expires = engine.now().checked_add(SCHEMA_KEPT).ok();
    let item = Item { key: place(connection, &schema.kind), body, version: 1, expires };
    if let Err(error) = engine.store.write(vec![Write::Put { item, expect: Expect::Any }]).await {
        tracing::debug!(connection = %connection, "a schema was not kept: {error}");
    }
}
