//! A problem of a config, at its place.

use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use serde::Serialize;

use crate::findings::Findings;
use crate::secrecy::masked;

/// What kind of problem it is: a stable name for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    InvalidYaml,
    TooLarge,
    Empty,
    DuplicateKey,
    UnknownKey,
    MissingKey,
    WrongType,
    OutOfRange,
    UnknownWord,
    BadName,
    SecretInConfig,
    UnknownSystem,
    UnknownConnection,
    UnknownObject,
    UnknownMapping,
    SameObject,
    TwoMasters,
    AgainstMaster,
    AgainstDirection,
    ReferenceCycle,
    BadReference,
    BadOwner,
    DuplicateTarget,
    LinkFieldMapped,
    OneWayLens,
    BadLens,
    BadValueMap,
    NoMatch,
    /// A field by which the system cannot look.
    NotSearched,
    BadSchedule,
    BadTimeZone,
    BadRegion,
    WriteOnly,
}

impl Code {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidYaml => "invalid_yaml",
            Self::TooLarge => "too_large",
            Self::Empty => "empty",
            Self::DuplicateKey => "duplicate_key",
            Self::UnknownKey => "unknown_key",
            Self::MissingKey => "missing_key",
            Self::WrongType => "wrong_type",
            Self::OutOfRange => "out_of_range",
            Self::UnknownWord => "unknown_word",
            Self::BadName => "bad_name",
            Self::SecretInConfig => "secret_in_config",
            Self::UnknownSystem => "unknown_system",
            Self::UnknownConnection => "unknown_connection",
            Self::UnknownObject => "unknown_object",
            Self::UnknownMapping => "unknown_mapping",
            Self::SameObject => "same_object",
            Self::TwoMasters => "two_masters",
            Self::AgainstMaster => "against_master",
            Self::AgainstDirection => "against_direction",
            Self::ReferenceCycle => "reference_cycle",
            Self::BadReference => "bad_reference",
            Self::BadOwner => "bad_owner",
            Self::DuplicateTarget => "duplicate_target",
            Self::LinkFieldMapped => "link_field_mapped",
            Self::OneWayLens => "one_way_lens",
            Self::BadLens => "bad_lens",
            Self::BadValueMap => "bad_value_map",
            Self::NoMatch => "no_match",
            Self::NotSearched => "not_searched",
            Self::BadSchedule => "bad_schedule",
            Self::BadTimeZone => "bad_time_zone",
            Self::BadRegion => "bad_region",
            Self::WriteOnly => "write_only",
        }
    }
}

/// One problem: what is wrong, where, and what to write instead.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    pub code: Code,
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The key concerned, as `syncs.customers.objects.contacts`.
    pub path: String,
    pub problem: String,
    pub hint: String,
    /// Bytes of the text, for the label.
    #[serde(skip)]
    span: (usize, usize),
    #[serde(skip)]
    source: Arc<NamedSource<String>>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(self.code.as_str()))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(&self.hint))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source.as_ref())
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = if self.path.is_empty() { "here" } else { &self.path };
        Some(Box::new(std::iter::once(LabeledSpan::new_primary_with_span(Some(label.to_owned()), self.span))))
    }
}

/// All problems of one config, in the order of the text.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// The text that is shown beside a problem has its credentials starred out.
    pub(crate) fn new(findings: Findings, text: &str, file: &str) -> Self {
        let source = Arc::new(NamedSource::new(file, masked(text)).with_language("YAML"));
        let mut list: Vec<Problem> = findings
            .0
            .into_iter()
            .map(|finding| Problem {
                code: finding.code,
                file: file.to_owned(),
                line: finding.place.line,
                column: finding.place.column,
                path: finding.path,
                problem: finding.problem,
                hint: finding.hint,
                span: (finding.place.offset, finding.place.length),
                source: Arc::clone(&source),
            })
            .collect();
        list.sort_by_key(|problem| (problem.line, problem.column, problem.code));
        list.dedup_by(|one, other| (one.line, one.column, &one.problem) == (other.line, other.column, &other.problem));
        Self(list)
    }
}

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let file = self.0.first().map_or("the config", |problem| problem.file.as_str());
        match self.0.len() {
            1 => write!(f, "{file}: one problem"),
            count => write!(f, "{file}: {count} problems"),
        }
    }
}

impl std::error::Error for Problems {}

impl Diagnostic for Problems {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.0.iter().map(|problem| -> &dyn Diagnostic { problem })))
    }
}
