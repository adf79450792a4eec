//! One mapped field: its two lenses, and how it is compared, written and decided.

use syncline_mapping::{Conflict, Equality, FieldMapping, Flow, Lens, Others, Pair, ValueMap, WritePolicy};
use syncline_model::{FieldName, MappingName, Side};

use crate::document::{Entry, Node};
use crate::findings::{Findings, below, suggestion};
use crate::object::flow_fits;
use crate::problem::Code;
use crate::sync::{Defaults, SIDES, conflict, drift, flow, region};

pub(crate) fn read_field(entry: &Entry, object_path: &str, defaults: &Defaults<'_>, findings: &mut Findings) -> Option<FieldMapping> {
    let node = &entry.value;
    let path = format!("{object_path}.fields.{}", entry.key);
    let own_flow = flow(node);
    if let (Some(own), Some(place)) = (own_flow, node.get("direction"))
        && !flow_fits(defaults.flow, own)
    {
        let hint = "remove the direction here, or write `direction: both` for the sync and name the direction of each field";
        let problem = "this field goes another way than the sync, which is one-way";
        findings.add(Code::AgainstDirection, place.place, below(&path, "direction"), problem, hint);
    }
    let flow = own_flow.unwrap_or(defaults.flow);
    let before = findings.0.len();
    let parent = reference(node, defaults, &path, findings);
    let fallback = owner(node, flow, &path, findings);
    let (left, right) = if let Some(fallback) = fallback {
        (owner_lens(node, Side::Left, fallback.left), owner_lens(node, Side::Right, fallback.right))
    } else {
        let left = lens(node, Side::Left, parent.as_ref(), &path, findings);
        (left, lens(node, Side::Right, parent.as_ref(), &path, findings))
    };
    let equality = compare(node, defaults.region.as_deref(), &path, findings);
    let (left, right) = (left?, right?);
    if findings.0.len() == before {
        refuse_unfit(node, flow, &left, &right, &path, findings);
    }
    let equality = equality.unwrap_or_else(|| field_equality(&entry.key, &left, &right, defaults.region.as_deref()));
    Some(FieldMapping {
        name: entry.key.clone(),
        flow,
        equality,
        conflict: conflict(node).unwrap_or(defaults.conflict),
        // Who names a policy for the field means the whole of it.
        whole_sets: conflict(node).is_some(),
        write: write(node),
        drift: drift(node).unwrap_or(defaults.drift),
        lens: Pair::new(left, right),
    })
}

/// The mapping that a field's records are linked by.
fn reference(node: &Node, defaults: &Defaults<'_>, path: &str, findings: &mut Findings) -> Option<MappingName> {
    let place = node.get("reference")?;
    let name = place.text()?;
    let path = below(path, "reference");
    if !defaults.mappings.contains(&name) {
        let hint = suggestion(name, defaults.mappings.iter().copied(), "object mappings of this sync");
        findings.add(Code::UnknownMapping, place.place, path.as_str(), format!("this sync has no object mapping `{name}`"), hint);
    }
    for (_, side) in SIDES {
        if let Some(detail) = node.get(side).filter(|detail| detail.is_map()) {
            let hint = "name one field on each side, the one that holds the other record's id";
            findings.add(Code::BadReference, detail.place, path.as_str(), "a reference is one field on each side", hint);
        }
    }
    if let Some(values) = node.entry("values") {
        let hint = "remove one of the two";
        findings.add(Code::BadReference, values.key_place, path.as_str(), "a reference has no table of values", hint);
    }
    Some(MappingName::new(name))
}

/// Who stands in on each side, where the field is an owner.
fn owner(node: &Node, flow: Flow, path: &str, findings: &mut Findings) -> Option<Pair<Option<String>>> {
    let named = |side: &str| node.get("fallback").and_then(|fallback| fallback.text_at(side)).map(str::to_owned);
    let fallback = Pair::new(named("left"), named("right"));
    if node.text_at("as") != Some("owner") {
        if let Some(entry) = node.entry("fallback") {
            let hint = "add `as: owner`, or remove it";
            findings.add(Code::BadOwner, entry.key_place, below(path, "fallback"), "only an owner has somebody who stands in", hint);
        }
        return None;
    }
    for key in ["reference", "values", "others", "compare"] {
        if let Some(entry) = node.entry(key) {
            let problem = format!("an owner has no `{key}`: users are told by their emails");
            findings.add(Code::BadOwner, entry.key_place, below(path, key), problem, "remove it");
        }
    }
    for (side, name) in SIDES {
        if let Some(detail) = node.get(name).filter(|detail| detail.is_map()) {
            let hint = "for example `left: owner_id`";
            findings.add(Code::BadOwner, detail.place, below(path, name), "an owner is one field on each side", hint);
        }
        if flow.reaches(side)
            && fallback.of(side).is_none()
            && let Some(place) = node.entry("as")
        {
            let problem = format!("nobody stands in on the {name} for an owner who is not known there");
            let hint = format!("add `fallback: {{ {name}: … }}`: the email or the id of a user, to whom such records go");
            findings.add(Code::BadOwner, place.key_place, below(path, "fallback"), problem, hint);
        }
    }
    Some(fallback)
}

fn owner_lens(node: &Node, side: Side, fallback: Option<String>) -> Option<Lens> {
    Some(Lens::Owner { field: node.text_at(side.of("left", "right"))?.into(), fallback })
}

fn lens(node: &Node, side: Side, parent: Option<&MappingName>, path: &str, findings: &mut Findings) -> Option<Lens> {
    let key = side.of("left", "right");
    let place = node.get(key)?;
    let path = below(path, key);
    // A table of the whole field reads and writes the left side's values; the right side's are what both share.
    let table = node.get("values").filter(|_| side == Side::Left).map(|table| value_map(table, node));
    if let Some(name) = place.text() {
        let field = FieldName::from(name);
        return Some(match (parent, table) {
            (Some(parent), _) => Lens::Reference { field, parent: parent.clone() },
            (None, Some(map)) => Lens::Mapped { field, map },
            (None, None) => Lens::Field(field),
        });
    }
    if !place.is_map() || parent.is_some() {
        return None;
    }
    let mut refuse = |problem: &str, hint: &str| {
        findings.add(Code::BadLens, place.place, path.as_str(), problem, hint);
        None
    };
    let names = Pair::new(place.text_at("first"), place.text_at("last"));
    let has = |key: &str| place.entry(key).is_some();
    let own_table = place.get("values");
    if has("first") || has("last") {
        if has("field") || has("as") || has("values") || table.is_some() {
            return refuse("a full name in two fields takes `first` and `last` only", "for example `{ first: FirstName, last: LastName }`");
        }
        return match (names.left, names.right) {
            (Some(first), Some(last)) if first != last => Some(Lens::FullName { first: first.into(), last: last.into() }),
            _ => refuse("a full name in two fields names both, and they differ", "for example `{ first: FirstName, last: LastName }`"),
        };
    }
    let Some(field) = place.text_at("field").map(FieldName::from) else {
        return refuse("this names no field", "for example `{ field: Tags__c, as: comma_text }` or `{ first: FirstName, last: LastName }`");
    };
    if own_table.is_some() && table.is_some() {
        return refuse("this side has a table of values, and so has the whole field", "keep the table in one of the two places");
    }
    let table = own_table.map(|table| value_map(table, place)).or(table);
    match (place.text_at("as"), table) {
        (Some(_), Some(_)) => refuse("`as` and a table of values cannot stand together", "remove one of the two"),
        (Some("not"), None) => Some(Lens::Not(field)),
        (Some(_), None) => Some(Lens::CommaText(field)),
        (None, Some(map)) => Some(Lens::Mapped { field, map }),
        (None, None) => Some(Lens::Field(field)),
    }
}

/// `beside`: the node in which `values` and `others` stand.
fn value_map(table: &Node, beside: &Node) -> ValueMap {
    let pair = |entry: &Entry| Some((entry.key.clone(), entry.value.scalar()?.to_owned()));
    let others = match beside.text_at("others") {
        Some("pass") => Others::Pass,
        Some("leave") => Others::Leave,
        Some(_) | None => Others::Refuse,
    };
    ValueMap { pairs: table.entries().iter().filter_map(pair).collect(), others }
}

fn write(node: &Node) -> Pair<WritePolicy> {
    let policy = |word: Option<&str>| match word {
        Some("fill_empty") => WritePolicy::FillEmpty,
        Some("never_clear") => WritePolicy::NeverClear,
        Some("unless_taken") => WritePolicy::UnlessTaken,
        Some(_) | None => WritePolicy::Always,
    };
    let Some(write) = node.get("write") else { return Pair::default() };
    match write.text() {
        Some(word) => Pair::new(policy(Some(word)), policy(Some(word))),
        None => Pair::new(policy(write.text_at("left")), policy(write.text_at("right"))),
    }
}

/// How the config says that values are compared; `None` where it does not.
pub(crate) fn compare(node: &Node, sync_region: Option<&str>, path: &str, findings: &mut Findings) -> Option<Equality> {
    let compare = node.get("compare")?;
    match compare.text() {
        Some("exact") => Some(Equality::Exact),
        Some("words") => Some(Equality::Words),
        Some("ignore_case") => Some(Equality::CaseInsensitive),
        Some("phone") => Some(Equality::Phone { region: sync_region.map(str::to_owned) }),
        Some(_) => None,
        None => region(compare, "phone", &below(path, "compare"), findings).map(|region| Equality::Phone { region: Some(region) }),
    }
}

fn field_equality(name: &str, left: &Lens, right: &Lens, region: Option<&str>) -> Equality {
    let is = |wanted: fn(&Lens) -> bool| wanted(left) || wanted(right);
    if is(|lens| matches!(lens, Lens::FullName { .. })) {
        return Equality::Words;
    }
    if is(|lens| matches!(lens, Lens::CommaText(_) | Lens::Not(_) | Lens::Mapped { .. } | Lens::Owner { .. } | Lens::Reference { .. })) {
        return Equality::Exact;
    }
    let mut names = vec![name];
    names.extend(left.fields().into_iter().chain(right.fields()).map(FieldName::as_str));
    default_equality(&names, region)
}

/// As the names of the fields suggest: emails without case, phones as numbers, names by their words, all else to the letter.
pub(crate) fn default_equality(names: &[&str], region: Option<&str>) -> Equality {
    // `custom_fields.mobile_phone` and `MobilePhone__c` both read as `mobilephone`.
    let plain = |name: &&str| {
        let last = name.rsplit('.').next().unwrap_or_default().to_lowercase();
        last.trim_end_matches("__c").replace(['_', '-'], "")
    };
    let names: Vec<String> = names.iter().map(plain).collect();
    let any = |is: &dyn Fn(&str) -> bool| names.iter().any(|name| is(name));
    if any(&|name| name.ends_with("email")) {
        Equality::CaseInsensitive
    } else if any(&|name| name.ends_with("phone") || name == "mobile" || name == "fax") {
        Equality::Phone { region: region.map(str::to_owned) }
    } else if any(&|name| name == "name" || ["firstname", "lastname", "fullname", "companyname"].contains(&name)) {
        Equality::Words
    } else {
        Equality::Exact
    }
}

/// What a lens makes of its fields, as far as the other side must make the same.
#[derive(PartialEq, Eq)]
enum View {
    /// Whatever the field holds.
    Open,
    Text,
    Set,
    Flag,
    Owner,
    Reference,
}

fn view(lens: &Lens) -> View {
    match lens {
        Lens::Field(_) => View::Open,
        Lens::FullName { .. } | Lens::Mapped { .. } => View::Text,
        Lens::CommaText(_) => View::Set,
        Lens::Not(_) => View::Flag,
        Lens::Owner { .. } => View::Owner,
        Lens::Reference { .. } => View::Reference,
    }
}

fn table(lens: &Lens) -> Option<&ValueMap> {
    match lens {
        Lens::Mapped { map, .. } => Some(map),
        Lens::Field(_) | Lens::FullName { .. } | Lens::CommaText(_) | Lens::Not(_) | Lens::Owner { .. } | Lens::Reference { .. } => None,
    }
}

/// Lenses that do not meet, and values that could go one way only.
fn refuse_unfit(node: &Node, flow: Flow, left: &Lens, right: &Lens, path: &str, findings: &mut Findings) {
    let Some(place) = node.get("left").map(|node| node.place) else { return };
    let views = (view(left), view(right));
    if views.0 != views.1 && views.0 != View::Open && views.1 != View::Open {
        let hint = "a comma-separated field meets a set, a table of values meets text, `not` meets what is true or false";
        findings.add(Code::BadLens, place, path, "the two sides do not make the same kind of value", hint);
        return;
    }
    if let Some(place) = node.entry("others")
        && node.entry("values").is_none()
    {
        findings.add(
            Code::BadValueMap,
            place.key_place,
            below(path, "others"),
            "`others` stands without a table of values",
            "add `values`, or remove it",
        );
    }
    for (side, name) in SIDES {
        let (target, source) = (side.of(left, right), side.other().of(left, right));
        let (Some(to), Some(from)) = (table(target), table(source)) else { continue };
        let reachable = |shared: &str| to.others == Others::Pass || to.pairs.iter().any(|(_, known)| known == shared);
        let missing: Vec<usize> =
            from.pairs.iter().enumerate().filter(|(_, (_, shared))| !reachable(shared)).map(|(index, _)| index).collect();
        if let Some(first) = missing.first().filter(|_| flow.reaches(side)) {
            let other = side.other();
            let entry = node
                .get(side.other().of("left", "right"))
                .and_then(|node| node.get("values"))
                .and_then(|table| table.entries().get(*first));
            let place = entry.map_or(place, |entry| entry.key_place);
            let code = if flow == Flow::Both { Code::OneWayLens } else { Code::BadValueMap };
            let problem = format!(
                "entry {} of the {other} table gives a value that the {name} table does not have, so it cannot be written there",
                first + 1
            );
            let hint = format!("add it to the table on the {name}, or make the field one-way");
            findings.add(code, place, format!("{path}.{other}.values"), problem, hint);
        }
    }
    let may_be_flag = |view: &View| matches!(view, View::Open | View::Flag);
    if conflict(node) == Some(Conflict::OptOutWins) && !(may_be_flag(&views.0) && may_be_flag(&views.1)) {
        let hint = "`opt_out_wins` is for a field that is true or false on both sides; choose `master`, `latest` or `hold`";
        findings.add(Code::BadLens, place, below(path, "conflict"), "a value that is not true or false has no opt-out", hint);
    }
}
