"""One thing to correct in a profile before the engine may start."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Where it is, what is wrong, and what to do about it."""

    place: str
    message: str
    remedy: str
    file: str = ""
    """The file that says it; empty where none does."""
    line: int | None = None
