"""How edits behind finsync's back are scored."""

from __future__ import annotations

from finsync_tui.rehearse.editing import Edit
from finsync_tui.rehearse.editing_verdict import Seen, judge

AMOUNT = Edit("changed amount", "oracle-emea", "coupa:1", "R-1", "invoices", "manual_change")
DOUBLE = Edit("doubled payment", "coupa", "coupa:2", "R-2", "payments", "duplicate")


def a_break(edit: Edit, class_: str = "", definition: str = "") -> Seen:
    return Seen(definition or edit.definition, "field", class_ or edit.class_, edit.document_key, edit.number)


def test_everything_found_and_classed_is_good() -> None:
    """Precision and recall of one, by kind and by class."""
    found = judge([AMOUNT, DOUBLE], [a_break(DOUBLE), a_break(AMOUNT)])

    assert (True, 1.0, 1.0) == (found.is_good, found.precision, found.recall)
    assert {"duplicate": (1, 1, 1), "manual_change": (1, 1, 1)} == found.by_class()


def test_what_is_missed_lowers_recall() -> None:
    """By kind, and named."""
    found = judge([AMOUNT, DOUBLE], [a_break(AMOUNT)])

    assert (0.5, 1.0, False) == (found.recall, found.precision, found.is_good)
    assert [["doubled payment", "R-2"]] == found.to_json()["missed"]


def test_what_nobody_planted_lowers_precision() -> None:
    """A second break of the same document, or one of another comparison, is nobody's."""
    found = judge([AMOUNT], [a_break(AMOUNT), a_break(AMOUNT), a_break(AMOUNT, definition="orders")])

    assert (1.0, round(1 / 3, 4)) == (found.recall, found.to_json()["precision"])
    assert 2 == len(found.false_finds)


def test_a_wrong_class_is_no_miss_and_is_not_good() -> None:
    """Found, but said to be something else."""
    found = judge([DOUBLE], [a_break(DOUBLE, "unknown")])

    assert (1.0, False) == (found.recall, found.is_good)
    assert [["doubled payment", "R-2", "unknown"]] == found.to_json()["misclassed"]
    assert {"duplicate": (1, 0, 0), "unknown": (0, 0, 1)} == found.by_class()
