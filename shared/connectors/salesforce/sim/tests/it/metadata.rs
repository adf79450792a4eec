//! Describe, custom fields and the permissions that show them.

use serde_json::json;
use syncline_salesforce_sim::Profile;

use crate::desk::{Desk, column};

#[test]
fn a_custom_field_is_hidden_until_permissions_are_given() {
    let mut desk = Desk::with_people(1);
    let created = desk.call(
        "POST",
        "tooling/sobjects/CustomField",
        &json!({ "FullName": "Contact.Freshdesk_Id__c", "Metadata": { "label": "Freshdesk Id", "type": "Text", "length": 40, "externalId": true, "unique": true, "caseSensitive": false, "required": false } }),
    );
    assert_eq!((created.status, &created.body["success"], &created.body["infos"]), (201, &json!(true), &json!([])));
    let known = desk.get("tooling/query?q=SELECT+Id+FROM+CustomField+WHERE+DeveloperName='Freshdesk_Id'+AND+TableEnumOrId='Contact'");
    assert_eq!(column(&known, "Id"), [created.body["id"].as_str().unwrap()]);
    assert_eq!(desk.query("SELECT Freshdesk_Id__c FROM Contact").code(), "INVALID_FIELD");

    let user = desk.query("SELECT Id FROM User WHERE Username = 'integration@simulator.example'").body["records"][0]["Id"].clone();
    let set = desk.create("PermissionSet", &json!({ "Name": "Syncline", "Label": "Syncline" }));
    let permission = json!({ "ParentId": set, "SobjectType": "Contact", "Field": "Contact.Freshdesk_Id__c", "PermissionsRead": true, "PermissionsEdit": true });
    desk.create("FieldPermissions", &permission);
    assert_eq!(desk.query("SELECT Freshdesk_Id__c FROM Contact").code(), "INVALID_FIELD");
    desk.create("PermissionSetAssignment", &json!({ "AssigneeId": user, "PermissionSetId": set }));
    assert_eq!(desk.query("SELECT Freshdesk_Id__c FROM Contact").status, 200);
    let upserted = desk.call("PATCH", "sobjects/Contact/Freshdesk_Id__c/82", &json!({ "LastName": "Rao" }));
    assert_eq!(upserted.status, 201);
}

#[test]
fn wrong_custom_fields_are_refused() {
    let mut desk = Desk::new(Profile::default());
    for metadata in [json!({ "type": "Checkbox", "required": false }), json!({ "type": "Text" }), json!({ "type": "Text", "length": 300 })]
    {
        let answer = desk.call("POST", "tooling/sobjects/CustomField", &json!({ "FullName": "Contact.X__c", "Metadata": metadata }));
        assert_eq!(answer.code(), "FIELD_INTEGRITY_EXCEPTION");
    }
}

#[test]
fn describe_is_conditional_and_moves_with_the_schema() {
    let mut desk = Desk::new(Profile::default());
    let first = desk.get("sobjects/Contact/describe");
    let since = first.header("last-modified").unwrap().to_owned();
    let again =
        |desk: &mut Desk| desk.call_with(("if-modified-since", since.clone()), "GET", "sobjects/Contact/describe", &json!(null)).status;
    assert_eq!((first.header("etag").is_some(), again(&mut desk)), (true, 304));
    desk.call("POST", "tooling/sobjects/CustomField", &json!({ "FullName": "Contact.X__c", "Metadata": { "type": "Checkbox" } }));
    assert_eq!(again(&mut desk), 200);
    let required: Vec<&str> = (first.body["fields"].as_array().unwrap().iter())
        .filter(|field| field["createable"] == true && field["nillable"] == false && field["defaultedOnCreate"] == false)
        .map(|field| field["name"].as_str().unwrap())
        .collect();
    assert_eq!(required, ["LastName"]);
}

#[test]
fn the_org_lists_versions_and_objects() {
    let mut desk = Desk::new(Profile::default());
    let versions = desk.send("GET", "/services/data/", "");
    assert_eq!((&versions.body[0]["version"], &versions.body[35]["url"]), (&json!("31.0"), &json!("/services/data/v66.0")));
    assert_eq!(desk.send("GET", "/services/data/v30.0/limits", "").status, 404);
    assert_eq!(desk.get("sobjects").body["sobjects"][1]["name"], "Contact");
    assert_eq!(desk.get("sobjects/Contact/").body["objectDescribe"]["keyPrefix"], "003");
    assert_eq!(desk.get("sobjects/Nothing/describe").code(), "NOT_FOUND");
    assert_eq!(column(&desk.query("SELECT Name FROM Organization"), "Name"), ["Simulator"]);
}
