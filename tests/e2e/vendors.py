"""The vendors' simulators as processes, and the people who work in the vendors' own screens."""

import base64
import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from wire import Wire

# Of the simulators, which take them from nobody but their own people.
FRESHDESK_PERSON = "human-key"
SALESFORCE_PERSON = "human-session"
SALESFORCE_ROOT = "/services/data/v66.0"
START_S = 30


class Vendor:
    """One simulator, with the wire over which the functions reach it. People reach it past the wire."""

    system: str

    def __init__(self, command, run, name, seed):
        self.name = name
        log = open(run / f"simulator-{name}.log", "w")
        arguments = [command, "simulate", self.system, "--records", "5", "--seed", str(seed), "--provisioned", "--json"]
        self._process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True)
        said = self._read_first_document()
        self.direct_url = said["base_url"]
        self.credentials = said["credentials"]
        self.wire = Wire(self.direct_url)

    def _read_first_document(self):
        text = ""
        for line in self._process.stdout:
            text += line
            try:
                return json.loads(text)
            except json.JSONDecodeError:
                continue
        raise AssertionError(f"the simulator {self.name} ended: {text or self._process.wait()}")

    def close(self):
        self.wire.close()
        self._process.terminate()
        self._process.wait(START_S)

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "authorization": self.authorization}
        request = urllib.request.Request(self.direct_url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=START_S) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{self.name}: {method} {path}: {refusal.code} {refusal.read()[:500]}") from None


def freshdesk_authorization(key):
    """The header with which a key is sent."""
    return "Basic " + base64.b64encode(f"{key}:X".encode()).decode()


class Freshdesk(Vendor):
    system = "freshdesk"

    @property
    def authorization(self):
        return freshdesk_authorization(FRESHDESK_PERSON)

    def settings(self):
        # So many calls that no budget is felt but where a test says so.
        return {"system": "freshdesk", "domain": "acme", "base_url": self.wire.base_url, "calls_per_minute": 100000,
                "contacts_list_per_minute": 100000}

    def create(self, **fields):
        return self._ask("POST", "/api/v2/contacts", fields)["id"]

    def edit(self, contact, **fields):
        self._ask("PUT", f"/api/v2/contacts/{contact}", fields)

    def contact(self, contact):
        return self._ask("GET", f"/api/v2/contacts/{contact}")

    def with_email(self, email):
        return self._ask("GET", "/api/v2/contacts?email=" + urllib.parse.quote(email))

    def contacts(self):
        return self._ask("GET", "/api/v2/contacts?per_page=100")


class Salesforce(Vendor):
    system = "salesforce"
    authorization = f"Bearer {SALESFORCE_PERSON}"

    def settings(self):
        return {"system": "salesforce", "base_url": self.wire.base_url, "login_url": self.wire.base_url, "auth": "client_credentials",
                "daily_calls": 1000000}

    def create(self, **fields):
        return self._ask("POST", f"{SALESFORCE_ROOT}/sobjects/Contact", fields)["id"]

    def edit(self, record, **fields):
        self._ask("PATCH", f"{SALESFORCE_ROOT}/sobjects/Contact/{record}", fields)

    def contact(self, record):
        return self._ask("GET", f"{SALESFORCE_ROOT}/sobjects/Contact/{record}")

    def contacts(self, condition="Id != null"):
        query = f"SELECT Id, FirstName, LastName, Email, FDCONTACTID__c FROM Contact WHERE {condition}"
        return self._ask("GET", f"{SALESFORCE_ROOT}/query?q=" + urllib.parse.quote(query))["records"]

    def with_email(self, email):
        return self.contacts(f"Email = '{email}'")
