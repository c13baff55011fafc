"""The seeded company: the same for the same seed, whole and exact."""

from __future__ import annotations

from decimal import Decimal

import pytest
from stdnum.de import vat
from stdnum.fr import tva
from stdnum.us import ein

from finsync_tui.rehearse import catalogue
from finsync_tui.rehearse.company import ENDS_AT, STARTS_AT, build
from finsync_tui.rehearse.purchases import is_exact
from store.canonical.money import total

SMALL = 0.1


def test_same_seed_same_company() -> None:
    """Two companies of one seed are equal to the last line; another seed gives another one."""
    assert build(7, SMALL) == build(7, SMALL)
    assert build(7, SMALL).orders != build(8, SMALL).orders


def test_has_the_size_that_is_promised() -> None:
    """At scale 1: 3 legal entities in 2 currencies on 2 ERPs, 400 suppliers, 2,000 orders over the year."""
    company = build(7)

    assert 2000 == len(company.orders)
    assert 400 == len(company.suppliers)
    assert {"EUR", "USD"} == {one.currency for one in company.legal_entities.values()}
    assert ("oracle-emea", "oracle-amer") == company.systems
    assert 12 == len({order.issued_at.month for order in company.orders.values()})
    assert all(STARTS_AT <= order.issued_at < ENDS_AT for order in company.orders.values())


def test_history_has_the_promised_shares() -> None:
    """About 15 % of the orders are changed, 4 % cancelled and 30 % closed."""
    company = build(7)

    shares = {
        kind: len({one.number for one in company.changes if one.kind == kind}) / len(company.orders)
        for kind in ("revise", "cancel", "close")
    }
    assert pytest.approx({"revise": 0.15, "cancel": 0.04, "close": 0.30}, abs=0.03) == shares


def test_every_line_is_whole_cents() -> None:
    """Quantity times price is exact money for every line, before and after every revision."""
    company = build(7)

    lines = [line for order in company.orders.values() for line in order.lines]
    lines += [line for change in company.changes for line in change.lines]
    assert all(is_exact(line) for line in lines)
    assert any(line.price % Decimal("0.00001") for line in lines), "some prices have six decimals"
    assert any(line.quantity is None for line in lines), "some lines are ordered by amount"


def test_shares_of_a_split_add_up() -> None:
    """About a tenth of the lines is split; what the splits cost is what the line costs."""
    company = build(7)

    split = [line for order in company.orders.values() for line in order.lines if len(line.splits) > 1]
    count = sum(len(order.lines) for order in company.orders.values())
    assert pytest.approx(0.10, abs=0.02) == len(split) / count
    assert all(sum(line.shares()) == line.amount for line in split)
    assert all(abs(sum(one.percent for one in line.splits) - 100) < Decimal("0.01") for line in split)


def test_history_is_in_order() -> None:
    """No change comes before its order, none after a cancellation or a close, and a dropped line's number is not used again."""
    company = build(7)

    last = {number: order.issued_at for number, order in company.orders.items()}
    numbers = {number: {line.number for line in order.lines} for number, order in company.orders.items()}
    highest = {number: max(found) for number, found in numbers.items()}
    ended: set[str] = set()
    for change in company.changes:
        assert last[change.number] < change.at < ENDS_AT
        assert change.number not in ended
        last[change.number] = change.at
        if change.kind == "revise":
            after = {line.number for line in change.lines}
            assert all(one > highest[change.number] for one in after - numbers[change.number])
            numbers[change.number], highest[change.number] = after, max(highest[change.number], *after)
        else:
            ended.add(change.number)


def test_tax_ids_are_valid_and_unique() -> None:
    """Every supplier's tax id passes the check of its country, and no two have the same."""
    suppliers = build(7, SMALL).suppliers.values()

    checks = {"DE": vat.is_valid, "FR": tva.is_valid, "US": ein.is_valid}
    assert all(checks[one.country](one.tax_id) for one in suppliers)
    assert len(suppliers) == len({one.tax_id for one in suppliers}) == len({one.name for one in suppliers})


def test_some_suppliers_have_another_number_in_the_erp() -> None:
    """For some the tax id alone tells who they are, so that it is really looked at."""
    suppliers = build(7, SMALL).suppliers.values()

    others = [one for one in suppliers if one.erp_numbers != (one.number,)]
    assert 40 < len(others) < 140


def test_codes_differ_between_the_systems() -> None:
    """Cost centres and accounts are written differently in Coupa and in the ERP, or mapping would prove nothing."""
    assert any(one.source != one.target for one in catalogue.cost_centres() if one.target)
    assert any(one.source == one.target for one in catalogue.cost_centres())
    assert any(one.source != one.target for one in catalogue.accounts())
    keys = [(one.legal_entity, one.source) for one in catalogue.cost_centres()]
    assert len(keys) == len(set(keys))


def test_order_total_is_the_sum_of_its_lines() -> None:
    """The total of an order is exact money of its company's currency."""
    company = build(7, SMALL)

    for order in company.orders.values():
        currency = company.legal_entities[order.legal_entity].currency
        minor = sum(int(line.amount * 100) for line in order.lines)
        assert minor == order.total(currency).amount_minor
        assert total([], currency).currency == currency


def test_refuses_a_scale_without_orders() -> None:
    """A scale of nothing is an error of the caller, not an empty rehearsal."""
    with pytest.raises(ValueError, match="without orders"):
        build(7, 0)
