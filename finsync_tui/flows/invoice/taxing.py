"""Is the tax on an invoice right? Asked of the company's provider before anything is posted, and kept with the answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Literal

from finsync_tui import tax
from finsync_tui.flows import outgoing
from finsync_tui.flows.invoice import subject
from finsync_tui.flows.steps import Answer, Context, Done
from finsync_tui.profile.tax import TABLE
from store import outbox, records, workflows
from store.canonical.chart import TaxCode
from store.canonical.money import Money, total
from store.canonical.payables import Invoice, InvoiceLine
from store.canonical.supplier import Supplier
from store.canonical.tax import (
    OPEN_VERDICTS,
    TaxAddress,
    TaxAnswer,
    TaxAnswerLine,
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
        answer = _as_its_invoice(context, tax.determine(question, codes, policy))
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
        context.data["tax"] = _as_its_invoice(context, told).model_dump(mode="json")
    return answer


def _as_its_invoice(context: Context, answer: TaxAnswer) -> TaxAnswer:
    """Return the answer for a credit note, which takes back no use tax that its invoice, as far as that is known, did not
    accrue: then the supplier owes the tax that it did not give back."""
    invoice = subject.invoice(context)
    if not answer.accrues or answer.determined.amount_minor >= 0 or invoice.original_number is None:
        return answer
    source = subject.source(context)
    for system, external_id in records.by_number(context.db, Invoice.entity, invoice.original_number):
        held = records.get(context.db, Invoice, system, external_id) if system == source else None
        if held is None or held.record.supplier_id != invoice.supplier_id:
            continue
        told = [
            flow.data["tax"]
            for flow in workflows.of_document(context.db, f"{source}:{external_id}", Invoice.entity)
            if flow.data.get("tax")
        ]
        if told and not TaxAnswer.model_validate(told[-1]).accrues:
            return answer.model_copy(update={"accrues": False})
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
    if (own := _own_loss(answer)).amount_minor:
        target = subject.target(context)
        detail["own_loss"] = str(own)  # no supplier is owed it
        if not _posts(context, "own_loss"):  # the ERP books it with the tax that it declares
            subject.note(
                context, "TAX_REVIEW",
                f"of the tax that the buyer declares {own} do not come back: see that {target} books so by its tax set-up",
            )  # fmt: skip
    if judged.severity == "block":
        return subject.stop(
            context, judged.case_class, judged.cause, judged.fix, subject.source(context), detail
        )
    if answer.accrues:
        detail["use_tax"] = str(use_tax(answer))
        _note_use_tax(context, judged, use_tax(answer))
    elif judged.severity == "note":
        subject.note(context, judged.case_class, judged.cause)
    return Done(detail)


def use_tax(answer: TaxAnswer) -> Money:
    """Return the tax that the supplier did not charge and that the buyer accrues; below zero: it takes it back."""
    return (
        total((tax.shortfall(one) for one in answer.lines), answer.currency)
        if answer.accrues
        else _nothing(answer)
    )


def _note_use_tax(context: Context, judged: tax.Judgement, owed: Money) -> None:
    """Say what the buyer accrues or takes back, and who books it: it is owed to no supplier, and nobody may forget it."""
    target = subject.target(context)
    if judged.severity == "off" and _posts(context, "use_tax"):
        return
    is_back = owed.amount_minor < 0
    how = (
        f"posted to the cost, against the tax that is owed, with the {'credit note' if is_back else 'invoice'} in {target}"
        if _posts(context, "use_tax")
        else f"not posted from here: see that {target} {'takes it back' if is_back else 'accrues it'} by its tax set-up, "
        "or enter it there"
    )
    what = (
        f"{-owed} of use tax that the buyer accrued are taken back"
        if is_back
        else f"{owed} are use tax that the buyer accrues"
    )
    subject.note(context, judged.case_class, f"{judged.cause} {what}: {how}")


def _nothing(answer: TaxAnswer) -> Money:
    return Money(amount_minor=0, currency=answer.currency)


def recovery(context: Context, line: InvoiceLine) -> tuple[Money, list[tuple[str | None, Money]]]:
    """Split the tax of a tax line into what comes back and what does not, by the number of the line that bears it (None:
    all of them), as the determination of the lines that it is about says.

    Without a determination all of it comes back; what was charged beyond what is due never does.
    """
    told = context.data.get("tax")
    if not told:
        return line.amount, []
    scopes = _about(subject.invoice(context), line, TaxAnswer.model_validate(told))
    shares = [(one.number, *_recovered(one)) for one in scopes]
    back, lost = sum(back for _, back, _ in shares), [lost for _, _, lost in shares]
    if not back + sum(lost):
        if any(one.verdict in OPEN_VERDICTS for one in scopes):
            return line.amount, []
        return line.amount - line.amount, [(line.reference, line.amount)]
    first, *others = line.amount.split([back, *lost])
    return first, [
        (number, share) for (number, _, _), share in zip(shares, others, strict=True) if share.amount_minor
    ]


def _about(invoice: Invoice, line: InvoiceLine, answer: TaxAnswer) -> list[TaxAnswerLine]:
    """Return the lines that a tax line is about: the one it names; else those that no tax line names, of its code where
    some are, and none whose tax the supplier does not charge."""
    own = [one for one in answer.lines if one.number == line.reference]
    if own:
        return own
    named = {one.reference for one in invoice.lines if one.kind == "tax" and one.reference}
    codes = {one.number: one.tax_code for one in invoice.lines}
    narrower: tuple[Callable[[TaxAnswerLine], bool], ...] = (
        lambda one: one.number not in named,
        lambda one: bool(one.charged.amount_minor) or not one.is_self_assessed,
        lambda one: line.tax_code is None or codes.get(one.number) == line.tax_code,
    )
    found = list(answer.lines)
    for keeps in narrower:
        found = [one for one in found if keeps(one)] or found
    return found


def _recovered(scope: TaxAnswerLine) -> tuple[int, int]:
    """Return the shares, in minor units, of what was charged on a line that come back and that do not."""
    if scope.verdict in OPEN_VERDICTS:
        return abs(scope.charged.amount_minor), 0
    back, lost = abs(scope.recoverable.amount_minor), abs(scope.non_recoverable.amount_minor)
    if scope.verdict == "overcharged":
        lost = max(abs(scope.charged.amount_minor) - back, 0)
    return back, lost


def self_assessed(context: Context, line: InvoiceLine) -> str | None:
    """Return the code by which the ERP declares the tax that the buyer owes on a line; None: the supplier charges it."""
    told = context.data.get("tax")
    lines = TaxAnswer.model_validate(told).lines if told else ()
    is_ours = any(one.number == line.number and one.is_self_assessed for one in lines)
    return code_of(context, line) if is_ours else None


def code_of(context: Context, line: InvoiceLine) -> str | None:
    """Return the tax code of a line: its own, or that of the tax charged on it."""
    return line.tax_code or _code_of(subject.invoice(context), line)


def owed(context: Context) -> list[tuple[InvoiceLine, Money]]:
    """Return what is posted, line by line, of tax that the buyer owes itself: what of a reverse charge does not come back, and
    use tax; none where the ERP books it by its own tax set-up."""
    told = context.data.get("tax")
    if not told:
        return []
    answer = TaxAnswer.model_validate(told)
    lines = {line.number: line for line in subject.invoice(context).lines if line.kind != "tax"}
    sizes = [
        (one.number, one.non_recoverable)
        for one in answer.lines
        if one.is_self_assessed and _posts(context, "own_loss")
    ]
    if answer.accrues and _posts(context, "use_tax"):
        sizes += [(one.number, tax.shortfall(one)) for one in answer.lines]
    return [(lines[number], size) for number, size in sizes if size.amount_minor and number in lines]


def _posts(context: Context, rule: Literal["own_loss", "use_tax"]) -> bool:
    country = context.facts.profile.tax.country(subject.invoice(context).ship_to_country or "")
    return (country.own_loss if rule == "own_loss" else country.use_tax) == "post"


def _own_loss(answer: TaxAnswer) -> Money:
    """Return what does not come back of the tax that the buyer declares."""
    return total((one.non_recoverable for one in answer.lines if one.is_self_assessed), answer.currency)


def _question(context: Context) -> TaxQuestion | None:
    held = subject.held(context)
    invoice = held.record
    net = [line for line in invoice.lines if line.kind in ("item", "freight", "other")]
    if not net:
        return None
    charged = _charged_on(invoice, net)
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
            country=_residence(context, invoice),
            vat_number=invoice.supplier_tax_number,
        ),
        legal_entity=str(context.data["legal_entity"]),
        order_number=_order(invoice),
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
                cost_centre=_segment(context, line, subject.setup(context).cost_centre_segment),
            )
            for line, tax_charged in zip(net, charged, strict=True)
        ),
    )


def _order(invoice: Invoice) -> str | None:
    """The order that it is about; None: several, or none."""
    numbers = {line.order_number for line in invoice.lines if line.order_number}
    return numbers.pop() if len(numbers) == 1 else None


def _residence(context: Context, invoice: Invoice) -> str | None:
    """Where the supplier is at home, which is not where it delivers from: by its record at the source, else in the ERP, else
    by the tax number on the invoice. Only where none of them says it, the place of delivery stands for it."""
    payee = context.data.get("payee") or {}
    known = ((subject.source(context), invoice.supplier_id), (subject.target(context), payee.get("id")))
    for system, supplier_id in known:
        held = records.get(context.db, Supplier, system, supplier_id) if supplier_id else None
        if held is None:
            continue
        one = held.record
        issuers = {registration.country for registration in one.tax_registrations if registration.country}
        home = one.country or (one.address.country if one.address else None)
        if home or len(issuers) == 1:
            return home or issuers.pop()
    return tax.vat_country(invoice.supplier_tax_number) or invoice.ship_from_country


def _address(whole: TaxAddress | None, country: str | None) -> TaxAddress | None:
    """All that the document says of a place: taxes of states, counties and cities go by it."""
    return whole or (TaxAddress(country=country) if country else None)


def _natural(context: Context, line: InvoiceLine) -> str | None:
    """The natural account that the line is charged to, as the source writes it: rules about recovery may name it."""
    return _segment(context, line, subject.setup(context).account_segment)


def _segment(context: Context, line: InvoiceLine, name: str) -> str | None:
    """One segment of what the line is charged to, as the source writes it; None: it is charged to several."""
    segments = subject.company(context).segments
    place = next((one.source for one in segments if one.name == name and one.source), None)
    parts = {
        d.segments[place - 1] for d in line.distributions if place is not None and place <= len(d.segments)
    }
    return parts.pop() if len(parts) == 1 else None


def _charged_on(invoice: Invoice, net: Sequence[InvoiceLine]) -> list[Money | None]:
    """Return the tax charged on each line. Where lines say it and all tax is some line's, the others are charged none."""
    charged = [_charged(invoice, line) for line in net]
    stated = [one for one in charged if one is not None]
    numbers = {line.number for line in net}
    is_on_lines = all(one.reference in numbers for one in invoice.lines if one.kind == "tax")
    if stated and is_on_lines and total(stated, invoice.currency) == _tax(invoice):
        none = Money(amount_minor=0, currency=invoice.currency)
        return [none if one is None else one for one in charged]
    return charged


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
