//! The records that are drawn, read from where they are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use syncline_config::{Address, MapLayer};
use syncline_engine::Engine;
use syncline_engine::ports::connector::{Connector, Resume, Selection};
use syncline_model::{ConnectionName, Deadline, FieldName, Record, Side, Value};

use super::drawing::Pin;
use super::gazetteer::{Gazetteer, Point};

/// The most records of one layer that are read: a page that takes minutes is no page.
const RECORDS_MAX: usize = 20_000;
/// How long all layers together may take.
const READING_MAX: SignedDuration = SignedDuration::from_secs(30);

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) pins: Vec<Pin>,
    /// Whether there are records past the bound.
    pub(super) more: bool,
}

/// An address as it is shown, and where it lies.
type Placed = (String, Option<Point>);

/// All layers' records. The problem is a sentence for the person who looks.
pub(super) async fn read(engine: &Engine, layers: &[MapLayer], gazetteer: &Gazetteer) -> Result<Read, String> {
    let by = Deadline(engine.now().checked_add(READING_MAX).unwrap_or(engine.now()));
    let mut found = Read::default();
    let mut addresses: BTreeMap<(&str, String), Placed> = BTreeMap::new();
    // Layers with addresses first: the others look theirs up there.
    let (own, others): (Vec<_>, Vec<_>) = layers.iter().partition(|layer| matches!(layer.address, Address::Own { .. }));
    for layer in own.into_iter().chain(others) {
        let connector = connector(engine, &layer.connection)
            .ok_or_else(|| format!("map.{}: no sync names the connection {}, so it is not open", layer.name, layer.connection))?;
        let records = scan(connector, layer, by, &mut found.more).await?;
        if let Some(missing) = fields(layer).into_iter().find(|field| records.iter().all(|record| record.field(field.as_str()).is_none()))
            && !records.is_empty()
        {
            return Err(format!(
                "map.{}: no {} that was read has a field {missing}; look at its name in the config",
                layer.name, layer.kind
            ));
        }
        for record in records {
            let text = |field: &FieldName| record.fields.get(field).map(shown).unwrap_or_default();
            let (place, at) = match &layer.address {
                Address::Own { town, country } => {
                    let (town, country) = (text(town), country.as_ref().map(text).unwrap_or_default());
                    let at = gazetteer.find(&town, Some(country.as_str()).filter(|country| !country.is_empty()));
                    let place = [town, country].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
                    addresses.insert((layer.name.as_str(), record.id.as_str().to_owned()), (place.clone(), at));
                    (place, at)
                }
                Address::Of { field, layer } => addresses.get(&(layer.as_str(), text(field))).cloned().unwrap_or_default(),
            };
            found.pins.push(Pin {
                kind: layer.name.clone(),
                name: text(&layer.title),
                place,
                at,
                owner: layer.owner.as_ref().map(text).unwrap_or_default(),
                stage: layer.stage.as_ref().map(text).unwrap_or_default(),
                link: connector.web_address(&layer.kind, &record.id).filter(|link| link.starts_with("https://")),
            });
        }
    }
    Ok(found)
}

fn fields(layer: &MapLayer) -> BTreeSet<FieldName> {
    let mut fields = BTreeSet::from([layer.title.clone()]);
    fields.extend(layer.owner.iter().chain(&layer.stage).cloned());
    match &layer.address {
        Address::Own { town, country } => fields.extend([town].into_iter().chain(country).cloned()),
        Address::Of { field, .. } => fields.extend([field.clone()]),
    }
    fields
}

async fn scan(connector: &dyn Connector, layer: &MapLayer, by: Deadline, more: &mut bool) -> Result<Vec<Record>, String> {
    let selection = Selection { kind: layer.kind.clone(), fields: fields(layer).into_iter().collect() };
    let mut records = Vec::new();
    let mut cursor = None;
    loop {
        let page = connector.scan(&selection, cursor.as_ref(), by).await.map_err(|error| format!("map.{}: {error}", layer.name))?;
        // A row that cannot be read is missing from the picture; the sync says what is wrong with it.
        records.extend(page.records.into_iter().flatten());
        if records.len() >= RECORDS_MAX {
            *more |= records.len() > RECORDS_MAX || matches!(page.resume, Resume::More(_));
            records.truncate(RECORDS_MAX);
            return Ok(records);
        }
        match page.resume {
            Resume::More(next) => cursor = Some(next),
            Resume::CaughtUp(_) => return Ok(records),
        }
    }
}

fn connector<'a>(engine: &'a Engine, connection: &ConnectionName) -> Option<&'a dyn Connector> {
    let mut ends = engine.syncs.iter().flat_map(|sync| [Side::Left, Side::Right].map(|side| sync.ends.of(side)));
    ends.find(|end| end.connection == *connection).map(|end| end.connector.as_ref())
}

/// A value as a person reads it.
fn shown(value: &Value) -> String {
    match value.to_plain() {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text,
        serde_json::Value::Array(items) => items.iter().filter_map(|item| item.as_str()).collect::<Vec<_>>().join(", "),
        other @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_) | serde_json::Value::Object(_)) => other.to_string(),
    }
}
