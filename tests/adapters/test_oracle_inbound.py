"""Oracle's rows become canonical records exactly, or say where they do not fit."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Translated, Untranslatable
from adapters.oracle_fusion import inbound, wire
from adapters.oracle_fusion.inbound_order import FUNDS, STATUSES
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.outbound import purchase_order
from store.canonical.budget import Commitment, CommitmentDistribution
from store.canonical.money import Money
from store.canonical.supplier import fingerprint
from tests.adapters.held_secrets import ACCOUNT_KEY
from tests.adapters.oracle_builders import OPTIONS, a_row, an_order_document, issued, some_options
from tests.builders import a_commitment, a_commitment_line

SAMPLES = Path(__file__).parents[2] / "adapters/oracle_fusion/samples"
SAMPLE_OPTIONS = Options.model_validate_json((SAMPLES / "options.json").read_bytes())


def translated(row: dict[str, Any], entity: str = "purchase_order", options: Options = OPTIONS) -> Translated:
    found = inbound.translate(entity, a_row(row), options)
    assert isinstance(found, Translated), found
    return found


def refused(row: bytes, entity: str = "purchase_order", options: Options = OPTIONS) -> Untranslatable:
    found = inbound.translate(entity, row, options)
    assert isinstance(found, Untranslatable), found
    return found


def test_the_commitment_sample_becomes_its_request() -> None:
    """A canonical commitment and the request we send for it lie side by side."""
    commitment = Commitment.model_validate_json((SAMPLES / "commitment.canonical.json").read_bytes())

    body = wire.decode_any(wire.encode(purchase_order(commitment, SAMPLE_OPTIONS)))

    assert wire.decode_any((SAMPLES / "commitment.request.json").read_bytes()) == body


@pytest.mark.parametrize("word", sorted(STATUSES))
def test_every_order_status_has_its_word(word: str) -> None:
    """Codes and texts of a status mean the same."""
    by_code = translated(an_order_document(a_commitment(), StatusCode=word.replace(" ", "_")))
    by_text = translated(an_order_document(a_commitment(), StatusCode=None, Status=word.title()))

    assert STATUSES[word] == by_code.record.status == by_text.record.status  # type: ignore[attr-defined]


def test_an_unknown_order_status_is_not_guessed() -> None:
    """A word Oracle invents later becomes an exception that names it."""
    row = a_row(an_order_document(a_commitment(), StatusCode="FROZEN BY LEGAL"))

    found = refused(row)

    assert ("300000008800321", "100457", "$.StatusCode") == (found.external_id, found.number, found.path)
    assert "FROZEN BY LEGAL" in found.reason


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("INCOMPLETE", "draft"),
        ("PENDING APPROVAL", "pending_approval"),
        ("REJECTED", "rejected"),
        ("APPROVED", "open"),
        (None, "open"),
    ],
)
def test_the_status_is_that_of_the_lines_shown(change: str | None, expected: str) -> None:
    """The tree of an issued order shows an unfinished change's lines, so it is not open while that is not in force."""
    row = an_order_document(a_commitment(), ChangeOrderStatusCode=change, **{"@issued": issued(Revision=3)})

    record = translated(row).record

    assert expected == record.status  # type: ignore[attr-defined]
    assert "3" == record.revision  # type: ignore[attr-defined]


@pytest.mark.parametrize("word", sorted(FUNDS))
def test_every_funds_status_has_its_word(word: str) -> None:
    """The words of Oracle's budgetary control are all known."""
    record = translated(an_order_document(a_commitment(), FundsStatus=word.capitalize())).record

    assert FUNDS[word] == record.funds_status  # type: ignore[attr-defined]


def test_an_unknown_funds_status_is_not_guessed() -> None:
    """Whether funds are reserved decides about an order, so a new word needs a person."""
    found = refused(a_row(an_order_document(a_commitment(), FundsStatus="Sort of reserved")))

    assert "$.FundsStatus" == found.path


def test_children_are_read_in_both_forms() -> None:
    """Bare arrays of old framework versions and collections of new ones give the same record."""
    document = an_order_document(a_commitment())
    bare = json.loads(a_row(document))
    bare["lines"] = bare["lines"]["items"]
    bare["lines"][0]["schedules"] = bare["lines"][0]["schedules"]["items"]

    assert translated(document).record == translated(bare).record


def test_ids_may_be_text_and_numbers_too() -> None:
    """Framework 9 writes ids as text and amounts may come as text."""
    as_text = an_order_document(a_commitment(), POHeaderId="300000008800321", SupplierId="300000008800321")
    as_text["lines"]["items"][0]["Price"] = "101.00"

    assert translated(an_order_document(a_commitment())).record == translated(as_text).record


def test_no_decimal_is_rounded_on_the_way() -> None:
    """A price of twenty decimals arrives with all of them; a binary float would not keep six of them."""
    price = Decimal("0.10000000000000000001")
    line = a_commitment_line("10.00", quantity=Decimal(100), unit_price=price)
    row = an_order_document(a_commitment(lines=(line,)))

    record = translated(row).record

    assert price == record.lines[0].unit_price  # type: ignore[attr-defined]


@pytest.mark.parametrize("amount", ["12.345", "1e40", "lots", True, {"value": 1}])
def test_free_text_is_no_amount(amount: object) -> None:
    """What is not exact money of the order's currency is refused with its place."""
    document = an_order_document(a_commitment())
    document["lines"]["items"][0]["Amount"] = amount

    found = refused(json.dumps(json.loads(a_row(document))).encode())

    assert found.path.startswith("$.lines")


def test_distributions_that_do_not_add_up_are_refused() -> None:
    """A distribution lost on the way must not spread its share over the others unnoticed."""
    document = an_order_document(a_commitment())
    document["lines"]["items"][0]["schedules"]["items"][0]["distributions"]["items"][0]["Quantity"] = 0.4

    found = refused(a_row(document))

    assert "$.lines[0].schedules.distributions" == found.path


def test_an_order_read_without_all_lines_is_refused() -> None:
    """Half an order is not an order: its total would be wrong."""
    document = an_order_document(a_commitment())
    document["lines"]["hasMore"] = True

    assert "$.lines.hasMore" == refused(a_row(document)).path


def test_a_cancelled_line_is_not_in_the_total() -> None:
    """Total and control totals count what is still ordered."""
    lines = (a_commitment_line("10.00"), a_commitment_line("5.00", number="2"))
    document = an_order_document(a_commitment(lines=lines))
    document["lines"]["items"][1] |= {"CancelFlag": True, "Quantity": 0}

    record = translated(document).record

    assert Money.of("10.00", "EUR") == record.total  # type: ignore[attr-defined]
    assert record.lines[1].is_cancelled  # type: ignore[attr-defined]


def test_somebody_elses_note_is_no_mark() -> None:
    """Orders that buyers enter by hand are read, but not taken for ours."""
    document = an_order_document(a_commitment(), NoteToReceiver="Please ring: gate 4")

    assert translated(document).record.reference is None  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("row", "path"),
    [
        (b"", "$"),
        (b"[1]", "$"),
        (b'{"POHeaderId": 1, "CurrencyCode": "EUR", "lines": 7, "StatusCode": "OPEN"}', "$.lines"),
        (b'{"POHeaderId": 1, "StatusCode": "OPEN"}', "$"),
        (b'{"POHeaderId": 1, "CurrencyCode": "euros", "StatusCode": "OPEN"}', "$"),
        (b'{"POHeaderId": 1, "CurrencyCode": "EUR", "StatusCode": "OPEN", "Description": "\xff"}', "$"),
        (
            b'{"POHeaderId": 1, "CurrencyCode": "EUR", "StatusCode": "OPEN", "LastUpdateDate": "soon"}',
            "$.LastUpdateDate",
        ),
        (b'{"POHeaderId": 1, "CurrencyCode": "EUR", "lines": [{"LineNumber": "NaN"}]}', "$"),
        (
            b'{"POHeaderId": 1, "CurrencyCode": "EUR", "lines": [{"LineNumber": 1, "Quantity": 1e999999, "Price": 1e999999}]}',
            "$",
        ),
    ],
)
def test_a_bad_row_says_where_and_never_raises(row: bytes, path: str) -> None:
    """Whatever a row holds, its neighbours go on."""
    assert path == refused(row).path[: len(path)]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "POHeaderId",
                        "lines",
                        "items",
                        "LineNumber",
                        "Quantity",
                        "Price",
                        "CurrencyCode",
                        "StatusCode",
                        "SupplierId",
                        "Supplier",
                        "sites",
                        "Value",
                    ]
                ),
                x,
            )
        ),
        max_leaves=15,
    )
)
def test_no_json_makes_translation_raise(value: object) -> None:
    """Translation answers every document with a record or a reason."""
    row = json.dumps(value).encode()

    for entity in inbound.TRANSLATORS:
        assert isinstance(inbound.translate(entity, row, OPTIONS), Translated | Untranslatable)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 10_000),
            st.decimals("0.0001", "99999", places=4),
            st.lists(st.integers(1, 1000), min_size=1, max_size=5),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_we_write_and_read_back_is_the_same(lines: list[tuple[int, Decimal, list[int]]]) -> None:
    """Quantities and prices go out, and line and distribution amounts come back to the minor unit."""
    commitment = a_commitment(lines=tuple(_split_line(i, *line) for i, line in enumerate(lines, 1)))

    record = translated(an_order_document(commitment)).record

    sent = [(line.amount, [d.amount for d in line.distributions]) for line in commitment.lines]
    read = [(line.amount, [d.amount for d in line.distributions]) for line in record.lines]  # type: ignore[attr-defined]
    assert sent == read
    assert commitment.total == record.total  # type: ignore[attr-defined]


def _split_line(number: int, quantity: int, price: Decimal, weights: list[int]) -> Any:
    amount = Money.of(price * quantity, "EUR", rounding="half_up")
    shares = amount.split(weights)
    distributions = tuple(
        CommitmentDistribution(number=str(i), charge_account=f"01-{i}", amount=share)
        for i, share in enumerate(shares, 1)
    )
    return a_commitment_line(
        str(amount.amount),
        number=str(number),
        quantity=Decimal(quantity),
        unit_price=price,
        distributions=distributions,
    )


def a_supplier_document(**changes: Any) -> dict[str, Any]:
    site = {"SupplierSiteId": 71, "SupplierSite": "BERLIN", "ProcurementBUId": 300000001000011}
    return {"SupplierId": 501, "Supplier": "Muster GmbH", "SupplierNumber": "S-1", "sites": [site], **changes}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "active"),
        ({"Status": "Inactive"}, "inactive"),
        ({"InactiveDate": "2025-12-31", "LastUpdateDate": "2026-01-02T00:00:00+00:00"}, "inactive"),
        ({"InactiveDate": "2026-12-31", "LastUpdateDate": "2026-01-02T00:00:00+00:00"}, "active"),
        ({"InactiveDate": "4712-12-31", "LastUpdateDate": "2026-01-02T00:00:00+00:00"}, "active"),
        ({"BusinessRelationshipCode": "PROSPECTIVE"}, "draft"),
    ],
)
def test_a_suppliers_status_follows_its_dates_and_words(changes: dict[str, Any], expected: str) -> None:
    """A supplier that cannot be ordered from is not active."""
    record = translated(a_supplier_document(**changes), "supplier").record

    assert expected == record.status  # type: ignore[attr-defined]


def test_a_site_bears_the_name_of_our_business_unit() -> None:
    """The unit's id is what Oracle says, its configured name is what the flow compares."""
    record = translated(a_supplier_document(), "supplier").record

    assert "DE Operations" == record.sites[0].business_unit  # type: ignore[attr-defined]


def test_a_held_site_is_not_for_purchasing() -> None:
    """Oracle refuses new orders for a site on hold, so we know before."""
    document = a_supplier_document()
    document["sites"][0]["HoldAllNewPurchasingDocumentsFlag"] = "Y"

    assert not translated(document, "supplier").record.sites[0].is_purchasing  # type: ignore[attr-defined]


def test_an_account_number_never_reaches_a_payload() -> None:
    """Only a fingerprint and the last characters are kept, whatever the attribute is called."""
    iban = "DE89370400440532013000"
    row = json.dumps(
        {
            "BankAccountId": 7,
            "IBAN": iban,
            "BankAccountNumber": "0532013000",
            "MaskedNumber_c": iban,
            "CountryCode": "DE",
        }
    ).encode()

    kept = inbound.redacted_bank_account(row, ACCOUNT_KEY)
    record = inbound.translate("supplier_bank_account", kept, OPTIONS)

    assert iban.encode() not in kept
    assert b"0532013000" not in kept
    assert isinstance(record, Translated)
    assert (("bank_account", fingerprint(iban, ACCOUNT_KEY)),) == record.record.identifiers()


def test_combination_attributes_are_found_by_their_configured_names() -> None:
    """Pods name these attributes after their charts."""
    options = some_options(
        combination_attribute="AcmeAccount", enabled_attribute="ActiveFlag", segment_delimiter="."
    )
    row = {"_CODE_COMBINATION_ID": 5, "AcmeAccount": "01.420", "ActiveFlag": "N"}

    record = translated(row, "account_combination", options).record

    assert ("01", "420") == record.segments  # type: ignore[attr-defined]
    assert not record.is_enabled  # type: ignore[attr-defined]


def test_a_wrong_attribute_name_says_where_to_look() -> None:
    """The remedy is in the message: names come from the pod's describe."""
    found = refused(b'{"_CODE_COMBINATION_ID": 5}', "account_combination")

    assert "$.AccountCombination" == found.path
    assert "describe" in found.reason


def test_a_balance_in_another_currency_is_refused() -> None:
    """Amounts of two currencies are never added up."""
    row = json.loads((SAMPLES / "budget.json").read_text("utf-8"))
    row["items"][1]["Currency"] = "USD"

    found = refused(json.dumps(row).encode(), "budget", SAMPLE_OPTIONS)

    assert "$.items[1].Currency" == found.path
