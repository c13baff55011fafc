"""Every type of event: what it tells in its data, and what has been released of that.

An event is known by its entity and a past participle; `com.finsync.<entity>.<participle>.v<n>` on the wire, where `n` is the major
version of its contract. What several sources tell of one thing differs: its data then has one of several forms.

>>> EVENTS["commitment.created"].wire_type
'com.finsync.commitment.created.v1'
>>> name_of("com.finsync.commitment.created.v1")
'commitment.created'
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import Field, TypeAdapter

from store.canonical.contracts import CONTRACTS, versions_in
from store.canonical.contracts import RELEASED as ENTITIES_RELEASED
from store.canonical.event import TYPE_PREFIX, event_type
from store.canonical.money import Money
from store.canonical.record import CanonicalModel

RELEASED: Final = ENTITIES_RELEASED / "events"
OWNER: Final = "platform"


class DocumentRead(CanonicalModel):
    """A system shows a document that is new or has changed."""

    number: str = Field(description="What people call it")
    version: int = Field(description="Which version of its record this is, counted here")
    status: str = Field(description="As the system states it, in our words")


class PageRead(CanonicalModel):
    """A page of reference data brought something new: nobody waits for a single row."""

    changed: int = Field(description="Records that are new or have changed")
    new: int = Field(description="Those of them that were not known")


class Told(CanonicalModel):
    """What became of a document here."""

    number: str = Field(description="What people call it")


class ToldOfErp(CanonicalModel):
    """What became of a document in the ERP."""

    number: str = Field(description="What people call it at its source")
    erp_number: str | None = Field(description="Its number in the ERP, once there is one")


class AmountInErp(CanonicalModel):
    """What is in the ERP now, and how much that is."""

    number: str = Field(description="What people call it at its source")
    erp_number: str | None = Field(description="Its number in the ERP, once there is one")
    total: Money = Field(description="As it is there")


class ExpensePosted(CanonicalModel):
    """An expense document is in the ERP's ledger."""

    number: str = Field(description="What people call it at its source")
    erp_number: str | None = Field(description="Its number in the ERP")
    posted_as: str | None = Field(description="Entity that it became there")


class Delivered(CanonicalModel):
    """A system has taken what it was told."""

    system: str = Field(description="Who was told")
    operation: str = Field(description="What was written, e.g. `order.create`")
    external_id: str | None = Field(description="Id of the document there")
    number: str | None = Field(description="Its number there")
    was_found: bool = Field(description="It was there already, and was linked")


class InTargets(CanonicalModel):
    """A supplier is in these systems now."""

    targets: list[str] = Field(description="Names of the systems")


class BankDetails(CanonicalModel):
    """What became of a change of bank details."""

    supplier: str = Field(description="Key of the supplier")
    account: str = Field(description="The new account, masked")


class Merged(CanonicalModel):
    """Two suppliers became one, or were parted again."""

    merge: int = Field(description="Number of the merge")
    keep: str = Field(description="Key of the supplier that stays")
    double: str = Field(description="Key of the one that goes")


class Consolidated(CanonicalModel):
    """Golden records were made anew from what the systems say."""

    made: int = Field(description="Golden records that are new")
    changed: int = Field(description="Golden records that say something else now")
    retired: int = Field(description="Golden records that no system's record stands behind any more")


class BreakSeen(CanonicalModel):
    """A comparison found a difference, or does not find it any more."""

    break_: int = Field(alias="break", description="Number of the break")
    definition: str = Field(description="Name of the reconciliation")
    kind: str = Field(description="What kind of difference it is")
    class_: str = Field(alias="class", description="Why it is there, as far as that is known")
    number: str | None = Field(description="Number of the document that differs")
    amount_minor: int | None = Field(description="Amount at risk, in minor units")
    currency: str | None = Field(description="ISO 4217 code of the amount")


class BreakTold(CanonicalModel):
    """A person did something with a break."""

    break_: int = Field(alias="break", description="Number of the break")
    definition: str = Field(description="Name of the reconciliation")
    kind: str = Field(description="What kind of difference it is")
    number: str | None = Field(description="Number of the document that differs")


class BreakWrittenOff(CanonicalModel):
    """A difference was given up."""

    break_: int = Field(alias="break", description="Number of the break")
    amount_minor: int | None = Field(description="Amount that was given up, in minor units")
    currency: str | None = Field(description="ISO 4217 code of the amount")
    proposal: int | None = Field(description="By which two persons agreed; null where one was enough")


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event."""

    entity: str
    participle: str
    forms: tuple[type[CanonicalModel], ...]
    version: str = "1.0"
    owner: str = OWNER

    @property
    def name(self) -> str:
        """As people and screens say it."""
        return f"{self.entity}.{self.participle}"

    @property
    def wire_type(self) -> str:
        """As it stands in the event."""
        return event_type(self.entity, self.participle, int(self.version.partition(".")[0]))


_READ: Final = {
    "purchase_order": "approved cancelled closed changed reported",
    "expense_document": "released recalled changed reported",
    "expense_report": "approved returned submitted changed reported",
    "invoice": "approved cancelled rejected changed reported",
    "payment": "issued cleared stopped voided changed reported",
    "journal_entry": "posted reversed refused changed reported",
    "receipt": "received voided changed reported",
    "requisition": "approved rejected withdrawn cancelled changed reported",
    "supplier": "activated deactivated changed",
    "supplier_bank_account": "changed",
}
"""What systems show of documents: each has its own event."""
_PAGES: Final = tuple(
    entity for entity in CONTRACTS if entity not in _READ or entity in ("supplier", "supplier_bank_account")
)
_OWN: Final[tuple[tuple[type[CanonicalModel], str, str], ...]] = (
    (AmountInErp, "commitment", "created changed"),
    (ToldOfErp, "commitment", "changed cancelled closed"),
    (Told, "commitment", "changed cancelled closed"),
    (AmountInErp, "invoice", "posted"),
    (ToldOfErp, "invoice", "withdrawn cancelled"),
    (Told, "invoice", "cancelled"),
    (Told, "expense_document", "cancelled"),
    (ExpensePosted, "expense_document", "posted"),
    (Told, "receipt", "posted voided"),
    (Told, "requisition", "reserved released"),
    (InTargets, "supplier", "onboarded linked"),
    (Merged, "supplier", "merged parted"),
    (BankDetails, "supplier_bank_account", "delivered refused"),
    (Consolidated, "golden_supplier", "consolidated"),
    (Delivered, "delivery", "delivered"),
    (BreakSeen, "break", "opened reopened closed fixed"),
    (BreakTold, "break", "reopened explained adopted"),
    (BreakWrittenOff, "break", "written_off"),
)
"""What becomes of things here."""
_VERSIONS: Final = dict.fromkeys(
    (
        "break.adopted", "break.closed", "break.explained", "break.fixed", "break.opened", "break.reopened", "break.written_off",
        "commitment.changed", "commitment.created", "golden_supplier.consolidated", "invoice.posted",
    ),
    "1.1",
)  # fmt: skip
"""Of those that are not at their first any more."""


def _all() -> dict[str, EventType]:
    forms: dict[tuple[str, str], list[type[CanonicalModel]]] = {}
    told: list[tuple[type[CanonicalModel], str, str]] = [
        *((DocumentRead, entity, words) for entity, words in _READ.items()),
        *((PageRead, entity, "received") for entity in _PAGES),
        *_OWN,
    ]
    for form, entity, words in told:
        for participle in words.split():
            forms.setdefault((entity, participle), []).append(form)
    made = [
        EventType(*key, tuple(of), version=_VERSIONS.get(".".join(key), "1.0"))
        for key, of in sorted(forms.items())
    ]
    return {one.name: one for one in made}


EVENTS: Final = _all()


def name_of(wire_type: str) -> str:
    """Return how people say a type, whatever its version."""
    return wire_type.removeprefix(TYPE_PREFIX).rpartition(".v")[0] or wire_type


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of what an event tells in its `data`."""
    one = EVENTS[name]
    described = " ".join(" ".join((form.__doc__ or "").split()) for form in one.forms)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:finsync:schema:event:{name}:{one.version}",
        "x-event": one.wire_type,
        "x-owner": one.owner,
        "description": described,
        **_adapter(one).json_schema(mode="serialization"),
    }


def problems(name: str, data: Mapping[str, Any]) -> str | None:
    """Return in what an event's data is not what its contract says; None when it is."""
    try:
        _adapter(EVENTS[name]).validate_json(json.dumps(data), strict=True)
    except ValueError as error:
        return str(error)
    return None


def released(name: str) -> dict[str, dict[str, Any]]:
    """Return the released schemas of an event by version, oldest first."""
    return versions_in(RELEASED, name)


def write_missing() -> list[Path]:
    """Write the schemas of versions that are not released yet; a file that is there is never touched."""
    RELEASED.mkdir(exist_ok=True)
    written = []
    for name, one in EVENTS.items():
        path = RELEASED / f"{name}-{one.version}.json"
        if not path.exists():
            path.write_text(json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            written.append(path)
    return written


def _adapter(one: EventType) -> TypeAdapter[Any]:
    if len(one.forms) == 1:
        return TypeAdapter(one.forms[0])
    union: Any = one.forms[0]
    for form in one.forms[1:]:
        union = union | form
    return TypeAdapter(union)
