//! A user's fields: those that the vendor's reference and recorded answers show (fact sheet §2), and one made of two of them.

use syncline_model::{Choice, FieldSchema, FieldType, ObjectKind, ObjectSchema};

use crate::status::{Availability, Reason, Status};

/// The one object that can be synced.
pub(crate) const USER: &str = "user";

/// One word for `availability_status` and `substatus` together: the reason, where there is one.
pub(crate) const STATUS: &str = "status";
pub(crate) const AVAILABILITY_STATUS: &str = "availability_status";
pub(crate) const SUBSTATUS: &str = "substatus";
/// Seconds after a call in which the agent gets no other.
pub(crate) const WRAP_UP_TIME: &str = "wrap_up_time";

/// How a member travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Number,
    Flag,
    Moment,
}

/// Members beside the id and the status.
pub(crate) const MEMBERS: &[(&str, Form)] = &[
    ("name", Form::Text),
    ("email", Form::Text),
    (WRAP_UP_TIME, Form::Number),
    ("available", Form::Flag),
    ("language", Form::Text),
    ("time_zone", Form::Text),
    ("extension", Form::Text),
    ("state", Form::Text),
    ("default_number_id", Form::Number),
    ("direct_link", Form::Text),
    ("created_at", Form::Moment),
];

/// Whether a field of this name can be selected.
pub(crate) fn is_known(name: &str) -> bool {
    ["id", STATUS, AVAILABILITY_STATUS, SUBSTATUS].contains(&name) || MEMBERS.iter().any(|(member, _)| *member == name)
}

pub(crate) fn schema() -> ObjectSchema {
    let mut id = read_only("id", "ID", FieldType::Id);
    id.unique = true;
    let statuses = Availability::ALL.into_iter().map(|availability| choice(Status::new(availability, None).word(), availability.label()));
    let reasons: Vec<Choice> = Reason::ALL.into_iter().map(|reason| choice(reason.word(), reason.label())).collect();
    let combined = statuses.clone().chain(reasons.clone()).collect();
    let mut fields = vec![
        id,
        written(STATUS, "Status or reason", FieldType::Choice { choices: combined, restricted: true }),
        written(AVAILABILITY_STATUS, "Status", FieldType::Choice { choices: statuses.collect(), restricted: true }),
        written(SUBSTATUS, "Reason for being unavailable", FieldType::Choice { choices: reasons, restricted: true }),
    ];
    fields.extend(MEMBERS.iter().map(|(name, form)| match (*name, form) {
        (WRAP_UP_TIME, _) => written(WRAP_UP_TIME, "Wrap-up time in seconds", FieldType::Integer),
        ("email", _) => {
            let mut email = read_only("email", "Email", FieldType::Email);
            email.unique = true;
            email
        }
        (name, Form::Text) => read_only(name, &name.replace('_', " "), FieldType::Text),
        (name, Form::Number) => read_only(name, &name.replace('_', " "), FieldType::Integer),
        (name, Form::Flag) => read_only(name, &name.replace('_', " "), FieldType::Bool),
        (name, Form::Moment) => read_only(name, &name.replace('_', " "), FieldType::DateTime),
    }));
    ObjectSchema { kind: ObjectKind::new(USER), fields }
}

fn choice(value: &str, label: &str) -> Choice {
    Choice { value: value.to_owned(), label: label.to_owned() }
}

/// No user is made here: what can be written can be changed only.
fn written(name: &str, label: &str, field_type: FieldType) -> FieldSchema {
    let mut field = FieldSchema::new(name, label, field_type);
    field.creatable = false;
    field
}

fn read_only(name: &str, label: &str, field_type: FieldType) -> FieldSchema {
    let mut field = written(name, label, field_type);
    field.updatable = false;
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_described_can_be_selected_and_three_statuses_and_the_wrap_up_can_be_written() {
        let schema = schema();
        assert!(schema.fields.iter().all(|field| is_known(field.name.as_str()) && !field.creatable));
        let updatable: Vec<&str> = schema.fields.iter().filter(|field| field.updatable).map(|field| field.name.as_str()).collect();
        assert_eq!(updatable, [STATUS, AVAILABILITY_STATUS, SUBSTATUS, WRAP_UP_TIME]);
        assert!(!is_known("numbers"));
    }
}
