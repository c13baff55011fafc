"""Source beside target: did we translate it wrongly, or did the target change it?"""

from __future__ import annotations

from finsync_tui.screens.compare import Line, compare, ordered
from tests.builders import a_commitment, a_purchase_order, an_order_line

SOURCE = a_purchase_order("101.00").model_dump(mode="json")
SENT = a_commitment("101.00").model_dump(mode="json")
TARGET = a_purchase_order(
    "101.00", number="162000", reference="coupa:100234", supplier_id="300000008800321", supplier_site_id="71",
    business_unit="DE Operations",
).model_dump(mode="json")  # fmt: skip


def line(lines: tuple[Line, ...], label: str) -> Line:
    return next(found for found in lines if found.label == label)


def test_an_order_that_arrived_as_sent_differs_nowhere() -> None:
    """Carried over fields are equal; what a mapping made is translated, not different."""
    lines = compare(SOURCE, SENT, TARGET)

    assert "=" == line(lines, "total").mark
    assert ("=", "101.00 EUR", "101.00 EUR", "101.00 EUR") == (
        line(lines, "line 1 amount").mark,
        line(lines, "line 1 amount").source,
        line(lines, "line 1 amount").sent,
        line(lines, "line 1 amount").target,
    )
    assert "→" == line(lines, "supplier id").mark
    assert "→" == line(lines, "business unit").mark


def test_a_change_in_the_target_is_marked() -> None:
    """Sent and target differ: the target was changed, or did not take what we sent."""
    changed = a_purchase_order("91.00", reference="coupa:100234").model_dump(mode="json")

    lines = compare(SOURCE, SENT, changed)

    assert "≠" == line(lines, "total").mark
    assert "≠" == line(lines, "line 1/1 charged").mark


def test_a_target_may_spell_a_code_its_own_way() -> None:
    """What a mapping made is no difference when the target shows it in another case; carried over text is."""
    shown = a_purchase_order(
        lines=(
            an_order_line(uom="Ea", category=SENT["lines"][0]["category"].upper(), description="OFFICE DESK"),
        )
    ).model_dump(mode="json")

    lines = compare(SOURCE, SENT, shown)

    assert "≠" not in (line(lines, "line 1 unit").mark, line(lines, "line 1 category").mark)
    assert "≠" == line(lines, "line 1 description").mark


def test_a_wrong_translation_is_marked() -> None:
    """A field that must be carried over unchanged was sent otherwise."""
    lines = compare(SOURCE, a_commitment("101.00", description="Chairs").model_dump(mode="json"), None)

    assert ("≠", "Desks for the new office", "Chairs", None) == (
        line(lines, "description").mark,
        line(lines, "description").source,
        line(lines, "description").sent,
        line(lines, "description").target,
    )


def test_a_line_that_is_missing_in_the_target_is_marked() -> None:
    """A whole line that did not arrive shows as missing, field by field."""
    two = a_purchase_order(lines=(an_order_line("60.00"), an_order_line("41.00", number="2"))).model_dump(
        mode="json"
    )

    lines = compare(two, None, a_purchase_order("60.00").model_dump(mode="json"))

    assert "+" == line(lines, "line 2 amount").mark
    assert "41.00 EUR" == line(lines, "line 2 amount").source
    assert "=" == line(lines, "line 1 amount").mark


def test_what_is_not_there_is_not_empty() -> None:
    """Nothing sent and nothing in the target: no column pretends to hold an empty value."""
    lines = compare(SOURCE, None, None)

    assert all(found.sent is None and found.target is None for found in lines)
    assert {" "} == {found.mark for found in lines}
    assert () == compare(None, None, None)


def test_differences_come_first() -> None:
    """Whoever opens the page sees what is wrong without scrolling."""
    changed = a_purchase_order("91.00", reference="coupa:100234").model_dump(mode="json")

    marks = [found.mark for found in ordered(compare(SOURCE, SENT, changed))]

    assert "≠" == marks[0]
    assert "=" == marks[-1]


def test_other_entities_are_compared_by_their_own_fields() -> None:
    """A supplier in two systems has one shape: every field of either side."""
    lines = compare(
        {"number": "S-1", "name": "Acme"},
        None,
        {"number": "S-1", "name": "ACME", "country": "US"},
        "supplier",
    )

    assert {"number": "=", "name": "≠", "country": "−"} == {found.label: found.mark for found in lines}


def test_an_expense_stands_on_a_line_beside_what_was_posted() -> None:
    """Each expense with its amount and cost centre; the posting as decided against what the ERP holds."""
    report = {
        "number": "4E6593",
        "currency": "EUR",
        "entries": [
            {
                "spent_on": "2026-03-02", "type_name": "Hotel", "approved": "119", "paid_by": "company_card",
                "allocations": [{"codes": {"custom1": "420"}}],
            }
        ],
    }  # fmt: skip
    amount = {"amount_minor": 11900, "currency": "EUR"}
    sent = {"number": "4E6593-1", "lines": [{"number": "1", "account": "01-420-7110", "amount": amount}]}
    held = {"number": "4E6593-1", "lines": [{"number": "1", "account": "01-430-7110", "amount": amount}]}

    lines = compare(report, sent, held, "expense_document")

    assert "2026-03-02 · Hotel · 119 EUR · company card · 420" == line(lines, "expense 1").source
    assert ("≠", "01-420-7110", "01-430-7110") == (
        line(lines, "line 1 account").mark,
        line(lines, "line 1 account").sent,
        line(lines, "line 1 account").target,
    )
    assert "=" == line(lines, "line 1 amount").mark
