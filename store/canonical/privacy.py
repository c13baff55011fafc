"""What each field of each contract says about people and their bank accounts.

Every field stands here, also those that say nothing: a new one that nobody has classified fails a test, and is not guessed.
An amount and its currency are one field.

>>> classes("employee")["email"], classes("supplier_bank_account")["masked"]
('personal', 'bank')
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal, get_args

Class = Literal["personal", "bank", "key", "party", "words", "none"]
CLASSES: Final[tuple[Class, ...]] = get_args(Class)
MEANING: Final[Mapping[Class, str]] = {
    "personal": "names or reaches a person: name, login, e-mail",
    "bank": "of a bank account or card; whole numbers are never stored",
    "key": "a number that stands for a person and joins records; it says nothing without the system that gave it",
    "party": "of a supplier or payee: personal data where that is a person, else a company's",
    "words": "free text: meant for goods and reasons, and it may name somebody all the same",
    "none": "neither",
}

_LINES: Final = (
    "lines[].number lines[].quantity lines[].unit_price lines[].uom lines[].amount lines[].category"
)
_SPLIT: Final = "lines[].distributions[].number lines[].distributions[].amount lines[].distributions[].period"
_CHARGED: Final = (
    "lines[].distributions[].chart lines[].distributions[].account lines[].distributions[].segments[]"
)
_READ: Final = "as_of_entry as_of_effective transport"
"""How a record of HR was read."""
_ENTRIES: Final[Mapping[Class, str]] = {
    "bank": "entries[].allocations[].journal[].card_reference",
    "words": "entries[].description",
    "none": "entries[].id entries[].type_code entries[].type_name entries[].spent_on entries[].vendor entries[].country"
    " entries[].transaction_currency entries[].transaction_amount entries[].exchange_rate entries[].exchange_divides"
    " entries[].receipt entries[].approved entries[].paid_by entries[].payment_code entries[].is_personal"
    " entries[].is_paid_by_tool entries[].clearing_account entries[].liability_account entries[].codes.*"
    " entries[].allocations[].id entries[].allocations[].percentage entries[].allocations[].codes.*"
    " entries[].allocations[].journal[].account_code entries[].allocations[].journal[].payer"
    " entries[].allocations[].journal[].payee entries[].allocations[].journal[].gross"
    " entries[].allocations[].journal[].net_of_tax entries[].allocations[].journal[].net_of_reclaim"
    " entries[].allocations[].journal[].tax_ids[] entries[].allocations[].taxes[].id"
    " entries[].allocations[].taxes[].authority entries[].allocations[].taxes[].code"
    " entries[].allocations[].taxes[].reclaim_code entries[].allocations[].taxes[].country"
    " entries[].allocations[].taxes[].tax entries[].allocations[].taxes[].reclaim",
}

_FIELDS: Final[Mapping[str, Mapping[Class, str]]] = {
    "account_combination": {"none": "number chart segments[] is_enabled starts_on ends_on"},
    "approval": {
        "personal": "approver decided_by",
        "none": "number document_entity document_id status decided_at position",
    },
    "budget": {
        "none": "number name legal_entity period cost_centre account project amount remaining",
    },
    "commitment": {
        "personal": "policy.approval_chain[]",
        "words": "description lines[].description",
        "none": "number order_key revision marker stage legal_entity ledger business_unit supplier_id supplier_site_id currency total"
        " policy.policy_version policy.mapping_version policy.category policy.tax_treatment lines[].need_by_on"
        " lines[].distributions[].charge_account lines[].distributions[].quantity lines[].distributions[].cost_centre"
        " lines[].distributions[].account lines[].distributions[].project lines[].distributions[].budget_on"
        f" {_LINES} {_SPLIT}",
    },
    "cost_centre": {
        "none": f"number name chart parent is_active starts_on ends_on reference_id code roll_ups[] {_READ}",
    },
    "department": {"none": "number name is_active"},
    "directory_group": {"key": "members[].id", "none": "number members[].kind"},
    "directory_user": {
        "personal": "login name email",
        "key": "number employee_number manager_id",
        "none": "is_active kind title department cost_centre roles[] entitlements[]",
    },
    "employee": {
        "personal": "login name email",
        "key": "number manager_number approver_number delegates[]",
        "none": "is_active approval_limit approval_limits[].of approval_limits[].amount cost_centre legal_entity country currency"
        f" starts_on ends_on worker_type status org_unit position_id leaves_on next_change_on further_cost_centres[] {_READ}",
    },
    "exchange_rate": {"none": "number from_currency to_currency rate_on rate kind"},
    "expense_document": {
        "personal": "employee_login employee_name",
        "key": "employee_id approver_id employee_codes.*",
        "bank": _ENTRIES["bank"],
        "words": f"title {_ENTRIES['words']}",
        "none": "number kind status status_code document_type instruction report_id is_test ledger entity_id claimed_system country"
        " currency total requested exchange_rate reimbursed_by payroll_account submitted_at approved_at codes.*"
        " advances[].advance_id advances[].kind advances[].amount advances[].clearing_account returned"
        f" postings[].account_code postings[].side postings[].amount postings[].payer postings[].payee {_ENTRIES['none']}",
    },
    "expense_report": {
        "personal": "owner_login owner_name approver_login",
        "key": "employee_id",
        "bank": _ENTRIES["bank"],
        "words": f"title {_ENTRIES['words']}",
        "none": "number approval_status payment_status approval_code payment_code currency total approved due_employee due_card country"
        " ledger created_at submitted_at approved_at posted_at has_exception was_returned report_number codes.*"
        f" {_ENTRIES['none']}",
    },
    "fiscal_period": {"none": "number ledger name starts_on ends_on is_open subledger"},
    "import_job": {"words": "messages[]", "none": "number status case_class codes[]"},
    "invoice": {
        "party": "supplier_name supplier_tax_number ship_from.line1",
        "words": "description lines[].description recorded_payments[].note",
        "none": "number kind status paid_status supplier_id supplier_number supplier_site business_unit legal_entity source currency"
        " total paid invoiced_on accounting_on due_on reference tax original_number payment_terms payment_channel buyer_tax_number"
        " ship_from_country ship_to_country ship_from.country ship_from.region ship_from.city ship_from.postal_code"
        " ship_to.country ship_to.region ship_to.city ship_to.postal_code ship_to.line1 tolerance_failures[] target_number"
        " target_status recorded_payments[].id recorded_payments[].amount recorded_payments[].paid_on is_marked_paid holds[]"
        " lines[].kind lines[].account lines[].order_number lines[].order_line lines[].receipt_number lines[].receipt_line"
        f" lines[].tax_code lines[].tax_rate_percent lines[].tax lines[].reference {_LINES} {_CHARGED} {_SPLIT}",
    },
    "journal_entry": {
        "words": "description lines[].description",
        "none": "number status legal_entity ledger batch source category currency accounting_on period reference lines[].number"
        " lines[].account lines[].side lines[].amount lines[].reference",
    },
    "ledger": {"none": "number name currency calendar chart has_budgetary_control"},
    "legal_entity": {"none": "number name currency parent is_active"},
    "lookup": {"none": "number name description level_names[] is_active"},
    "lookup_value": {"none": "number lookup name code parent description chart is_default is_active"},
    "order_revision": {
        "personal": "changed_by",
        "words": "changes[].before changes[].after",
        "none": "number order_id revision internal_revision changed_at changes[].field",
    },
    "organisation": {
        "key": "managers[]",
        "none": "number name kind code parent is_active starts_on ends_on default_cost_centre default_legal_entity"
        f" {_READ}",
    },
    "payment": {
        "party": "payee_name",
        "none": "number status payee_number business_unit legal_entity method currency amount withheld paid_on cleared_on voided_on"
        " invoices[].invoice_id invoices[].invoice_number invoices[].amount invoices[].in_payment_currency invoices[].discount",
    },
    "project": {"none": "number name status starts_on ends_on is_active"},
    "purchase_order": {
        "personal": "buyer requester",
        "party": "supplier_name",
        "words": "description closing_reason lines[].description",
        "none": "number status revision supplier_id supplier_number supplier_site_id currency total business_unit requisition_id"
        " payment_terms reference funds_status target_number target_status lines[].external_id lines[].need_by_on"
        f" lines[].is_cancelled lines[].distributions[].quantity {_LINES} {_CHARGED} {_SPLIT}",
    },
    "receipt": {
        "personal": "received_by",
        "none": "number kind status order_id order_number order_line quantity amount uom received_on reference original_id target_number",
    },
    "requisition": {
        "personal": "requester",
        "key": "requester_number",
        "words": "title lines[].description",
        "none": "number status currency total department reference submitted_at lines[].supplier_id lines[].need_by_on"
        f" lines[].order_line_id lines[].distributions[].quantity {_LINES} {_CHARGED} {_SPLIT}",
    },
    "scheduled_change": {
        "key": "subject_id subject_number manager_number",
        "none": f"number subject_entity kind effective_on entered_at status org_unit cost_centre {_READ}",
    },
    "supplier": {
        "party": "name tax_registrations[].number address.street",
        "none": "number status country party_id tax_registrations[].country sites[].external_id sites[].code sites[].business_unit"
        " sites[].is_purchasing sites[].is_active address.postcode address.town address.country kind parent_id",
    },
    "supplier_bank_account": {
        "bank": "fingerprint masked terms",
        "none": "number supplier_id party_id country is_active problem bic is_deleted",
    },
    "tax_code": {
        "none": "number country description rate_percent is_active starts_on ends_on recoverable_percent is_reverse_charge"
        " document_kinds[] from_countries[]",
    },
}  # fmt: skip


_EXTENDED: Final[Mapping[str, Class]] = {
    "extensions.*.version": "none",
    "extensions.*.fields.*": "words",  # what a region declares there it may also declare of a person
}


@cache
def classes(entity: str) -> Mapping[str, Class]:
    """Return the class of each field of an entity by its path: `lines[].description`."""
    own = {path: kind for kind, paths in _FIELDS.get(entity, {}).items() for path in paths.split()}
    return {**own, **_EXTENDED} if own else own


def fields(entity: str, kind: Class) -> tuple[str, ...]:
    """Return the paths of an entity's fields of one class."""
    return tuple(path for path, one in classes(entity).items() if one == kind)
