"""Every contract by entity, its JSON Schema, and what has been released.

A released schema (`released/<entity>-<version>.json`) never changes. A change that only adds raises the minor version,
any other the major; `python -m store.canonical.contracts` then writes the file of the new version beside the old ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from store.canonical.budget import Budget, Commitment
from store.canonical.chart import AccountCombination, Project, TaxCode
from store.canonical.directory import DirectoryGroup, DirectoryUser
from store.canonical.expense import ExpenseDocument, ExpenseReport
from store.canonical.journal import ImportJob, JournalEntry
from store.canonical.lists import Department, Lookup, LookupValue
from store.canonical.organisation import (
    CostCentre,
    ExchangeRate,
    FiscalPeriod,
    Ledger,
    LegalEntity,
    Organisation,
)
from store.canonical.payables import Invoice, Payment
from store.canonical.people import Approval, Employee, ScheduledChange
from store.canonical.purchasing import OrderRevision, PurchaseOrder, Receipt, Requisition
from store.canonical.record import CanonicalRecord
from store.canonical.supplier import Supplier, SupplierBankAccount

RELEASED: Final = Path(__file__).with_name("released")

CONTRACTS: Final[dict[str, type[CanonicalRecord]]] = {
    model.entity: model
    for model in (
        AccountCombination,
        Approval,
        Budget,
        Commitment,
        CostCentre,
        Department,
        DirectoryGroup,
        DirectoryUser,
        Employee,
        ExchangeRate,
        ExpenseDocument,
        ExpenseReport,
        FiscalPeriod,
        ImportJob,
        Invoice,
        JournalEntry,
        Ledger,
        LegalEntity,
        Lookup,
        LookupValue,
        OrderRevision,
        Organisation,
        Payment,
        Project,
        PurchaseOrder,
        Receipt,
        Requisition,
        ScheduledChange,
        Supplier,
        SupplierBankAccount,
        TaxCode,
    )
}

_REQUIRED = " is required now"
_FILE = re.compile(r"(?P<name>[a-z_.]+)-(?P<major>\d+)\.(?P<minor>\d+)\.json")


def version(entity: str) -> str:
    """Return a contract's version: `1.2` of `supplier/1.2`."""
    return CONTRACTS[entity].contract.partition("/")[2]


def urn(entity: str) -> str:
    """Return a contract's name on events and schemas.

    >>> urn("supplier")
    'urn:finsync:schema:supplier:1.2'
    """
    return f"urn:finsync:schema:{entity}:{version(entity)}"


def schema(entity: str) -> dict[str, Any]:
    """Return the JSON Schema of what is stored for an entity."""
    model = CONTRACTS[entity]
    read_fields = {"x-read-fields": sorted(model.read_fields)} if model.read_fields else {}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": urn(entity),
        "x-contract": model.contract,
        "x-owner": model.owner,
        "x-echo-fields": sorted(model.echo_fields),
        **read_fields,
        **model.model_json_schema(mode="serialization"),
    }


def released(entity: str) -> dict[str, dict[str, Any]]:
    """Return the released schemas of an entity by version, oldest first."""
    return versions_in(RELEASED, entity)


def versions_in(folder: Path, name: str) -> dict[str, dict[str, Any]]:
    """Return the schemas of a name in a folder by version, oldest first."""
    found = {}
    for path in folder.glob(f"{name}-*.json"):
        match = _FILE.fullmatch(path.name)
        if match and match["name"] == name:
            found[int(match["major"]), int(match["minor"])] = json.loads(path.read_text(encoding="utf-8"))
    return {f"{major}.{minor}": found[major, minor] for major, minor in sorted(found)}


def breaking_changes(old: dict[str, Any], new: dict[str, Any], *, is_only_told: bool = False) -> list[str]:
    """Return what a reader of `old` would stumble over in documents that follow `new`.

    What was stored by `old` is read by `new`, too, so nothing more may be required; unless `is_only_told`: what others are
    told and nobody reads back.
    """
    found = _changes("$", old, new, old, new)
    return [one for one in found if not (is_only_told and one.endswith(_REQUIRED))]


def write_missing() -> list[Path]:
    """Write the schemas of versions that are not released yet; a file that is there is never touched."""
    RELEASED.mkdir(exist_ok=True)
    written = []
    for entity in CONTRACTS:
        path = RELEASED / f"{entity}-{version(entity)}.json"
        if not path.exists():
            path.write_text(json.dumps(schema(entity), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            written.append(path)
    return written


def _changes(
    path: str, old: dict[str, Any], new: dict[str, Any], old_root: dict[str, Any], new_root: dict[str, Any]
) -> Iterator[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    for name in sorted(set(old.get("required", [])) - set(new.get("required", []))):
        yield f"{path}.{name} may be left out now"
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield f"{path}.{name}{_REQUIRED}"
    properties = new.get("properties", {})
    for name, before in old.get("properties", {}).items():
        if name not in properties:
            yield f"{path}.{name} is gone"
        else:
            yield from _changes(f"{path}.{name}", before, properties[name], old_root, new_root)
    if _types(old) and not (_types(new) and _types(new) <= _types(old)):
        yield f"{path} has another type"
    for word in ("const", "pattern", "format"):
        if old.get(word) != new.get(word):
            yield f"{path} has another {word}"
    if set(new.get("enum", [])) - set(old.get("enum", [])) or ("enum" in old) != ("enum" in new):
        yield f"{path} may hold other words"
    if "items" in old and "items" in new:
        yield from _changes(f"{path}[]", old["items"], new["items"], old_root, new_root)
    values, others = old.get("additionalProperties"), new.get("additionalProperties")
    if isinstance(values, dict) and isinstance(others, dict):
        yield from _changes(f"{path}.*", values, others, old_root, new_root)
    elif isinstance(values, dict) != isinstance(others, dict) and (values or "properties" in old):
        yield f"{path} has other keys"
    before, after = old.get("anyOf", []), new.get("anyOf", [])
    if len(before) != len(after):
        yield f"{path} may hold other types"
    for one, other in zip(before, after, strict=False):
        yield from _changes(path, one, other, old_root, new_root)


def _types(part: dict[str, Any]) -> set[str]:
    """Return the types a part may have by name; none: nothing is said of it. A whole number is a number."""
    said = part.get("type", [])
    found = {said} if isinstance(said, str) else set(said)
    return found | {"integer"} if "number" in found else found


def _resolved(part: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    reference = part.get("$ref")
    if reference is None:
        return part
    target: dict[str, Any] = root["$defs"][reference.rpartition("/")[2]]
    return target


if __name__ == "__main__":
    for path in write_missing():
        print(path.name)
