"""What the libraries under adapters may say in a log: httpx and httpcore note whole addresses and headers there, account
numbers and secrets among them, whichever adapter they work for."""

from __future__ import annotations

import logging
from typing import Final

TALKATIVE: Final = ("httpx", "httpcore")


def keep_quiet() -> None:
    """Let them tell what goes wrong, and nothing of what they send."""
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
