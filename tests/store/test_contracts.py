"""Contracts: what is released does not change."""

from __future__ import annotations

import copy
import itertools
import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given

from store.canonical import contracts
from store.canonical.contracts import CONTRACTS
from store.canonical.record import CanonicalRecord
from tests import strategies
from tests.builders import a_commitment, a_cost_centre, a_purchase_order, a_supplier, an_account_combination


def all_records(base: type[CanonicalRecord] = CanonicalRecord) -> set[str]:
    return {
        name
        for one in base.__subclasses__()
        for name in ({one.entity} if one.__module__.startswith("store.") else set()) | all_records(one)
    }


def test_every_canonical_record_is_a_contract() -> None:
    """A new entity is added to the list, or its schema would never be released."""
    assert all_records() == set(CONTRACTS)


@pytest.mark.parametrize("entity", CONTRACTS)
def test_a_contract_names_its_entity_and_version(entity: str) -> None:
    """`supplier/1.0`: the entity, a slash, major and minor."""
    name, _, version = CONTRACTS[entity].contract.partition("/")

    assert (entity, contracts.version(entity)) == (name, version)
    assert 2 == len(version.split("."))


@pytest.mark.parametrize("entity", CONTRACTS)
def test_a_released_schema_does_not_change(entity: str) -> None:
    """A change raises the version: additive ones the minor, others the major; see store/canonical/contracts.py."""
    released = contracts.released(entity)

    assert contracts.version(entity) in released, (
        f"{entity} has a new version: write its schema with write_missing()"
    )
    assert released[contracts.version(entity)] == contracts.schema(entity), (
        f"{entity} changed, but is still version {contracts.version(entity)}"
    )


@pytest.mark.parametrize("entity", CONTRACTS)
def test_a_minor_version_only_adds(entity: str) -> None:
    """Whoever reads an earlier version of the same major is not disturbed."""
    released = contracts.released(entity)
    versions = list(released)

    breaking = [
        change
        for older, newer in itertools.pairwise(versions)
        if older.split(".")[0] == newer.split(".")[0]
        for change in contracts.breaking_changes(released[older], released[newer])
    ]

    assert [] == breaking


@pytest.mark.parametrize(
    "record", [a_supplier(), a_purchase_order(), a_commitment(), a_cost_centre(), an_account_combination()]
)
def test_what_we_store_follows_its_published_schema(record: CanonicalRecord) -> None:
    """The JSON that is stored is valid by the schema that others read."""
    jsonschema_rs.validator_for(contracts.schema(record.entity)).validate(json.loads(record.canonical_json()))


@given(record=strategies.records)
def test_any_record_follows_its_published_schema(record: CanonicalRecord) -> None:
    """Not only the tidy ones."""
    assert jsonschema_rs.is_valid(contracts.schema(record.entity), json.loads(record.canonical_json()))


def changed(change: Any) -> list[str]:
    """Return what is breaking about a change to the supplier's schema."""
    old = contracts.schema("supplier")
    new = copy.deepcopy(old)
    change(new)
    return contracts.breaking_changes(old, new)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda s: s["properties"].update(rating={"type": "string"}), []),
        (lambda s: s["properties"]["name"].update(description="other words"), []),
        (lambda s: s["properties"].pop("country"), ["$.country is gone"]),
        (lambda s: s["properties"]["name"].update(type="integer"), ["$.name has another type"]),
        (lambda s: s["required"].append("country"), ["$.country is required now"]),
        (lambda s: s["required"].remove("name"), ["$.name may be left out now"]),
        (lambda s: s["properties"]["status"]["enum"].append("blocked"), ["$.status may hold other words"]),
        (lambda s: s["$defs"]["SupplierSite"]["properties"].pop("code"), ["$.sites[].code is gone"]),
        (
            lambda s: s["properties"]["country"]["anyOf"].append({"type": "integer"}),
            ["$.country may hold other types"],
        ),
    ],
)
def test_what_counts_as_breaking(change: Any, found: list[str]) -> None:
    """Adding a field or a description is not; everything a reader would stumble over is, at any depth."""
    assert found == changed(change)


def test_every_field_of_money_and_lines_is_described_by_type() -> None:
    """Amounts are whole minor units and quantities decimal text: no number with a fraction anywhere."""
    for entity in CONTRACTS:
        assert '"type": "number"' not in json.dumps(contracts.schema(entity)), entity
