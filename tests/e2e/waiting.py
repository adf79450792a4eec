"""Waits that end when something is so, and that say what was hoped for when it never is."""

import time

# No state of these tests takes nearly so long to come: who waits longer waits for ever.
PATIENCE_S = 90
# Between two looks.
PAUSE_S = 0.2


def until(hoped, look, patience_s=PATIENCE_S):
    """Looks again and again until the answer is true, and gives it back; fails with what was hoped for, and what was seen instead."""
    end = time.monotonic() + patience_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience_s} s: {hoped}; seen last: {seen!r}")
        time.sleep(PAUSE_S)
