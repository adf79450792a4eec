//! What a create without an answer left, known by what it shows.

use syncline_mapping::{Lens, is_made_from};
use syncline_model::Side;

use super::scene::{mapping, record, two_way};

#[test]
fn what_shows_most_of_what_was_sent_was_made_from_it() {
    let field = |name: &str| two_way(name, Lens::Field(name.into()), Lens::Field(name.into()));
    let people = mapping(["first", "last", "title", "stage"].map(field).into());
    let origin = record(Side::Right, &[("first", "Ida"), ("last", "Nowak"), ("title", "Buyer"), ("stage", "")]);
    let is_from = |fields: &[(&str, &str)]| is_made_from(&people, Side::Right, &origin, &record(Side::Left, fields));
    assert!(is_from(&[("first", "Ida"), ("last", "Nowak"), ("title", "Buyer"), ("stage", "prospect")]), "a vendor fills in its own");
    assert!(is_from(&[("first", "Ida"), ("last", "Nowak"), ("title", "Head of buying"), ("stage", "none")]), "edited since");
    assert!(!is_from(&[("first", "Ida"), ("last", "Brandt"), ("title", "Clerk"), ("stage", "none")]), "somebody else of that name");
    let nobody = record(Side::Right, &[("first", ""), ("last", ""), ("title", ""), ("stage", "")]);
    assert!(!is_made_from(&people, Side::Right, &nobody, &nobody), "what says nothing proves nothing");
}
