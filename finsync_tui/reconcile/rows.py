"""From a canonical record to what is compared of it, as its definition says. Pure, but for looking up links.

Tolerant numbers are hashed in steps of their tolerance: equal hashes mean equal within it, different ones only a suspicion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from hashlib import blake2b
from typing import Any, Final

from finsync_tui.profile import Profile
from finsync_tui.profile.reconciliation import FieldSetup, Filter, Reconciliation, SideSetup
from store.canonical.currency import exponent
from store.canonical.money import Money, plain
from store.canonical.record import CanonicalRecord
from store.clock import text
from store.columns import encode
from store.comparison import NewRow, Role

Value = str | int | None
"""Money stands as its minor units where it is in the row's currency; everything else as text."""

MADE: Final = 2
"""How rows are made: another number makes all of them anew."""
ELEMENT: Final = "each"
DOCUMENT: Final = "@document"
SHORT_CHARS: Final = 12
_PLACE = re.compile(r"\{([^{}|]+)(?:\|([a-z0-9]+))?\}")


@dataclass(frozen=True, slots=True)
class Read:
    """One record as it was read afresh."""

    external_id: str
    record: CanonicalRecord
    changed_at: datetime | None = None
    changed_by: str | None = None


Resolve = Callable[[FieldSetup, str, str], str]
"""(link, what it says, legal entity) -> the key of what it points to, as the target writes it where that is known."""
Twin = Callable[[str, str], str | None]
"""(entity, external id) -> the document that this record of a side's system was made from."""


@dataclass(frozen=True, slots=True)
class Builder:
    """Makes the rows of one side of one definition."""

    definition: Reconciliation
    role: Role
    system: str
    other: str
    """The other side's system: whose marks records carry."""
    profile: Profile
    resolve: Resolve
    twin: Twin
    _owners: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def setup(self) -> SideSetup:
        return self.definition.source if self.role == "source" else self.definition.target

    def rows(self, read: Read) -> list[NewRow]:
        """Return the rows of a record: one, one for each element of its list, or none when it takes no part."""
        setup = self.setup
        elements: Iterable[Any] = (None,) if setup.each is None else values(read.record, setup.each, None)
        found = []
        for part, element in enumerate(elements):
            document = self._document(read, element)
            if all(keeps(one, read.record, element, document, self.other) for one in setup.keep):
                found.append(self._row(read, element, part, document))
        return found

    def _row(self, read: Read, element: Any, part: int, document: str | None) -> NewRow:
        setup, record = self.setup, read.record
        amount = first(record, setup.amount, element) if setup.amount else None
        currency = first(record, setup.currency, element) if setup.currency else None
        if isinstance(amount, Money):
            currency = amount.currency
        owner = self._owner(record, element)
        fields = [self._value(one, record, element, currency, owner) for one in self.definition.fields]
        if setup.zero_when and all(
            keeps(one, record, element, document, self.other) for one in setup.zero_when
        ):
            amount = None
            fields = [
                0 if one.kind == "money" and isinstance(value, int) else value
                for one, value in zip(self.definition.fields, fields, strict=True)
            ]
        places = self._places(read, document)
        return NewRow(
            key=fill(setup.key, record, element, places) or places["@key"],
            row_hash=row_hash(self.definition.fields, fields, currency),
            external_id=read.external_id,
            part=part,
            number=str(first(record, setup.number, element) or read.external_id),
            document_key=document,
            legal_entity=owner,
            period=_month(first(record, setup.period, element)) if setup.period else "",
            currency=str(currency or ""),
            amount_minor=amount.amount_minor if isinstance(amount, Money) else 0,
            changed_at=text(read.changed_at) if read.changed_at else None,
            changed_by=read.changed_by,
            fields=encode(fields).decode(),
            is_expected=int(all(keeps(one, record, element, document, self.other) for one in setup.expected)),
        )

    def _places(self, read: Read, document: str | None) -> dict[str, str]:
        key = f"{self.system}:{read.external_id}"
        return {
            "@system": self.system,
            "@other": self.other,
            "@id": read.external_id,
            "@key": key,
            "@document": document or key,
        }

    def _document(self, read: Read, element: Any) -> str | None:
        how = self.setup.document
        if how is not None and how.key is not None:
            return fill(how.key, read.record, element, self._places(read, None))
        if how is not None and how.path is not None:
            named = first(read.record, how.path, element)
            return self._made_from(how.entities or (self.setup.entity,), str(named)) if named else None
        own = f"{self.system}:{read.external_id}" if self.role == "source" else None
        if how is not None and how.entities:
            return self._made_from(how.entities, read.external_id) or own
        return own or self._made_from(
            (self.definition.refers_to or self.definition.source.entity,), read.external_id
        )

    def _made_from(self, entities: Sequence[str], external_id: str) -> str | None:
        found = (self.twin(entity, external_id) for entity in entities)
        return next((key for key in found if key is not None), None)

    def _value(
        self, one: FieldSetup, record: CanonicalRecord, element: Any, currency: str | None, owner: str
    ) -> Value:
        found = [v for v in values(record, one.path_of(self.role), element) if v is not None]
        if one.take == "count":
            return str(len(found))
        if not found:
            return None
        if one.take == "sum":
            return _shown(sum(found[1:], found[0]), currency)
        if one.take == "list":
            return ", ".join(sorted({str(_shown(v, currency)) for v in found}))
        value = _shown(found[0], currency)
        if one.kind == "status":
            words = one.source_values if self.role == "source" else one.target_values
            return words.get(str(value), str(value))
        if one.kind == "link":
            return self.resolve(one, str(value), owner)
        return value

    def _owner(self, record: CanonicalRecord, element: Any) -> str:
        setup = self.setup.legal_entity
        if setup is None:
            return ""
        name = str(first(record, setup.path, element) or "")
        if setup.by == "number" or not name:
            return name
        known = self._owners.get((setup.by, name))
        if known is None:
            known = self._owners[setup.by, name] = _owner_of(
                self.profile, setup.by, name, self.system, self.role
            )
        return known


def values(record: Any, path: str, element: Any) -> list[Any]:
    """Return what a path leads to: every element of the lists on its way."""
    names = path.split(".")
    found: list[Any] = [record]
    if names[0] == ELEMENT and element is not None:
        found, names = [element], names[1:]
    for name in names:
        step: list[Any] = []
        for one in found:
            value = one.get(name) if isinstance(one, dict) else getattr(one, name, None)
            if isinstance(value, list | tuple):
                step.extend(value)
            elif value is not None:
                step.append(value)
        found = step
    return found


def first(record: Any, path: str, element: Any) -> Any:
    """Return the first value that a path leads to; None: there is none."""
    found = values(record, path, element)
    return found[0] if found else None


def keeps(one: Filter, record: Any, element: Any, document: str | None, other: str) -> bool:
    """Say whether a filter lets a record take part."""
    if one.path == DOCUMENT:
        found = [document] if document else []
    else:
        found = [_text(value) for value in values(record, one.path, element)]
    if one.is_present is not None and bool(found) != one.is_present:
        return False
    if one.one_of and not any(value in one.one_of for value in found):
        return False
    if one.none_of and any(value in one.none_of for value in found):
        return False
    if one.starts_with is not None:
        start = one.starts_with.replace("{other}", other)
        return any(value.startswith(start) for value in found)
    return True


def fill(template: str, record: Any, element: Any, places: Mapping[str, str]) -> str:
    """Return a template with its places filled in.

    >>> fill("{@system}:{number|plain}", {"number": "Inv 7"}, None, {"@system": "coupa"})
    'coupa:inv7'
    """

    def put(match: re.Match[str]) -> str:
        name, how = match.group(1), match.group(2)
        value = places[name] if name in places else _text(first(record, name, element) or "")
        if how is None:
            return value
        if how.isdigit():
            return value[: int(how)]
        if how == "base":
            return value.partition("-")[0]
        if how == "last":
            return value.rpartition(" ")[2].removeprefix("#")
        if how == "short":
            return "".join(c for c in value.partition(".")[0] if c.isalnum())[:SHORT_CHARS]
        return "".join(value.split()).casefold()

    return _PLACE.sub(put, template)


def row_hash(fields: Sequence[FieldSetup], found: Sequence[Value], currency: str | None) -> int:
    """Return 64 bits of what is compared, numbers counted in steps of their tolerance, money with its currency."""
    compared = [
        _step(one, value, currency) for one, value in zip(fields, found, strict=True) if one.is_compared
    ]
    if any(one.kind == "money" and one.is_compared for one in fields):
        compared.append(currency)
    return int.from_bytes(blake2b(encode(compared), digest_size=8).digest(), "big", signed=True)


def step_of(one: FieldSetup, currency: str | None) -> Decimal:
    """Return a field's tolerance in the units that its values stand in."""
    tolerance = one.tolerance_in(currency)
    if one.kind != "money" or not tolerance:
        return tolerance
    return tolerance.scaleb(exponent(currency)) if currency else tolerance


def _step(one: FieldSetup, value: Value, currency: str | None) -> Value:
    if value is None or one.tolerance_percent:
        return value if value is None else str(value)
    step = step_of(one, currency)
    if not step or (isinstance(value, str) and one.kind != "number"):
        return value
    return int((Decimal(value) / step).to_integral_value(ROUND_FLOOR))


def _shown(value: Any, currency: str | None) -> Value:
    if isinstance(value, Money):
        return value.amount_minor if value.currency == currency else f"{value.amount} {value.currency}"
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return text(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _month(value: Any) -> str:
    return f"{value:%Y-%m}" if isinstance(value, date) else ""


def _owner_of(profile: Profile, by: str, name: str, system: str, role: Role) -> str:
    for number, setup in profile.legal_entities.items():
        if by == "chart":
            if setup.source_chart == name:
                return number
        elif (
            setup.business_unit if by == "business_unit" else setup.ledger
        ) == name and setup.target == system:
            return number
    return ""
