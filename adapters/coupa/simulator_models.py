"""What the simulated Coupa knows about its documents: attributes, kinds, references, scopes, keys.

A model is declared in one text, attribute by attribute:

| written | means |
| --- | --- |
| `name` | text |
| `id:int` `active:bool` `price:d6` `created-at:time` | integer, boolean, decimal with 6 places, instant |
| `supplier>supplier` | a reference to one document of that model |
| `order-lines*order_line` | a list of documents of that model, inside this one |
| `custom-fields:free` | anything |
| `!status` | output only: written values are ignored without a word, as the real system does |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

Kind = Literal["text", "int", "bool", "decimal", "time", "one", "many", "free"]

_WORD = re.compile(r"(?P<ro>!?)(?P<name>[a-z0-9_?-]+)(?:(?P<mark>[:>*])(?P<what>[a-z0-9_]+))?")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a model."""

    name: str
    kind: Kind
    model: str = ""
    """Of `one` and `many`."""
    places: int = 0
    """Of `decimal`."""
    is_read_only: bool = False


@dataclass(frozen=True)
class Model:
    """One shape of document."""

    name: str
    attributes: Mapping[str, Attribute]
    keys: tuple[str, ...] = ("id",)
    """By which a reference to it resolves."""
    title: str = ""
    """The class name in messages."""
    also_shown: tuple[str, ...] = ()

    @cached_property
    def stub(self) -> tuple[str, ...]:
        """What a reference shows when nobody asks for more: id, keys and a few more."""
        return tuple(dict.fromkeys(("id", *self.keys, *self.also_shown)))


@dataclass(frozen=True)
class Resource:
    """One path below /api."""

    path: str
    model: str
    scope: str
    """Service and object; `.read` or `.write` is added."""
    verbs: frozenset[str]
    """Of index, show, create, update."""
    unique: tuple[str, ...] = ()
    """Attributes that no two documents may share."""
    required: tuple[str, ...] = ()
    error_key: str = ""
    """The member of an error body."""
    lookups: tuple[str, ...] = ()
    """Attributes that are indexed beside `unique`."""
    actions: frozenset[str] = frozenset()


def _model(name: str, text: str, keys: str = "id", title: str = "", shows: str = "") -> Model:
    attributes = {}
    for word in text.split():
        match = _WORD.fullmatch(word)
        if match is None:
            raise ValueError(f"{word!r} is no attribute")
        what, mark = match["what"] or "", match["mark"]
        kind: Kind = "text"
        places = 0
        if mark == ">":
            kind = "one"
        elif mark == "*":
            kind = "many"
        elif what.startswith("d") and what[1:].isdigit():
            kind, places = "decimal", int(what[1:])
        elif what in ("int", "bool", "time", "free"):
            kind = what  # type: ignore[assignment]
        model = what if mark in (">", "*") else ""
        attributes[match["name"]] = Attribute(match["name"], kind, model, places, bool(match["ro"]))
    title = title or name.title().replace("_", "")
    return Model(name, attributes, tuple(keys.split()), title, tuple(shows.split()))


_STAMPS = "!id:int !created-at:time !updated-at:time !created-by>user !updated-by>user"
_SEGMENTS = " ".join(f"segment-{n}" for n in range(1, 21))
_ADDRESS = (
    "name location-code street1 street2 street3 street4 city state state-iso-code postal-code attention "
    "active:bool country>country vat-number vat-country>country local-tax-number external-src-name "
    "external-src-ref custom-fields:free"
)
_METHODS = "po-method po-change-method po-email payment-term>payment_term shipping-term>shipping_term"

MODELS: Final[Mapping[str, Model]] = {
    model.name: model
    for model in (
        _model("country", "id:int code name", "id code name"),
        _model("shipping_term", "id:int code", "id code"),
        _model("uom", "id:int code name", "id code"),
        _model("commodity", "id:int name", "id name"),
        _model("phone", "country-code area-code number extension"),
        _model(
            "contact",
            "!id:int email name-prefix name-given name-additional name-family name-suffix !name-fullname "
            "notes phone-work>phone phone-mobile>phone phone-fax>phone",
        ),
        _model("named", "id:int name", "id name"),
        _model(
            "approval_limit", "id:int name amount:d4 currency>currency subject", "id name", "ApprovalLimit"
        ),
        _model("address", f"{_STAMPS} {_ADDRESS}", "id location-code"),
        _model("remit_to_address", f"{_STAMPS} {_ADDRESS} remit-to-code", "id remit-to-code"),
        _model("supplier_site", f"{_STAMPS} code name active:bool {_METHODS}", "id code"),
        _model("currency", f"{_STAMPS} code decimals:int enabled:bool", "id code", shows="decimals"),
        _model(
            "payment_term",
            f"{_STAMPS} code description type days-for-net-payment:int days-for-discount-payment:int "
            "discount-rate:d4 net-due-day:int net-due-month:int active:bool",
            "id code",
        ),
        _model(
            "supplier",
            f"{_STAMPS} number name display-name status tax-id duns account-number website on-hold:bool "
            "buyer-hold:bool hold-invoices-for-ap-review:bool one-time-supplier:bool invoice-matching-level "
            f"payment-method {_METHODS} tax-code>tax_code primary-contact>contact primary-address>address "
            "remit-to-addresses*remit_to_address supplier-sites*supplier_site parent>supplier "
            "business-entity-id:int commodity>commodity account-types*account_type content-groups*named "
            "custom-fields:free",
            "id number name",
            shows="display-name",
        ),
        _model(
            "supplier_information_address",
            f"{_STAMPS} {_ADDRESS} kind remit-to-code bank-name bank-account-number bank-account-type "
            "bank-routing-number iban-number swift-code sort-code bank-country>country beneficiary-name",
        ),
        _model(
            "supplier_information",
            f"{_STAMPS} supplier-id:int supplier-number supplier-name name number !status federal-tax-num "
            "intl-tax-num tax-classification !last-exported-at:time payment-method "
            "supplier-information-addresses*supplier_information_address "
            "supplier-information-contacts*contact custom-fields:free",
        ),
        _model(
            "user",
            f"{_STAMPS} login email employee-number firstname middlename lastname !fullname active:bool "
            "manager>user department>department default-account>account default-account-type>account_type "
            "default-currency>currency default-locale authentication-method sso-identifier "
            "purchasing-user:bool expense-user:bool invoicing-user:bool seniority-level business-function "
            "employee-payment-channel legal-entity>legal_entity roles*named user-groups*named "
            "content-groups*named salesforce-id !avatar-thumb-url approval-limit>approval_limit "
            "self-approval-limit>approval_limit requisition-approval-limit>approval_limit "
            "requisition-self-approval-limit>approval_limit expense-approval-limit>approval_limit "
            "expense-self-approval-limit>approval_limit invoice-approval-limit>approval_limit "
            "invoice-self-approval-limit>approval_limit contract-approval-limit>approval_limit "
            "contract-self-approval-limit>approval_limit work-confirmation-approval-limit>approval_limit "
            "escalation-threshold>approval_limit custom-fields:free",
            "id login email employee-number",
            shows="firstname lastname fullname",
        ),
        _model("department", f"{_STAMPS} name active:bool custom-fields:free", "id name"),
        _model(
            "account_type",
            f"{_STAMPS} name active:bool currency>currency !legal-entity-name !dynamic-flag:bool "
            "primary-contact>contact primary-address>address",
            "id name",
            "AccountType",
        ),
        _model(
            "account",
            f"{_STAMPS} name !code active:bool account-type>account_type !account-type-id:int {_SEGMENTS} "
            "custom-fields:free",
            f"id code account-type {_SEGMENTS}",
        ),
        _model(
            "period",
            "id:int name start-date:time end-date:time is-open:bool account-type>account_type "
            + " ".join(f"segment-{n}:bool" for n in range(1, 21)),
            "id name",
        ),
        _model(
            "allocation",
            "id:int account>account amount:d4 pct:d10 period>period budget-line>budget_line",
        ),
        _model(
            "order_line",
            f"{_STAMPS} line-num sub-line-num:int type status description quantity:d6 price:d6 total:d2 "
            "currency>currency uom>uom accounting-total:d4 accounting-total-currency>currency "
            "reporting-total:d4 account>account account-allocations*allocation account-type>account_type "
            "period>period commodity>commodity item>named department>department supplier>supplier "
            "contract>named need-by-date:time received:d6 invoiced:d6 !total-invoiced:d4 "
            "receipt-required:bool match-type service-type !order-header-id:int !order-header-number "
            "!requisition-line-id:int source-part-num external-reference-number external-reference-type "
            "!invoice-stop:bool savings-pct:d2 !version:int custom-fields:free",
        ),
        _model(
            "integration_record_response",
            "!id:int response-code response-message",
        ),
        _model(
            "integration",
            f"{_STAMPS} code name direction end-system end-system-type business-object integration-type",
            "id code name",
        ),
        _model(
            "integration_record",
            f"{_STAMPS} document-type document-id:int document-status document-revision:int "
            "contact-alert-type status external-id creation-method integration>integration "
            "integration-run>integration_run integration-run-id:int responses*integration_record_response "
            "!resolved:bool",
        ),
        _model(
            "integration_run",
            f"{_STAMPS} integration>integration !status start-time:time end-time:time total-records:int "
            "records-processed:int !integration-errors*integration_record",
            title="IntegrationRun",
        ),
        _model(
            "purchase_order",
            f"{_STAMPS} po-number !status !type !version:int !internal-revision:int !change-type "
            "!exported:bool !last-exported-at:time acknowledged-flag:bool !acknowledged-at:time "
            "!transmission-status transmission-method-override payment-method payment-term>payment_term "
            "shipping-term>shipping_term currency>currency supplier>supplier supplier-site>supplier_site "
            "ship-to-address>address ship-to-user>user ship-to-attention requester>user "
            "requisition-header>requisition !invoice-stop:bool price-hidden:bool order-lines*order_line "
            "!current-integration-history-records*integration_record custom-fields:free",
            "id po-number",
            "OrderHeader",
        ),
        _model(
            "revision",
            f"{_STAMPS} !order-header-id:int !purchase-order-id:int !version:int !internal-revision:int "
            "!changes:free",
        ),
        _model(
            "requisition_line",
            f"{_STAMPS} line-num:int line-type !status description quantity:d6 unit-price:d6 !total:d4 "
            "currency>currency uom>uom account>account account-allocations*allocation commodity>commodity "
            "supplier>supplier need-by-date:time !order-line-id:int custom-fields:free",
        ),
        _model(
            "requisition",
            f"{_STAMPS} !status req-title !requested-by>user department>department justification buyer-note "
            "!total:d4 currency>currency !line-count:int !submitted-at:time need-by-date:time "
            "!exported:bool !last-exported-at:time approvals*approval !current-approval>approval "
            "!reject-reason-comment external-po-reference requisition-lines*requisition_line "
            "custom-fields:free",
        ),
        _model(
            "approval",
            f"{_STAMPS} !approvable-type !approvable-id:int !approval-chain-id:int !position:int !status "
            "!type !approval-date:time !approver:free !approver-id:int !approver-type !approved-by>user "
            "!delegate:free !delegate-id:int !delegates:free !reasons:free !holdable:bool !note "
            "!parallel-group-name",
        ),
        _model(
            "lookup",
            f"{_STAMPS} name description active:bool fixed-depth:bool !values-count:int "
            + " ".join(f"level-{n}-name" for n in range(1, 11)),
            "id name",
        ),
        _model(
            "lookup_value",
            f"{_STAMPS} name description active:bool external-ref-num !external-ref-code lookup>lookup "
            "lookup-id:int parent>lookup_value parent-id:int account-type>account_type !depth:int "
            "is-default:bool !children-count:int custom-fields:free",
            "id external-ref-code external-ref-num name",
        ),
        _model(
            "budget_line",
            f"{_STAMPS} period>period amount:d4 !remaining:d4 remaining-budget:d4 "
            "!pending-requisitions-amount:d4 currency>currency description notes owner>user "
            f"owner-is-approver:int error-on-overrun:bool overrun-calculation:int {_SEGMENTS}",
        ),
        _model(
            "budget_line_adjustment",
            f"{_STAMPS} !budget-line-id:int adjustment-amount:d4 !amount:d4 !accounting-total:d4 "
            "!budget-remaining:d4 currency>currency description !reason !adjuster:free",
        ),
        _model(
            "project",
            f"{_STAMPS} name external-reference-number description !status active:bool start-date:time "
            "end-date:time department>department users*user custom-fields:free",
            "id name external-reference-number",
        ),
        _model(
            "legal_entity",
            f"{_STAMPS} name abbreviation description active:bool parent>legal_entity currency>currency "
            "external-identification-company-code external-identification-lei custom-fields:free",
            "id name abbreviation",
            "LegalEntity",
        ),
        _model(
            "tax_code",
            f"{_STAMPS} code description percentage:d6 country>country active:bool effective-date:time",
            "id code",
            "TaxCode",
        ),
        _model(
            "exchange_rate",
            f"{_STAMPS} from-currency>currency to-currency>currency rate:d9 rate-date:time",
        ),
    )
}

_READ = frozenset({"index", "show"})
_ALL = frozenset({"index", "show", "create", "update"})
_UPDATE = frozenset({"index", "show", "update"})

ORDER_ACTIONS: Final = frozenset(
    {
        "issue",
        "issue_without_send",
        "ignore_window_and_issue",
        "release_from_buyer_hold",
        "cancel",
        "close",
        "reopen",
    }
)
LINE_ACTIONS: Final = frozenset(
    {
        "soft_close_for_receiving",
        "soft_close_for_invoicing",
        "reopen_for_receiving",
        "reopen_for_invoicing",
    }
)
RUN_ACTIONS: Final = frozenset({"run", "pause", "pending", "success", "finish", "fail"})

RESOURCES: Final[Mapping[str, Resource]] = {
    resource.path: resource
    for resource in (
        Resource("suppliers", "supplier", "core.supplier", _ALL, ("number", "name"), ("name",), "supplier"),
        Resource(
            "supplier_information",
            "supplier_information",
            "core.supplier",
            _UPDATE,
            error_key="supplier_information",
            lookups=("supplier-id",),
        ),
        Resource(
            "purchase_orders",
            "purchase_order",
            "core.purchase_order",
            _UPDATE,
            ("po-number",),
            error_key="order_header",
            actions=ORDER_ACTIONS,
        ),
        Resource(
            "purchase_order_revisions",
            "revision",
            "core.purchase_order",
            _READ,
            lookups=("purchase-order-id",),
        ),
        Resource("requisitions", "requisition", "core.requisition", _UPDATE, error_key="requisition_header"),
        Resource(
            "approvals",
            "approval",
            "core.approval",
            _READ,
            error_key="approval",
            lookups=("approvable-id",),
            actions=frozenset({"approve", "hold", "reject"}),
        ),
        Resource("account_types", "account_type", "core.accounting", _READ, ("name",)),
        Resource(
            "accounts",
            "account",
            "core.accounting",
            _ALL,
            (),
            ("account-type",),
            "account",
            lookups=("code",),
        ),
        Resource("lookups", "lookup", "core.common", _ALL, ("name",), ("name",), "lookup"),
        Resource(
            "lookup_values",
            "lookup_value",
            "core.common",
            _ALL,
            (),
            ("name", "lookup"),
            "lookup_value",
            lookups=("external-ref-num", "external-ref-code", "name"),
        ),
        Resource(
            "budget_lines",
            "budget_line",
            "core.budget",
            _ALL,
            (),
            ("period",),
            "budget_line",
            actions=frozenset({"adjust"}),
        ),
        Resource(
            "budget_line_adjustments",
            "budget_line_adjustment",
            "core.budget",
            _READ,
            error_key="budget_line_adjustment",
            lookups=("budget-line-id",),
        ),
        Resource(
            "users",
            "user",
            "core.user",
            _ALL,
            ("login", "email", "employee-number"),
            ("login", "email", "firstname", "lastname"),
            "user",
        ),
        Resource("departments", "department", "core.common", _ALL, ("name",), ("name",), "department"),
        Resource("projects", "project", "core.project", _READ, ("name",)),
        Resource("legal_entities", "legal_entity", "core.legal_entity", _READ, ("name", "abbreviation")),
        Resource("currencies", "currency", "core.common", _READ, ("code",)),
        Resource("payment_terms", "payment_term", "core.common", _READ, ("code",)),
        Resource("tax_codes", "tax_code", "core.common", _READ, ("code",)),
        Resource(
            "exchange_rates",
            "exchange_rate",
            "core.common",
            _ALL,
            (),
            ("from-currency", "to-currency", "rate", "rate-date"),
            "exchange_rate",
        ),
        Resource(
            "integrations",
            "integration",
            "core.integration",
            _ALL,
            ("code", "name"),
            ("code", "name"),
            "integration",
        ),
        Resource(
            "integration_runs",
            "integration_run",
            "core.integration",
            _ALL,
            (),
            ("integration",),
            "integration_run",
            actions=RUN_ACTIONS,
        ),
        Resource(
            "integration_history_records",
            "integration_record",
            "core.integration",
            _ALL,
            (),
            ("document-type", "document-id"),
            "integration_history_record",
            lookups=("external-id", "document-id"),
            actions=frozenset({"resolve", "unresolve"}),
        ),
        Resource(
            "integration_errors",
            "integration_record",
            "core.integration",
            _UPDATE,
            (),
            ("document-type", "document-id"),
            "integration_error",
            lookups=("external-id", "document-id"),
            actions=frozenset({"resolve", "unresolve"}),
        ),
    )
}

HOME: Final[Mapping[str, str]] = {
    "supplier": "suppliers",
    "user": "users",
    "department": "departments",
    "account_type": "account_types",
    "account": "accounts",
    "lookup": "lookups",
    "lookup_value": "lookup_values",
    "budget_line": "budget_lines",
    "project": "projects",
    "legal_entity": "legal_entities",
    "currency": "currencies",
    "payment_term": "payment_terms",
    "tax_code": "tax_codes",
    "integration": "integrations",
    "integration_run": "integration_runs",
    "requisition": "requisitions",
}
"""The collection in which a referenced model lives; others live only inside their owner."""

SCOPES: Final = frozenset(
    f"{resource.scope}.{right}" for resource in RESOURCES.values() for right in ("read", "write")
)
