"""What the simulated Fusion says no with: codes and texts, in one table.

`evidence` follows the contract sheet: **C** seen in public client code, **U** our own guess in the style the
sheet describes (`PO-nnnnnnn`, `POZ-nnnnnnn`, `GL-nnnnnn`, `XCC-nnnnnn`). Nothing outside the simulator imports
this module: an adapter classifies by what the sheet says, and meets these texts only as answers.

>>> problem("REQUIRED", "/Supplier", attribute="Supplier", entity="SupplierEO").detail
'Attribute Supplier in SupplierEO is required.'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Message:
    """One text, with the facts it names in braces."""

    code: str
    text: str
    evidence: Literal["C", "U"] = "U"


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of `o:errorDetails`."""

    code: str
    detail: str
    path: str = ""

    @property
    def text(self) -> str:
        """The same in the form of framework versions before 4."""
        return f"JBO-{self.code}: {self.detail}" if self.code.isdigit() else f"{self.code}: {self.detail}"


class RefusedError(Exception):
    """The simulated system answers with this status and these problems."""

    def __init__(self, status: int, problems: Iterable[Problem]) -> None:
        self.status = status
        self.problems = tuple(problems)
        super().__init__("; ".join(one.detail for one in self.problems))


MESSAGES: Final[dict[str, Message]] = {
    # framework
    "REQUIRED": Message("27014", "Attribute {attribute} in {entity} is required.", "C"),
    "READ_ONLY": Message("27008", "Attribute {attribute} in {entity} can't be updated."),
    "UNKNOWN_ATTRIBUTE": Message("25058", "Attribute {attribute} isn't found in {entity}."),
    "BAD_VALUE": Message("25009", "The value {value} of attribute {attribute} isn't a valid {kind}."),
    "TOO_LONG": Message("27010", "The value of attribute {attribute} is longer than {length} characters."),
    "BAD_JSON": Message("27501", "The request body isn't valid JSON: {reason}."),
    "BAD_QUERY": Message("27520", "The query {query} can't be parsed: {reason}."),
    "NOT_QUERYABLE": Message("27521", "Attribute {attribute} of {resource} isn't queryable."),
    "BAD_PARAMETER": Message("27522", "The value {value} of parameter {parameter} isn't valid."),
    "UNKNOWN_FINDER": Message("27523", "The finder {finder} isn't defined for {resource}."),
    "FINDER_VARIABLE": Message("27524", "The finder {finder} needs the variable {variable}."),
    "UNKNOWN_CHILD": Message("27525", "The child {child} isn't found in {resource}."),
    "NO_UPSERT": Message("27526", "Resource {resource} doesn't support upsert."),
    "BAD_ACTION": Message("27527", "The action {action} isn't called correctly: {reason}."),
    "NOT_IN_BATCH": Message("27528", "The operation {operation} isn't enabled for batch execution."),
    "STALE": Message("25014", "Another user has changed the row with key {key}."),
    "MISSING_ROW": Message("FND_CMN_RCRD_MSNG", "The record {key} of {resource} doesn't exist.", "C"),
    "NO_PRIVILEGE": Message("FND-2901", "You don't have the privilege to use {resource}."),
    "TOTALS_FAILED": Message("27122", "An SQL error occurred while the rows were counted."),
    # bulk import
    "BAD_OPERATION": Message("FUN-720001", "The operation {operation} isn't valid."),
    "BAD_JOB": Message("FUN-720002", "The job {job} isn't valid for the document account {account}."),
    "BAD_DOCUMENT": Message("FUN-720003", "The file can't be uploaded: {reason}."),
    "BAD_PARAMETERS": Message(
        "FUN-720004",
        "The parameter list {given} isn't valid: {expected} positions with numbers are expected.",
    ),
    "BATCH_POSTED": Message("GL-781020", "You can't delete journal batch {batch} because it's posted."),
    # invoices and payments
    "INVOICE_TAKEN": Message(
        "AP-810203",
        "The invoice number {number} already exists for supplier {supplier}. Enter a unique number.",
    ),
    "INVOICE_BU": Message("AP-810210", "The business unit {value} isn't valid."),
    "INVOICE_SUPPLIER": Message("AP-810211", "The supplier {value} isn't found."),
    "INVOICE_SUPPLIER_INACTIVE": Message("AP-810212", "The supplier {supplier} is inactive."),
    "INVOICE_SITE": Message(
        "AP-810291", "The supplier site {site} of supplier {supplier} isn't valid for the business unit {bu}."
    ),
    "INVOICE_CURRENCY": Message("AP-810220", "The currency {currency} isn't valid."),
    "INVOICE_RATE": Message(
        "AP-810221",
        "A conversion rate type and date are required because {currency} isn't the ledger currency.",
    ),
    "INVOICE_TYPE": Message("AP-810222", "The invoice type {value} isn't valid."),
    "INVOICE_LINE_TYPE": Message("AP-810223", "The line type {value} of line {line} isn't valid."),
    "INVOICE_LINE_REPEATED": Message("AP-810224", "The line number {line} is used more than once."),
    "INVOICE_DECIMALS": Message(
        "AP-810225", "The amount {amount} of {what} has more decimals than {currency} allows."
    ),
    "INVOICE_PERIOD": Message(
        "AP-810230", "The accounting date {day} isn't in an open period of ledger {ledger} ({period})."
    ),
    "INVOICE_MISSING": Message("AP-810240", "The invoice isn't found."),
    "INVOICE_FROZEN": Message("AP-810241", "You can't change invoice {number} because it's canceled."),
    "INVOICE_CANCEL": Message("AP-810250", "The invoice {number} can't be canceled because it {reason}."),
    "MATCH_NO_ORDER": Message(
        "AP-810280", "The purchase order {number} of supplier {supplier} isn't found or isn't issued."
    ),
    "MATCH_NO_LINE": Message("AP-810281", "The purchase order {number} has no line {line} to match to."),
    "MATCH_CLOSED": Message(
        "AP-810282", "The purchase order {number} can't be matched because its status is {status}."
    ),
    "MATCH_CURRENCY": Message(
        "AP-810283", "The invoice currency {currency} isn't the currency {other} of purchase order {number}."
    ),
    "MATCH_LINE_AMOUNT": Message(
        "AP-810284", "The amount {actual} of line {line} isn't quantity times unit price ({expected})."
    ),
    "MATCH_BELOW_ZERO": Message(
        "AP-810285", "Line {line} would bring the billed quantity {billed} of the purchase order below zero."
    ),
    "HOLD_NAME": Message("AP-810290", "The hold name {value} isn't valid."),
    "HOLD_RELEASE": Message("AP-810292", "The hold {name} can't be released by hand: correct the invoice."),
    "HOLD_RELEASED": Message("AP-810293", "The hold {name} is already released."),
    "PREPAYMENT": Message("AP-810295", "The prepayment {number} can't be applied because it {reason}."),
    "PREPAYMENT_APPLIED": Message("AP-810296", "The prepayment {number} isn't applied to invoice {invoice}."),
    "PAYMENT_VOID": Message("AP-810260", "You can't void payment {number} because its status is {status}."),
    "PAYMENT_VOID_DATES": Message("AP-810261", "The void date and the void accounting date are required."),
    # receiving; codes are names of messages there (ErrorMessageName)
    "RCV_TOO_MUCH": Message(
        "RCV_TRX_QTY_EXCEEDS_AVAIL_UI",
        "The quantity {actual} exceeds the quantity {available} that's still available to receive.",
        "C",
    ),
    "RCV_TOO_MUCH_BACK": Message(
        "RCV_TRX_QTY_EXCEEDS_AVAIL_UI",
        "The quantity {actual} exceeds the quantity {available} that's available for this transaction.",
        "C",
    ),
    "RCV_TYPE": Message("RCV_INVALID_TRX_TYPE", "The transaction type {value} isn't valid."),
    "RCV_SIZE": Message("RCV_QTY_INVALID", "Enter a valid value for {attribute}."),
    "RCV_UOM": Message(
        "RCV_UOM_INVALID", "The UOM {value} isn't that of the purchase order line: {expected}."
    ),
    "RCV_NO_ORDER": Message("RCV_DOC_NOT_FOUND", "The purchase order {number} isn't found."),
    "RCV_NO_LINE": Message(
        "RCV_DOC_LINE_NOT_FOUND", "The purchase order {number} has no line {line} that can be received."
    ),
    "RCV_ORDER_CLOSED": Message(
        "RCV_DOC_NOT_OPEN", "The purchase order {number} isn't open for receiving: its status is {status}."
    ),
    "RCV_PARENT": Message(
        "RCV_PARENT_INVALID", "The parent transaction {value} isn't valid for the document line."
    ),
    "RCV_FUTURE": Message("RCV_TRX_FUTURE_DATE", "The transaction date {day} can't be in the future."),
    "RCV_PERIOD": Message("RCV_TRX_PERIOD_NOT_OPEN", "The transaction date {day} can't be used. {reason}"),
    # suppliers
    "SUPPLIER_NAME_TAKEN": Message(
        "POZ-2130001", "The supplier name {name} already exists. Enter a unique name."
    ),
    "SUPPLIER_NUMBER_TAKEN": Message("POZ-2130002", "The supplier number {number} already exists."),
    "SITE_TAKEN": Message(
        "POZ-2130010", "The site {site} already exists for this procurement business unit."
    ),
    "BANK_ACCOUNT_TAKEN": Message("IBY-8120010", "The bank account {number} already exists."),
    "UNKNOWN_PARTY": Message("IBY-8120020", "The value {value} isn't valid."),
    "UNKNOWN_BU": Message("POZ-2130020", "The business unit {value} isn't valid."),
    # segment values
    "VALUE_TAKEN": Message("FND-2870", "The value {value} already exists in value set {value_set}."),
    # purchase orders: header
    "NOT_AN_AGENT": Message(
        "PO-2055001", "The buyer {buyer} isn't an active procurement agent who may manage orders in {bu}."
    ),
    "BAD_BU": Message("PO-2055002", "The {role} business unit {value} isn't valid."),
    "BAD_STYLE": Message("PO-2055003", "The document style {value} isn't valid or isn't active."),
    "SUPPLIER_MISSING": Message("PO-2055010", "The supplier {value} isn't found."),
    "SUPPLIER_INACTIVE": Message("PO-2055011", "The supplier {supplier} is inactive."),
    "SUPPLIER_PROSPECTIVE": Message("PO-2055012", "The supplier {supplier} isn't authorized for spend."),
    "SITE_INVALID": Message(
        "PO-2055013", "The supplier site {site} of {supplier} isn't an active purchasing site for {bu}."
    ),
    "SITE_NOT_ASSIGNED": Message(
        "PO-2055014", "The supplier site {site} isn't assigned to business unit {bu}."
    ),
    "SITE_ON_HOLD": Message(
        "PO-2055015", "New purchasing documents for supplier site {site} are on hold: {reason}."
    ),
    "BAD_CURRENCY": Message("PO-2055020", "The currency {currency} isn't valid."),
    "NUMBER_TAKEN": Message(
        "PO-2055030", "The order number {number} already exists for the sold-to legal entity {legal_entity}."
    ),
    "NUMBER_NOT_MANUAL": Message(
        "PO-2055031", "You can't enter an order number because numbering is automatic."
    ),
    # purchase orders: lines
    "BAD_LINE_TYPE": Message("PO-2055040", "The line type {value} of line {line} isn't valid."),
    "BAD_CATEGORY": Message("PO-2055041", "The category {value} of line {line} isn't valid."),
    "BAD_UOM": Message("PO-2055042", "The unit of measure {value} of line {line} isn't valid."),
    "NUMBER_REPEATED": Message("PO-2055043", "The {level} number {number} is used more than once."),
    "NOT_POSITIVE": Message("PO-2055044", "The {attribute} of line {line} must be greater than zero."),
    "QUANTITY_DIFFERS": Message(
        "PO-2055045", "The quantities of the {level}s of line {line} add up to {actual}, not to {expected}."
    ),
    "AMOUNT_DIFFERS": Message(
        "PO-2055046", "The amounts of the {level}s of line {line} add up to {actual}, not to {expected}."
    ),
    "AMOUNT_NOT_PRICE": Message(
        "PO-2055047", "The amount {actual} on line {line} isn't price times quantity ({expected})."
    ),
    "TOO_MANY_DECIMALS": Message(
        "PO-2055048", "The amount {amount} of line {line} has more decimals than {currency} allows."
    ),
    "NO_LINES": Message("PO-2055050", "The document has no lines."),
    "NO_SCHEDULES": Message("PO-2055051", "Line {line} has no schedules."),
    "NO_DISTRIBUTIONS": Message("PO-2055052", "Schedule {schedule} of line {line} has no distributions."),
    "NO_CHARGE_ACCOUNT": Message(
        "PO-2055053", "Distribution {distribution} of line {line} has no charge account."
    ),
    "BAD_DESTINATION": Message("PO-2055054", "The ship-to {attribute} of line {line} isn't valid."),
    "BAD_PROJECT": Message("PJC-700101", "The project {project} of line {line} isn't valid."),
    # accounts
    "ACCOUNT_SHAPE": Message(
        "GL-781001", "The account {account} isn't valid: {chart} has {expected} segments, not {actual}."
    ),
    "ACCOUNT_VALUE_MISSING": Message(
        "GL-781002",
        "The account {account} isn't valid: the value {value} doesn't exist for segment {segment}.",
    ),
    "ACCOUNT_VALUE_DISABLED": Message(
        "GL-781003", "The account {account} isn't valid: the value {value} for segment {segment} is disabled."
    ),
    "ACCOUNT_VALUE_NOT_ACTIVE": Message(
        "GL-781004",
        "The account {account} isn't valid: the value {value} for segment {segment} isn't active on {day}.",
    ),
    "ACCOUNT_DISABLED": Message("GL-781005", "The account combination {account} is disabled."),
    "ACCOUNT_NOT_ACTIVE": Message("GL-781006", "The account combination {account} isn't active on {day}."),
    "ACCOUNT_MISSING": Message(
        "GL-781007", "The account combination {account} doesn't exist and can't be created dynamically."
    ),
    "CROSS_VALIDATION": Message(
        "GL-781010", "The account combination {account} violates a cross-validation rule: {reason}"
    ),
    # submission
    "PERIOD_CLOSED": Message(
        "PO-2055060",
        "The accounting period {period} of ledger {ledger} isn't open for the budget date {day}.",
    ),
    "PERIOD_MISSING": Message(
        "PO-2055061", "No accounting period of ledger {ledger} is open for the budget date {day}."
    ),
    "FUNDS_INSUFFICIENT": Message(
        "XCC-110010",
        "Insufficient funds in control budget {budget}, period {period}, for account {account}: "
        "{needed} {currency} requested, {available} {currency} available.",
    ),
    "FUNDS_LOW": Message(
        "XCC-110011",
        "Advisory control budget {budget}, period {period}, is exceeded for account {account}: "
        "{needed} {currency} requested, {available} {currency} available.",
    ),
    "QUANTITY_USED": Message(
        "PO-2055065",
        "The {name} {size} of line {line} is less than the {name} {used} already received or billed.",
    ),
    # state of the document
    "REQUISITION_STATE": Message(
        "POR-2010001", "You can't {verb} requisition {number} because its status is {status}."
    ),
    "NOT_SUBMITTABLE": Message(
        "PO-2055070", "You can't submit order {number} because its status is {status}."
    ),
    "NOT_EDITABLE": Message("PO-2055071", "You can't change order {number} because its status is {status}."),
    "NOT_DELETABLE": Message("PO-2055072", "You can't delete order {number} because its status is {status}."),
    "LINE_ISSUED": Message("PO-2055073", "You can't delete line {line}: it was issued. Cancel it instead."),
    "LINE_NOT_ISSUED": Message("PO-2055074", "You can't cancel line {line}: it was never issued. Delete it."),
    "NO_CHANGE_ORDER": Message("PO-2055075", "Order {number} has no {kind} change order."),
    "CHANGE_ORDER_OPEN": Message("PO-2055076", "Order {number} has a change order that isn't finished."),
    "NOT_CANCELABLE": Message(
        "PO-2055080", "You can't cancel order {number} because its status is {status}."
    ),
    "NOT_CLOSABLE": Message("PO-2055081", "You can't close order {number} because its status is {status}."),
    "NOT_HOLDABLE": Message("PO-2055082", "You can't hold order {number} because its status is {status}."),
    "NOT_HELD": Message("PO-2055083", "Order {number} isn't on hold."),
    "NOT_REOPENABLE": Message(
        "PO-2055084", "You can't reopen order {number} because its status is {status}."
    ),
}


def problem(name: str, path: str = "", /, **facts: object) -> Problem:
    """Word one entry of the table with its facts."""
    message = MESSAGES[name]
    return Problem(message.code, message.text.format(**facts), path)


def refused(name: str, path: str = "", /, **facts: object) -> RefusedError:
    """Return the 400 for one problem."""
    return RefusedError(400, [problem(name, path, **facts)])
