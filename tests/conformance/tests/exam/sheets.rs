//! Who sits the exam, and that nobody's sheet is a way out of it.

use std::collections::BTreeSet;

use syncline_conformance::{candidates, sheets};

#[test]
fn every_vendor_of_the_build_sits_the_exam_with_every_object() {
    let examined: BTreeSet<String> = candidates().iter().map(ToString::to_string).collect();
    let on_sheets: BTreeSet<String> =
        sheets().iter().flat_map(|sheet| sheet.objects.iter().map(|object| format!("{} {}", sheet.system, object.kind))).collect();
    assert_eq!(examined, on_sheets, "the sheets name the objects of the descriptors, and no others");
    assert!(examined.len() >= syncline_registry::vendors().len());
}

#[test]
fn a_sheet_gives_the_cases_something_to_work_with() {
    for candidate in candidates() {
        let object = candidate.object;
        let (one, other) = ((object.record)(1), (object.record)(2));
        assert!(one[object.name] != other[object.name] && one[object.text] != other[object.text], "{candidate}: records are alike");
        assert!((object.written)(1) != (object.written)(2), "{candidate}: two changes are alike");
        assert!((object.written)(1).iter().all(|(name, value)| one.get(name) != Some(value)), "{candidate}: a change changes nothing");
        assert!(one.values().filter_map(|json| json.as_str()).all(|text| text.chars().count() > 4), "{candidate}: a value is too short");
        let sought = candidate.facts.bounds.find_keys_max > 0;
        assert!(!sought || object.keys.iter().any(|key| !key.values.is_empty()), "{candidate}: nothing to be found by");
        assert!(object.keys.iter().all(|key| key.field != object.unsearchable), "{candidate}: {} is said both ways", object.unsearchable);
        assert!(!candidate.facts.safe_create || object.link.is_some(), "{candidate}: a safe create needs a link field");
    }
}
