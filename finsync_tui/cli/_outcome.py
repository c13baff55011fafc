"""What a person's action did, printed the same for every noun."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import note, say, say_json

if TYPE_CHECKING:
    from finsync_tui.actions import Outcome, Seen


def report(outcome: Outcome, done: str, *, json: bool) -> None:
    """Say what was done and what was not; nothing done at all is a failure."""
    if json:
        say_json(
            {
                "done": list(outcome.done),
                "refused": [{"id": identifier, "reason": reason} for identifier, reason in outcome.refused],
            }
            | ({"told": outcome.told} if outcome.told else {})
        )
    else:
        if outcome.done:
            say(f"{outcome.told or done}: {numbers(outcome.done)}")
        for identifier, reason in outcome.refused:
            note(f"not {identifier}: {reason}")
    if outcome.refused and not outcome.done:
        raise typer.Exit(1)


def seen_by(mark: str | None, identifiers: Sequence[int]) -> Seen | None:
    """Return how the one thing stood when the mark was given; None: it does not matter how it stood."""
    if mark is None:
        return None
    from store.glances import Glance

    if len(identifiers) != 1:
        raise UsageError("--as-seen is about one of them: name one id. Nothing was done.")
    try:
        return {identifiers[0]: Glance.read(mark)}
    except ValueError:
        raise UsageError(
            "--as-seen takes what `show --json` calls as_seen, whole. Nothing was done."
        ) from None


def one_of(approve: bool, reject: bool, withdraw: bool, *, as_seen: str | None) -> None:
    """Refuse to do several things with one proposal at a time, or to look for changes where signatures do."""
    if approve + reject + withdraw > 1:
        raise UsageError("approve, reject or withdraw: one of them. Nothing was done.")
    if as_seen is not None and (approve or reject or withdraw):
        raise UsageError("--as-seen is for who proposes: what waits is signed as it stood. Nothing was done.")


def numbers(identifiers: Sequence[int]) -> str:
    """Return ids as people read them; many are counted.

    >>> numbers([4, 7]), numbers(range(100))
    ('4, 7', '100')
    """
    return ", ".join(map(str, identifiers)) if len(identifiers) <= 20 else str(len(identifiers))


def meant(identifiers: Sequence[int], selected: Sequence[int] | None, how: str) -> list[int]:
    """Return the ids an action is for: named one by one or selected by a filter, never both."""
    if identifiers and selected is not None:
        raise UsageError(f"name ids or {how}, not both. Nothing was done.")
    if identifiers:
        return list(dict.fromkeys(identifiers))
    if selected is None:
        raise UsageError(f"name at least one id, or {how}. Nothing was done.")
    if not selected:
        raise UsageError("the filter matches nothing. Nothing was done.")
    return list(selected)
