"""A workspace with policies: one that two people signed, one that the layers decide; what the rules stopped, and what waits."""

from __future__ import annotations

from pathlib import Path

from finsync_tui import actions
from finsync_tui import profile as profiles
from finsync_tui.policies.files import read
from finsync_tui.settings import Workspace
from store import open_store
from store.clock import VirtualClock
from tests.finsync_tui.governance.council import a_signer
from tests.finsync_tui.screens import mapping_store
from tests.finsync_tui.screens.mapping_store import NOW

ORDERS = """\
decides = "order_check"
description = "What is looked at before an order binds the company"
owner = "procurement"
deputy = "controlling"

[rules.large]
when = 'order.total.amount >= decimal("3000") && order.currency == "EUR"'
then = "ask"
why = "it is 3,000 or more: controlling has a look before it is committed"
fix = "See that budget and approval are for this amount. Retry: it goes on."

[rules.foreign]
when = 'order.currency != "EUR"'
then = "note"
why = "it is in another currency"
companies = ["DE01"]
valid_from = 2026-01-01

[tests.small]
on = 2026-01-05
given.order = { currency = "EUR", total = { amount = "2999.99", currency = "EUR" } }
expects = []

[tests.ten-thousand] # as an amount, not as a text
company = "DE01"
on = 2026-01-05
given.order = { currency = "EUR", total = { amount = "10000", currency = "EUR" } }
expects = ["large"]

[tests.in-dollars]
company = "DE01"
on = 2026-01-05
given.order = { currency = "USD", total = { amount = "12.00", currency = "USD" } }
expects = ["foreign"]
"""
INVOICES = """\
decides = "invoice_check"
owner = "accounts_payable"
deputy = "controlling"

[rules.ahead]
when = 'days_between(today, invoice.invoiced_on) > 3'
then = "stop"
why = "its date is more than three days ahead"

[rules.old]
when = 'days_between(invoice.invoiced_on, today) > 365'
then = "ask"
why = "it is more than a year old"

[tests.ahead]
on = 2026-05-04
given.invoice = { invoiced_on = 2026-05-08 }
expects = ["ahead"]
"""
TAX = """\
decides = "order_tax"

[rules.usual]
when = 'true'
then = "standard"
why = "everything else"
priority = -1
"""


def _from(amount: str, text: str) -> str:
    """Return the rules with another amount."""
    return text.replace('"3000"', f'"{amount}"').replace("3,000", f"{int(amount):,}")


def workspace(folder: Path) -> Workspace:
    """Make the workspace: an order waits for a person, one change of rules is in force, two wait, one was rejected."""
    texts = {"orders": ORDERS, "invoices": INVOICES, "tax": TAX}
    made = mapping_store.workspace(folder, {f"policies/{name}.toml": text for name, text in texts.items()})
    profile = profiles.load(made)
    maria, tom = (actions.acting(profile, "cli", os_account=name) for name in ("maria", "tom"))
    with open_store(made.store_path, VirtualClock(NOW), durable=False) as store:

        def propose(who: actions.Actor, name: str, reason: str, text: str | None = None) -> int:
            setup = read(text) if text is not None else None
            return actions.propose_policy(store, profile, who, name, reason, a_signer(who.name), setup=setup)

        first = propose(maria, "orders", "the rules of the board of last December")
        actions.approve_policy(store, profile, tom, first, a_signer("tom"), "as agreed")
        propose(tom, "orders", "fewer questions", _from("90000", ORDERS.replace('"10000"', '"100000"')))
        wrong = propose(maria, "tax", "the rules as they are")
        actions.reject_policy(store, tom, wrong, "the reduced rate is missing")
        propose(maria, "orders", "nobody asks below 5,000", _from("5000", ORDERS))
    return made
