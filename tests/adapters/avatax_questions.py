"""Questions to AvaTax and an account to ask: valid by default, a test states only what it is about."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from adapters.avatax.simulator_settings import Settings
from store.canonical.money import Money
from store.canonical.tax import TaxAnswer, TaxQuestion, TaxSupplier
from tests.adapters.setup_avatax import AvaTaxWorld, asking, setup_avatax
from tests.tax_questions import a_tax_line, a_tax_question, an_address

T = TypeVar("T")
SEATTLE = an_address("US", region="WA", city="Seattle", postal_code="98104")
PORTLAND = an_address("US", region="OR", city="Portland", postal_code="97204")
AMERICAN = TaxSupplier(number="V-9", name="Harbour Paper Inc", country="US")
FRENCH = TaxSupplier(number="V-2", name="Papier SA", country="FR", vat_number="FR40 303 265 045")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def a_world(**settings: Any) -> AvaTaxWorld:
    """Return an account with its whole catalogue."""
    options = settings.pop("options", {})
    return setup_avatax(has_catalogue=True, settings=Settings(**settings), options=options)


def paper(number: str = "1", charged: str | None = "10.35", **changes: Any) -> Any:
    """Return a line of stationery for Seattle, taxed at 10.35 % there."""
    return a_tax_line(number, charged=charged, **{"currency": "USD", "tax_code": "PS080100", **changes})


def american(*lines: Any, **changes: Any) -> TaxQuestion:
    given = {"currency": "USD", "supplier": AMERICAN, "ship_from": PORTLAND, "ship_to": SEATTLE}
    return a_tax_question(*(lines or (paper(),)), **{**given, **changes})


def german(*lines: Any, **changes: Any) -> TaxQuestion:
    return a_tax_question(*(lines or (a_tax_line(tax_code="PS080100"),)), **changes)


def answered(world: AvaTaxWorld, question: TaxQuestion) -> TaxAnswer:
    return TaxAnswer.model_validate(run(world.adapter.write(asking(question))).answer)


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")
