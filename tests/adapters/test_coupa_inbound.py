"""Coupa's documents become canonical records without losing or making a cent, or say in words why they
can't.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Translated, Untranslatable
from adapters.coupa import bank, inbound
from adapters.coupa.inbound_order import STATUS
from adapters.coupa.options import Options
from store.canonical.money import Money, total
from store.canonical.purchasing import PurchaseOrder
from store.canonical.supplier import Supplier
from tests.adapters.held_secrets import ACCOUNT_KEY

OPTIONS = Options(segment_count=4)


def an_account(number: str = "6100", **changes: Any) -> dict[str, Any]:
    segments = {"segment-1": "01", "segment-2": "420", "segment-3": number}
    return {"id": 14, "code": f"01-420-{number}", "account-type": {"name": "DE Chart"}, **segments, **changes}


def a_line(**changes: Any) -> dict[str, Any]:
    return {
        "id": 9001,
        "line-num": "1",
        "type": "OrderQuantityLine",
        "description": "Paper",
        "quantity": "4",
        "price": "25.00",
        "total": "100.00",
        "currency": {"code": "EUR"},
        "account": an_account(),
        **changes,
    }


def an_order(*lines: dict[str, Any], **changes: Any) -> bytes:
    document = {
        "id": 4711,
        "po-number": "PO-4711",
        "status": "issued",
        "version": 2,
        "internal-revision": 5,
        "currency": {"code": "EUR"},
        "supplier": {"id": 88, "number": "V-1", "name": "Harbour"},
        "updated-at": "2026-02-03T09:14:05-08:00",
        "updated-by": {"login": "amy"},
        "order-lines": list(lines) or [a_line()],
        **changes,
    }
    return json.dumps(document).encode()


def split(*parts: dict[str, Any]) -> dict[str, Any]:
    """Return what makes a line one of several accounts."""
    allocations = [{"id": n, "account": an_account(str(6100 + n)), **p} for n, p in enumerate(parts)]
    return {"account": None, "account-allocations": allocations}


def translated(row: bytes, entity: str = "purchase_order", options: Options = OPTIONS) -> Translated:
    (found,) = inbound.translate(entity, [row], options)
    assert isinstance(found, Translated), found
    return found


def order(row: bytes) -> PurchaseOrder:
    record = translated(row).record
    assert isinstance(record, PurchaseOrder)
    return record


def refused(row: bytes, entity: str = "purchase_order") -> Untranslatable:
    (found,) = inbound.translate(entity, [row], OPTIONS)
    assert isinstance(found, Untranslatable), found
    return found


def amounts(record: PurchaseOrder) -> list[list[int]]:
    return [[d.amount.amount_minor for d in line.distributions] for line in record.lines]


@pytest.mark.parametrize(("word", "expected"), STATUS.items())
def test_every_status_has_its_word(word: str, expected: str) -> None:
    """Both spellings of cancelled are one status, and holds are holds."""
    assert expected == order(an_order(status=word)).status


def test_a_document_says_which_version_it_is() -> None:
    """Version counts before internal revision, so a later version is always newer."""
    second = translated(an_order(version=2, **{"internal-revision": 5}))
    recoded = translated(an_order(version=2, **{"internal-revision": 6}))
    third = translated(an_order(version=3, **{"internal-revision": 0}))

    numbers = [int(t.source_version or "") for t in (second, recoded, third)]
    assert sorted(numbers) == numbers
    assert 3 == len(set(numbers))
    assert "amy" == second.changed_by
    assert datetime(2026, 2, 3, 17, 14, 5, tzinfo=UTC) == second.source_updated_at


@pytest.mark.parametrize("value", ["100.00", "100.0000", 100, 100.0, "1E+2"])
def test_amounts_may_be_text_or_numbers(value: object) -> None:
    """A total is the same money however Coupa writes it."""
    assert Money.of("100", "EUR") == order(an_order(a_line(total=value))).total


def test_a_number_is_never_a_binary_float() -> None:
    """An amount that no float can hold arrives to the cent."""
    row = an_order(a_line(quantity="1", price="@", total="@")).replace(b'"@"', b"90071992547409.93")

    assert 9007199254740993 == order(row).total.amount_minor


@pytest.mark.parametrize(
    ("quantity", "price", "stated", "expected"),
    [
        ("3", "11.1117", None, 3334),
        ("3", "11.1117", "33.3351", 3334),
        ("3", "11.1117", "33.34", 3334),
        ("3", "11.1117", "33.33", 3333),
        ("1", "0.005", None, 1),
        ("40", "12.5", "500.0000", 50000),
    ],
)
def test_a_line_is_rounded_once(quantity: str, price: str, stated: str | None, expected: int) -> None:
    """Coupa's own rounding counts; an unrounded product is rounded half up, for the line."""
    record = order(an_order(a_line(quantity=quantity, price=price, total=stated)))

    assert expected == record.lines[0].amount.amount_minor
    assert [[expected]] == amounts(record)


def test_a_yen_has_no_decimals() -> None:
    """Each currency has its own smallest unit."""
    yen = {"currency": {"code": "JPY"}}

    assert (
        500
        == order(an_order(a_line(quantity="4", price="125", total="500", **yen), **yen)).total.amount_minor
    )


@pytest.mark.parametrize(
    ("line", "path", "words"),
    [
        (a_line(total="120.00"), "$.order-lines[0].total", "4 x 25 makes 100"),
        (a_line(total="100.005", quantity=None), "$.order-lines[0].total", "more decimals"),
        (
            a_line(**split({"amount": "60"}, {"amount": "50"})),
            "$.order-lines[0].account-allocations",
            "add up to 110, the line costs 100.00 EUR",
        ),
        (
            a_line(**split({"pct": "60"}, {"pct": "30"})),
            "$.order-lines[0].account-allocations",
            "percentages add up to 90",
        ),
        (
            a_line(**split({"pct": "-20"}, {"pct": "120"})),
            "$.order-lines[0].account-allocations",
            "no sensible share",
        ),
    ],
    ids=["line", "fraction", "amounts", "percentages", "negative share"],
)
def test_amounts_that_contradict_each_other_are_recognisable(
    line: dict[str, Any], path: str, words: str
) -> None:
    """The reason begins with 'totals', names the place and both figures."""
    found = refused(an_order(line))

    assert ("4711", "PO-4711", path) == (found.external_id, found.number, found.path)
    assert found.reason.startswith("totals: ")
    assert words in found.reason


@pytest.mark.parametrize(
    ("changes", "amount"),
    [
        ({"order-lines": [a_line(total="120.00")]}, "120.00 EUR"),
        ({"total": "99"}, "99.00 EUR"),
        ({"po-number": None}, "100.00 EUR"),
        ({"total": "a lot"}, None),
        ({"order-lines": [a_line(total="120.00"), a_line(total="many")]}, None),
        ({"order-lines": [a_line(total="100.005")]}, None),
        ({"currency": {"code": "USD"}}, None),
        ({"currency": {"code": ["EUR"]}}, None),
        ({"currency": None, "order-lines": []}, None),
        ({"total": "1E+2", "id": None}, None),
        ({"total": True, "id": None}, None),
        ({"total": "99999999999999999", "id": None}, None),
    ],
)
def test_a_refused_document_has_the_amount_that_it_states_itself(
    changes: dict[str, Any], amount: str | None
) -> None:
    """Its own total, else the sum of its lines; where it states none exactly and in one currency, none."""
    found = refused(an_order(**changes)).amount

    assert amount == (None if found is None else str(found))


def test_a_stated_order_total_is_compared() -> None:
    """Where Coupa does say what an order costs, its lines must add up to it."""
    assert "totals: the order says 99, its lines add up to 100.00 EUR" == refused(an_order(total="99")).reason
    assert 10000 == order(an_order(total="100.00")).total.amount_minor


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (({"amount": "60.0000", "pct": "60"}, {"amount": "40", "pct": "40"}), [6000, 4000]),
        (({"pct": "33.3333333333"}, {"pct": "33.3333333333"}, {"pct": "33.3333333334"}), [3333, 3333, 3334]),
        (({"pct": "33.3333"}, {"pct": "33.3333"}, {"pct": "33.3333"}), [3334, 3333, 3333]),
        (({"amount": "33.3333"}, {"amount": "33.3333"}, {"amount": "33.3334"}), [3333, 3333, 3334]),
        (({"amount": "33.33"}, {"amount": "33.33"}, {"amount": "33.33"}), [3334, 3333, 3333]),
        (({},), [10000]),
    ],
    ids=["amounts", "percentages", "percentages cut", "unrounded amounts", "a cent short", "one part"],
)
def test_a_split_line_adds_up(parts: tuple[dict[str, Any], ...], expected: list[int]) -> None:
    """Parts are whole cents and add up to the line, whatever Coupa rounded."""
    assert [expected] == amounts(order(an_order(a_line(**split(*parts)))))


@given(
    st.integers(min_value=-(10**12), max_value=10**12),
    st.lists(st.integers(min_value=1, max_value=10**10), min_size=1, max_size=8),
)
def test_splitting_by_percentages_loses_nothing(minor: int, weights: list[int]) -> None:
    """For any amount and any shares, the parts add up to the cent."""
    whole = sum(weights)
    percents = [(Decimal(w) * 100 / whole).quantize(Decimal("1E-10")) for w in weights]
    line = a_line(quantity=None, price=None, total=f"{Decimal(minor).scaleb(-2):f}")

    record = order(an_order(line | split(*({"pct": f"{p:f}"} for p in percents))))

    assert record.total == total((d.amount for d in record.lines[0].distributions), "EUR")
    assert minor == record.total.amount_minor


def test_a_cancelled_line_costs_nothing() -> None:
    """It stays visible, but the order's total leaves it out."""
    record = order(an_order(a_line(), a_line(id=9002, status="canceled", **{"line-num": 2})))

    assert [False, True] == [line.is_cancelled for line in record.lines]
    assert 10000 == record.total.amount_minor


def test_a_cancelled_line_may_have_the_number_of_a_live_one() -> None:
    """What was deleted is shown with what took its place."""
    found = order(an_order(a_line(status="cancelled"), a_line()))

    assert [True, False] == [line.is_cancelled for line in found.lines]


def test_an_order_by_amount_has_no_quantity() -> None:
    """A flat sum is its total; quantity and price say nothing there."""
    record = order(an_order(a_line(type="OrderAmountLine", quantity=None, price="75.10", total="75.10")))

    assert (None, None, 7510) == (
        record.lines[0].quantity,
        record.lines[0].unit_price,
        record.lines[0].amount.amount_minor,
    )


def test_lines_below_a_line_have_their_own_number() -> None:
    """A sub-line does not take its parent's number."""
    record = order(an_order(a_line(), a_line(**{"sub-line-num": 1})))

    assert ["1", "1.1"] == [line.number for line in record.lines]


def test_a_need_by_day_stays_the_day_that_was_meant() -> None:
    """Midnight in the company's zone is not the evening before."""
    record = order(an_order(a_line(**{"need-by-date": "2026-03-01T00:00:00+09:00"})))

    assert "2026-03-01" == str(record.lines[0].need_by_on)


def test_associations_may_be_missing_or_null() -> None:
    """Only what the contract needs is demanded."""
    bare = {"id": 1, "po-number": "X", "status": "draft", "currency": {"code": "EUR"}, "order-lines": []}
    nulls = dict.fromkeys(("supplier", "supplier-site", "requester", "payment-term", "custom-fields"))

    assert 0 == order(json.dumps(bare).encode()).total.amount_minor
    assert order(json.dumps(bare).encode()) == order(json.dumps({**bare, **nulls}).encode())


def test_a_line_without_an_account_is_for_the_flow_to_judge() -> None:
    """The order is readable; it has nothing to charge."""
    assert () == order(an_order(a_line(account=None))).lines[0].distributions


def test_what_we_wrote_back_is_an_echo() -> None:
    """Custom fields are read by the configured names and change no content hash."""
    fields = {"cf-number": "300200", "cf-status": {"name": "Open"}, "other": 1}
    options = Options(segment_count=4, custom_fields={"erp_number": "cf-number", "erp_status": "cf-status"})

    before = translated(an_order(), options=options).record
    after = translated(an_order(**{"custom-fields": fields}), options=options).record

    assert isinstance(after, PurchaseOrder)
    assert ("300200", "Open") == (after.target_number, after.target_status)
    assert before.content_hash() == after.content_hash()


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"po-number": None}, "$.po-number", "no number"),
        ({"order-lines": None}, "$.order-lines", "without its lines"),
        ({"supplier": None}, "$.supplier", "issued comes without its supplier"),
        ({"status": "teleported"}, "$.status", "'teleported'"),
        ({"status": None}, "$.status", "not one we know"),
        ({"currency": None, "order-lines": []}, "$.currency.code", "names no currency"),
        ({"currency": {"code": "USD"}}, "$.order-lines[0].currency.code", "two currencies"),
        ({"order-lines": [a_line(**{"line-num": None})]}, "$.order-lines[0].line-num", "no number"),
        ({"order-lines": [a_line(), a_line()]}, "$.order-lines[1].line-num", "two lines have the number 1"),
        ({"order-lines": [], "total": "500.00"}, "$.total", "totals: the order says 500"),
        ({"order-lines": [a_line(price={"amount": 1})]}, "$.order-lines[0].price", "expected a number"),
        ({"order-lines": [a_line(price="cheap")]}, "$.order-lines[0].price", "not a number"),
        ({"order-lines": [a_line(total="NaN")]}, "$.order-lines[0].total", "held exactly"),
        ({"order-lines": [a_line(total="1E+999999999")]}, "$.order-lines[0].total", "held exactly"),
        ({"order-lines": [a_line(quantity="1E-99999")]}, "$.order-lines[0]", "held exactly"),
        ({"order-lines": [a_line(total=None, price=None)]}, "$.order-lines[0].total", "neither a total"),
        ({"order-lines": [a_line(**{"need-by-date": "soon"})]}, "$.order-lines[0].need-by-date", "'soon'"),
        (
            {"order-lines": [a_line(account=an_account(**{"segment-2": None}))]},
            "$.order-lines[0].account.segment-2",
            "segment 2",
        ),
        (
            {"order-lines": [a_line(**split({"amount": "50"}, {"pct": "50"}))]},
            "$.order-lines[0].account-allocations",
            "neither all amounts nor all percentages",
        ),
        (
            {"order-lines": [a_line(**split({"amount": "100", "account": None}))]},
            "$.order-lines[0].account-allocations[0].account",
            "names no account",
        ),
        ({"order-lines": {}}, "$.order-lines", "expected a list"),
        ({"updated-at": "yesterday"}, "$.updated-at", "not a time"),
        ({"updated-at": "2026-02-03T09:14:05"}, "$.updated-at", "not a time with its zone"),
        ({"id": None}, "$.id", "expected a whole number"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("$") else "",
)
def test_what_does_not_fit_is_told_by_place_and_in_words(
    changes: dict[str, Any], path: str, words: str
) -> None:
    """A person in finance reads what is wrong and where; the document is named as far as it can be."""
    found = refused(an_order(**changes))

    assert path == found.path
    assert words in found.reason
    assert changes.get("po-number", "PO-4711") == found.number


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b'{"id": 1, "po-number": ', "ends in the middle"),
        (b"<html>", "not JSON at byte 0"),
        (b'{"id": 1, "po-number": "\xff"}', "not UTF-8 at byte 24"),
        (b"[]", "expected an object"),
        (b'{"po-number": "PO-1"}', "the field 'id' is missing"),
    ],
    ids=["cut", "html", "not utf-8", "list", "no id"],
)
def test_a_broken_row_says_where_it_broke(row: bytes, words: str) -> None:
    """Text that is no document at all is told with its byte."""
    assert words in refused(row).reason


def test_unknown_fields_are_ignored() -> None:
    """Coupa adds attributes every quarter."""
    assert order(an_order()) == order(an_order(**{"carbon-score": {"deep": [1]}}))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "active"}, "active"),
        ({"status": "inactive"}, "inactive"),
        ({"status": "onboarding"}, "draft"),
        ({"status": None}, "draft"),
        ({"status": "active", "on-hold": True}, "on_hold"),
        ({"status": "active", "buyer-hold": True}, "on_hold"),
        ({"status": "inactive", "on-hold": True}, "inactive"),
    ],
)
def test_a_supplier_has_one_status(changes: dict[str, Any], expected: str) -> None:
    """Holds count for suppliers that could be ordered from."""
    row = json.dumps({"id": 88, "number": "V-1", "name": "Harbour", **changes}).encode()

    record = translated(row, "supplier").record

    assert isinstance(record, Supplier)
    assert expected == record.status


def test_a_supplier_without_a_number_has_none() -> None:
    """Its name is not taken for a number: twins are found by numbers."""
    row = json.dumps({"id": 88, "number": None, "name": "Harbour", "status": "active"}).encode()

    record = translated(row, "supplier").record

    assert "" == record.number
    assert () == record.identifiers()


def test_bank_numbers_stay_in_coupa() -> None:
    """Each account of a profile becomes a row with a fingerprint; no number is in any of them."""
    addresses = [
        {"id": 76, "country": {"code": "GB"}},
        {"id": 77, "iban-number": "DE89 3704 0044 0532 0130 00", "country": None, "active": True},
        {"id": 78, "bank-account-number": "12345678901", "country": {"code": "US"}, "active": False},
    ]
    profile = json.dumps({"id": 31, "supplier-id": 88, "supplier-information-addresses": addresses}).encode()
    broken = b'{"id": 32, "supplier-id": "eighty-eight", "iban-number": "DE89370400440532013000"}'

    rows = bank.redacted([profile, broken], ACCOUNT_KEY)
    results = inbound.translate("supplier_bank_account", rows, OPTIONS)

    assert not [row for row in rows if b"0532" in row or b"12345678901" in row]
    first, second, third = results
    assert isinstance(first, Translated)
    assert isinstance(second, Translated)
    assert isinstance(third, Untranslatable)
    assert ("31-77", "DE…3000") == (first.external_id, first.record.number)
    assert ("31-78", False) == (second.external_id, second.record.is_active)  # type: ignore[attr-defined]
    assert "32-unreadable" == third.external_id


def test_the_same_account_has_the_same_fingerprint() -> None:
    """Spaces and case make no other account, so two systems can be compared."""
    texts = ("DE89 3704 0044 0532 0130 00", "de89370400440532013000")
    rows = [
        json.dumps({"id": 1, "supplier-information-addresses": [{"id": 1, "iban-number": text}]}).encode()
        for text in texts
    ]

    one, other = (row for row in bank.redacted(rows, ACCOUNT_KEY))

    assert one == other


@pytest.mark.parametrize(
    ("entity", "row", "path"),
    [
        ("supplier", {"id": 1}, "$.name"),
        ("supplier", {"id": 1, "name": "x", "status": "frozen"}, "$.status"),
        ("approval", {"id": 1, "status": "approved"}, "$.approvable-id"),
        ("account_combination", {"id": 1}, "$.segment-1"),
        ("cost_centre", {"id": 1}, "$.external-ref-num"),
        ("project", {"id": 1}, "$.name"),
        ("budget", {"id": 1, "amount": "1", "currency": {"code": "EUR"}}, "$.period.name"),
        ("budget", {"id": 1, "amount": "1", "period": {"name": "Q1"}}, "$.currency.code"),
        ("budget", {"id": 1, "currency": {"code": "EUR"}, "period": {"name": "Q1"}}, "$.amount"),
        ("legal_entity", {"id": 1}, "$.name"),
        ("tax_code", {"id": 1}, "$.code"),
    ],
)
def test_reference_data_without_its_key_is_refused(entity: str, row: dict[str, Any], path: str) -> None:
    """What identifies a record must be there."""
    assert path == refused(json.dumps(row).encode(), entity).path


def test_a_currency_must_be_one() -> None:
    """A code that is no ISO 4217 code is refused by the record itself, with its place."""
    found = refused(an_order(a_line(currency=None), currency={"code": "euro"}))

    assert "currency" in found.path
    assert "ISO 4217" in found.reason
