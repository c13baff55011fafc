"""The inventory is whole: no field and no column is left unclassified, and none that is gone is still listed."""

from __future__ import annotations

from collections import Counter

import pytest

from store import holdings, memory_store
from store.canonical import contracts, privacy
from store.canonical.schema_fields import fields
from store.clock import SystemClock

_AMOUNT = ".amount_minor"
_CURRENCY = ".currency"


def _leaves(entity: str) -> set[str]:
    """Return the paths of all fields that hold a value; an amount with its currency is one."""
    paths = {path.removeprefix("$.") for path, _ in fields(contracts.schema(entity)) if path != "$"}
    leaves = {one for one in paths if not any(other.startswith((f"{one}.", f"{one}[")) for other in paths)}
    amounts = {one.removesuffix(_AMOUNT) for one in leaves if one.endswith(_AMOUNT)}
    beside = {f"{one}{part}" for one in amounts for part in (_AMOUNT, _CURRENCY)}
    return (leaves - beside) | amounts


@pytest.mark.parametrize("entity", sorted(contracts.CONTRACTS))
def test_every_field_of_every_contract_is_classified(entity: str) -> None:
    """A new field names its class in store/canonical/privacy.py."""
    assert _leaves(entity) == set(privacy.classes(entity))


def test_no_field_has_two_classes() -> None:
    """The same path under two classes would be a question of their order."""
    doubled = [
        (entity, path)
        for entity, kinds in privacy._FIELDS.items()
        for path, count in Counter(path for paths in kinds.values() for path in paths.split()).items()
        if count > 1
    ]

    assert [] == doubled
    assert set(contracts.CONTRACTS) == set(privacy._FIELDS)


def test_what_names_people_is_classified_so() -> None:
    """The fields by which anybody would look first."""
    assert ("login", "name", "email") == privacy.fields("employee", "personal")
    assert {"fingerprint", "masked", "terms"} == {*privacy.fields("supplier_bank_account", "bank")}
    assert "owner_name" in privacy.fields("expense_report", "personal")


def test_every_column_of_text_is_in_a_holding_or_free() -> None:
    """A migration that adds a column says in store/holdings.py what it holds; one that is gone is not listed."""
    with memory_store(SystemClock()) as opened:
        tables = [
            name
            for (name,) in opened.db.execute(
                "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%'"
            )
        ]
        there = {
            (table, row["name"])
            for table in tables
            for row in opened.db.execute(f"PRAGMA table_info({table})")
            if row["type"] in ("TEXT", "BLOB")
        }

    held = [(one.place, column) for one in holdings.HOLDINGS for column in one.columns.split()]
    free = [(table, column) for table, columns in holdings.FREE.items() for column in columns.split()]

    assert there == {*held, *free}
    assert len(there) == len(held) + len(free)
