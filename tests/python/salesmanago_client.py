"""salesmanago-python-api, unchanged, against the SALESmanago simulator: insert, upsert, update, delete, and refusals that come with 200."""

import datetime
import json
import os
import socket
from urllib.parse import urlparse

import requests
from salesmanago_python_api.services import SalesManagoClientService

simulator = json.loads(os.environ["SIMULATOR"])
port = urlparse(simulator["base_url"]).port
NAME = "acme.salesmanago.com"
OWNER = "admin@acme.example"
# The client takes only names without a port. Its one name leads to the simulator here, as a line of a hosts file and a proxy would make it.
resolve = socket.getaddrinfo


def resolve_here(host, asked_port, *arguments, **named):
    return resolve("127.0.0.1", port, *arguments, **named) if host == NAME else resolve(host, asked_port, *arguments, **named)


socket.getaddrinfo = resolve_here
# The client sends prepared requests, for which the environment's certificates are not asked.
requests.adapters.DEFAULT_CA_BUNDLE_PATH = os.environ["REQUESTS_CA_BUNDLE"]
credentials = simulator["credentials"]


def service(secret):
    return SalesManagoClientService(
        apiKey="a-random-text", clientId=credentials["client_id"], apiSecret=secret, serverDomain=NAME
    )


salesmanago = service(credentials["api_secret"])


def read(email):
    """What the client itself cannot: one contact in the full shape."""
    body = {**salesmanago._authData.requestAuthDict, "owner": OWNER, "email": [email]}
    found = requests.post(f"https://{NAME}/api/contact/list", json=body, timeout=30).json()
    assert found["success"] is True and found["message"] == [], found
    return found["contacts"]


def done(answer):
    said = answer.json()
    assert answer.status_code == 200 and said["success"] is True, said
    return said


ada = salesmanago.createClientData(
    {
        "email": "Ada@acme.example",
        "owner": OWNER,
        "name": "Ada Example",
        "state": "CUSTOMER",
        "address_city": "Kraków",
        "province": "Małopolskie",
        "tags": ["api user"],
        "properties": {"nickname": "Adi"},
        "forceOptOut": True,
        "forceOptIn": False,
    }
)
# The client writes what it is given into its log as JSON, which has no dates.
ada.birthday = datetime.date(1980, 10, 7)
made = done(salesmanago.insert(ada))["contactId"]
(contact,) = read("ada@acme.example")
assert (contact["id"], contact["state"], contact["optedOut"]) == (made, "CUSTOMER", True), contact
assert (contact["birthdayYear"], contact["birthdayMonth"], contact["birthdayDay"]) == ("1980", "10", "7"), contact
assert contact["properties"] == [{"name": "nickname", "value": "Adi"}], contact["properties"]
assert [tag["tag"] for tag in contact["contactTags"]] == ["API_USER"], contact["contactTags"]

ada = salesmanago.createClientData({"email": "ada@acme.example", "owner": OWNER, "phone": "+48123321123"})
assert done(salesmanago.upsert(ada))["contactId"] == made
ada = salesmanago.createClientData({"email": "ada@acme.example", "owner": OWNER, "newEmail": "new@acme.example", "state": "PROSPECT"})
assert done(salesmanago.update(ada))["contactId"] == made
(contact,) = read("new@acme.example")
assert (contact["phone"], contact["state"], contact["optedOut"]) == ("+48123321123", "PROSPECT", True), contact

for wrong, words in [
    (lambda: salesmanago.update(ada), "Contact does not exist"),
    (lambda: service("nothing").upsert(ada), "User not authenticated"),
]:
    refused = wrong()
    assert refused.status_code == 200 and refused.json() == {"success": False, "message": [words]}, refused.text

done(salesmanago.delete(salesmanago.createClientData({"email": "new@acme.example", "owner": OWNER})))
assert read("new@acme.example") == []
print("all done")
