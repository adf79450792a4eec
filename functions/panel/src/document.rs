//! What is shown, once, as data: the page and the JSON are both made from it, so they cannot differ.

use serde::Serialize;
use syncline_engine::panel::{BlockView, PanelView, RecordView, State};

use crate::text;

/// What a panel shows.
#[derive(Serialize)]
pub(crate) struct Document {
    /// The panel's heading: the system whose records these are.
    pub(crate) title: String,
    /// `linked`, `by_email`, `not_linked`, `ambiguous`, `unavailable`; `token_expired`, `refused`.
    pub(crate) state: &'static str,
    /// A sentence about the state, where it needs one.
    pub(crate) message: Option<String>,
    pub(crate) blocks: Vec<Block>,
}

#[derive(Serialize)]
pub(crate) struct Block {
    pub(crate) name: String,
    pub(crate) title: String,
    /// What stands there instead of records.
    pub(crate) empty: Option<String>,
    pub(crate) records: Vec<Record>,
}

#[derive(Serialize)]
pub(crate) struct Record {
    pub(crate) heading: String,
    /// At the vendor, for people.
    pub(crate) link: Option<String>,
    /// Without the heading's field.
    pub(crate) fields: Vec<Field>,
}

#[derive(Serialize)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) label: String,
    /// `null` where it is empty.
    pub(crate) text: Option<String>,
}

impl Document {
    pub(crate) fn of(view: &PanelView) -> Self {
        let state = match &view.state {
            State::Linked => "linked",
            State::ByEmail => "by_email",
            State::NotLinked { .. } => "not_linked",
            State::Ambiguous { .. } => "ambiguous",
            State::Unavailable { .. } => "unavailable",
        };
        let blocks = view.blocks.iter().map(block).collect();
        Self { title: view.system.to_owned(), state, message: view.state.sentence(view.system), blocks }
    }

    /// A panel that shows nobody.
    pub(crate) fn notice(state: &'static str, message: &str) -> Self {
        Self { title: "Requester".to_owned(), state, message: Some(message.to_owned()), blocks: Vec::new() }
    }
}

fn block(view: &BlockView) -> Block {
    Block {
        name: view.name.clone(),
        title: view.title.clone(),
        empty: view.records.is_empty().then(|| view.empty.clone()),
        records: view.records.iter().map(record).collect(),
    }
}

fn record(view: &RecordView) -> Record {
    let mut fields = view.fields.iter();
    let heading = fields.next().and_then(|field| text::shown(&field.value)).filter(|heading| !heading.trim().is_empty());
    Record {
        heading: heading.unwrap_or_else(|| view.id.as_str().to_owned()),
        // Only addresses of the web: never one that a browser would run.
        link: view.web_address.clone().filter(|address| address.starts_with("https://") || address.starts_with("http://127.0.0.1")),
        fields: fields
            .map(|field| Field { name: field.name.as_str().to_owned(), label: field.label.clone(), text: text::shown(&field.value) })
            .collect(),
    }
}
