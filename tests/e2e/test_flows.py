"""What the deployed system does for the people at both ends. Schedules stand still but where a test starts them: what crosses, a test made cross."""

import json
import os
import signal

from vendors import FRESHDESK_PERSON, freshdesk_authorization
from waiting import until

# An edit is seen by the next run of a schedule, a minute later at most, and by its neighbours' tick; then it is queued and written.
SCHEDULE_S = 150
# A worker's first look at what it did not finish, in place of the template's half hour.
AGAIN_S = 2
# As the template has it.
RECEIVES_MAX = 12
# Exit codes of the command line.
DONE, HELD = 0, 5


def is_write(request):
    """Whether records are made or changed by it at Salesforce; signing in and reading are posted too."""
    if request.method not in ("POST", "PATCH") or "/services/data/" not in request.path:
        return False
    parts = json.loads(request.body or b"{}").get("compositeRequest")
    return parts is None or any(part["method"] != "GET" for part in parts)


def linked_pair(pair):
    """A contact that both sides have: its two ids."""
    record = pair.crm.contacts("FDCONTACTID__c != null")[0]
    return int(record["FDCONTACTID__c"]), record["Id"]


def new_contact(world, pair, name, email):
    """Somebody whom both sides know by the time this returns."""
    contact = pair.desk.create(name=name, email=email)
    world.aws.pull(pair.sync, "left")
    record = until(f"{email} is in the CRM", lambda: pair.crm.with_email(email))[0]
    return contact, record["Id"]


def test_what_both_sides_had_before_is_linked(world):
    for pair in world.pairs():
        people = {str(contact["id"]) for contact in pair.desk.contacts()}
        assert people, "the simulators are loaded with people"

        def linked():
            return {record["FDCONTACTID__c"] for record in pair.crm.contacts()} == people

        until(f"every contact of {pair.sync} has one counterpart", linked)


def test_schedules_carry_changes_in_both_directions(world):
    pair = world.customers
    left, right = linked_pair(pair)
    made = pair.crm.create(FirstName="Grace", LastName="Hopper", Email="grace@schedule.example")
    pair.desk.edit(left, name="Scheduled Person")
    world.aws.switch_schedules("ENABLED")
    try:
        until("an edit in the helpdesk is in the CRM", lambda: pair.crm.contact(right)["LastName"] == "Person", SCHEDULE_S)
        until("a new person of the CRM is in the helpdesk", lambda: pair.desk.with_email("grace@schedule.example"), SCHEDULE_S)
        until("the CRM knows whom it made", lambda: pair.crm.contact(made)["FDCONTACTID__c"], SCHEDULE_S)
    finally:
        world.aws.switch_schedules("DISABLED")
    assert len(pair.desk.with_email("grace@schedule.example")) == 1


def test_a_webhook_carries_a_change_at_once(world):
    pair = world.customers
    contact, record = new_contact(world, pair, "Hedy Lamarr", "hedy@webhook.example")
    pair.desk.edit(contact, name="Hedy Kiesler")
    hook = {"contact_id": contact}
    assert world.aws.knock("/webhooks/freshdesk", {"x-syncline-secret": "guessed"}, hook) == 401
    assert world.aws.knock("/webhooks/nobody", {"x-syncline-secret": pair.desk.credentials["webhook_secret"]}, hook) == 404
    assert world.aws.knock("/webhooks/freshdesk", {"x-syncline-secret": pair.desk.credentials["webhook_secret"]}, hook) == 200
    # Nothing was pulled, and no schedule runs: only the webhook can have told.
    until("the edit is in the CRM", lambda: pair.crm.contact(record)["LastName"] == "Kiesler")


def test_one_poisoned_record_of_a_batch_ends_held_and_its_neighbours_are_written(world):
    pair = world.customers
    with world.aws.one_batch("salesforce"):
        # Longer than the CRM's field: no retry makes it fit.
        poison = pair.desk.create(name="Poison " + "x" * 120, email="poison@batch.example")
        for number in range(8):
            pair.desk.create(name=f"Neighbour {number}", email=f"neighbour{number}@batch.example")
        pulled = world.aws.pull(pair.sync, "left")
        assert pulled["queued"] >= 9, pulled
    until("the neighbours are written", lambda: len(pair.crm.contacts("Email LIKE 'neighbour%@batch.example'")) == 8)
    name = f"{pair.sync}/contacts/left/{poison}"

    def held():
        _, found = world.syncline("holds", "list")
        return next((hold for hold in found["holds"] if hold["record"] == name), None)

    assert until("the poisoned record is held", held)["reason"] == "refused"
    until("nothing waits any more", lambda: world.aws.waiting("salesforce") == 0)
    assert pair.crm.with_email("poison@batch.example") == []
    # Mended by a person, and let go.
    pair.desk.edit(poison, name="Poison Mended")
    released, _ = world.syncline("holds", "release", name)
    assert released == DONE
    until("what was held is written", lambda: pair.crm.with_email("poison@batch.example"))
    assert held() is None


def test_one_message_that_nobody_can_read_comes_back_alone(world):
    pair = world.customers
    pair.desk.create(name="Beside Poison", email="beside@message.example")
    with world.aws.returning_after("salesforce", AGAIN_S):
        with world.aws.one_batch("salesforce"):
            world.aws.send("salesforce", "no message of ours")
            world.aws.pull(pair.sync, "left")
        until("its neighbour is written", lambda: pair.crm.with_email("beside@message.example"))
        until("it was handed out often enough", lambda: world.aws.dead_letters("salesforce"))
    # Alone: its neighbours were told to be done, or they would lie here too.
    assert world.aws.take_dead_letters("salesforce") == [("no message of ours", RECEIVES_MAX)]
    assert len(pair.crm.with_email("beside@message.example")) == 1


def test_a_worker_that_is_killed_in_the_midst_loses_and_repeats_nothing(world):
    pair = world.customers
    emails = {f"midst{number}@killed.example" for number in range(30)}
    contacts = {str(pair.desk.create(name=f"Person {email.partition('@')[0]}", email=email)): email for email in sorted(emails)}
    worker = world.aws.worker("salesforce")
    with world.aws.returning_after("salesforce", AGAIN_S):
        # The worst moment: the CRM has written, and the worker does not know it yet.
        with pair.crm.wire.holding(is_write) as held:
            world.aws.pull(pair.sync, "left")
            assert held.arrived.wait(60), "a write reaches the CRM"
            processes = world.ministack.processes_of(worker)
            assert processes, "the worker runs"
            for process in processes:
                os.kill(process, signal.SIGKILL)
            until("it is gone", lambda: not set(processes) & set(world.ministack.processes_of(worker)))
        assert pair.crm.contacts("Email LIKE 'midst%@killed.example'"), "it had written before it was killed"

        def linked():
            records = pair.crm.contacts("Email LIKE 'midst%@killed.example'")
            return len(records) >= len(emails) and all(record["FDCONTACTID__c"] for record in records) and records

        records = until("all are written", linked)
        until("nothing waits any more", lambda: world.aws.waiting("salesforce") == 0 and world.aws.waiting("freshdesk") == 0)
    records = pair.crm.contacts("Email LIKE 'midst%@killed.example'")
    assert {record["FDCONTACTID__c"]: record["Email"] for record in records} == contacts
    assert len(records) == len(contacts), "none twice"
    for contact, record in ((record["FDCONTACTID__c"], record["Id"]) for record in records):
        assert pair.desk.contact(contact)["custom_fields"]["sfcontactid"] == record, "both sides know each other"


def test_a_vendor_that_refuses_for_a_while_slows_its_own_connection_only(world):
    slow, quick = world.partners, world.customers
    slow_id, slow_record = linked_pair(slow)
    quick_id, quick_record = linked_pair(quick)
    slow.crm.edit(slow_record, LastName="Patience")
    quick.crm.edit(quick_record, LastName="Haste")
    begun, refuse_s = len(slow.desk.wire.seen()), 20
    with slow.desk.wire.answering(429, {"retry-after": str(refuse_s)}, lambda request: True):
        world.aws.pull("partners", "right")
        refused = until("the helpdesk refuses", lambda: [one for one in slow.desk.wire.seen(begun) if one.status == 429])
        world.aws.pull("customers", "right")
        until("the other pair's edit is across", lambda: quick.desk.contact(quick_id)["name"].endswith("Haste"), refuse_s)
        assert not slow.desk.contact(slow_id)["name"].endswith("Patience")
    until("what was refused is written after all", lambda: slow.desk.contact(slow_id)["name"].endswith("Patience"))
    written = next(one for one in slow.desk.wire.seen(begun) if one.request.method == "PUT" and one.status == 200)
    assert written.at - refused[0].at >= refuse_s, "it kept away as long as it was told to"
    early = [one for one in slow.desk.wire.seen(begun) if one.at < refused[0].at + refuse_s]
    assert len(early) <= 2, f"it was asked again while it refused: {early}"


def test_a_rotated_key_is_picked_up_by_functions_that_knew_the_old_one(world):
    pair = world.customers
    contact, record = new_contact(world, pair, "Ida Rhodes", "ida@rotated.example")
    old, new = pair.desk.credentials["api_key"], FRESHDESK_PERSON
    keys = {freshdesk_authorization(key): key for key in (old, new)}
    begun = len(pair.desk.wire.seen())

    def key_of(request):
        return keys.get(request.headers.get("authorization"))

    # The helpdesk takes the old key no longer, and no worker has been told.
    with pair.desk.wire.answering(401, {}, lambda request: key_of(request) == old):
        world.aws.put_secret(pair.desk.name, {**pair.desk.credentials, "api_key": new})
        try:
            pair.crm.edit(record, LastName="Rotated")
            world.aws.pull(pair.sync, "left")
            world.aws.pull(pair.sync, "right")
            until("the edit is in the helpdesk", lambda: pair.desk.contact(contact)["name"].endswith("Rotated"))
        finally:
            world.aws.put_secret(pair.desk.name, pair.desk.credentials)
    seen = {(key_of(exchange.request), exchange.status) for exchange in pair.desk.wire.seen(begun)}
    assert (old, 401) in seen and (new, 200) in seen, seen
    assert world.syncline("status")[0] == DONE, "no connection is stopped"


def test_a_rotated_webhook_secret_is_picked_up(world):
    pair = world.customers
    contact, record = new_contact(world, pair, "Grete Hermann", "grete@rotated.example")
    path, hook = "/webhooks/freshdesk", {"contact_id": contact}
    old, new = pair.desk.credentials, {**pair.desk.credentials, "webhook_secret": "rotated-webhook"}
    assert world.aws.knock(path, {"x-syncline-secret": old["webhook_secret"]}, hook) == 200
    world.aws.put_secret(pair.desk.name, new)
    try:
        pair.desk.edit(contact, name="Grete Rotated")
        # A warm function believes what it has read for a minute.
        until("the new secret opens", lambda: world.aws.knock(path, {"x-syncline-secret": new["webhook_secret"]}, hook) == 200)
        assert world.aws.knock(path, {"x-syncline-secret": old["webhook_secret"]}, hook) == 401
        until("the edit is in the CRM", lambda: pair.crm.contact(record)["LastName"] == "Rotated")
    finally:
        world.aws.put_secret(pair.desk.name, old)


def test_an_operator_sees_how_it_stands_and_why_a_record_waits(world):
    pair = world.customers
    contact, record = new_contact(world, pair, "Alan Turing", "alan@operator.example")
    code, story = world.syncline("explain", f"{pair.sync}/contacts/left/{contact}")
    assert (code, story["standing"]["state"], story["ids"]["right"]) == (DONE, "linked", record)
    assert [one["side"] for one in story["history"]], "what was written is told"
    code, status = world.syncline("status", "--count")
    assert code == DONE, status
    ends = {end["connection"]: end["stopped"] for sync in status["syncs"] for end in sync["ends"].values()}
    assert ends == {vendor.name: None for pair in world.pairs() for vendor in (pair.desk, pair.crm)}
    assert all(sync["backfill"]["phase"] == "done" and sync["held"] == {} for sync in status["syncs"])
    too_long = pair.desk.create(name="Countess " + "x" * 120, email="countess@operator.example")
    world.aws.pull(pair.sync, "left")
    until("a record is held", lambda: world.syncline("status")[0] == HELD)
    code, story = world.syncline("explain", str(too_long))
    assert (code, story["hold"]["side"]) == (HELD, "left")
    assert "LastName" in story["hold"]["says"] and story["hold"]["release"], story["hold"]
    pair.desk.edit(too_long, name="Ada Countess")
    assert world.syncline("holds", "release", str(too_long))[0] == DONE
    until("nothing is held", lambda: world.syncline("holds", "list")[0] == DONE)
