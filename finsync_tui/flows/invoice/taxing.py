"""Is the tax on an invoice right? Asked of the company's provider before anything is posted, and kept with the answer."""

from __future__ import annotations

import json

from finsync_tui import tax
from finsync_tui.flows import outgoing
from finsync_tui.flows.invoice import subject
from finsync_tui.flows.steps import Answer, Context, Done
from finsync_tui.profile.tax import TABLE
from store import outbox, records
from store.canonical.chart import TaxCode
from store.canonical.money import Money, total
from store.canonical.payables import Invoice, InvoiceLine
from store.canonical.tax import (
    OPEN_VERDICTS,
    TaxAddress,
    TaxAnswer,
    TaxQuestion,
    TaxQuestionLine,
    TaxSupplier,
)

EXTRACT = "extract"


def ask(context: Context) -> Answer:
    """Ask whoever determines tax for this company; the own table answers at once."""
    question = _question(context)
    context.data.pop("tax", None)
    if question is None:
        return Done({"note": "no line that could be taxed"}, goto="check_approval", is_skipped=True)
    policy = context.facts.profile.tax
    if policy.provider == TABLE:
        codes = _codes(context, {line.tax_code for line in question.lines if line.tax_code})
        answer = tax.determine(question, codes, policy)
        context.data["tax"] = answer.model_dump(mode="json")
        return Done({"provider": TABLE, "verdict": answer.verdict}, goto="check_tax")
    entry_id = outgoing.enqueue(
        context,
        policy.provider,
        "tax.determine",
        {"question": question.model_dump(mode="json")},
        external_id=None,
    )
    context.data["tax_entry"] = entry_id
    return Done({"provider": policy.provider, "entry": entry_id})


def await_tax(context: Context) -> Answer:
    """Wait for the provider's answer."""
    answer = outgoing.await_delivery(context, int(context.data["tax_entry"]))
    if isinstance(answer, Done):
        delivery = outbox.get(context.db, int(context.data["tax_entry"]))
        receipt = (delivery.receipt if delivery else None) or {}
        question = TaxQuestion.model_validate(json.loads(delivery.body)["question"]) if delivery else None
        assert question is not None, "what was asked is kept with its answer"
        told = tax.by_policy(question, TaxAnswer.model_validate(receipt["answer"]), context.facts.profile.tax)
        context.data["tax"] = told.model_dump(mode="json")
    return answer


def check_tax(context: Context) -> Answer:
    """Let policy say what the verdict does. A difference is an exception, never a silent correction."""
    answer = TaxAnswer.model_validate(context.data["tax"])
    judged = tax.judge(answer, context.facts.profile.tax)
    detail = {
        "verdict": judged.verdict,
        "determined": str(answer.determined),
        "charged": str(answer.charged),
        "recoverable": str(answer.recoverable),
        "provider": answer.provider,
    }
    if answer.withheld.amount_minor:
        detail["withheld"] = str(answer.withheld)  # the ERP keeps it back; here it explains a smaller payment
    if answer.accrues:
        detail["accrues"] = "the shortfall is the buyer's to declare"
    if judged.severity == "block":
        return subject.stop(
            context, judged.case_class, judged.cause, judged.fix, subject.source(context), detail
        )
    if judged.severity == "note":
        subject.note(context, judged.case_class, judged.cause)
    return Done(detail)


def recovery(context: Context, line: InvoiceLine) -> tuple[Money, Money]:
    """Split the tax of a tax line into what comes back and what does not, as the determination of the line that it is
    about says, else that of the document. Without a determination all of it comes back; what was charged beyond
    what is due never does."""
    told = context.data.get("tax")
    answer = TaxAnswer.model_validate(told) if told else None
    own = next((one for one in answer.lines if one.number == line.reference), None) if answer else None
    scope = own or answer
    nothing = line.amount - line.amount
    if scope is None or scope.verdict in OPEN_VERDICTS:
        return line.amount, nothing
    back, lost = abs(scope.recoverable.amount_minor), abs(scope.non_recoverable.amount_minor)
    if scope.verdict == "overcharged":
        lost = max(abs(scope.charged.amount_minor) - back, 0)
    if not back + lost:
        return nothing, line.amount
    shares = line.amount.split([back, lost])
    return shares[0], shares[1]


def _question(context: Context) -> TaxQuestion | None:
    held = subject.held(context)
    invoice = held.record
    net = [line for line in invoice.lines if line.kind in ("item", "freight", "other")]
    if not net:
        return None
    charged = [_charged(invoice, line) for line in net]
    stated = total((one for one in charged if one is not None), invoice.currency)
    return TaxQuestion(
        document=context.workflow.document_key,
        number=invoice.number,
        kind="credit_memo" if invoice.kind == "credit_memo" else "invoice",
        taxed_on=invoice.invoiced_on,
        currency=invoice.currency,
        supplier=TaxSupplier(
            number=invoice.supplier_number or invoice.supplier_id or "unknown",
            name=invoice.supplier_name,
            country=invoice.ship_from_country,
            vat_number=invoice.supplier_tax_number,
        ),
        legal_entity=str(context.data["legal_entity"]),
        ship_from=_address(invoice.ship_from, invoice.ship_from_country),
        ship_to=_address(invoice.ship_to, invoice.ship_to_country),
        charged=stated if all(one is not None for one in charged) else _tax(invoice),
        lines=tuple(
            TaxQuestionLine(
                number=line.number,
                amount=line.amount,
                charged=tax_charged if all(one is not None for one in charged) else None,
                tax_code=line.tax_code or _code_of(invoice, line),
                quantity=line.quantity,
                description=line.description,
                account=_natural(context, line),
            )
            for line, tax_charged in zip(net, charged, strict=True)
        ),
    )


def _address(whole: TaxAddress | None, country: str | None) -> TaxAddress | None:
    """All that the document says of a place: taxes of states, counties and cities go by it."""
    return whole or (TaxAddress(country=country) if country else None)


def _natural(context: Context, line: InvoiceLine) -> str | None:
    """The natural account that the line is charged to, as the source writes it: rules about recovery may name it."""
    company, name = subject.company(context), subject.setup(context).account_segment
    place = next((one.source for one in company.segments if one.name == name and one.source), None)
    parts = {
        d.segments[place - 1] for d in line.distributions if place is not None and place <= len(d.segments)
    }
    return parts.pop() if len(parts) == 1 else None


def _charged(invoice: Invoice, line: InvoiceLine) -> Money | None:
    """Tax charged on one line: stated there, or by tax lines that name it."""
    if line.tax is not None:
        return line.tax
    own = [one.amount for one in invoice.lines if one.kind == "tax" and one.reference == line.number]
    return total(own, invoice.currency) if own else None


def _tax(invoice: Invoice) -> Money:
    if invoice.tax is not None:
        return invoice.tax
    return total((line.amount for line in invoice.lines if line.kind == "tax"), invoice.currency)


def _code_of(invoice: Invoice, line: InvoiceLine) -> str | None:
    """The code of the tax line that names this line, else of the only one for the whole document."""
    taxes = [one for one in invoice.lines if one.kind == "tax" and one.tax_code]
    own = [one.tax_code for one in taxes if one.reference == line.number]
    if own:
        return own[0]
    codes = {one.tax_code for one in taxes if one.reference is None}
    return codes.pop() if len(codes) == 1 else None


def _codes(context: Context, numbers: set[str]) -> list[TaxCode]:
    found = []
    for number in sorted(numbers):
        for system, external_id in records.by_number(context.db, TaxCode.entity, number):
            if system in (EXTRACT, subject.source(context)):
                held = records.get(context.db, TaxCode, system, external_id)
                if held is not None:
                    found.append(held.record)
    return found
