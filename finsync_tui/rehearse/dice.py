"""Seeded chance: one independent stream a topic, so that a new topic does not shift the others."""

from __future__ import annotations

import random


def dice(seed: int, topic: str) -> random.Random:
    """Return the stream of chance for `topic`; the same seed and topic give the same stream.

    >>> dice(7, "orders").random() == dice(7, "orders").random() != dice(7, "names").random()
    True
    """
    return random.Random(f"{seed}/{topic}")  # noqa: S311  (a rehearsal has to repeat; nothing secret here)
