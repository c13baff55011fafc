"""Resolving the account combination each part of a document is charged to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from sqlite3 import Connection
from typing import Final

from finsync_tui.flows.deriving import Derive
from finsync_tui.mapping import NOTHING, Given, Match, Table, conditions
from finsync_tui.policies.verdicts import UndecidedError
from finsync_tui.profile import LegalEntitySetup
from store import records
from store.canonical.chart import AccountCombination
from store.canonical.organisation import CostCentre

BY_POLICY: Final = "policy_rules"
"""In what is kept of a step: what the company's own rules decided, beside `rules`, which are those of mapping tables."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The combination in the ERP, its parts by segment name, and the rules that made it."""

    charge_account: str
    parts: Mapping[str, str]
    matches: tuple[Match, ...]
    ruled: tuple[str, ...] = ()
    """What rules of the company derived, and which."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Why there is no combination: the exception class and its words."""

    class_: str
    cause: str
    fix: str
    evidence: Mapping[str, str]


def combination(
    setup: LegalEntitySetup,
    tables: Mapping[str, Table],
    source: Sequence[str],
    *,
    shown: str,
    scope: str,
    on: date,
    fixed: Mapping[str, str] | None = None,
    own_tables: Mapping[str, str] | None = None,
    given: Given = NOTHING,
    derive: Derive | None = None,
) -> Resolved | Unresolved:
    """Build the ERP's combination from the source's segments. Pure.

    `shown` is what people call the account at its source. `fixed` gives segments that are known in the ERP's own
    terms; `own_tables` names mapping tables by segment that stand in for those of the legal entity. `given` is what rules
    may ask for beside the segment; `derive` asks the company's rules before any table.
    """
    ruled: list[str] = []
    parts: dict[str, str] = {}
    matches: list[Match] = []
    for segment in setup.segments:
        known = segment.value if segment.value is not None else (fixed or {}).get(segment.name)
        if known is not None:
            parts[segment.name] = known
            continue
        place = (segment.source or 1) - 1
        if place >= len(source):
            return Unresolved(
                "PAYLOAD_INVALID",
                f"account {shown} has {len(source)} segments; {segment.name} needs number {place + 1}",
                "Correct the account on the document, or the segment numbers in the profile.",
                {"account": shown},
            )
        value = source[place]
        try:
            derived = derive(segment.name, value, given) if derive is not None else None
        except UndecidedError as error:
            return Unresolved(
                "POLICY_UNDECIDED",
                f"{segment.name} {value} of account {shown}: {error}",
                "Correct the rule (`finsync policy check`, `finsync policy test`), then retry.",
                {"rule": error.rule, "reason": error.reason, "account": shown},
            )
        if derived is not None:
            parts[segment.name] = derived.then
            ruled.append(f"{segment.name} {value}: {derived.then} [{derived.rule}]")
            continue
        table = (own_tables or {}).get(segment.name, segment.table)
        if table is None:
            parts[segment.name] = value
            continue
        match = tables[table].find(value, scope=scope, on=on, given=given)
        if match is None:
            what = f"{segment.name.replace('_', ' ')} {value}"
            return missing_rule(
                tables[table], value, scope, what if what == f"account {shown}" else f"{what} of account {shown}",
                given,
            )  # fmt: skip
        matches.append(match)
        parts[segment.name] = match.target
    return Resolved(setup.delimiter.join(parts.values()), parts, tuple(matches), tuple(ruled))


def missing_rule(table: Table, value: str, scope: str, what: str, given: Given) -> Unresolved:
    """Say that a mapping table has no rule for a value, and what a rule would release."""
    asked = {name: known for name, known in table.asked(given) if known}
    more = f" ({conditions.words(asked.items())})" if asked else ""
    return Unresolved(
        "MAPPING_MISSING",
        f"{what} has no rule in the mapping table {table.name!r} for {scope}{more}",
        f"Add a rule for {value} to the mapping table {table.name!r}: all documents that wait for it go on by themselves.",
        {"table": table.name, "value": value, "scope": scope, **given},
    )


def told(match: Match) -> dict[str, object]:
    """Return which rule decided a value, as it is kept with the step."""
    kept: dict[str, object] = {
        "table": match.table,
        "version": match.version,
        "rule": match.rule,
        "from": match.source,
        "to": match.target,
    }
    if match.given:
        kept["given"] = match.given
    if match.is_default:
        kept["is_default"] = True
    return kept


def refusal(db: Connection, system: str, resolved: Resolved, on: date) -> Unresolved | None:
    """Say why the ERP would not take the combination, as far as its own reference data shows; None: nothing known."""
    centre = resolved.parts.get("cost_centre")
    if centre is not None:
        held = records.find_by_number(db, CostCentre, system, centre)
        if held is not None and not held.record.is_usable_on(on):
            return Unresolved(
                "COST_CENTRE_INACTIVE",
                f"cost centre {centre} ({held.record.name}) is not active in {system} on {on.isoformat()}",
                "Ask who owns the cost centre: re-open it in the ERP, or map it to its successor, then retry.",
                {"cost_centre": centre, "account": resolved.charge_account},
            )
    known = records.find_by_number(db, AccountCombination, system, resolved.charge_account)
    if known is not None and not known.record.is_usable_on(on):
        return Unresolved(
            "ACCOUNT_INVALID",
            f"account combination {resolved.charge_account} is disabled in {system}",
            "Enable it in the ERP, or correct the coding of the document, then retry.",
            {"account": resolved.charge_account},
        )
    return None
