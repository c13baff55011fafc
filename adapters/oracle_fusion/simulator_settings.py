"""How one simulated Fusion instance is set up: everything that differs between customers' pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Literal

CURRENCIES = frozenset(
    [
        "AED",
        "AUD",
        "BRL",
        "CAD",
        "CHF",
        "CLP",
        "CNY",
        "CZK",
        "DKK",
        "EUR",
        "GBP",
        "HKD",
        "HUF",
        "INR",
        "JPY",
        "KRW",
        "KWD",
        "MXN",
        "NOK",
        "NZD",
        "PLN",
        "SEK",
        "SGD",
        "USD",
        "ZAR",
    ]
)
UNITS_OF_MEASURE = {
    "Ea": "Each",
    "Hr": "Hour",
    "Day": "Day",
    "Mth": "Month",
    "Bx": "Box",
    "Kg": "Kilogram",
    "L": "Litre",
    "M": "Metre",
}
LINE_TYPES: Mapping[str, tuple[int, Literal["quantity", "amount"]]] = {
    "Goods": (1, "quantity"),
    "Rate Based Services": (2, "quantity"),
    "Fixed Price Services": (3, "amount"),
}
"""Line types by name: their id, and whether a line is priced or a plain amount."""


@dataclass(frozen=True, slots=True)
class CombinationNames:
    """Names of the attributes of `accountCombinationsLOV`: only the key is documented, the rest varies."""

    key: str = "_CODE_COMBINATION_ID"
    chart: str = "_CHART_OF_ACCOUNTS_ID"
    enabled: str = "EnabledFlag"
    combination: str = "AccountCombination"
    starts: str = "_START_DATE_ACTIVE"
    ends: str = "_END_DATE_ACTIVE"


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """One pod's configuration and habits."""

    seed: int = 0
    first_id: int = 300_000_001_000_000
    """Surrogate ids count up from here."""
    first_order_number: int = 100_001
    first_supplier_number: int = 1001
    order_numbering: Literal["automatic", "manual"] = "automatic"
    origin: str | None = None
    """Scheme, host and port in every link; None: those of the request, the default port written out."""
    page_size_default: int = 25
    page_size_max: int = 500
    expanded_rows_max: int = 500
    """How many rows of a child an expanded answer carries; `hasMore` says that there are more."""
    has_totals: bool = True
    """False: `totalResults=true` ends in a 500, as on large tables."""
    token_seconds: int = 3600
    scopes: tuple[str, ...] = ()
    """Scopes the token endpoint accepts; empty: any."""
    denied_resources: frozenset[str] = frozenset()
    """Resources the user has no privilege for: 403."""
    requests_per_second: float | None = None
    burst_count: int = 50
    is_approval_automatic: bool = True
    """False: a submitted order waits until `decide` is called."""
    approval_delay_min: timedelta = timedelta(minutes=10)
    approval_delay_max: timedelta = timedelta(days=2)
    submit_refusals: Literal["error", "result"] = "error"
    """How a submit says no: a 400, or a 200 whose result is the text."""
    has_strict_header: bool = False
    """True: BuyerId and DocumentStyleId are demanded, as documented; False: e-mail and default style do."""
    default_document_style_id: int = 1
    checks_site_assignments: bool = True
    moves_parent_with_child: bool = True
    """False: a changed site leaves its supplier's LastUpdateDate alone, and a delta read misses it."""
    marker_field: Literal["NoteToReceiver", "Description"] = "NoteToReceiver"
    """Only for `orders()`: where the demo's own mark is."""
    combination_names: CombinationNames = field(default_factory=CombinationNames)
    segment_attributes: tuple[str, ...] = ("Company", "CostCenter", "Account", "Product", "Project")
    """Attributes that show the segments of an account combination, in order."""
    currencies: frozenset[str] = CURRENCIES
    integration_user: str = "finsync"
    """Who created what comes in over REST."""
    first_request_id: int = 28_801
    """Scheduler requests count up from here."""
    import_delay_min: timedelta = timedelta(minutes=2)
    import_delay_max: timedelta = timedelta(minutes=20)
    """From the call to the end of the import."""
    import_status_on_errors: Literal["SUCCEEDED", "WARNING", "ERROR"] = "SUCCEEDED"
    """What the import's own status says when its log is full of errors."""
    posts_journals_after: timedelta | None = timedelta(hours=1)
    """Automatic posting; None: batches stay unposted until `post_journal`."""
    validates_invoices_after: timedelta | None = None
    """The scheduled validation; None: only `validateInvoice` validates."""
    invoice_refusals: Literal["result", "error"] = "result"
    """How an invoice action says no: a 200 whose result is the text, or a 400."""
    payment_run_every: timedelta | None = None
    """The automatic payment run; None: only `pay` pays."""
    withholding_percent: Mapping[str, Decimal] = field(default_factory=dict)
    """What is kept back for the tax office of payments to a supplier (by number): of the net, in proportion to a part."""
    match_approval_level: str = "2 Way"
    """Of order schedules that say nothing themselves; from "3 Way" on, receipts count."""
    quantity_tolerance_percent: int = 0
    price_tolerance_percent: int = 0
    """What an invoice may bill above order or receipt before validation holds it."""
    hold_names: frozenset[str] = frozenset()
    """Holds a client may put on invoices; empty: any."""
    controls_payables: bool = False
    """True: invoices without an order take funds of control budgets too; those with one always do."""
    receipt_tolerance_percent: int = 0
    """How much more than ordered may be received before a receipt is refused."""
    processes_receipts_after: timedelta | None = None
    """None: a receipt request is processed at once; else by the receiving processor, later."""
    upserts: frozenset[str] = frozenset({"values", "suppliers", "sites"})
    """Resources that support upsert mode."""
    first_requisition_number: int = 204_001
    first_receipt_number: int = 5_001
    units_of_measure: Mapping[str, str] = field(default_factory=lambda: dict(UNITS_OF_MEASURE))
