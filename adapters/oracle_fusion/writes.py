"""What can be written: which operation is whose."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from adapters.base import Receipt, WriteRequest
from adapters.errors import SettingsError
from adapters.oracle_fusion.api import Api
from adapters.oracle_fusion.bank_accounts import BankAccounts
from adapters.oracle_fusion.failures import Judge
from adapters.oracle_fusion.invoice_steps import InvoiceSteps
from adapters.oracle_fusion.invoices import Invoices
from adapters.oracle_fusion.journals import Journals
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.order_steps import OrderSteps
from adapters.oracle_fusion.orders import Orders
from adapters.oracle_fusion.outbound import CannotExpressError
from adapters.oracle_fusion.receipts import Receipts
from adapters.oracle_fusion.requests import refused
from adapters.oracle_fusion.requisitions import Requisitions
from adapters.oracle_fusion.suppliers import Suppliers
from adapters.oracle_fusion.values import Values
from store.clock import Clock


class Writes:
    """Writes to one instance."""

    def __init__(self, api: Api, options: Options, judge: Judge, clock: Clock) -> None:
        self._system = api.system
        orders = Orders(api, options, judge)
        receipts = Receipts(api, options, judge)
        order_steps = OrderSteps(api, options, judge, orders)
        suppliers, values = Suppliers(api, options), Values(api, options)
        accounts = BankAccounts(api)
        requisitions = Requisitions(api, options, judge)
        journals = Journals(api, options, judge, clock)
        invoices = Invoices(api, options, judge)
        steps = InvoiceSteps(api, options, judge, invoices)
        self._writers: Mapping[str, Callable[[WriteRequest], Awaitable[Receipt]]] = {
            **orders.writers,
            **order_steps.writers,
            **suppliers.writers,
            **accounts.writers,
            **values.writers,
            **requisitions.writers,
            **receipts.writers,
            **steps.writers,
            "journal.create": journals.create,
            "journal.reverse": journals.create,
            "journal.confirm": journals.confirm,
            "invoice.create": invoices.create,
            "invoice.validate": invoices.validate,
            "invoice.cancel": invoices.cancel,
        }
        self._finders: Mapping[str, Callable[[WriteRequest], Awaitable[Receipt | None]]] = {
            **orders.finders,
            **order_steps.finders,
            **suppliers.finders,
            **accounts.finders,
            **values.finders,
            **requisitions.finders,
            **receipts.finders,
            **steps.finders,
            "journal.create": journals.find_created,
            "journal.reverse": journals.find_created,
            "journal.confirm": journals.find_confirmed,
            "invoice.create": invoices.find_created,
            "invoice.validate": invoices.find_validated,
            "invoice.cancel": invoices.find_cancelled,
        }

    async def write(self, request: WriteRequest) -> Receipt:
        writer = self._writers.get(request.operation)
        if writer is None:
            raise self._unknown(request)
        try:
            return await writer(request)
        except CannotExpressError as error:
            raise refused(self._system, error.case_class, error.message) from None

    async def find(self, request: WriteRequest) -> Receipt | None:
        finder = self._finders.get(request.operation)
        if finder is None:
            raise self._unknown(request)
        try:
            return await finder(request)
        except CannotExpressError as error:
            raise refused(self._system, error.case_class, error.message) from None

    def _unknown(self, request: WriteRequest) -> SettingsError:
        return SettingsError(
            self._system,
            f"the adapter oracle_fusion has no operation {request.operation!r}: {', '.join(self._writers)}",
        )
