//! Whether the values of one side's field fit into the other's.

use std::collections::BTreeSet;

use syncline_mapping::{FieldMapping, Lens, Others};
use syncline_model::{Choice, FieldSchema, FieldType, ObjectSchema, Side};

use crate::config::Sync;
use crate::metadata::{Issues, options};

/// A type's name, for people.
pub(crate) fn title(field_type: &FieldType) -> String {
    match field_type {
        FieldType::Bool => "a check box".to_owned(),
        FieldType::Integer => "a whole number".to_owned(),
        FieldType::Decimal => "a number".to_owned(),
        FieldType::Text => "text".to_owned(),
        FieldType::Email => "an email address".to_owned(),
        FieldType::Phone => "a phone number".to_owned(),
        FieldType::Date => "a date".to_owned(),
        FieldType::DateTime => "a date-time".to_owned(),
        FieldType::Choice { .. } => "a dropdown".to_owned(),
        FieldType::Set { choices } if choices.is_empty() => "a set of tags".to_owned(),
        FieldType::Set { .. } => "a multi-select".to_owned(),
        FieldType::Reference { .. } => "a lookup".to_owned(),
        FieldType::Id => "the record's own id".to_owned(),
        FieldType::Other(word) => format!("of the type `{word}`"),
    }
}

/// What a field's values are when they cross.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crossing {
    Bool,
    Integer,
    Decimal,
    Text,
    Choice,
    Date,
    DateTime,
    Set,
    Reference,
    Id,
    Other,
}

fn crossing(field_type: &FieldType) -> Crossing {
    match field_type {
        FieldType::Bool => Crossing::Bool,
        FieldType::Integer => Crossing::Integer,
        FieldType::Decimal => Crossing::Decimal,
        FieldType::Text | FieldType::Email | FieldType::Phone => Crossing::Text,
        FieldType::Date => Crossing::Date,
        FieldType::DateTime => Crossing::DateTime,
        FieldType::Choice { .. } => Crossing::Choice,
        FieldType::Set { .. } => Crossing::Set,
        FieldType::Reference { .. } => Crossing::Reference,
        FieldType::Id => Crossing::Id,
        FieldType::Other(_) => Crossing::Other,
    }
}

/// One side of a mapped field, with its metadata.
struct End<'a> {
    side: Side,
    lens: &'a Lens,
    field: &'a FieldSchema,
}

impl End<'_> {
    fn crossing(&self) -> Crossing {
        match self.lens {
            Lens::Field(_) => crossing(&self.field.field_type),
            Lens::FullName { .. } => Crossing::Text,
            Lens::CommaText(_) => Crossing::Set,
            Lens::Mapped { .. } => Crossing::Choice,
            Lens::Not(_) => Crossing::Bool,
            Lens::Owner { .. } | Lens::Reference { .. } => Crossing::Reference,
        }
    }
}

/// Both sides of one mapped field. Fields that are not in the metadata are reported elsewhere.
pub(crate) fn check_pair(sync: &Sync, field: &FieldMapping, left: &ObjectSchema, right: &ObjectSchema, issues: &mut Issues<'_>) {
    let mut whole = true;
    for (side, schema) in [(Side::Left, left), (Side::Right, right)] {
        whole &= check_lens(sync, field.lens.of(side), side, schema, issues);
    }
    let find = |side: Side| {
        let schema: &ObjectSchema = side.of(left, right);
        let lens = field.lens.of(side);
        let found = lens.fields().last().and_then(|name| schema.field(name.as_str()))?;
        Some(End { side, lens, field: found })
    };
    let (Some(left), Some(right)) = (find(Side::Left), find(Side::Right)) else { return };
    if !whole {
        return;
    }
    for (from, to) in [(&left, &right), (&right, &left)] {
        if field.flow.reaches(to.side) && fits(from, to, issues) {
            check_length(from, to, issues);
        }
    }
    check_options(field, &left, &right, issues);
}

/// Whether the lens can read the raw fields that it names.
fn check_lens(sync: &Sync, lens: &Lens, side: Side, schema: &ObjectSchema, issues: &mut Issues<'_>) -> bool {
    let mut fits = true;
    for name in lens.fields() {
        let Some(field) = schema.field(name.as_str()) else { continue };
        let kind = crossing(&field.field_type);
        let (fitting, need) = match lens {
            Lens::Field(_) => (true, ""),
            Lens::FullName { .. } => (kind == Crossing::Text, "a part of a name must be text"),
            Lens::CommaText(_) => (kind == Crossing::Text, "comma-separated values stand in a text field"),
            Lens::Mapped { .. } => (matches!(kind, Crossing::Text | Crossing::Choice), "a table of values reads text or a dropdown"),
            Lens::Not(_) => (kind == Crossing::Bool, "only what is true or false can be turned round"),
            Lens::Owner { .. } => {
                (matches!(kind, Crossing::Reference | Crossing::Text), "an owner is told by the id or the email of a user")
            }
            Lens::Reference { .. } => (kind == Crossing::Reference, "a reference reads the id of another record"),
        };
        if !fitting {
            fits = false;
            issues.error(
                side,
                name,
                format!("`{name}` is {}: {need}", title(&field.field_type)),
                "map another field, or map this one as it is",
            );
        }
        if let (Lens::Reference { parent, .. }, FieldType::Reference { to }) = (lens, &field.field_type)
            && let Some(parent) = sync.mapping(parent.as_str())
            && !to.is_empty()
            && !to.contains(parent.kind.of(side))
        {
            fits = false;
            let kinds: Vec<&str> = to.iter().map(syncline_model::ObjectKind::as_str).collect();
            let problem =
                format!("`{name}` points to {}, and the mapping `{}` links {}", options(&kinds), parent.name, parent.kind.of(side));
            issues.error(side, name, problem, "name the object mapping that links those records under `reference`");
        }
    }
    fits
}

/// Whether the types meet; says so where not.
fn fits(from: &End<'_>, to: &End<'_>, issues: &mut Issues<'_>) -> bool {
    use Crossing::{Bool, Choice, Date, DateTime, Decimal, Id, Integer, Other, Reference, Set, Text};
    let (source, target) = (from.crossing(), to.crossing());
    let multi_select = |end: &End<'_>| matches!(&end.field.field_type, FieldType::Set { choices } if !choices.is_empty());
    let (name, other) = (&to.field.name, &from.field.name);
    let meet = format!("`{other}` is {} and `{name}` is {}", title(&from.field.field_type), title(&to.field.field_type));
    let refusal: Option<(String, &str)> = match (source, target) {
        // What may not be written to has its own error.
        (_, Id | Other) => return false,
        (Reference, Reference) => (matches!(from.lens, Lens::Field(_)) || matches!(to.lens, Lens::Field(_)))
            .then_some((meet, "add `reference: <object mapping>`: ids differ between systems")),
        (_, Reference) if matches!(to.lens, Lens::Field(_)) => return false,
        (Set, Set)
            if multi_select(from) != multi_select(to)
                && (matches!(from.lens, Lens::CommaText(_)) || matches!(to.lens, Lens::CommaText(_))) =>
        {
            Some((format!("{meet}: a multi-select cannot be mapped to text"), "map it to a multi-select with the same options"))
        }
        (Bool, Bool)
        | (Integer | Decimal, Decimal)
        | (Integer, Integer)
        | (Text | Choice | Id, Text)
        | (Text | Choice, Choice)
        | (Date, Date)
        | (DateTime, DateTime)
        | (Set, Set) => None,
        (Decimal, Integer) => {
            issues.warning(to.side, name, format!("{meet}: a value with a fraction will be refused"), "map a field that takes fractions");
            None
        }
        (Set, Text | Choice) => Some(if multi_select(from) {
            (format!("{meet}: a multi-select cannot be mapped to text"), "map it to a multi-select with the same options")
        } else {
            (
                format!("{meet}: tags cannot be mapped to text as they are"),
                "keep them in the text field with commas: `{ field: …, as: comma_text }`",
            )
        }),
        (Text | Choice, Set) => {
            Some((format!("{meet}: one text is not a set"), "read it as comma-separated values: `{ field: …, as: comma_text }`"))
        }
        (DateTime, Text | Choice) => Some((format!("{meet}: a date-time cannot be mapped to text"), "map it to a date-time")),
        (DateTime, Date) | (Date, DateTime) => {
            Some((format!("{meet}: a day has no time and no time zone"), "map a date to a date, and a date-time to a date-time"))
        }
        (Reference, _) => Some((
            format!("{meet}: a lookup has its value in its own system only"),
            "map a field of the other record, or a lookup with `reference: <object mapping>`",
        )),
        (Bool | Integer | Decimal | Text | Choice | Date | DateTime | Set | Id | Other, _) => {
            Some((format!("{meet}: the one does not fit into the other"), "map two fields of the same type"))
        }
    };
    match refusal {
        Some((problem, hint)) => {
            issues.error(to.side, name, problem, hint);
            false
        }
        None => true,
    }
}

fn check_length(from: &End<'_>, to: &End<'_>, issues: &mut Issues<'_>) {
    if !matches!((from.lens, to.lens), (Lens::Field(_), Lens::Field(_))) {
        return;
    }
    if let (Some(source), Some(target)) = (from.field.length, to.field.length)
        && target < source
    {
        let name = &to.field.name;
        let problem = format!("`{name}` takes {target} characters, `{}` takes {source}: a longer value will be refused", from.field.name);
        issues.warning(to.side, name, problem, "lengthen the field at the vendor, or accept that such records are reported");
    }
}

/// The choices of a field, where the vendor names them.
fn choices(field_type: &FieldType) -> Option<&[Choice]> {
    match field_type {
        FieldType::Choice { choices, .. } | FieldType::Set { choices } if !choices.is_empty() => Some(choices),
        FieldType::Choice { .. }
        | FieldType::Set { .. }
        | FieldType::Bool
        | FieldType::Integer
        | FieldType::Decimal
        | FieldType::Text
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Date
        | FieldType::DateTime
        | FieldType::Reference { .. }
        | FieldType::Id
        | FieldType::Other(_) => None,
    }
}

/// An option as the other side sees it; `None` where the table has no place for it.
fn shared<'a>(lens: &'a Lens, option: &'a str) -> Option<&'a str> {
    match lens {
        Lens::Mapped { map, .. } => match map.pairs.iter().find(|(raw, _)| raw == option) {
            Some((_, view)) => Some(view),
            None => (map.others == Others::Pass).then_some(option),
        },
        Lens::Field(_) | Lens::FullName { .. } | Lens::CommaText(_) | Lens::Not(_) | Lens::Owner { .. } | Lens::Reference { .. } => {
            Some(option)
        }
    }
}

/// Where one side names no options, its values cannot be counted up; what a table says of them can: options without a place in their own side's
/// table, and values of a table that the other side has no option for.
fn check_table(field: &FieldMapping, from: &End<'_>, to: &End<'_>, issues: &mut Issues<'_>) {
    if !field.flow.reaches(to.side) {
        return;
    }
    let hint = "name their counterparts under `values`, or let them pass with `others: pass`; until then such records are reported";
    if let (Some(own), None) = (choices(&from.field.field_type), choices(&to.field.field_type)) {
        let alone: Vec<&str> =
            own.iter().map(|choice| choice.value.as_str()).filter(|option| shared(from.lens, option).is_none()).collect();
        if !alone.is_empty() {
            let name = &from.field.name;
            issues.warning(
                from.side,
                name,
                format!("options of `{name}` that the table of values does not name: {}", options(&alone)),
                hint,
            );
        }
    }
    if let (Lens::Mapped { map, .. }, None, Some(others)) = (from.lens, choices(&from.field.field_type), choices(&to.field.field_type)) {
        let theirs: BTreeSet<&str> = others.iter().filter_map(|choice| shared(to.lens, &choice.value)).collect();
        let views: BTreeSet<&str> = map.pairs.iter().map(|(_, view)| view.as_str()).filter(|view| !theirs.contains(view)).collect();
        let alone: Vec<&str> = views.into_iter().collect();
        if !alone.is_empty() {
            let (name, other) = (&from.field.name, &to.field.name);
            let problem = format!("the table of `{name}` gives values for which `{other}` has no option: {}", options(&alone));
            issues.warning(from.side, name, problem, "write the options as the vendor's metadata has them, or add them there");
        }
    }
}

/// FS-15: options that stand on one side only, and values of a table that no option has.
fn check_options(field: &FieldMapping, left: &End<'_>, right: &End<'_>, issues: &mut Issues<'_>) {
    for end in [left, right] {
        if let (Lens::Mapped { map, .. }, Some(choices)) = (end.lens, choices(&end.field.field_type)) {
            let known = |raw: &str| choices.iter().any(|choice| choice.value == raw);
            let missing: Vec<&str> = map.pairs.iter().map(|(raw, _)| raw.as_str()).filter(|raw| !known(raw)).collect();
            if !missing.is_empty() {
                let name = &end.field.name;
                let problem = format!("`{name}` has no option {}, which the table of values names", options(&missing));
                issues.error(end.side, name, problem, "write the options as the vendor's metadata has them");
            }
        }
    }
    for (from, to) in [(left, right), (right, left)] {
        check_table(field, from, to, issues);
    }
    let (Some(left_choices), Some(right_choices)) = (choices(&left.field.field_type), choices(&right.field.field_type)) else { return };
    for (from, own, to, others) in [(left, left_choices, right, right_choices), (right, right_choices, left, left_choices)] {
        if !field.flow.reaches(to.side) {
            continue;
        }
        let theirs: BTreeSet<&str> = others.iter().filter_map(|choice| shared(to.lens, &choice.value)).collect();
        let crosses = |option: &str| match shared(from.lens, option) {
            Some(view) => theirs.contains(view) || to.lens.leaves_others(),
            None => from.lens.leaves_others(),
        };
        let alone: Vec<&str> = own.iter().map(|choice| choice.value.as_str()).filter(|option| !crosses(option)).collect();
        if !alone.is_empty() {
            let name = &from.field.name;
            let problem = format!("options of `{name}` that `{}` does not have: {}", to.field.name, options(&alone));
            issues.warning(
                from.side,
                name,
                problem,
                "add them at the vendor, or name their counterparts under `values`; until then such records are reported",
            );
        }
    }
}
