"""The documents of the simulated Coupa, attribute by attribute, and where each is at home."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.coupa.simulator_models_payables import PAYABLES
from adapters.coupa.simulator_shapes import ADDRESS, METHODS, SEGMENT_NAMES, STAMPS, Model, model

MODELS: Final[Mapping[str, Model]] = {
    one.name: one
    for one in (
        model("country", "id:int code name", "id code name"),
        model("shipping_term", "id:int code", "id code"),
        model("uom", "id:int code name", "id code"),
        model("commodity", "id:int name", "id name"),
        model("phone", "country-code area-code number extension"),
        model(
            "contact",
            "!id:int email name-prefix name-given name-additional name-family name-suffix !name-fullname "
            "notes phone-work>phone phone-mobile>phone phone-fax>phone",
        ),
        model("named", "id:int name", "id name"),
        model(
            "approval_limit", "id:int name amount:d4 currency>currency subject", "id name", "ApprovalLimit"
        ),
        model("address", f"{STAMPS} {ADDRESS}", "id location-code"),
        model(
            "remit_to_address",
            f"{STAMPS} {ADDRESS} remit-to-code tax-registrations*tax_registration",
            "id remit-to-code",
        ),
        model("supplier_site", f"{STAMPS} code name active:bool {METHODS}", "id code"),
        model("currency", f"{STAMPS} code decimals:int enabled:bool", "id code", shows="decimals"),
        model(
            "payment_term",
            f"{STAMPS} code description type days-for-net-payment:int days-for-discount-payment:int "
            "discount-rate:d4 net-due-day:int net-due-month:int active:bool",
            "id code",
        ),
        model(
            "supplier",
            f"{STAMPS} number name display-name status tax-id duns account-number website on-hold:bool "
            "buyer-hold:bool hold-invoices-for-ap-review:bool one-time-supplier:bool invoice-matching-level "
            f"payment-method {METHODS} tax-code>tax_code primary-contact>contact primary-address>address "
            "remit-to-addresses*remit_to_address supplier-sites*supplier_site parent>supplier "
            "business-entity-id:int commodity>commodity account-types*account_type content-groups*named "
            "custom-fields:free",
            "id number name",
            shows="display-name",
        ),
        model(
            "supplier_information_address",
            f"{STAMPS} {ADDRESS} kind remit-to-code bank-name bank-account-number bank-account-type "
            "bank-routing-number iban-number swift-code sort-code bank-country>country beneficiary-name",
        ),
        model(
            "supplier_information",
            f"{STAMPS} supplier-id:int supplier-number supplier-name name number !status federal-tax-num "
            "intl-tax-num tax-classification !last-exported-at:time payment-method "
            "supplier-information-addresses*supplier_information_address "
            "supplier-information-contacts*contact custom-fields:free",
        ),
        model(
            "user",
            f"{STAMPS} login email employee-number firstname middlename lastname !fullname active:bool "
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
        model("department", f"{STAMPS} name active:bool custom-fields:free", "id name"),
        model(
            "account_type",
            f"{STAMPS} name active:bool currency>currency !legal-entity-name !dynamic-flag:bool "
            "primary-contact>contact primary-address>address",
            "id name",
            "AccountType",
        ),
        model(
            "account",
            f"{STAMPS} name !code active:bool account-type>account_type !account-type-id:int {SEGMENT_NAMES} "
            "custom-fields:free",
            f"id code account-type {SEGMENT_NAMES}",
        ),
        model(
            "period",
            "id:int name start-date:time end-date:time is-open:bool account-type>account_type "
            + " ".join(f"segment-{n}:bool" for n in range(1, 21)),
            "id name",
        ),
        model(
            "allocation",
            "id:int account>account amount:d4 pct:d10 period>period budget-line>budget_line",
        ),
        model(
            "order_line",
            f"{STAMPS} line-num sub-line-num:int type status description quantity:d6 price:d6 total:d2 "
            "currency>currency uom>uom accounting-total:d4 accounting-total-currency>currency "
            "reporting-total:d4 account>account account-allocations*allocation account-type>account_type "
            "period>period commodity>commodity item>named department>department supplier>supplier "
            "contract>named need-by-date:time received:d6 invoiced:d6 !total-invoiced:d4 "
            "receipt-required:bool match-type service-type !order-header-id:int !order-header-number "
            "!requisition-line-id:int source-part-num external-reference-number external-reference-type "
            "!invoice-stop:bool savings-pct:d2 !version:int custom-fields:free",
        ),
        model(
            "integration_record_response",
            "!id:int response-code response-message",
        ),
        model(
            "integration",
            f"{STAMPS} code name direction end-system end-system-type business-object integration-type",
            "id code name",
        ),
        model(
            "integration_record",
            f"{STAMPS} document-type document-id:int document-status document-revision:int "
            "contact-alert-type status external-id creation-method integration>integration "
            "integration-run>integration_run integration-run-id:int responses*integration_record_response "
            "!resolved:bool",
        ),
        model(
            "integration_run",
            f"{STAMPS} integration>integration !status start-time:time end-time:time total-records:int "
            "records-processed:int !integration-errors*integration_record",
            title="IntegrationRun",
        ),
        model(
            "purchase_order",
            f"{STAMPS} po-number !status !type !version:int !internal-revision:int !change-type "
            "!exported:bool !last-exported-at:time acknowledged-flag:bool !acknowledged-at:time "
            "!transmission-status transmission-method-override payment-method payment-term>payment_term "
            "shipping-term>shipping_term currency>currency supplier>supplier supplier-site>supplier_site "
            "ship-to-address>address ship-to-user>user ship-to-attention requester>user "
            "requisition-header>requisition !invoice-stop:bool price-hidden:bool order-lines*order_line "
            "!current-integration-history-records*integration_record custom-fields:free",
            "id po-number",
            "OrderHeader",
        ),
        model(
            "revision",
            f"{STAMPS} !order-header-id:int !purchase-order-id:int !version:int !internal-revision:int "
            "!changes:free",
        ),
        model(
            "requisition_line",
            f"{STAMPS} line-num:int line-type !status description quantity:d6 unit-price:d6 !total:d4 "
            "currency>currency uom>uom account>account account-allocations*allocation commodity>commodity "
            "supplier>supplier need-by-date:time period>period !order-line-id:int custom-fields:free",
        ),
        model(
            "requisition",
            f"{STAMPS} !status req-title !requested-by>user department>department justification buyer-note "
            "!total:d4 currency>currency !line-count:int !submitted-at:time need-by-date:time "
            "!exported:bool !last-exported-at:time approvals*approval !current-approval>approval "
            "!reject-reason-comment external-po-reference requisition-lines*requisition_line "
            "custom-fields:free",
        ),
        model(
            "approval",
            f"{STAMPS} !approvable-type !approvable-id:int !approval-chain-id:int !position:int !status "
            "!type !approval-date:time !approver:free !approver-id:int !approver-type !approved-by>user "
            "!delegate:free !delegate-id:int !delegates:free !reasons:free !holdable:bool !note "
            "!parallel-group-name",
        ),
        model(
            "lookup",
            f"{STAMPS} name description active:bool fixed-depth:bool !values-count:int "
            + " ".join(f"level-{n}-name" for n in range(1, 11)),
            "id name",
        ),
        model(
            "lookup_value",
            f"{STAMPS} name description active:bool external-ref-num !external-ref-code lookup>lookup "
            "lookup-id:int parent>lookup_value parent-id:int account-type>account_type !depth:int "
            "is-default:bool !children-count:int custom-fields:free",
            "id external-ref-code external-ref-num name",
        ),
        model(
            "budget_line",
            f"{STAMPS} period>period amount:d4 !remaining:d4 remaining-budget:d4 "
            "!pending-requisitions-amount:d4 currency>currency description notes owner>user "
            f"owner-is-approver:int error-on-overrun:bool overrun-calculation:int {SEGMENT_NAMES}",
        ),
        model(
            "budget_line_adjustment",
            f"{STAMPS} !budget-line-id:int adjustment-amount:d4 !amount:d4 !accounting-total:d4 "
            "!budget-remaining:d4 currency>currency description !reason !adjuster:free",
        ),
        model(
            "project",
            f"{STAMPS} name external-reference-number description !status active:bool start-date:time "
            "end-date:time department>department users*user custom-fields:free",
            "id name external-reference-number",
        ),
        model(
            "legal_entity",
            f"{STAMPS} name abbreviation description active:bool parent>legal_entity currency>currency "
            "external-identification-company-code external-identification-lei custom-fields:free",
            "id name abbreviation",
            "LegalEntity",
        ),
        model(
            "tax_code",
            f"{STAMPS} code description percentage:d6 country>country active:bool effective-date:time",
            "id code",
            "TaxCode",
        ),
        model(
            "exchange_rate",
            f"{STAMPS} from-currency>currency to-currency>currency rate:d9 rate-date:time",
        ),
        *PAYABLES,
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
