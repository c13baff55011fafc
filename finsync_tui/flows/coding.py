"""Every part of an order or a requisition in the ERP's accounts, and whether the ERP would take them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from finsync_tui.flows import accounts, dates, deriving, given
from finsync_tui.flows.accounts import Resolved, Unresolved
from finsync_tui.flows.deriving import Derive
from finsync_tui.flows.steps import Context, Hold
from finsync_tui.mapping import Given
from store.canonical.keys import RecordKey
from store.canonical.purchasing import OrderDistribution


class Line(Protocol):
    """A line of an order or a requisition."""

    @property
    def number(self) -> str: ...
    @property
    def category(self) -> str | None: ...
    @property
    def distributions(self) -> tuple[OrderDistribution, ...]: ...


@dataclass(frozen=True, slots=True)
class Coded:
    """What was found, by `line/distribution`, and the mapping rules that made it."""

    accounts: dict[str, dict[str, str]]
    """charge_account, and its parts by segment name."""
    rules: list[dict[str, object]]
    ruled: dict[str, None] = field(default_factory=dict)
    """What the company's own rules derived, each once."""

    @property
    def told(self) -> dict[str, object]:
        """What is kept with the step."""
        by_policy = {accounts.BY_POLICY: list(self.ruled)} if self.ruled else {}
        return {"accounts": self.charge_accounts, "rules": self.rules, **by_policy}

    @property
    def charge_accounts(self) -> Mapping[str, str]:
        return {name: parts["charge_account"] for name, parts in self.accounts.items()}


class _AskedPart(msgspec.Struct, frozen=True):
    number: str
    account: str
    segments: tuple[str, ...] = ()


class _AskedLine(msgspec.Struct, frozen=True):
    number: str
    category: str | None = None
    is_cancelled: bool = False
    distributions: tuple[_AskedPart, ...] = ()


class _Asked(msgspec.Struct, frozen=True):
    currency: str
    lines: tuple[_AskedLine, ...]
    supplier_number: str | None = None
    extensions: msgspec.Raw = msgspec.Raw(b"{}")


_asked = msgspec.json.Decoder(_Asked)


def question(body: str, entity: str) -> object | None:
    """Return all that `resolve` is told by an order or a requisition, of its stored JSON: of two that are the same it finds the same,
    for one company, target, day and set of tables. None: that can't be told of this one.
    """
    try:
        found = _asked.decode(body)
    except msgspec.ValidationError:
        return None
    return entity, found.currency, found.supplier_number, found.lines, bytes(found.extensions)


def resolve(context: Context, lines: Iterable[Line], document: Given) -> Coded | Hold:
    """Resolve the account of each distribution of the lines that live; say which one can't be."""
    coded = Coded({}, [])
    derive = deriving.of_today(context, dates.today(context))
    for line in lines:
        if getattr(line, "is_cancelled", False):
            continue
        for part in line.distributions:
            found = _resolved(context, part, given.of_line(document, line.category), derive)
            if isinstance(found, Unresolved):
                return _stopped(context, line, found)
            coded.accounts[f"{line.number}/{part.number}"] = {
                "charge_account": found.charge_account,
                **found.parts,
            }
            coded.rules.extend(one for one in map(accounts.told, found.matches) if one not in coded.rules)
            coded.ruled.update(dict.fromkeys(found.ruled))
    return coded


def _resolved(
    context: Context, part: OrderDistribution, known: Given, derive: Derive | None
) -> Resolved | Unresolved:
    number, on = str(context.data["legal_entity"]), dates.today(context)
    found = accounts.combination(
        context.facts.profile.legal_entities[number], context.facts.tables, part.segments,
        shown=part.account, scope=number, on=on, given=known, derive=derive,
    )  # fmt: skip
    if isinstance(found, Unresolved):
        return found
    return accounts.refusal(context.db, str(context.data["target"]), found, on) or found


def _stopped(context: Context, line: Line, wrong: Unresolved) -> Hold:
    is_at_source = wrong.class_ in ("MAPPING_MISSING", "PAYLOAD_INVALID")
    source = RecordKey.parse(context.workflow.document_key).system
    place = source if is_at_source else str(context.data["target"])
    return Hold(wrong.class_, f"line {line.number}: {wrong.cause}", wrong.fix, place, wrong.evidence)
