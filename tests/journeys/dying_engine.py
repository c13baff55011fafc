"""An engine that kills itself at a chosen commit: before it, in the middle of it, or right after.

    python dying_engine.py COMMITS before|during|after DELAY_US [arguments of finsync_tui.rehearse.engine]

A test starts it in place of the engine; nothing else differs.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import Connection

from finsync_tui.rehearse.engine import main
from store import Store


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_soon(delay_s: float) -> None:
    """Die from another thread while this one commits."""

    def wait_and_die() -> None:
        time.sleep(delay_s)
        die()

    threading.Thread(target=wait_and_die, daemon=True).start()


def die_at(commit: int, when: str, delay_s: float) -> None:
    """Make the `commit`-th transaction of this process its last."""
    transaction = Store.transaction
    left = commit

    @contextmanager
    def dying(self: Store) -> Iterator[Connection]:
        nonlocal left
        with transaction(self) as db:
            yield db
            left -= 1
            if left == 0 and when == "before":
                die()
            if left == 0 and when == "during":
                die_soon(delay_s)
        if left == 0 and when == "after":
            die()

    Store.transaction = dying  # type: ignore[method-assign]


if __name__ == "__main__":
    die_at(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]) / 1_000_000)
    sys.exit(main(sys.argv[4:]))
