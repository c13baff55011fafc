"""Oracle Fusion's documents: the attributes we read or write, under Oracle's own names.

Numbers arrive as JSON numbers or as text and become `Decimal` without ever being binary floats. Ids are numbers up to
framework 8 and text from 9. Children are bare arrays up to framework 2 and collections from 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

Id: TypeAlias = int | str
Flag: TypeAlias = bool | str

OPEN_END = "4712-12-31"
"""Oracle's way to say that a date range does not end."""

T = TypeVar("T")

_encoder = msgspec.json.Encoder(decimal_format="number")
_any = msgspec.json.Decoder(float_hook=Decimal)


def encode(document: object) -> bytes:
    """Return JSON; decimals become exact JSON numbers.

    >>> encode({"Price": Decimal("0.10")})
    b'{"Price":0.10}'
    """
    return _encoder.encode(document)


def decode_any(content: bytes) -> Any:
    """Read JSON of unknown shape; fractions become `Decimal`."""
    return _any.decode(content)


class LinkProperties(msgspec.Struct):
    changeIndicator: str | None = None


class Link(msgspec.Struct):
    rel: str
    href: str
    name: str | None = None
    properties: LinkProperties | None = None


class Rows(msgspec.Struct, Generic[T], gc=False):
    """A child collection as framework 3 and later send it. `items` may be missing when there are none."""

    items: list[T] = msgspec.field(default_factory=list)
    hasMore: bool = False


class Envelope(msgspec.Struct):
    """One page of a collection, its rows left exactly as they came."""

    hasMore: bool
    count: int = 0
    offset: int = 0
    items: list[msgspec.Raw] | None = None


class Linked(msgspec.Struct, kw_only=True, gc=False):
    """Anything that may say where it lives and which version it is. A tree: nothing for the garbage collector to find."""

    links: list[Link] = msgspec.field(default_factory=list)

    @property
    def href(self) -> str | None:
        """The item's own address; keys are opaque, so this is the only way to it."""
        link = self._own
        return link.href if link else None

    @property
    def etag(self) -> str | None:
        link = self._own
        return link.properties.changeIndicator if link and link.properties else None

    @property
    def _own(self) -> Link | None:
        by_rel = {link.rel: link for link in reversed(self.links)}
        return by_rel.get("self") or by_rel.get("canonical")


def rows(children: Sequence[T] | Rows[T] | None) -> list[T]:
    """Return the children, in whichever form they came."""
    if children is None:
        return []
    return children.items if isinstance(children, Rows) else list(children)


EMPLOYEE = "EMPLOYEE"
"""The type of suppliers who are employees that are paid."""


class SupplierSite(Linked, kw_only=True):
    SupplierSiteId: Id
    SupplierSite: str | None = None
    ProcurementBUId: Id | None = None
    ProcurementBU: str | None = None
    SitePurposePurchasingFlag: Flag | None = None
    HoldAllNewPurchasingDocumentsFlag: Flag | None = None
    InactiveDate: str | None = None
    Status: str | None = None
    LastUpdateDate: str | None = None


class SupplierAddress(Linked, kw_only=True):
    SupplierAddressId: Id
    AddressLine1: str | None = None
    PostalCode: str | None = None
    City: str | None = None
    CountryCode: str | None = None
    Status: str | None = None

    @property
    def is_in_use(self) -> bool:
        return words(self.Status) in ("", "ACTIVE")


class Supplier(Linked, kw_only=True):
    SupplierId: Id
    Supplier: str
    SupplierNumber: str | None = None
    SupplierPartyId: Id | None = None
    BusinessRelationshipCode: str | None = None
    TaxpayerId: str | None = None
    TaxpayerCountry: str | None = None
    TaxRegistrationNumber: str | None = None  # not on every pod; read where it is
    TaxRegistrationCountryCode: str | None = None
    InactiveDate: str | None = None
    Status: str | None = None
    LastUpdateDate: str | None = None
    OneTimeSupplierFlag: Flag | None = None
    ParentSupplierId: Id | None = None
    SupplierTypeCode: str | None = None
    sites: list[SupplierSite] | Rows[SupplierSite] | None = None
    addresses: list[SupplierAddress] | Rows[SupplierAddress] | None = None


class AccountOwner(msgspec.Struct):
    AccountOwnerPartyIdentifier: Id | None = None
    PrimaryOwnerIndicator: str | None = None
    EndDate: str | None = None
    LastUpdateDate: str | None = None


class BankAccount(Linked, kw_only=True):
    """An external bank account after the client has taken the numbers out (`inbound.redacted_bank_account`)."""

    BankAccountId: Id
    fingerprint: str
    masked: str
    problem: str | None = None
    CountryCode: str | None = None
    SWIFTCode: str | None = None
    StartDate: str | None = None
    EndDate: str | None = None
    LastUpdateDate: str | None = None
    accountOwners: list[AccountOwner] | Rows[AccountOwner] | None = None


class Ledger(Linked, kw_only=True):
    LedgerName: str
    LedgerId: Id | None = None
    LedgerShortName: str | None = None
    LedgerType: str | None = None
    CurrencyCode: str
    ChartOfAccountsStructureId: Id | None = None
    AccountingCalendar: str | None = None
    BudgetaryControlEnabledFlag: Flag | None = None


class ValueSet(Linked, kw_only=True):
    ValueSetCode: str | None = None
    ValueSetId: Id | None = None


class Value(Linked, kw_only=True):
    Value: str
    ValueId: Id | None = None
    ValueSetCode: str | None = None
    Description: str | None = None
    EnabledFlag: Flag | None = None
    StartDateActive: str | None = None
    EndDateActive: str | None = None
    LastUpdateDate: str | None = None


class Project(Linked, kw_only=True):
    ProjectId: Id
    ProjectNumber: str | None = None
    ProjectName: str | None = None
    ProjectStatus: str | None = None
    ProjectStartDate: str | None = None
    ProjectFinishDate: str | None = None
    LastUpdateDate: str | None = None


class Balance(msgspec.Struct):
    Currency: str | None = None
    PeriodActivity: Decimal | None = None
    EndingBalance: Decimal | None = None
    Scenario: str | None = None


class Balances(msgspec.Struct):
    """All rows that one configured query gave, under that query's name (put together by the client)."""

    query: str
    items: list[Balance]


class OrderProject(
    msgspec.Struct,
    rename={
        "project": "_PROJECT_ID",
        "task": "_TASK_ID",
        "expenditure_type": "_EXPENDITURE_TYPE_ID",
        "organization": "_ORGANIZATION_ID",
    },
):
    """A project's coding of an order's distribution, by ids."""

    project: Id | None = None
    task: Id | None = None
    expenditure_type: Id | None = None
    organization: Id | None = None


class Distribution(Linked, kw_only=True):
    DistributionNumber: Decimal | None = None
    Quantity: Decimal | None = None
    Amount: Decimal | None = None
    POChargeAccount: str | None = None
    BudgetDate: str | None = None
    projectDFF: list[OrderProject] | Rows[OrderProject] | None = None
    """None: it was not asked for, or Oracle does not say."""


class Schedule(Linked, kw_only=True):
    ScheduleNumber: Decimal | None = None
    Quantity: Decimal | None = None
    Amount: Decimal | None = None
    RequestedDeliveryDate: str | None = None
    CancelFlag: Flag | None = None
    distributions: list[Distribution] | Rows[Distribution] | None = None


class OrderLine(Linked, kw_only=True):
    LineNumber: Decimal
    POLineId: Id | None = None
    Description: str | None = None
    Category: str | None = None
    Quantity: Decimal | None = None
    UOMCode: str | None = None
    Price: Decimal | None = None
    Amount: Decimal | None = None
    CancelFlag: Flag | None = None
    LastUpdateDate: str | None = None
    schedules: list[Schedule] | Rows[Schedule] | None = None


class IssuedLine(msgspec.Struct):
    LineNumber: Decimal


class IssuedOrder(Linked, kw_only=True):
    """An order as `purchaseOrders` shows it: status and revision in force, no charge accounts."""

    POHeaderId: Id
    OrderNumber: str | None = None
    Status: str | None = None
    StatusCode: str | None = None
    Revision: Decimal | None = None
    FundsStatus: str | None = None
    PaymentTerms: str | None = None
    LastUpdateDate: str | None = None
    lines: list[IssuedLine] | Rows[IssuedLine] | None = None


class Order(Linked, kw_only=True):
    """An order as `draftPurchaseOrders` shows it: the whole tree, with changes that are not in force yet.

    `issued` is the same order in `purchaseOrders`, put beside it by the client.
    """

    POHeaderId: Id
    OrderNumber: str | None = None
    Description: str | None = None
    Status: str | None = None
    StatusCode: str | None = None
    ChangeOrderStatusCode: str | None = None
    ProcurementBUId: Id | None = None
    ProcurementBU: str | None = None
    RequisitioningBUId: Id | None = None
    RequisitioningBU: str | None = None
    Buyer: str | None = None
    SupplierId: Id | None = None
    Supplier: str | None = None
    SupplierSiteId: Id | None = None
    CurrencyCode: str
    NoteToReceiver: str | None = None
    FundsStatus: str | None = None
    LastUpdateDate: str | None = None
    LastUpdatedBy: str | None = None
    lines: list[OrderLine] | Rows[OrderLine] | None = None
    issued: IssuedOrder | None = msgspec.field(name="@issued", default=None)


def is_set(flag: Flag | None, default: bool = False) -> bool:
    """Read a flag that may be true, "Y" or "true".

    >>> is_set("Y"), is_set("false"), is_set(None)
    (True, False, False)
    """
    if flag is None:
        return default
    return flag if isinstance(flag, bool) else flag.strip().upper() in ("Y", "YES", "TRUE")


@lru_cache(maxsize=256)  # the same few statuses stand in every row
def words(code: str | None, text: str | None = None) -> str:
    """Return a status in one spelling: the code if there is one, upper case, spaces.

    >>> words(None, "Pending Approval"), words("CLOSED_FOR_RECEIVING")
    ('PENDING APPROVAL', 'CLOSED FOR RECEIVING')
    """
    return " ".join((code or text or "").replace("_", " ").upper().split())


class ActionAnswer(msgspec.Struct):
    """A custom action's reply: text, a list of maps or a map of lists."""

    result: Any
