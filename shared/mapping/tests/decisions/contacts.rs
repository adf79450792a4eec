//! Whole records: creating, deleting, names, tags, value maps, references and link fields, as the Freshdesk and Salesforce recipe has them.

use syncline_mapping::{Decision, DeletePolicy, Equality, Flow, Lens, ObjectMapping, Others, Pair, Plan, RefState, ValueMap};
use syncline_model::{Record, Side, Value};

use crate::scene::{Scene, Spot, mapping, record, said, two_way};

const COMPANIES: &str = "companies";

fn contacts() -> ObjectMapping {
    let one = |name: &str| Lens::Field(name.into());
    let mut name = two_way("name", one("name"), Lens::FullName { first: "FirstName".into(), last: "LastName".into() });
    name.equality = Equality::Words;
    let mut email = two_way("email", one("email"), one("Email"));
    email.equality = Equality::CaseInsensitive;
    let mut phone = two_way("phone", one("phone"), one("Phone"));
    phone.equality = Equality::Phone { region: Some("DE".into()) };
    let tags = two_way("tags", one("tags"), Lens::CommaText("Tags__c".into()));
    let map = |pairs: &[(&str, &str)]| ValueMap {
        pairs: pairs.iter().map(|(raw, view)| ((*raw).to_owned(), (*view).to_owned())).collect(),
        others: Others::Refuse,
    };
    let status = two_way(
        "status",
        Lens::Mapped { field: "status".into(), map: map(&[("offline", "away"), ("lunch", "away"), ("online", "here")]) },
        Lens::Mapped { field: "Status".into(), map: map(&[("Away", "away"), ("Online", "here")]) },
    );
    let company = two_way(
        "company",
        Lens::Reference { field: "company_id".into(), parent: COMPANIES.into() },
        Lens::Reference { field: "AccountId".into(), parent: COMPANIES.into() },
    );
    mapping(vec![name, email, phone, tags, status, company])
}

fn left(fields: &[(&str, &str)]) -> Record {
    fill(Side::Left, &["name", "email", "phone", "tags", "status", "company_id"], fields)
}

fn right(fields: &[(&str, &str)]) -> Record {
    fill(Side::Right, &["FirstName", "LastName", "Email", "Phone", "Tags__c", "Status", "AccountId"], fields)
}

/// A record that shows all these fields, most of them empty.
fn fill(side: Side, names: &[&str], fields: &[(&str, &str)]) -> Record {
    let blank = names.iter().fold(record(side, &[]), |record, name| record.with_field(*name, Value::Null));
    fields.iter().fold(blank, |record, (name, text)| {
        let value = match *name {
            "company_id" | "AccountId" if !text.is_empty() => Value::Reference((*text).into()),
            "tags" => Value::set(text.split('|').map(str::to_owned)),
            _ => Value::text(*text),
        };
        record.with_field(*name, value)
    })
}

/// Linked, and agreed on these two records; the left one was then replaced.
fn edited(before: &(Record, Record), now: (Record, Record)) -> Scene {
    Scene::new(contacts(), Spot::Seen(now.0), Spot::Seen(now.1)).linked(&before.0, &before.1)
}

#[test]
fn names_go_into_two_fields_and_come_back() {
    let old = || (left(&[("name", "Ida van der Berg")]), right(&[("FirstName", "Ida"), ("LastName", "van der Berg")]));
    let scene = edited(&old(), (left(&[("name", "Ada van der Berg")]), old().1));
    assert_eq!(scene.said(), "update r1 FirstName=\"Ada\" LastName=\"van der Berg\"");
    let scene = edited(&old(), (old().0, right(&[("FirstName", "Ida"), ("LastName", "Kowalski")])));
    assert_eq!(scene.said(), "update l1 name=\"Ida Kowalski\"");
    // To keep what the name cannot express, its present parts must be seen.
    let mut scene = edited(&old(), (left(&[("name", "Ada van der Berg")]), old().1));
    scene.spots.right = Spot::Unchanged;
    assert_eq!(scene.said(), "look right");
}

#[test]
fn what_is_the_same_by_its_equality_is_not_written() {
    let old =
        (left(&[("email", "a@x.example"), ("phone", "+49 171 5550143")]), right(&[("Email", "a@x.example"), ("Phone", "0171 5550143")]));
    let now =
        (left(&[("email", "A@X.example"), ("phone", "+491715550143")]), right(&[("Email", "a@x.example"), ("Phone", "(0171) 5550143")]));
    assert_eq!(edited(&old, now).said(), "no change");
}

#[test]
fn fs_13_tags() {
    let old = || (left(&[("tags", "vip|new")]), right(&[("Tags__c", "new, vip")]));
    let cases = [
        ("order, blanks and repetition make no change", "vip|new", "vip,new,,vip", "no change"),
        ("a tag more", "vip|new|old", "new, vip", "update r1 Tags__c=\"new,old,vip\""),
        ("text becomes tags", "vip|new", "a , b", "update l1 tags=[\"a\",\"b\"]"),
        ("no tags", "", "new, vip", "update r1 Tags__c=null"),
    ];
    for (why, tags, text, expected) in cases {
        assert_eq!(edited(&old(), (left(&[("tags", tags)]), right(&[("Tags__c", text)]))).said(), expected, "{why}");
    }
    let said = edited(&old(), (left(&[("tags", "a,b")]), old().1)).said();
    assert!(said.starts_with("hold DoesNotFit") && said.contains("comma") && said.contains("Tags__c"), "{said}");
    assert!(!said.contains("a,b"), "the value stays out of the words");
}

#[test]
fn a_value_map_keeps_what_the_other_side_cannot_express() {
    let old = || (left(&[("status", "lunch")]), right(&[("Status", "Away")]));
    assert_eq!(edited(&old(), (left(&[("status", "offline")]), old().1)).said(), "no change", "both are away over there");
    assert_eq!(edited(&old(), (old().0, right(&[("Status", "Online")]))).said(), "update l1 status=\"online\"");
    let said = edited(&old(), (old().0, right(&[("Status", "Elsewhere")]))).said();
    assert!(said.starts_with("hold DoesNotFit") && said.contains("Status") && !said.contains("Elsewhere"), "{said}");
}

#[test]
fn references_become_the_counterpart_and_wait_for_it() {
    let old = || (left(&[]), right(&[]));
    let mut scene = edited(&old(), (left(&[("company_id", "c1")]), old().1));
    assert_eq!(scene.said(), "wait for companies left c1", "not looked up counts as not linked yet");
    scene.refs.insert(COMPANIES.into(), Side::Left, "c1".into(), RefState::NotYet);
    assert_eq!(scene.said(), "wait for companies left c1");
    scene.refs.insert(COMPANIES.into(), Side::Left, "c1".into(), RefState::Linked("a1".into()));
    assert_eq!(scene.said(), "update r1 AccountId=\"a1\"");
    scene.refs.insert(COMPANIES.into(), Side::Left, "c1".into(), RefState::Never);
    assert_eq!(scene.said(), "no change", "empty over there already");
}

#[test]
fn a_reference_that_follows_is_left_out_and_stays_open() {
    let old = || (left(&[]), right(&[]));
    let mut scene = edited(&old(), (left(&[("company_id", "c1"), ("email", "ida@a.example")]), old().1));
    scene.refs.insert(COMPANIES.into(), Side::Left, "c1".into(), RefState::Later);
    assert_eq!(scene.said(), "update r1 Email=\"ida@a.example\"");
    let awaits = |plan: &Plan| plan.fields.iter().filter(|field| field.decision == Decision::Awaits(Side::Right)).count();
    assert_eq!(awaits(&scene.plan()), 1);
    let mut scene = Scene::new(contacts(), Spot::Seen(left(&[("company_id", "c1")])), Spot::Nothing);
    scene.refs.insert(COMPANIES.into(), Side::Left, "c1".into(), RefState::Later);
    assert!(scene.said().starts_with("create") && !scene.said().contains("AccountId"), "{}", scene.said());
    assert_eq!(awaits(&scene.plan()), 1);
}

#[test]
fn references_on_a_first_link() {
    let joined = |company: &str, account: &str| {
        let mut scene = Scene::new(contacts(), Spot::Seen(left(&[("company_id", company)])), Spot::Seen(right(&[("AccountId", account)])));
        for (company, account) in [("c1", "a1"), ("c2", "a2")] {
            scene.refs.insert(COMPANIES.into(), Side::Left, company.into(), RefState::Linked(account.into()));
            scene.refs.insert(COMPANIES.into(), Side::Right, account.into(), RefState::Linked(company.into()));
        }
        scene.refs.insert(COMPANIES.into(), Side::Left, "c9".into(), RefState::Never);
        scene.refs.insert(COMPANIES.into(), Side::Right, "a9".into(), RefState::Never);
        scene.said()
    };
    let cases = [
        ("c1", "a1", "no change; join"),
        ("c1", "a2", "update r1 AccountId=\"a1\"; loses right company \"a2\"; join"),
        ("c1", "", "update r1 AccountId=\"a1\"; join"),
        ("", "a2", "update l1 company_id=\"c2\"; join"),
        ("c9", "", "no change; join"),
        ("", "a9", "no change; join"),
        ("c9", "a1", "no change; join"),
        ("c9", "a9", "no change; join"),
        ("c1", "a9", "update r1 AccountId=\"a1\"; loses right company \"a9\"; join"),
        ("c8", "a1", "wait for companies left c8"),
        ("", "a8", "wait for companies right a8"),
    ];
    for (company, account, expected) in cases {
        assert_eq!(joined(company, account), expected, "{company} {account}");
    }
}

#[test]
fn fs_3_the_master_wins_the_company_too() {
    let old = (left(&[]), right(&[]));
    let now = (left(&[("name", "Ida A"), ("company_id", "c1")]), right(&[("LastName", "Ida B"), ("AccountId", "a2")]));
    let mut scene = edited(&old, now);
    for (company, account) in [("c1", "a1"), ("c2", "a2")] {
        scene.refs.insert(COMPANIES.into(), Side::Left, company.into(), RefState::Linked(account.into()));
        scene.refs.insert(COMPANIES.into(), Side::Right, account.into(), RefState::Linked(company.into()));
    }
    assert_eq!(
        scene.said(),
        "update r1 AccountId=\"a1\" FirstName=\"Ida\" LastName=\"A\"; loses right name null \"Ida B\"; loses right company \"a2\""
    );
    scene.master = Side::Right;
    assert_eq!(scene.said(), "update l1 company_id=\"c2\" name=\"Ida B\"; loses left name \"Ida A\"; loses left company \"c1\"");
}

#[test]
fn fields_of_one_record_go_both_ways_at_once() {
    let old = (left(&[("email", "a@x.example"), ("phone", "1111")]), right(&[("Email", "a@x.example"), ("Phone", "1111")]));
    let now = (left(&[("email", "b@x.example"), ("phone", "1111")]), right(&[("Email", "a@x.example"), ("Phone", "2222")]));
    assert_eq!(edited(&old, now).said(), "update l1 phone=\"2222\"; update r1 Email=\"b@x.example\"");
}

#[test]
fn a_held_field_does_not_stop_the_others() {
    let old = (left(&[]), right(&[]));
    let now = (left(&[("email", "b@x.example"), ("phone", "1111")]), right(&[("Email", "c@x.example")]));
    let mut scene = edited(&old, now);
    scene.mapping.fields[1].conflict = syncline_mapping::Conflict::Hold;
    assert_eq!(scene.said(), "update r1 Phone=\"1111\"; holds email");
}

fn newcomer(fields: &[(&str, &str)]) -> Scene {
    Scene::new(contacts(), Spot::Seen(left(fields)), Spot::Nothing)
}

#[test]
fn a_record_without_a_counterpart_makes_one() {
    let scene = newcomer(&[("name", "Ida Kowalski"), ("email", "ida@x.example"), ("status", "lunch"), ("phone", "   ")]);
    assert_eq!(scene.said(), "create right Email=\"ida@x.example\" FirstName=\"Ida\" LastName=\"Kowalski\" Status=\"Away\"; join");
    // The vendor's answer is the base; without one, what was sent.
    let answer = right(&[("FirstName", "Ida"), ("LastName", "Kowalski"), ("Email", "ida@x.example"), ("Status", "Away")]);
    let plan = scene.plan();
    let told = scene.base_after(&plan, (true, true), (None, Some(&answer)));
    assert_eq!(scene.base_after(&plan, (true, true), (None, None)), told);
    assert_eq!(told.0.len(), 6);
    assert_eq!(scene.base_after(&plan, (true, false), (None, None)).0.len(), 0, "what was not made has no base");
    let mut after = scene.clone();
    after.spots.right = Spot::Seen(answer);
    after.base = Some(told);
    assert_eq!(after.said(), "no change");
}

#[test]
fn creating_has_its_rules() {
    let mut scene = newcomer(&[("name", "Ida Kowalski"), ("company_id", "c1")]);
    assert_eq!(scene.said(), "wait for companies left c1");
    scene.refs.insert(COMPANIES.into(), Side::Left, "c1".into(), RefState::Never);
    assert_eq!(scene.said(), "create right FirstName=\"Ida\" LastName=\"Kowalski\"; join");
    scene.leave_out.insert("name".to_owned());
    assert_eq!(scene.said(), "create right ; join");
    scene.leave_out.clear();
    // A field of the other direction alone is not sent, and what the source has stays.
    scene.mapping.fields[0].flow = Flow::ToLeft;
    assert_eq!(scene.said(), "create right ; join");
    assert!(scene.base_after(&scene.plan(), (true, false), (None, None)).0.is_empty(), "nor is it remembered if nothing was made");
    scene.mapping.create.right = false;
    assert_eq!(scene.said(), "skip NotCreatedThere");
    assert_eq!(Scene::new(contacts(), Spot::Gone, Spot::Nothing).said(), "skip DeletedBeforeLink");
    assert_eq!(Scene::new(contacts(), Spot::Nothing, Spot::Nothing).said(), "no change");
    let said = newcomer(&[("tags", "a,b"), ("status", "elsewhere")]).said();
    assert!(
        said.starts_with("hold DoesNotFit") && said.contains("Tags__c") && said.contains("\"status\""),
        "every problem is named: {said}"
    );
}

#[test]
fn fs_14_a_required_field_without_a_value_holds_the_record() {
    for blank in ["", "  "] {
        let mut scene = newcomer(&[("name", blank), ("email", "ida@x.example")]);
        scene.mapping.required.right = vec!["LastName".into(), "Email".into()];
        assert_eq!(scene.said(), "hold RequiredFieldEmpty { fields: [FieldName(\"LastName\")] }");
    }
}

#[test]
fn fs_16_a_contact_that_cannot_be_reached_goes_one_way_only() {
    let mut contacts = contacts();
    contacts.need_one_of.left = vec!["email".into(), "phone".into()];
    let from_left = Scene::new(contacts.clone(), Spot::Seen(left(&[("name", "Ida Kowalski")])), Spot::Nothing);
    assert_eq!(from_left.said(), "create right FirstName=\"Ida\" LastName=\"Kowalski\"; join");
    let from_right = Scene::new(contacts.clone(), Spot::Nothing, Spot::Seen(right(&[("LastName", "Kowalski")])));
    assert_eq!(from_right.said(), "skip NothingToReachThem { fields: [FieldName(\"email\"), FieldName(\"phone\")] }");
    let with_phone = Scene::new(contacts, Spot::Nothing, Spot::Seen(right(&[("LastName", "Kowalski"), ("Phone", "1111")])));
    assert_eq!(with_phone.said(), "create left name=\"Kowalski\" phone=\"1111\"; join");
}

#[test]
fn fs_5_deletes_go_by_the_side_on_which_they_happened() {
    let old = || (left(&[("email", "a@x.example")]), right(&[("Email", "a@x.example")]));
    let edited_right = || Spot::Seen(right(&[("Email", "b@x.example")]));
    let cases = [
        ("ignored on the left", Spot::Gone, Spot::Unchanged, Side::Left, "skip CounterpartDeleted { on: Left }; sever left"),
        ("ignored without a look", Spot::Gone, Spot::Unread, Side::Left, "skip CounterpartDeleted { on: Left }; sever left"),
        ("propagated from the right", Spot::Unchanged, Spot::Gone, Side::Left, "delete l1; bury"),
        ("propagated, seen and not edited", Spot::Seen(old().0), Spot::Gone, Side::Left, "delete l1; bury"),
        ("not before a look", Spot::Unread, Spot::Gone, Side::Left, "look left"),
        ("both are gone", Spot::Gone, Spot::Gone, Side::Left, "no change; bury"),
        (
            "deleted and edited, and the master was edited",
            Spot::Seen(left(&[("email", "b@x.example")])),
            Spot::Gone,
            Side::Left,
            "hold DeletedAndEdited { deleted_on: Right }",
        ),
        (
            "deleted and edited, and the master deleted: the edit stands in the history",
            Spot::Seen(left(&[("email", "b@x.example")])),
            Spot::Gone,
            Side::Right,
            "delete l1; loses left email \"b@x.example\"; bury",
        ),
        ("ignored although edited", Spot::Gone, edited_right(), Side::Left, "skip CounterpartDeleted { on: Left }; sever left"),
    ];
    for (why, l, r, master, expected) in cases {
        let mut scene = Scene::new(contacts(), l, r).linked(&old().0, &old().1);
        scene.mapping.deletes = Pair::new(DeletePolicy::Ignore, DeletePolicy::Propagate);
        scene.master = master;
        assert_eq!(scene.said(), expected, "{why}");
    }
}

#[test]
fn each_side_carries_the_other_id() {
    let mut scene = newcomer(&[("name", "Ida Kowalski")]);
    scene.mapping.link_field = Pair::new(Some("sf_id".into()), Some("FD_ID__c".into()));
    assert_eq!(scene.said(), "create right FD_ID__c=\"l1\" FirstName=\"Ida\" LastName=\"Kowalski\"; join");
    let plan = scene.plan();
    scene.base = Some(scene.base_after(&plan, (true, true), (None, None)));
    let stamped = || right(&[("FirstName", "Ida"), ("LastName", "Kowalski"), ("FD_ID__c", "l1")]);
    scene.spots = Pair::new(Spot::Seen(left(&[("name", "Ida Kowalski"), ("sf_id", "")])), Spot::Seen(stamped()));
    assert_eq!(scene.said(), "update l1 sf_id=\"r1\"", "the new id is known now");
    scene.spots.left = Spot::Seen(left(&[("name", "Ida Kowalski"), ("sf_id", "old")]));
    assert_eq!(scene.said(), "update l1 sf_id=\"r1\"", "a stale id is replaced");
    scene.leave_out.insert("sf_id".to_owned());
    assert_eq!(scene.said(), "no change", "an id that was refused as taken is left out");
    scene.spots.right = Spot::Seen(right(&[("FirstName", "Ida"), ("LastName", "Meier"), ("FD_ID__c", "l1")]));
    assert_eq!(scene.said(), "update l1 name=\"Ida Meier\"", "and nothing else with it");
    scene.leave_out.clear();
    scene.spots.right = Spot::Seen(stamped());
    scene.spots.left = Spot::Seen(left(&[("name", "Ida Kowalski"), ("sf_id", "r1")]));
    assert_eq!(scene.said(), "no change");
    scene.spots.left = Spot::Seen(left(&[("name", "Ida Kowalski")]));
    assert_eq!(said(&scene.plan()), "no change", "a link field that the vendor does not show is left alone");
    let selection: Vec<String> = scene.mapping.selection(Side::Left).iter().map(ToString::to_string).collect();
    assert_eq!(selection, ["company_id", "email", "name", "phone", "sf_id", "status", "tags"]);
}
