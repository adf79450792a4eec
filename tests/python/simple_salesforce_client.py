"""simple-salesforce, unchanged, against the Salesforce simulator: create, read, query with paging, update, upsert, delete."""

import json
import os
from urllib.parse import urlparse

import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

simulator = json.loads(os.environ["SIMULATOR"])
token = requests.post(
    simulator["base_url"] + "/services/oauth2/token",
    data={
        "grant_type": "client_credentials",
        "client_id": simulator["credentials"]["client_id"],
        "client_secret": simulator["credentials"]["client_secret"],
    },
    timeout=30,
).json()
salesforce = Salesforce(instance=urlparse(simulator["base_url"]).netloc, session_id=token["access_token"], version="66.0")

made = salesforce.Contact.create({"FirstName": "Ada", "LastName": "Example", "Email": "ada@acme.example"})
assert made["success"] is True and len(made["id"]) == 18, made
contact = salesforce.Contact.get(made["id"])
assert (contact["LastName"], contact["Email"]) == ("Example", "ada@acme.example"), contact

assert salesforce.Contact.update(made["id"], {"Title": "Buyer"}) == 204
found = salesforce.query("SELECT Id, Title FROM Contact WHERE Email = 'ada@acme.example'")
assert found["totalSize"] == 1 and found["records"][0]["Title"] == "Buyer", found

# A small batch size makes the client follow nextRecordsUrl.
salesforce.headers["Sforce-Query-Options"] = "batchSize=200"
first = salesforce.query("SELECT Id FROM Contact")
assert first["done"] is False and len(first["records"]) == 200, (first["done"], len(first["records"]))
everyone = salesforce.query_all("SELECT Id, LastName FROM Contact ORDER BY Id")
assert everyone["totalSize"] == simulator["people"] + 1, everyone["totalSize"]
assert len({record["Id"] for record in everyone["records"]}) == simulator["people"] + 1

assert salesforce.Contact.upsert("FDCONTACTID__c/82000000001", {"LastName": "Upserted"}) == 201
assert salesforce.Contact.upsert("FDCONTACTID__c/82000000001", {"LastName": "Again"}) in (200, 204)
upserted = salesforce.Contact.get_by_custom_id("FDCONTACTID__c", "82000000001")
assert upserted["LastName"] == "Again", upserted

try:
    salesforce.Contact.create({"FirstName": "Nameless"})
    raise AssertionError("a contact without a last name was taken")
except SalesforceMalformedRequest as refused:
    assert refused.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING", refused.content

assert salesforce.Contact.delete(made["id"]) == 204
try:
    salesforce.Contact.get(made["id"])
    raise AssertionError("a deleted contact was found")
except SalesforceResourceNotFound:
    pass

fields = {field["name"] for field in salesforce.Contact.describe()["fields"]}
assert {"LastName", "Email", "AccountId", "FDCONTACTID__c"} <= fields
print("all done")
