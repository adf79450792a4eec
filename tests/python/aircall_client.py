"""aircall-api, unchanged, against the Aircall simulator: users, status, availabilities, teams, webhooks, and its errors."""

import json
import os

from aircall import AircallClient
from aircall.exceptions import AircallAPIError, AuthenticationError, NotFoundError, UnprocessableEntityError, ValidationError

simulator = json.loads(os.environ["SIMULATOR"])


def client(api_id, api_token):
    made = AircallClient(api_id=api_id, api_token=api_token)
    # The client's own two attributes say where the two versions are.
    made.base_url = simulator["base_url"] + "/v1"
    made.base_url_v2 = simulator["base_url"] + "/v2"
    return made


aircall = client(simulator["credentials"]["api_id"], simulator["credentials"]["api_token"])
assert aircall.ping() == {"ping": "pong"}
assert aircall.company.get().users_count == simulator["people"]



def all_pages(read):
    rows, page = [], 1
    while True:
        found = read(page=page, per_page=50)
        rows += found
        if not found.has_next:
            return rows
        page += 1


everyone = all_pages(aircall.userv2.list_users)
assert len({user.id for user in everyone}) == simulator["people"], len(everyone)
assert {user.availability_status for user in everyone} == {"available", "custom", "unavailable"}

made = aircall.userv2.create("ada@acme.example", first_name="Ada", last_name="Example")
assert aircall.userv2.get(made.id).name == "Ada Example"
assert aircall.userv2.get("Ada@acme.example").id == made.id
assert aircall.user.get_availability(made.id).availability == "available"

changed = aircall.userv2.update(made.id, availability_status="unavailable", substatus="out_for_lunch")
assert (changed.availability_status, changed.substatus) == ("unavailable", "out_for_lunch"), changed
assert aircall.user.get_availability(made.id).availability == "do_not_disturb"
states = {row.id: row.availability for row in all_pages(aircall.user.get_availabilities)}
assert states[made.id] == "do_not_disturb", states
try:
    aircall.user.start_call(made.id, "+4930555")
    raise AssertionError("an unavailable user was called for")
except UnprocessableEntityError:
    pass
assert aircall.userv2.update(made.id, availability_status="available").substatus == "always_opened"
assert list(aircall.userv2.get_numbers(made.id)) == []

team = aircall.team.create("Examined")
aircall.team.add_user(team.id, made.id)
assert [user.id for user in aircall.team.get(team.id).users] == [made.id]

hook = aircall.webhook.create("https://hooks.example/a", ["user.opened.v2", "user.closed.v2"])
assert hook.active and aircall.webhook.get(hook.webhook_id).token == hook.token
assert len(aircall.webhook.list_webhooks()) == 1
aircall.webhook.delete(hook.webhook_id)

for wrong, error in [
    (lambda: aircall.userv2.update(made.id, availability_status="online"), ValidationError),
    (lambda: aircall.userv2.get(1), NotFoundError),
    (lambda: client("nobody", "nothing").ping(), AuthenticationError),
]:
    try:
        wrong()
        raise AssertionError("what is wrong was taken")
    except error:
        pass
try:
    aircall.user.list_users()
    raise AssertionError("the first version still lists users")
except AircallAPIError as ended:
    assert ended.status_code == 410, ended.status_code

aircall.user.delete(made.id)
try:
    aircall.userv2.get(made.id)
    raise AssertionError("a deleted user was found")
except NotFoundError:
    pass
print("all done")
