"""Resolving the account combination each part of an order is charged to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from sqlite3 import Connection

from finsync_tui.mapping import Match, Table
from finsync_tui.profile import LegalEntitySetup
from store import records
from store.canonical.chart import AccountCombination
from store.canonical.organisation import CostCentre
from store.canonical.purchasing import OrderDistribution


@dataclass(frozen=True, slots=True)
class Resolved:
    """The combination in the ERP, its parts by segment name, and the rules that made it."""

    charge_account: str
    parts: Mapping[str, str]
    matches: tuple[Match, ...]


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
    distribution: OrderDistribution,
    *,
    scope: str,
    on: date,
) -> Resolved | Unresolved:
    """Build the ERP's combination from the source's segments. Pure."""
    parts: dict[str, str] = {}
    matches: list[Match] = []
    for segment in setup.segments:
        if segment.value is not None:
            parts[segment.name] = segment.value
            continue
        place = (segment.source or 1) - 1
        if place >= len(distribution.segments):
            return Unresolved(
                "PAYLOAD_INVALID",
                f"account {distribution.account} has {len(distribution.segments)} segments; {segment.name} needs number "
                f"{place + 1}",
                "Correct the account on the order line, or the segment numbers in the profile.",
                {"account": distribution.account},
            )
        value = distribution.segments[place]
        if segment.table is None:
            parts[segment.name] = value
            continue
        match = tables[segment.table].find(value, scope=scope, on=on)
        if match is None:
            return Unresolved(
                "MAPPING_MISSING",
                f"{segment.name.replace('_', ' ')} {value} of account {distribution.account} has no rule in the mapping "
                f"table {segment.table!r} for {scope}",
                f"Add a row for {value} to the mapping table {segment.table!r}, then retry: all documents that wait for it go on.",
                {"table": segment.table, "value": value, "scope": scope},
            )
        matches.append(match)
        parts[segment.name] = match.target
    return Resolved(setup.delimiter.join(parts.values()), parts, tuple(matches))


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
            "Enable it in the ERP, or correct the coding of the order, then retry.",
            {"account": resolved.charge_account},
        )
    return None
