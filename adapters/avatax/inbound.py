"""AvaTax's documents to ours: codes of the catalogue, and what a calculated document says of a question. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec
from pydantic import ValidationError

from adapters.answer import UNREADABLE, where
from adapters.avatax import wire
from adapters.avatax.options import Options
from adapters.avatax.statuses import opinion_of
from adapters.base import Translated, Untranslatable
from store.canonical.chart import TaxCode
from store.canonical.money import Money, MoneyError
from store.canonical.tax import (
    Opinion,
    TaxAnswer,
    TaxDetail,
    TaxFinding,
    TaxQuestion,
    TaxQuestionLine,
    settle,
)
from store.clock import instant

_HUNDRED: Final = Decimal(100)
_INPUT, _OUTPUT = "input", "output"
MESSAGES_MAX: Final = 20
MESSAGE_LENGTH_MAX: Final = 300


class UnfitAnswerError(ValueError):
    """A calculated document does not answer the question that was asked."""


def translate(rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
    """Turn codes of the catalogue into canonical ones, in order. A bad row is a value, never an exception."""
    return [_tax_code(row) for row in rows]


def _tax_code(row: bytes) -> Translated | Untranslatable:
    try:
        document = msgspec.json.decode(row, type=wire.TaxCode)
    except UNREADABLE as error:
        return Untranslatable(None, None, "$", where(error, row))
    code = document.taxCode
    if not code:
        return Untranslatable(None, None, "$.taxCode", "the tax code has no code")
    try:
        record = TaxCode(
            number=code, description=document.description or "", is_active=document.isActive is not False
        )
        changed_at = instant(document.modifiedDate) if document.modifiedDate else None
    except ValidationError as error:
        return Untranslatable(code, code, "$", error.errors(include_url=False, include_input=False)[0]["msg"])
    except (ValueError, OverflowError):
        return Untranslatable(code, code, "$.modifiedDate", "it is no time with a zone")
    return Translated(code, record, source_updated_at=changed_at)


def answer(
    transaction: wire.Transaction, question: TaxQuestion, options: Options, provider: str
) -> TaxAnswer:
    """Return what a calculated document says of a question; raise UnfitAnswerError where it says something else."""
    by_number = {line.lineNumber: line for line in transaction.lines or ()}
    messages = [_words(one) for one in transaction.messages or ()][:MESSAGES_MAX]
    doubted = _doubted_codes(transaction.messages or (), question, options)
    findings = []
    for asked in question.lines:
        line = by_number.get(asked.number)
        if line is None:
            raise UnfitAnswerError(f"line {asked.number} is not in the answer")
        findings.append(_finding(asked, line, doubted, options))
    opinion = _opinion(transaction)
    if any(found.standing == "unknown_code" for found in findings):
        opinion = None  # whatever was made of the amounts, it was made with another code
    return settle(
        question,
        findings,
        provider=provider,
        tolerance_minor=options.tolerance_minor,
        opinion=opinion,
        messages=messages,
    )


def _finding(asked: TaxQuestionLine, line: wire.Line, doubted: set[str], options: Options) -> TaxFinding:
    currency = asked.amount.currency
    is_reverse = _is_reverse_charge(line)
    determined = _due(line, currency, is_reverse)
    details = tuple(_detail(one, currency) for one in line.details or ())
    counted = [one for one in line.details or () if not (is_reverse and _kind(one) == _OUTPUT)]
    rates = [one.rate for one in counted if one.rate is not None]
    sent = options.sent_code(asked.tax_code)
    found = TaxFinding(
        number=asked.number,
        determined=determined,
        recoverable=_recoverable(line, determined),
        is_self_assessed=is_reverse,
        rate_percent=sum(rates, Decimal(0)) * _HUNDRED if rates else None,
        details=details,
    )
    if sent is not None and (sent in doubted or (line.taxCode or sent).upper() != sent.upper()):
        return found.model_copy(
            update={"standing": "unknown_code", "note": f"AvaTax does not know the tax code {sent}"}
        )
    if determined.amount_minor:
        return found
    exempt = line.exemptAmount is not None and line.exemptAmount != 0 and not line.taxableAmount
    is_exempt = exempt and line.isItemTaxable is not False
    return found.model_copy(update={"standing": "exempt" if is_exempt else "not_taxable"})


def _due(line: wire.Line, currency: str, is_reverse: bool) -> Money:
    """Return the tax due on a line. `taxCalculated` is AvaTax's own figure; `tax` may repeat what was charged.

    Reverse charge is declared both ways, so that the line's own tax is nothing: one way is what is due.
    """
    if is_reverse:
        parts = [_tax(one) for one in line.details or () if _kind(one) == _INPUT]
        return _money(sum(parts, Decimal(0)), currency)
    own = line.taxCalculated if line.taxCalculated is not None else line.tax
    if own is None:
        raise UnfitAnswerError(f"line {line.lineNumber} says no tax")
    return _money(own, currency)


def _recoverable(line: wire.Line, determined: Money) -> Money:
    """Return what comes back, to the minor unit as AvaTax says it where that is about the tax that is due; sales and use tax,
    of which nothing is said, does not."""
    currency = determined.currency
    back, lost = line.recoverableAmount, line.nonRecoverableAmount
    if back is not None and lost is not None and back + lost == determined.amount:
        return _money(back, currency)
    if line.recoverabilityPercentage is not None:
        return _money(determined.amount * line.recoverabilityPercentage / _HUNDRED, currency)
    if line.recoverableAmount is not None:
        return _money(line.recoverableAmount, currency)
    return determined - determined


def _is_reverse_charge(line: wire.Line) -> bool:
    kinds = {_kind(one) for one in line.details or ()}
    return {_INPUT, _OUTPUT} <= kinds


def _detail(detail: wire.Detail, currency: str) -> TaxDetail:
    return TaxDetail(
        country=detail.country or "",
        region=detail.region,
        jurisdiction=detail.jurisName,
        jurisdiction_type=detail.jurisdictionType,
        tax_type=detail.taxType,
        tax_name=detail.taxName,
        rate_percent=None if detail.rate is None else detail.rate * _HUNDRED,
        taxable=None if detail.taxableAmount is None else _money(detail.taxableAmount, currency),
        tax=_money(_tax(detail), currency),
    )


def _kind(detail: wire.Detail) -> str:
    return (detail.taxType or "").lower()


def _tax(detail: wire.Detail) -> Decimal:
    found = detail.taxCalculated if detail.taxCalculated is not None else detail.tax
    return Decimal(0) if found is None else found


def _money(amount: Decimal, currency: str) -> Money:
    try:
        return Money.of(amount, currency, "half_up")
    except MoneyError as error:
        raise UnfitAnswerError(str(error)) from None


def _opinion(transaction: wire.Transaction) -> Opinion | None:
    """Return what the product for accounts payable says; an account without it has no such member, or nothing in it."""
    return None if not transaction.apStatusCode else opinion_of(transaction.apStatusCode)


def _doubted_codes(messages: Sequence[wire.Message], question: TaxQuestion, options: Options) -> set[str]:
    """Return the codes that a remark about tax codes names; a remark that names none is about all."""
    sent = {code for line in question.lines if (code := options.sent_code(line.tax_code)) is not None}
    doubted: set[str] = set()
    for message in messages:
        if "taxcode" not in (message.refersTo or "").replace("_", "").lower():
            continue
        said = f"{message.summary or ''} {message.details or ''}"
        doubted |= {code for code in sent if code in said} or sent
    return doubted


def _words(message: wire.Message) -> str:
    said = [part for part in (message.summary, message.details) if part]
    return f"{message.severity or 'Note'}: {' '.join(said)}"[:MESSAGE_LENGTH_MAX]
