"""One thing to correct in a profile before the engine may start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.errors import FinsyncError


@dataclass(frozen=True, slots=True)
class Problem:
    """Where it is, what is wrong, and what to do about it."""

    place: str
    message: str
    remedy: str
    file: str = ""
    """The file that says it; empty where none does."""
    line: int | None = None


class ProfileProblemsError(FinsyncError):
    """The profile has problems; the engine does not start on it."""

    code = "PROFILE_PROBLEMS"
    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        more = f" (and {len(problems) - 1} more: `finsync profile check`)" if len(problems) > 1 else ""
        super().__init__(f"the profile is not usable at {first.place}: {first.message}. {first.remedy}{more}")
