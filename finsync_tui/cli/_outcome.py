"""What a person's action did, printed the same for every noun."""

from __future__ import annotations

import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from finsync_tui.cli._errors import INTERRUPTED, UsageError
from finsync_tui.cli._output import note, say, say_json
from finsync_tui.portions import PORTION, portions
from store.errors import FinsyncError

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


def carry_out(
    chosen: Sequence[int], act: Callable[[Sequence[int]], Outcome], done: str, *, json: bool
) -> None:
    """Do it to each and report. Many are done a portion a transaction; Ctrl-C ends after the one under way, and says what was
    left as it was."""
    outcome, left = _in_portions(chosen, act)
    report(outcome, done, json=json)
    if left:
        note(f"{left:,} were left as they are; the same command goes on with them")
        raise typer.Exit(INTERRUPTED)


def _in_portions(chosen: Sequence[int], act: Callable[[Sequence[int]], Outcome]) -> tuple[Outcome, int]:
    """Return what was done, and how many were left because somebody said so."""
    found: Outcome | None = None
    with _asked_to_stop() as is_stopped:
        for some in portions(chosen, PORTION):
            if found is not None:
                reached = len(found.done) + len(found.refused)
                if is_stopped():
                    return found, len(chosen) - reached
                _tell(reached, len(chosen))
            try:
                one = act(some)
            except (FinsyncError, sqlite3.Error) as error:
                if found is None:
                    raise
                why = f"{error} {len(chosen) - reached:,} were left as they are."
                return replace(found, refused=(*found.refused, (some[0], why))), 0
            found = (
                one
                if found is None
                else replace(one, done=(*found.done, *one.done), refused=(*found.refused, *one.refused))
            )
    assert found is not None, "an action is for one at least"
    return found, 0


def _tell(done: int, of: int) -> None:
    """Say how far it is, to a person only."""
    if sys.stderr.isatty():
        note(f"{done:,} of {of:,} · Ctrl-C stops after the next ones")


@contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Take Ctrl-C and SIGTERM as a wish to stop: a portion under way is kept whole."""
    asked: list[int] = []
    known = {
        number: signal.signal(number, lambda got, _: asked.append(got))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in known.items():
            signal.signal(number, handler)


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
