"""What the mapping commands share: the workspace with its profile, and how tables and changes are printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finsync_tui.cli._context import actor, opened, workspace_of
from finsync_tui.cli._output import say, say_json
from finsync_tui.cli._queries import amount

if TYPE_CHECKING:
    import sqlite3

    from finsync_tui.mapping import MappingRow, Standing
    from finsync_tui.mapping.emergencies import InForce
    from finsync_tui.profile import Profile
    from store.database import Store
    from store.proposals import Proposal

TableName = Annotated[
    str, typer.Argument(metavar="TABLE", help="Name of the mapping table, e.g. cost_centre.")
]
Days = tuple[datetime | None, datetime | None]
Where = tuple[tuple[str, str], ...]
ValidFrom = Annotated[
    datetime | None,
    typer.Option(
        "--valid-from", formats=["%Y-%m-%d"], metavar="DATE", show_default=False,
        help="The first day on which the rules of --set hold.",
    ),
]  # fmt: skip
ValidTo = Annotated[
    datetime | None,
    typer.Option(
        "--valid-to", formats=["%Y-%m-%d"], metavar="DATE", show_default=False,
        help="The last day on which the rules of --set hold.",
    ),
]  # fmt: skip
Scope = Annotated[
    str,
    typer.Option(
        "--scope", metavar="COMPANY", help="Legal entity or region the rule is for; without it, for all."
    ),
]
Conditions = Annotated[
    list[str] | None,
    typer.Option(
        "--where", metavar="NAME=VALUE", show_default=False,
        help="A condition beside the value, like category=IT* or currency=EUR; may be repeated.",
    ),
]  # fmt: skip
DayOption = Annotated[
    datetime | None,
    typer.Option(
        "--on", formats=["%Y-%m-%d"], metavar="DATE", help="The day that counts.", show_default="today"
    ),
]


@dataclass(frozen=True)
class Desk:
    """A workspace that is being read: its store, its profile, its time."""

    db: sqlite3.Connection
    profile: Profile
    now: datetime


@contextmanager
def looking(given: Path | None) -> Iterator[Desk]:
    """Open a workspace to look at its mapping tables."""
    from finsync_tui import profile

    found = profile.load(workspace_of(given))
    with opened(given) as store, closing(store.reader()) as db:
        yield Desk(db, found, store.clock.now())


@contextmanager
def changing(given: Path | None) -> Iterator[tuple[Store, Profile]]:
    """Open a workspace to change its mapping tables."""
    from finsync_tui import profile

    found = profile.load(workspace_of(given))
    with opened(given) as store:
        yield store, found


def decide(
    act: Callable[..., None], word: str, identifier: int, reason: str, given: Path | None, json: bool
) -> None:
    """Reject or withdraw a proposal, and say so."""
    who = actor(given)
    with changing(given) as (store, _profile):
        act(store, who, identifier, reason)
    if json:
        say_json({"proposal": identifier, "state": word})
    else:
        say(f"proposal {identifier} is {word}")


def standing_of(desk: Desk, name: str) -> Standing:
    """Return a table as it is in force. Raises NotFoundError."""
    from finsync_tui.mapping import standing, standings
    from store.errors import NotFoundError

    found = standing(desk.db, desk.profile, name)
    if found is None:
        known = ", ".join(standings(desk.db, desk.profile)) or "none"
        raise NotFoundError("mapping table", name, f"Known: {known}.")
    return found


def proposal_of(db: sqlite3.Connection, number: int) -> Proposal:
    """Return a proposed change of a mapping table. Raises NotFoundError."""
    from store import proposals
    from store.errors import NotFoundError

    found = proposals.get(db, number)
    if found is None or found.kind != "mapping":
        raise NotFoundError("proposal", str(number), "`finsync mapping list --proposals` shows them.")
    return found


def row_json(row: MappingRow) -> dict[str, Any]:
    return {
        "from": row.source,
        "to": row.target,
        "where": dict(row.where),
        "scope": row.scope or None,
        "priority": row.priority,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
    }


def row_cells(row: MappingRow) -> list[str | int | date | None]:
    from finsync_tui.mapping import conditions

    where = conditions.words(row.where)
    return [row.source, row.target, where, row.scope, row.priority, row.valid_from, row.valid_to]


ROW_HEADINGS = ("from", "to", "where", "scope", "priority", "valid from", "valid to")


def proposal_json(one: Proposal) -> dict[str, Any]:
    return {
        "id": one.id,
        "table": one.name,
        "state": one.state,
        "base_version": one.base_version,
        "maker": one.maker,
        "made_at": one.made_at,
        "reason": one.reason,
        "effective_from": one.effective_from,
        "persons_needed": one.rule,
        "checker": one.checker,
        "decided_at": one.decided_at,
        "decision": one.decision or None,
        "version": one.version,
        "replaces": one.replaces,
    }


def emergency_json(one: InForce | None) -> dict[str, Any] | None:
    """Return until when what one person put in force waits for a second one."""
    return (
        None
        if one is None
        else {"proposal": one.proposal, "by": one.by, "put_at": one.put_at, "until": one.until}
    )


def amounts_json(amounts: Mapping[str, int]) -> list[dict[str, str | None]]:
    return [
        {"amount": amount(minor, currency), "currency": currency}
        for currency, minor in sorted(amounts.items())
    ]


def amounts_text(amounts: Mapping[str, int]) -> str:
    from decimal import Decimal

    return ", ".join(
        f"{Decimal(amount(minor, currency) or 0):,f} {currency}"
        for currency, minor in sorted(amounts.items())
    )


def who_made(one: Proposal | None) -> str:
    """Say in words where a row or version comes from."""
    if one is None:
        return "profile"
    if one.state != "approved":  # only an emergency change becomes a version without
        return f"proposal {one.id} by {one.maker} alone, an emergency" + (
            "" if one.state == "open" else f" that was {one.state}"
        )
    checked = f", approved by {one.checker}" if one.rule == "two" else ""
    return f"proposal {one.id} by {one.maker}{checked}"


def day(given: datetime | None, now: datetime) -> date:
    return given.date() if given is not None else now.date()


def conditions_of(given: Sequence[str] | None) -> Where:
    """Return the conditions that a command line names. Raises UsageError."""
    from finsync_tui.cli._errors import UsageError
    from finsync_tui.mapping import conditions
    from finsync_tui.profile import CONDITIONS, is_condition

    try:
        found = conditions.read(given or ())
    except ValueError as error:
        raise UsageError(f"{error}. Nothing was done.") from None
    for name, _ in found:
        if not is_condition(name):
            raise UsageError(
                f"{name!r} is nothing that a rule can ask for; it can ask for {', '.join(CONDITIONS)}, extension.NAME.FIELD. Nothing was done."
            )
    return found


def edited(
    rows: Sequence[MappingRow],
    sets: Sequence[str],
    removes: Sequence[str],
    scope: str,
    priority: int,
    days: Days = (None, None),
    where: Where = (),
) -> tuple[MappingRow, ...]:
    """Return rows with the rules that a command line names put in and taken out."""
    from pydantic import ValidationError

    from finsync_tui.cli._errors import UsageError
    from finsync_tui.mapping.editing import with_rule, without_rules
    from finsync_tui.profile import MappingRow
    from store.wording import plain

    found = tuple(rows)
    for source in removes:
        left = without_rules(found, source, scope, where)
        if left == found:
            raise UsageError(
                f"there is no rule for {source!r} in {scope or 'every scope'}. Nothing was changed. "
                "A rule of one company is meant by --scope."
            )
        found = left
    for text in sets:
        source, sign, target = text.partition("=")
        if not sign or not source or not target:
            raise UsageError(
                f"{text!r} is not FROM=TO. Nothing was changed. To pass a value on write FROM==."
            )
        try:
            rule = MappingRow(
                source=source, target=target, scope=scope, priority=priority, where=where,
                valid_from=days[0].date() if days[0] else None, valid_to=days[1].date() if days[1] else None,
            )  # fmt: skip
        except ValidationError as error:
            told = plain(error.errors(include_url=False)[0])
            raise UsageError(f"{text!r} is no rule: {told}. Nothing was changed.") from None
        found = with_rule(found, rule)
    return found
