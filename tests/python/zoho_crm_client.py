"""Zoho's own client for version 8, unchanged, against the Zoho CRM simulator: metadata, create, read with page tokens, search, upsert, delete."""

import json
import os
import tempfile

from zohocrmsdk.src.com.zoho.api.authenticator import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store import FileStore
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, Initializer, ParameterMap
from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.record import (
    APIException,
    ActionWrapper,
    BodyWrapper,
    DeleteRecordsParam,
    DeletedRecordsWrapper,
    Field,
    GetRecordsParam,
    Record,
    RecordOperations,
    ResponseWrapper,
    SearchRecordsParam,
    SuccessResponse,
)
from zohocrmsdk.src.com.zoho.crm.api.users import GetUsersParam, UsersOperations

simulator = json.loads(os.environ["SIMULATOR"])
base = simulator["base_url"]
folder = tempfile.mkdtemp()
# The client's own classes name the vendor's data centres; another is an environment like them.
Initializer.initialize(
    environment=DataCenter.Environment(base, base + "/oauth/v2/token", base),
    token=OAuthToken(
        client_id=simulator["credentials"]["client_id"],
        client_secret=simulator["credentials"]["client_secret"],
        refresh_token=simulator["credentials"]["refresh_token"],
    ),
    store=FileStore(os.path.join(folder, "tokens.txt")),
    resource_path=folder,
)


def parameters(*pairs):
    given = ParameterMap()
    for name, value in pairs:
        given.add(name, value)
    return given


def body(*records):
    wrapper = BodyWrapper()
    wrapper.set_data(list(records))
    wrapper.set_trigger([])
    return wrapper


def results(answer, status):
    assert answer.get_status_code() == status, (answer.get_status_code(), answer.get_object())
    assert isinstance(answer.get_object(), ActionWrapper), answer.get_object()
    return answer.get_object().get_data()


me = UsersOperations().get_users(parameters((GetUsersParam.type, "CurrentUser"))).get_object().get_users()
assert [user.get_email() for user in me] == ["integration@simulator.example"], me

contacts = RecordOperations("Contacts")
ada = Record()
ada.add_field_value(Field.Contacts.last_name(), "Example")
ada.add_field_value(Field.Contacts.email(), "ada@acme.example")
[made] = results(contacts.create_records(body(ada), HeaderMap()), 201)
assert isinstance(made, SuccessResponse) and made.get_code().get_value() == "SUCCESS", made
number = int(made.get_details()["id"])

answer = contacts.get_record(number, ParameterMap(), HeaderMap())
[read] = answer.get_object().get_data()
assert (read.get_id(), read.get_key_value("Email")) == (number, "ada@acme.example"), read.get_key_values()

ada = Record()
ada.set_id(number)
ada.add_key_value("Title", "Buyer")
[changed] = results(contacts.update_records(body(ada), HeaderMap()), 200)
assert changed.get_message().get_value() == "record updated", changed

# Pages of two hundred, from one token to the next.
seen = set()
token = None
while True:
    asked = [(GetRecordsParam.fields, "Last_Name,Email"), (GetRecordsParam.per_page, 100)]
    if token is not None:
        asked.append((GetRecordsParam.page_token, token))
    page = contacts.get_records(parameters(*asked), HeaderMap()).get_object()
    assert isinstance(page, ResponseWrapper), page
    seen.update(record.get_id() for record in page.get_data())
    token = page.get_info().get_next_page_token()
    if not page.get_info().get_more_records():
        break
leads = RecordOperations("Leads").get_records(parameters((GetRecordsParam.fields, "Last_Name")), HeaderMap()).get_object().get_data()
assert number in seen and len(seen) + len(leads) == simulator["people"] + 1, (len(seen), len(leads))

# The address of somebody who was there long before: searches show the newest changes late.
old = next(record for record in page.get_data() if record.get_id() != number)
found = contacts.search_records(parameters((SearchRecordsParam.email, old.get_key_value("Email"))), HeaderMap()).get_object().get_data()
assert [record.get_id() for record in found] == [old.get_id()], found

again = Record()
again.add_field_value(Field.Contacts.last_name(), "Example-Again")
again.add_field_value(Field.Contacts.email(), "ADA@acme.example")
wrapper = body(again)
wrapper.set_duplicate_check_fields(["Email"])
[met] = results(contacts.upsert_records(wrapper, HeaderMap()), 200)
assert (met.get_action().get_value(), int(met.get_details()["id"])) == ("update", number), met.get_details()

wrong = Record()
wrong.add_field_value(Field.Contacts.last_name(), "x" * 81)
[refused] = results(contacts.create_records(body(wrong), HeaderMap()), 400)
assert isinstance(refused, APIException) and refused.get_code().get_value() == "INVALID_DATA", refused

results(contacts.delete_records(parameters((DeleteRecordsParam.ids, str(number))), HeaderMap()), 200)
gone = contacts.get_deleted_records(ParameterMap(), HeaderMap()).get_object()
assert isinstance(gone, DeletedRecordsWrapper) and gone.get_data()[0].get_id() == number, gone
assert gone.get_data()[0].get_type() == "recycle"
print("all done")
