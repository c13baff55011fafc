"""What to do about a break, by its class: said by the screen and by the command in the same words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ADVICE: Final[Mapping[str, str]] = {
    "timing": "Wait: it is on its way and closes by itself when it arrives. If it is older than its flow promises, look at its workflow.",
    "mapping": "Look whether today's mapping is right, then send the document again: it is translated with today's tables.",
    "missing_master_data": "Have the missing supplier, account or cost centre created or opened again in the target, then send again.",
    "manual_change": "Ask who changed it. If ours is right, send it again; if the target is right and its master, adopt its value.",
    "duplicate": "Cancel the surplus one in the system that holds it twice, then read both sides again: finsync deletes nothing there.",
    "rounding": "Explain it, or allow this field a wider tolerance in the profile's definition. Nothing has to be sent.",
    "unknown": "Look at both documents and the history. Then send it again, correct its source, or explain it with a reason.",
}
"""One sentence or two for each class of `classing`."""

ACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "timing": ("explain",),
    "mapping": ("resend",),
    "missing_master_data": ("resend",),
    "manual_change": ("resend", "adopt"),
    "duplicate": ("reread",),
    "rounding": ("explain",),
    "unknown": ("resend", "explain"),
}
"""What is done here for each class, so that the screen names its keys."""


def advice(class_: str, state: str) -> str:
    """Return what to do; nothing for a break that nobody has to do anything about.

    >>> advice("rounding", "open").partition(",")[0], advice("rounding", "explained")
    ('Explain it', '')
    """
    return ADVICE.get(class_, ADVICE["unknown"]) if state == "open" else ""
