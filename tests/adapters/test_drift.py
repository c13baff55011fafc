"""Fields that come, go or change their kind are noticed; nulls and nested fields are not mistaken for it."""

from __future__ import annotations

import json

from adapters.coupa import wire
from adapters.drift import MOST, Drift, notice

ROW = {"id": 7, "number": "V-1", "name": "Harbour", "status": "active", "tax-id": None}
ASKED = ("id", "number", "name", "status", "tax-id")


def rows(*changes: dict[str, object], without: tuple[str, ...] = ()) -> list[bytes]:
    made = [{**ROW, **change} for change in (changes or ({},))]
    return [json.dumps({k: v for k, v in row.items() if k not in without}).encode() for row in made]


def test_documents_as_described_show_nothing() -> None:
    """A row that fits its description has no finding."""
    assert [] == notice(wire.Supplier, rows(), ASKED)


def test_an_unknown_field_is_noticed() -> None:
    """A field that nobody described."""
    assert [("unknown", "carbon-score")] == [
        (d.kind, d.field) for d in notice(wire.Supplier, rows({}, {"carbon-score": 3}), ASKED)
    ]


def test_a_field_in_no_row_has_vanished() -> None:
    """One row that has it is enough for a field to be there."""
    assert ["status"] == [d.field for d in notice(wire.Supplier, rows({}, {}, without=("status",)), ASKED)]
    assert [] == notice(wire.Supplier, [*rows(without=("status",)), *rows()], ASKED)


def test_another_kind_is_noticed_in_words() -> None:
    """A text that became an object is told as such; a decimal may be text or number."""
    found = notice(wire.Supplier, rows({"name": {"text": "Harbour"}}), ASKED)

    assert [Drift("retyped", "name", "text expected, an object came")] == found
    budget = [json.dumps({"id": 1, "amount": value}).encode() for value in ("12.50", 12.5, 12)]
    assert [] == notice(wire.BudgetLine, budget, ("id", "amount"))


def test_rows_that_are_no_objects_are_left_to_translation() -> None:
    """Drift looks at documents only."""
    assert [] == notice(wire.Supplier, [b"[1]", b"nope", b"\xff"], ASKED)


def test_rows_that_are_no_such_document_are_one_finding() -> None:
    """An empty row beside whole ones says nothing; alone it is one finding, not one for each field that it lacks."""
    (alone,) = notice(wire.Supplier, [b"{}"], ASKED)

    assert ("vanished", MOST) == (alone.kind, alone.field)
    assert [] == notice(wire.Supplier, [b"{}", *rows()], ASKED)
    assert ["status"] == [d.field for d in notice(wire.Supplier, [b"{}", *rows(without=("status",))], ASKED)]
