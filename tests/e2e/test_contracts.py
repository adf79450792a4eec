"""The stand-in for AWS is held against the same contracts as the embedded store and queue, so that neither drifts from the other."""

import os
import shlex
import subprocess

from deployment import ROOT


def test_store_and_queue_keep_the_contracts_of_the_embedded_ones(world):
    # `make test` runs the same tests on the embedded ones.
    environment = {**os.environ, "SYNCLINE_CONTRACTS_ENDPOINT": world.ministack.endpoint}
    command = shlex.split(os.environ["CONTRACTS_COMMAND"])
    done = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    for contract in ("the_store_keeps_its_contract", "the_queue_keeps_its_contract"):
        assert contract in said, f"{contract} was not run: {said}"
