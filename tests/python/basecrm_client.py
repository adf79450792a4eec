"""basecrm, the vendor's own client, unchanged, against the Zendesk Sell simulator: contacts, leads, deals, tags, refusals, and the Sync API."""

import json
import os

import basecrm

simulator = json.loads(os.environ["SIMULATOR"])
client = basecrm.Client(access_token=simulator["credentials"]["access_token"], base_url=simulator["base_url"])

assert client.accounts.self().subdomain == "acme"
me = client.users.self()
assert (me.email, me.role) == ("owner@acme.example", "admin"), me
assert {user.id for user in client.users.list()} >= {me.id}

# Pages of a hundred, until one is empty: persons and organisations are both contacts, and so is the account's own house.
everyone, page = {}, 1
while found := client.contacts.list(page=page, per_page=100, sort_by="id"):
    everyone.update({contact.id: contact for contact in found})
    page += 1
assert len(everyone) == simulator["people"] + simulator["companies"] + 1, len(everyone)
assert len(client.contacts.list()) == 25, "a page has 25 rows unless more are asked for"

firm = client.contacts.create(name="Acme Example", is_organization=True, address={"city": "Lyon", "country": "France"})
made = client.contacts.create(first_name="Ada", last_name="Example", email="ada@acme.example", contact_id=firm.id, tags=["vip"])
assert (made.name, made.contact_id, made.tags) == ("Ada Example", firm.id, ["vip"]), made
assert client.contacts.update(made.id, title="Buyer").title == "Buyer"
assert [contact.id for contact in client.contacts.list(email="ada@acme.example")] == [made.id]
assert client.contacts.retrieve(firm.id).address.city == "Lyon"

lead = client.leads.create(last_name="Prospect", organization_name="Prospects Ltd", status="New")
assert lead.id in {lead.id for lead in client.leads.list(status="New")}
stage = client.stages.list()[0]
deal = client.deals.create(name="Website", contact_id=made.id, value=1000.5, stage_id=stage.id)
assert (str(deal.value), deal.organization_id) == ("1000.5", firm.id), deal
assert client.associated_contacts.create(deal.id, contact_id=firm.id, role="involved").role == "involved"
note = client.notes.create(content="Highly important.", resource_type="contact", resource_id=made.id)
task = client.tasks.create(content="Call", resource_type="contact", resource_id=made.id, due_date="2030-01-01T00:00:00Z")
assert client.tasks.update(task.id, completed=True).completed
assert client.notes.destroy(note.id)

# Everything is told once, and what is acknowledged is not told again. The client takes an empty page for the end, so it is asked until it is.
told = {}
sync = basecrm.Sync(client=client, device_uuid="6dadcec8-6e61-4691-b318-1aab27b8fecf")
for _ in range(100):
    before = len(told)
    sync.fetch(lambda meta, data: told.update({(meta.type, data.id): meta.sync.event_type}) or basecrm.Sync.ACK)
    if len(told) == before and client.sync.start(sync.device_uuid) is None:
        break
assert told[("contact", made.id)] == "created" and len([key for key in told if key[0] == "contact"]) == len(everyone) + 2, len(told)

assert client.contacts.destroy(made.id)
gone = {}
for _ in range(5):
    sync.fetch(lambda meta, data: gone.update({(meta.type, data.id): meta.sync.event_type}) or basecrm.Sync.ACK)
assert gone[("contact", made.id)] == "deleted", gone

for refused, call in [
    (404, lambda: client.contacts.retrieve(made.id)),
    (400, lambda: client.http_client.get("/users/self", params={"unknown": "param"})),
    (401, lambda: basecrm.Client(access_token="X" * 64, base_url=simulator["base_url"]).users.self()),
]:
    try:
        call()
        raise AssertionError(f"{refused} was expected")
    except basecrm.RequestError as error:
        assert error.http_status == refused and error.logref and error.errors, error
try:
    client.http_client.post("/deals", body={"unknown": "attribute"})
    raise AssertionError("an attribute that is not known was taken")
except basecrm.ResourceError as error:
    assert error.http_status == 422 and {problem.code for problem in error.errors} >= {"unknown", "missing"}, error
print("all done")
