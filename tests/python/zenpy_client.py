"""zenpy, unchanged, against the Zendesk Support simulator: users with paging, search, create, update, delete; Talk; webhooks; the export."""

import json
import os
import socket
from urllib.parse import urlparse

import requests
from zenpy import Zenpy
from zenpy.lib.api_objects import User, Webhook
from zenpy.lib.exception import APIException, RecordNotFoundException

simulator = json.loads(os.environ["SIMULATOR"])
port = urlparse(simulator["base_url"]).port
# The client takes only names of a domain. Its one name resolves to this machine here, as a line of a hosts file would make it.
resolve = socket.getaddrinfo


def resolve_here(host, *arguments, **named):
    return resolve("127.0.0.1" if host == "acme.zendesk.com" else host, *arguments, **named)


socket.getaddrinfo = resolve_here
token = requests.post(
    f"https://acme.zendesk.com:{port}/oauth/tokens",
    json={
        "grant_type": "client_credentials",
        "client_id": simulator["credentials"]["client_id"],
        "client_secret": simulator["credentials"]["client_secret"],
        "scope": "read write",
        "expires_in": 3600,
    },
    timeout=30,
).json()
assert token["expires_in"] == 3600, "a lifetime that was asked for is told"
zenpy = Zenpy(subdomain="acme", domain=f"zendesk.com:{port}", oauth_token=token["access_token"], disable_cache=True)

me = zenpy.users.me()
assert (me.role, me.email) == ("admin", "integration@acme.example"), me

# Pages of a hundred, by cursor; the owner and the integration are users too.
everyone = list(zenpy.users())
assert len({user.id for user in everyone}) == len(everyone) == simulator["people"] + 2, len(everyone)
agents = list(zenpy.users(role="agent"))
assert len(agents) == simulator["people"], len(agents)

made = zenpy.users.create(User(name="Ada Example", email="Ada@acme.example", role="agent"))
assert made.email == "ada@acme.example" and zenpy.users(id=made.id).name == "Ada Example", made
made.name = "Ada Newname"
assert zenpy.users.update(made).name == "Ada Newname"
assert [user.id for user in zenpy.users.search(query="email:ADA@acme.example")] == [made.id]
met = zenpy.users.create_or_update(User(name="Ada Again", email="ada@acme.example"))
assert met.id == made.id

availability = zenpy.talk.availability(id=made.id)
assert (availability.agent_state, availability.call_status) == ("offline", None), availability
zenpy.talk_pe.display_user(made.id, made.id)

webhook = zenpy.webhooks.create(
    Webhook(
        name="Syncline",
        endpoint="https://receiver.example/webhooks/zendesk",
        http_method="POST",
        request_format="json",
        status="active",
        subscriptions=["zen:event-type:agent.unified_state_changed"],
    )
)
assert [known.id for known in zenpy.webhooks.list()] == [webhook.id]
assert zenpy.webhooks.show_secret(webhook).algorithm == "SHA256"
zenpy.webhooks.delete(webhook)
assert list(zenpy.webhooks.list()) == []

# The export shows nothing of the last minute.
exported = {user.id for user in zenpy.users.incremental(start_time=1)}
assert {user.id for user in agents} <= exported and made.id not in exported, len(exported)

try:
    zenpy.users.create(User(name="Second Ada", email="ADA@acme.example"))
    raise AssertionError("an address was taken twice")
except APIException as refused:
    assert refused.response.status_code == 422, refused

zenpy.users.delete(made)
assert made.id not in {user.id for user in zenpy.users()}
try:
    zenpy.users(id=1)
    raise AssertionError("a user that never was is there")
except RecordNotFoundException:
    pass
nobody = Zenpy(subdomain="acme", domain=f"zendesk.com:{port}", oauth_token="nobody")
try:
    nobody.users.me()
    raise AssertionError("a wrong token was let in")
except APIException as refused:
    assert refused.response.status_code == 401, refused
print("all done")
