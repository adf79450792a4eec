"""One deployment for all tests: two pairs of vendors, each with the shipped recipe between them."""

import copy
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from deployment import ROOT, STACK, Deployed, Ministack, deploy, synthesize
from vendors import Freshdesk, Salesforce
from waiting import until

RUNS = ROOT / "target/e2e"
RUNS_KEPT = 3
LOG_LINES_SHOWN = 60


class Pair:
    """Two accounts and the sync between them."""

    def __init__(self, sync, desk, crm):
        self.sync, self.desk, self.crm = sync, desk, crm


class World:
    """Everything that runs."""

    def __init__(self, run, command):
        self.run, self.command = run, command
        self._started = []
        try:
            self.customers = self._pair("customers", ("freshdesk", "salesforce"), 1)
            self.partners = self._pair("partners", ("freshdesk-partners", "salesforce-partners"), 2)
            self.config = run / "syncline.yaml"
            # JSON is YAML.
            self.config.write_text(json.dumps(self._config(), indent=1))
            self.ministack = self._keep(Ministack(run))
            self._deploy(paused=True)
            self.aws = Deployed(self.ministack)
        except BaseException:
            self.close()
            raise

    def _pair(self, sync, names, seed):
        desk = self._keep(Freshdesk(self.command, self.run, names[0], seed))
        return Pair(sync, desk, self._keep(Salesforce(self.command, self.run, names[1], seed)))

    def _keep(self, one):
        self._started.append(one)
        return one

    def pairs(self):
        return (self.customers, self.partners)

    def _config(self):
        """The shipped recipe once a pair, asked as often as AWS can."""
        config = yaml.safe_load((ROOT / "shared/recipes/freshdesk-salesforce.yaml").read_text())
        recipe = config["syncs"].pop("customers")
        recipe["schedule"] = "every 1 minutes"
        config["connections"] = {}
        for pair in self.pairs():
            for vendor in (pair.desk, pair.crm):
                config["connections"][vendor.name] = vendor.settings()
            config["syncs"][pair.sync] = {**copy.deepcopy(recipe), "left": pair.desk.name, "right": pair.crm.name}
        return config

    def _deploy(self, paused):
        out = self.run / ("paused.out" if paused else "cdk.out")
        synthesize(self.config, Path(os.environ["SYNCLINE_FUNCTIONS"]), out, paused)
        deploy(self.ministack, out)

    def begin(self):
        """What the owner does next: credentials, then the same without the pause, then the backfill. Schedules stand still but where a test wants
        them to run."""
        for pair in self.pairs():
            for vendor in (pair.desk, pair.crm):
                self.aws.put_secret(vendor.name, vendor.credentials)
        self._deploy(paused=False)
        self.aws.switch_schedules("DISABLED")
        for pair in self.pairs():
            until(
                f"the backfill of {pair.sync} is done",
                lambda sync=pair.sync: self.aws.run({"sync": sync, "backfill": True})["backfill"]["phase"] == "done",
            )
            for side in ("left", "right"):
                self.aws.pull(pair.sync, side)

    def syncline(self, *arguments):
        """The command line at the deployed system, as its operator uses it: the exit code, and what it says as JSON."""
        command = [self.command, *arguments, "--stack", STACK, "--config", str(self.config), "--json"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.run), **self.ministack.environment()}
        done = subprocess.run(command, cwd=self.run, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.stdout, f"syncline {' '.join(arguments)}: exit {done.returncode}: {done.stderr}"
        return done.returncode, json.loads(done.stdout)

    def close(self):
        while self._started:
            self._started.pop().close()


@pytest.fixture(scope="session")
def run_folder():
    RUNS.mkdir(parents=True, exist_ok=True)
    folder = RUNS / f"run-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    yield folder
    # Logs stay; code and templates can be made again.
    for bulky in ("ministack", "paused.out", "cdk.out"):
        shutil.rmtree(folder / bulky, ignore_errors=True)
    earlier = sorted((one for one in RUNS.glob("run-*") if is_over(one)), key=lambda one: one.stat().st_mtime)
    for old in earlier[:-RUNS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def is_over(folder):
    return not Path("/proc", folder.name.removeprefix("run-")).exists()


@pytest.fixture(scope="session")
def world(run_folder):
    world = World(run_folder, os.environ["SYNCLINE_COMMAND"])
    try:
        world.begin()
        yield world
        world.aws.keep_logs(run_folder / "functions")
    finally:
        world.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for log in sorted(RUNS.glob(f"run-{os.getpid()}/*.log")):
            lines = log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
            report.sections.append((f"the end of {log.relative_to(ROOT)}", "\n".join(lines)))
    return report
