//! The objects that can be synced: three modules, and the person, who is a lead or a contact.

use serde::{Deserialize, Serialize};
use syncline_model::{ObjectKind, RecordId};

pub(crate) const PERSON: &str = "person";
/// The field of a person that says in which module the record stands.
pub(crate) const MODULE: &str = "module";
/// The address of the user to whom a record belongs: read beside `Owner`.
pub(crate) const OWNER_EMAIL: &str = "owner_email";
/// A person's company: a text of leads, the name of the account of contacts.
pub(crate) const COMPANY: &str = "Company";
pub(crate) const ACCOUNT: &str = "Account_Name";

/// Fields that mean the same in both modules and have two names (fact sheet §2: recorded). A person has them under the lead's.
const PAIRS: [(&str, &str); 5] = [
    ("Street", "Mailing_Street"),
    ("City", "Mailing_City"),
    ("State", "Mailing_State"),
    ("Zip_Code", "Mailing_Zip"),
    ("Country", "Mailing_Country"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Module {
    Accounts,
    Contacts,
    Leads,
}

impl Module {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Accounts => "Accounts",
            Self::Contacts => "Contacts",
            Self::Leads => "Leads",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::Accounts, Self::Contacts, Self::Leads].into_iter().find(|module| module.name() == name)
    }

    /// For sentences: `leads`.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Contacts => "contacts",
            Self::Leads => "leads",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    One(Module),
    Person,
}

impl Object {
    pub(crate) fn of(kind: &ObjectKind) -> Option<Self> {
        if kind.as_str() == PERSON { Some(Self::Person) } else { Module::of(kind.as_str()).map(Self::One) }
    }

    pub(crate) fn kind(self) -> ObjectKind {
        match self {
            Self::One(module) => ObjectKind::new(module.name()),
            Self::Person => ObjectKind::new(PERSON),
        }
    }

    /// The modules in which its records stand. Leads come first, so that a lead that was converted is told before its contact.
    pub(crate) fn modules(self) -> Vec<Module> {
        match self {
            Self::One(module) => vec![module],
            Self::Person => vec![Module::Leads, Module::Contacts],
        }
    }

    pub(crate) fn has(self, module: Module) -> bool {
        self.modules().contains(&module)
    }

    /// The id of a module's record.
    pub(crate) fn id(self, module: Module, bare: &str) -> RecordId {
        match self {
            Self::One(_) => RecordId::new(bare),
            Self::Person => RecordId::new(format!("{}/{bare}", module.name())),
        }
    }

    /// In which module a record stands, and its id there; `None` for what is no id of this object's.
    pub(crate) fn place(self, id: &RecordId) -> Option<(Module, String)> {
        let (module, bare) = match self {
            Self::One(module) => (module, id.as_str()),
            Self::Person => {
                let (module, bare) = id.as_str().split_once('/')?;
                (Module::of(module).filter(|module| self.has(*module))?, bare)
            }
        };
        is_bare(bare).then(|| (module, bare.to_owned()))
    }
}

/// Ids are decimal texts, too long for a float (fact sheet §2).
pub(crate) fn is_bare(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Where a field of an object's stands in a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source<'a> {
    Field(&'a str),
    /// The name of the module itself.
    Module,
    OwnerEmail,
    /// The name of the account behind a contact.
    AccountName,
}

/// Where the object's field stands in this module's records. Whether the module has such a field, its metadata tells.
pub(crate) fn source(object: Object, module: Module, field: &str) -> Source<'_> {
    if field == OWNER_EMAIL {
        return Source::OwnerEmail;
    }
    match (object, module) {
        (Object::Person, _) if field == MODULE => Source::Module,
        (Object::Person, Module::Contacts) if field == COMPANY => Source::AccountName,
        (Object::Person, Module::Contacts) => Source::Field(paired(field).unwrap_or(field)),
        (Object::Person, Module::Leads | Module::Accounts) | (Object::One(_), _) => Source::Field(field),
    }
}

/// The contact's name of a lead's field.
pub(crate) fn paired(lead_field: &str) -> Option<&'static str> {
    PAIRS.iter().find(|(lead, _)| *lead == lead_field).map(|(_, contact)| *contact)
}

/// Whether a contact's field is known by a lead's name.
pub(crate) fn is_paired(contact_field: &str) -> bool {
    PAIRS.iter().any(|(_, contact)| *contact == contact_field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_id_says_its_module() {
        let place = |object: Object, id: &str| object.place(&RecordId::new(id)).map(|(module, bare)| format!("{module:?} {bare}"));
        assert_eq!(place(Object::Person, "Leads/42").as_deref(), Some("Leads 42"));
        assert_eq!(place(Object::One(Module::Leads), "42").as_deref(), Some("Leads 42"));
        for (object, id) in [
            (Object::Person, "42"),
            (Object::Person, "Accounts/42"),
            (Object::Person, "Leads/42/1"),
            (Object::One(Module::Leads), "Leads/42"),
            (Object::One(Module::Leads), "../42"),
            (Object::One(Module::Leads), ""),
        ] {
            assert_eq!(place(object, id), None, "{id}");
        }
        assert_eq!(Object::Person.id(Module::Contacts, "7").as_str(), "Contacts/7");
    }

    #[test]
    fn an_address_has_one_name_for_a_person() {
        assert_eq!(source(Object::Person, Module::Contacts, "City"), Source::Field("Mailing_City"));
        assert_eq!(source(Object::Person, Module::Leads, "City"), Source::Field("City"));
        assert_eq!(source(Object::One(Module::Contacts), Module::Contacts, "City"), Source::Field("City"));
        assert_eq!(source(Object::Person, Module::Contacts, "Company"), Source::AccountName);
        assert!(is_paired("Mailing_Zip") && !is_paired("Zip_Code"));
    }
}
