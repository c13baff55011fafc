"""List values, vendors and budgets as Concur writes them, and as the client hands them on: the fields we read."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from adapters.concur.wire import Camel, Pascal


class Vendor(Pascal):
    """A vendor at one address: the key is both codes."""

    vendor_code: str | None = None
    vendor_name: str | None = None
    address_code: str | None = None
    approved: bool | str | None = None
    is_deleted: bool | str | None = None
    country_code: str | None = None
    tax_id: str | None = msgspec.field(default=None, name="TaxID")
    address1: str | None = None
    city: str | None = None
    postal_code: str | None = None


class ListItem(Camel):
    """One value of a list."""

    id: str | None = None
    code: str | None = None
    short_code: str | None = None
    value: str | None = None
    level: int | None = None
    parent_id: str | None = None
    is_deleted: bool | None = None
    lists: list[ListMembership] | None = None


class ListMembership(Camel):
    id: str | None = None
    has_children: bool | None = None


class ListRow(Camel):
    """What becomes of a list value before it leaves the client: with our name of its list and its parent's code."""

    list: str
    parent: str | None = None
    item: ListItem = msgspec.field(default_factory=ListItem)


class BudgetPeriod(Camel):
    id: str | None = None
    name: str | None = None


class BudgetAmounts(Camel):
    available_amount: Decimal | None = None


class BudgetDetail(Camel):
    id: str | None = None
    sync_guid: str | None = None
    amount: Decimal | None = None
    currency_code: str | None = None
    fiscal_period: BudgetPeriod | None = None
    budget_item_detail_status_type: str | None = None
    budget_amounts: BudgetAmounts | None = None


class BudgetCostObject(Camel):
    code: str | None = None
    value: str | None = None
    field_definition_id: str | None = None
    operator: str | None = None


class BudgetHeader(Camel):
    id: str | None = None
    sync_guid: str | None = None
    name: str | None = None
    description: str | None = None
    budget_item_status_type: str | None = None
    currency_code: str | None = None
    cost_objects: list[BudgetCostObject] | None = None
    is_test: bool | None = None
    test: bool | None = None


class BudgetRow(Camel):
    """What becomes of a budget before it leaves the client: one period of it, without the people it names."""

    header: BudgetHeader
    detail: BudgetDetail
