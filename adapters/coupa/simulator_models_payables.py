"""Invoices, payments and receipts of the simulated Coupa, attribute by attribute."""

from __future__ import annotations

from typing import Final

from adapters.coupa.simulator_shapes import STAMPS, Model, model

_CODING = "account>account account-allocations*allocation period>period"
_TAX = "tax-code>tax_code tax-rate:d4 tax-amount:d2 tax-lines*tax_line"

PAYABLES: Final[tuple[Model, ...]] = (
    model(
        "tax_line",
        "id:int amount:d4 rate:d4 base:d4 taxable-amount:d4 !code description tax-code>tax_code type",
    ),
    model("tax_registration", "id:int number country>country local:bool active:bool owner-type owner-id:int"),
    model(
        "payment",
        f"{STAMPS} amount-paid:d4 payment-date:time notes check-number !payable-type !payable-id:int !category",
    ),
    model("failed_tolerance", "!id:int !code !breach-amount !breach-limit !resolved:bool"),
    model("dispute_reason", "id:int code"),
    model("invoice_charge", f"{STAMPS} line-num:int type description total:d2 tax-lines*tax_line {_CODING}"),
    model(
        "invoice_line",
        f"{STAMPS} line-num:int type !status description quantity:d6 price:d6 !total:d2 currency>currency "
        f"uom>uom accounting-total:d4 {_CODING} commodity>commodity contract>named !po-number "
        f"!order-header-num order-line-id:int !order-line-num {_TAX} deductibility category "
        "custom-fields:free",
    ),
    model(
        "invoice",
        f"{STAMPS} invoice-number invoice-date:time !document-type is-credit-note:bool "
        "original-invoice-number original-invoice-date:time !status !channel supplier>supplier "
        "supplier-site>supplier_site account-type>account_type bill-to-address>address "
        "ship-to-address>address ship-from-address>address remit-to-address>remit_to_address "
        "supplier-tax-registration>tax_registration buyer-tax-registration>tax_registration "
        "currency>currency exchange-rate:d9 payment-term>payment_term !net-due-date:time "
        "!discount-due-date:time discount-amount:d4 !gross-total:d2 !total-with-taxes:d2 supplier-total:d2 "
        f"{_TAX} line-level-taxation:bool shipping-amount:d4 handling-amount:d4 misc-amount:d4 "
        "invoice-charges*invoice_charge !amount-due:d2 !payment-channel payment-method paid:bool "
        "payment-date:time payment-notes payments*payment !tolerance-failures "
        "!failed-tolerances*failed_tolerance !dispute-reasons*dispute_reason approvals*approval "
        "!exported:bool !last-exported-at:time !canceled:bool !lock-version-key:int !requested-by>user "
        "invoice-lines*invoice_line !current-integration-history-records*integration_record "
        "custom-fields:free",
        "id",
        "InvoiceHeader",
    ),
    model(
        "inventory_transaction",
        f"{STAMPS} type !status quantity:d6 price:d6 !total:d2 currency>currency uom>uom "
        "transaction-date:time order-line>order_line account>account account-allocations*allocation "
        "!exported:bool !last-exported-at:time !original-transaction-id:int !voided-value:d6 match-reference "
        "item>named custom-fields:free",
        "id",
        "InventoryTransaction",
    ),
)
