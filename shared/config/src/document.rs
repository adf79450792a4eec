//! YAML text as a tree in which every node knows its place.
//!
//! Why not a ready tree: problems need the place of keys as well as of values, duplicate keys must be reported rather than merged, and
//! aliases must not multiply a small file into a large one.
//! Bounds: `TEXT_BYTES_MAX`, `NODES_MAX` after aliases are expanded, `DEPTH_MAX`.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use crate::findings::{Findings, Place, below};
use crate::problem::Code;

/// The largest config that is read, in bytes.
pub const TEXT_BYTES_MAX: usize = 1_048_576;
/// The most nodes of one config, each use of an alias counted in full.
const NODES_MAX: usize = 100_000;
/// The deepest nesting; the deepest key that exists stands at level 9.
const DEPTH_MAX: usize = 32;

/// A value, or keys and values, or a list.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Of a scalar its own; of a collection that of the key it stands under.
    pub(crate) place: Place,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// `plain`: written without quotes, so that `true` and `30` are not text.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and what stands under it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) value: Node,
}

/// What a plain scalar is by YAML's core schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plain {
    Null,
    Bool(bool),
    Number,
    Text,
}

fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Plain::Null,
        "true" | "True" | "TRUE" => Plain::Bool(true),
        "false" | "False" | "FALSE" => Plain::Bool(false),
        other => {
            let digits = other.strip_prefix(['-', '+']).unwrap_or(other);
            let number = digits.chars().any(|sign| sign.is_ascii_digit())
                && digits.chars().all(|sign| sign.is_ascii_digit() || sign == '.')
                && digits.matches('.').count() <= 1;
            if number { Plain::Number } else { Plain::Text }
        }
    }
}

impl Node {
    fn scalar_kind(&self) -> Option<(Plain, &str)> {
        match &self.kind {
            Kind::Scalar { text, plain: true } => Some((plain(text), text)),
            Kind::Scalar { text, plain: false } => Some((Plain::Text, text)),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// Text that is not empty.
    pub(crate) fn text(&self) -> Option<&str> {
        self.scalar_kind().filter(|(kind, text)| *kind == Plain::Text && !text.trim().is_empty()).map(|(_, text)| text.trim())
    }

    /// Text, a number or a truth value, as it is written.
    pub(crate) fn scalar(&self) -> Option<&str> {
        self.scalar_kind().filter(|(kind, _)| *kind != Plain::Null).map(|(_, text)| text)
    }

    pub(crate) fn flag(&self) -> Option<bool> {
        match self.scalar_kind() {
            Some((Plain::Bool(flag), _)) => Some(flag),
            Some((Plain::Null | Plain::Number | Plain::Text, _)) | None => None,
        }
    }

    /// A number, as it is written.
    pub(crate) fn number(&self) -> Option<&str> {
        self.scalar_kind().filter(|(kind, _)| *kind == Plain::Number).map(|(_, text)| text)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Scalar { .. } | Kind::List(_) => &[],
        }
    }

    pub(crate) fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Scalar { .. } | Kind::Map(_) => &[],
        }
    }

    pub(crate) fn is_map(&self) -> bool {
        matches!(self.kind, Kind::Map(_))
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self.kind, Kind::List(_))
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The text under a key.
    pub(crate) fn text_at(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::text)
    }

    /// What stands here, by kind, never by value.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::List(_) => "a list",
            Kind::Map(_) => "keys with values",
            Kind::Scalar { .. } => match self.scalar_kind() {
                Some((Plain::Null, _)) | None => "nothing",
                Some((Plain::Bool(_), _)) => "true or false",
                Some((Plain::Number, _)) => "a number",
                Some((Plain::Text, text)) if text.trim().is_empty() => "empty text",
                Some((Plain::Text, _)) => "text",
            },
        }
    }

    fn count(&self) -> usize {
        match &self.kind {
            Kind::Scalar { .. } => 1,
            Kind::List(items) => 1 + items.iter().map(Node::count).sum::<usize>(),
            Kind::Map(entries) => 1 + entries.iter().map(|entry| 1 + entry.value.count()).sum::<usize>(),
        }
    }
}

/// A collection whose end has not been read.
struct Open {
    node: Node,
    anchor: usize,
    /// In a map: the key that waits for its value.
    key: Option<(String, Place)>,
    /// The key was written twice: its value is read and dropped.
    drop_value: bool,
    path: String,
}

struct Builder<'a> {
    text: &'a str,
    /// Of each character the byte at which it begins; empty where all are one byte long.
    bytes: Vec<usize>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

/// Reads the text; `None` where there is no tree to go on with, which is then among the findings.
pub(crate) fn parse(text: &str, findings: &mut Findings) -> Option<Node> {
    if text.len() > TEXT_BYTES_MAX {
        findings.add(
            Code::TooLarge,
            Place::start(),
            "",
            "the file is larger than 1 MiB",
            "a config is a few pages: is this the right file?",
        );
        return None;
    }
    let bytes = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
    let mut builder = Builder { text, bytes, open: Vec::new(), anchors: BTreeMap::new(), nodes: 0, root: None };
    let mut parser = Parser::new_from_str(text);
    let mut documents = 0_usize;
    while let Some(event) = parser.next_event() {
        match event {
            Ok((Event::DocumentStart(_), span)) => {
                documents += 1;
                if documents > 1 {
                    let place = builder.place(span);
                    findings.add(
                        Code::InvalidYaml,
                        place,
                        "",
                        "a second document begins here",
                        "remove the line `---`: a config is one document",
                    );
                    return None;
                }
            }
            Ok((event, span)) => {
                if !builder.take(event, span, findings) {
                    return None;
                }
            }
            Err(error) => {
                let place = builder.place(Span::empty(*error.marker()));
                let (place, problem, hint) = builder.invalid(place, error.info());
                findings.add(Code::InvalidYaml, place, "", problem, hint);
                return None;
            }
        }
    }
    if builder.root.is_none() {
        findings.add(Code::Empty, Place::start(), "", "the file is empty", "start from a recipe: `syncline init`");
    }
    builder.root
}

impl Builder<'_> {
    fn offset(&self, marker: Marker) -> usize {
        if self.bytes.is_empty() {
            marker.index().min(self.text.len())
        } else {
            self.bytes.get(marker.index()).copied().unwrap_or(self.text.len())
        }
    }

    fn place(&self, span: Span) -> Place {
        let start = self.offset(span.start);
        let end = self.offset(span.end).max(start);
        // A block's span runs to the next key: the label stays on its first line.
        let first_line = self.text.get(start..end).unwrap_or_default().lines().next().unwrap_or_default().trim_end().len();
        Place { offset: start, length: first_line, line: span.start.line(), column: span.start.col() + 1 }
    }

    /// Why the text is no YAML, and where. The parser may stop at the end of the line before an indentation that it refuses.
    fn invalid(&self, place: Place, info: &str) -> (Place, String, &'static str) {
        let mut offset = 0;
        for (index, line) in self.text.split_inclusive('\n').enumerate().take(place.line + 1) {
            let indentation = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
            if index + 1 >= place.line && indentation.contains('\t') {
                let tab = Place { offset, length: indentation.len(), line: index + 1, column: 1 };
                let problem = "this is not valid YAML: the line is indented with a tab".to_owned();
                return (tab, problem, "indent with blanks, two for each level");
            }
            offset += line.len();
        }
        let hint =
            "look at the indentation, at missing colons or quotes, here and on the line before; text with `: `, ` #` or `{` needs quotes";
        (place, format!("this is not valid YAML: {info}"), hint)
    }

    /// Takes one event; `false` stops the reading, the reason is among the findings.
    fn take(&mut self, event: Event<'_>, span: Span, findings: &mut Findings) -> bool {
        let place = self.place(span);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => true,
            Event::Scalar(text, style, anchor, tag) => {
                if tag.is_some() {
                    self.tagged(place, findings);
                }
                let node = Node { place, kind: Kind::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain } };
                self.anchors_remember(anchor, &node);
                self.add(node, findings)
            }
            Event::SequenceStart(anchor, tag) => {
                if tag.is_some() {
                    self.tagged(place, findings);
                }
                self.begin(Kind::List(Vec::new()), place, anchor, findings)
            }
            Event::MappingStart(anchor, tag) => {
                if tag.is_some() {
                    self.tagged(place, findings);
                }
                self.begin(Kind::Map(Vec::new()), place, anchor, findings)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return true };
                self.anchors_remember(open.anchor, &open.node);
                self.add(open.node, findings)
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    findings.add(Code::InvalidYaml, place, self.path(), "an alias inside of what it stands for", "write the values out");
                    return false;
                };
                self.nodes += node.count();
                self.add(node, findings)
            }
        }
    }

    fn tagged(&self, place: Place, findings: &mut Findings) {
        findings.add(
            Code::InvalidYaml,
            place,
            self.path(),
            "YAML tags (`!…`) have no meaning in a config",
            "remove the tag; quote the value where text is meant",
        );
    }

    fn anchors_remember(&mut self, anchor: usize, node: &Node) {
        if anchor > 0 {
            self.nodes += node.count();
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn path(&self) -> String {
        let Some(open) = self.open.last() else { return String::new() };
        match (&open.key, &open.node.kind) {
            (Some((key, _)), _) => below(&open.path, key),
            (None, Kind::List(items)) => format!("{}[{}]", open.path, items.len()),
            (None, Kind::Scalar { .. } | Kind::Map(_)) => open.path.clone(),
        }
    }

    fn begin(&mut self, kind: Kind, start: Place, anchor: usize, findings: &mut Findings) -> bool {
        let path = self.path();
        let place = self.open.last().and_then(|open| open.key.as_ref()).map_or(Place { length: 1, ..start }, |(_, place)| *place);
        if self.open.len() >= DEPTH_MAX {
            findings.add(
                Code::TooLarge,
                place,
                path,
                "the nesting is too deep",
                "no key of a config stands this deep: look at the indentation",
            );
            return false;
        }
        self.open.push(Open { node: Node { place, kind }, anchor, key: None, drop_value: false, path });
        true
    }

    fn add(&mut self, node: Node, findings: &mut Findings) -> bool {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let hint = "aliases (`*name`) repeat all that they stand for: write out what is needed";
            findings.add(Code::TooLarge, node.place, self.path(), "the file holds too many values once its aliases are expanded", hint);
            return false;
        }
        let path = self.path();
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return true;
        };
        match &mut open.node.kind {
            Kind::Scalar { .. } => {}
            Kind::List(items) => items.push(node),
            Kind::Map(entries) => {
                if let Some((key, key_place)) = open.key.take() {
                    if !std::mem::take(&mut open.drop_value) {
                        entries.push(Entry { key, key_place, value: node });
                    }
                    return true;
                }
                let Kind::Scalar { text, .. } = node.kind else {
                    let hint = "text with `{`, `[` or `? ` at its beginning needs quotes";
                    findings.add(Code::InvalidYaml, node.place, path, "a key must be plain text", hint);
                    return false;
                };
                if let Some(first) = entries.iter().find(|entry| entry.key == text) {
                    open.drop_value = true;
                    let problem = format!("`{text}` stands here a second time; the first is on line {}", first.key_place.line);
                    findings.add(Code::DuplicateKey, node.place, below(&path, &text), problem, "keep one of the two");
                }
                open.key = Some((text, node.place));
            }
        }
        true
    }
}
