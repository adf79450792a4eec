"""python-freshdesk, unchanged, against the Freshdesk simulator: contacts list, create, update, delete; companies."""

import json
import os
import socket
from urllib.parse import urlparse

from freshdesk.v2.api import API
from freshdesk.v2.errors import FreshdeskNotFound, FreshdeskUnauthorized

simulator = json.loads(os.environ["SIMULATOR"])
# The client takes only names of freshdesk.com. Its one name resolves to this machine here, as a line of a hosts file would make it.
domain = f"acme.freshdesk.com:{urlparse(simulator['base_url']).port}"
resolve = socket.getaddrinfo


def resolve_here(host, *arguments, **named):
    return resolve("127.0.0.1" if host == "acme.freshdesk.com" else host, *arguments, **named)


socket.getaddrinfo = resolve_here
api = API(domain, simulator["credentials"]["api_key"])

everyone = api.contacts.list_contacts(per_page=100)
assert len(everyone) == simulator["people"], len(everyone)
assert len({contact.id for contact in everyone}) == simulator["people"]

made = api.contacts.create_contact(name="Ada Example", email="ada@acme.example")
assert api.contacts.get_contact(made.id).email == "ada@acme.example"
changed = api.contacts.update_contact(made.id, name="Ada Newname", job_title="Buyer")
assert (changed.name, changed.job_title) == ("Ada Newname", "Buyer"), changed
assert len(api.contacts.list_contacts(per_page=100)) == simulator["people"] + 1

assert len(api.companies.list_companies(per_page=100)) == simulator["companies"]
company = api.companies.create_company(name="Acme Example")
assert api.companies.get_company(company.id).name == "Acme Example"
assert api.companies.update_company(company.id, description="A customer").description == "A customer"

api.contacts.soft_delete_contact(made.id)
assert made.id not in {contact.id for contact in api.contacts.list_contacts(per_page=100)}

try:
    api.contacts.get_contact(1)
    raise AssertionError("a contact that never was is there")
except FreshdeskNotFound:
    pass
try:
    API(domain, "nobody").contacts.get_contact(made.id)
    raise AssertionError("a wrong key was let in")
except FreshdeskUnauthorized:
    pass
print("all done")
