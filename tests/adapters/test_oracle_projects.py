"""Project flexfields: which charges carry a project's coding into Oracle, as the profile says it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from adapters.base import Translated
from adapters.errors import RejectedError
from adapters.oracle_fusion import projects
from adapters.oracle_fusion.api import expand
from adapters.oracle_fusion.outbound import CannotExpressError, purchase_order
from adapters.oracle_fusion.outbound_changes import changes
from adapters.oracle_fusion.outbound_invoice import Payee, invoice
from adapters.oracle_fusion.reads import order_tree
from adapters.oracle_fusion.reads_finance import invoice_tree
from store.canonical.money import Money
from store.canonical.payables import InvoiceDistribution, InvoiceLine
from tests.adapters.oracle_builders import an_order, some_options
from tests.adapters.oracle_finance import FinanceWorld, an_invoice
from tests.adapters.setup_oracle import OracleWorld
from tests.adapters.test_promises import run
from tests.builders import a_commitment, a_commitment_line

DESK, MILL, NONE = "01-420-7110-0000-000", "01-420-7110-0000-900", "01-420-7110-0000-0"
PAYEE = Payee("Berg, Jonas", "10002", "OFFICE")
PAYABLES = {"DE Operations": {"currency": "EUR"}}


def a_coding(project_id: int = 300000000500001, project: str = "P-17") -> dict[str, Any]:
    return {
        "project_id": project_id, "project": project, "task_id": 300000000500002, "task": "1.0",
        "expenditure_type_id": 300000000500003, "expenditure_type": "Furniture", "organization_id": 300000000500004,
        "organization": "DE Facilities",
    }  # fmt: skip


def coding(**projects: dict[str, Any]) -> dict[str, Any]:
    """Return the option: the account's last segment names the project."""
    return {"segment": 5, "no_project": ["0"], "projects": projects}


OPTIONS = some_options(project_coding=coding(**{"000": a_coding()}), payables=PAYABLES)


def test_an_order_reaches_oracle_with_its_project() -> None:
    """By ids, one coding a distribution, dated by when the line is needed; a project that Oracle does not know is refused."""
    world = OracleWorld(options={"project_coding": coding(**{"000": a_coding()})})
    unknown = world.create(world.commitment())

    with pytest.raises(RejectedError, match="project 300000000500001"):
        run(world.adapter.write(unknown))
    world.simulator.put(
        "projects", {"ProjectId": 300000000500001, "ProjectNumber": "P-17", "ProjectName": "Mill"}
    )
    run(world.adapter.write(world.create(world.commitment())))

    (order,) = world.simulator.world.orders.values()
    (line,) = order.draft.of("lines")
    (distribution,) = line.of("schedules")[0].of("distributions")
    (coded,) = distribution.of("projectDFF")
    assert {
        "_PROJECT_ID": 300000000500001, "_TASK_ID": 300000000500002, "_EXPENDITURE_ITEM_DATE": "2026-02-01",
        "_EXPENDITURE_TYPE_ID": 300000000500003, "_ORGANIZATION_ID": 300000000500004,
    } == dict(coded.data)  # fmt: skip


def test_an_invoice_without_an_order_reaches_oracle_with_its_project() -> None:
    """By names, on its line, dated as the invoice; a project that Oracle does not know is refused."""
    world = FinanceWorld(options={"project_coding": coding(**{"000": a_coding()})})

    with pytest.raises(RejectedError, match="project P-17"):
        run(world.adapter.write(world.invoice_request(an_invoice())))
    world.simulator.put("projects", {"ProjectNumber": "P-17", "ProjectName": "Mill"})
    run(world.adapter.write(world.invoice_request(an_invoice())))

    (row,) = world.simulator.world.tables["invoices"]
    (coded,) = row.of("invoiceLines")[0].of("invoiceLineProjectDff")
    assert {
        "_PROJECT_ID_Display": "P-17", "_TASK_ID_Display": "1.0", "_EXPENDITURE_ITEM_DATE": "2026-01-05",
        "_EXPENDITURE_TYPE_ID_Display": "Furniture", "_ORGANIZATION_ID_Display": "DE Facilities",
    } == dict(coded.data)  # fmt: skip


def shown(world: OracleWorld, entity: str) -> list[str | None]:
    """The accounts that a read of Oracle shows as charged."""

    async def rows() -> list[bytes]:
        return [row async for page in world.adapter.read(entity, None) for row in page.rows]

    (found,) = world.adapter.translate(entity, run(rows()))
    assert isinstance(found, Translated)
    (line,) = found.record.lines  # type: ignore[attr-defined]  # orders and invoices both have lines
    return [line.distributions[0].account if line.distributions else line.account]


def test_the_coding_of_an_order_is_read_back_and_another_one_is_another_charge() -> None:
    """As it was sent it says nothing; a task that somebody changed, or a coding that is gone, stands beside the account."""
    world = OracleWorld(options={"project_coding": coding(**{"000": a_coding()})})
    world.simulator.put(
        "projects", {"ProjectId": 300000000500001, "ProjectNumber": "P-17", "ProjectName": "M"}
    )
    run(world.adapter.write(world.create(world.commitment())))
    as_sent = shown(world, "purchase_order")
    (order,) = world.simulator.world.orders.values()
    codings = order.draft.of("lines")[0].of("schedules")[0].of("distributions")[0].of("projectDFF")

    codings[0].data["_TASK_ID"] = 9
    order.draft.touch(world.clock.now() + timedelta(minutes=1))
    changed = shown(world, "purchase_order")
    codings.clear()
    order.draft.touch(world.clock.now() + timedelta(hours=1))

    assert [DESK] == as_sent
    assert [f"{DESK} (project 300000000500001 / 9 / 300000000500003 / 300000000500004)"] == changed
    assert [f"{DESK} (project none)"] == shown(world, "purchase_order")


def test_the_coding_of_an_invoice_is_read_back_by_names() -> None:
    """Without the option nobody asks for it, and nothing is compared."""
    world = FinanceWorld(options={"project_coding": coding(**{"000": a_coding()})})
    world.simulator.put("projects", {"ProjectNumber": "P-17", "ProjectName": "Mill"})
    run(world.adapter.write(world.invoice_request(an_invoice())))
    as_sent = shown(world, "invoice")
    (row,) = world.simulator.world.tables["invoices"]
    row.of("invoiceLines")[0].of("invoiceLineProjectDff")[0].data["_TASK_ID_Display"] = "2.0"
    row.touch(world.clock.now() + timedelta(hours=1))

    changed = shown(world, "invoice")

    assert [DESK] == as_sent
    assert [f"{DESK} (project P-17 / 2.0 / Furniture / DE Facilities)"] == changed
    for rules in ({}, {"project_coding": coding() | {"is_read_back": False}}):
        assert "Project" not in expand(invoice_tree(some_options(**rules)))
        assert "project" not in expand(order_tree(some_options(**rules)))
    assert DESK == projects.seen(DESK, [], some_options(), by_id=True)
    assert DESK == projects.seen(DESK, None, OPTIONS, by_id=True)


def test_a_charge_that_nobody_has_coded_is_not_compared() -> None:
    """The profile says nothing of its project; a filler value means that there is none."""
    assert MILL == projects.seen(MILL, [], OPTIONS, by_id=True)
    assert NONE == projects.seen(NONE, [], OPTIONS, by_id=True)


def charged(*accounts: str) -> InvoiceLine:
    parts = tuple(
        InvoiceDistribution(
            number=str(n), account=one, amount=Money.of("119.00", "EUR").split([1] * len(accounts))[n - 1]
        )
        for n, one in enumerate(accounts, 1)
    )
    return InvoiceLine(number="1", amount=Money.of("119.00", "EUR"), description="Hotel", distributions=parts)


@pytest.mark.parametrize(
    "line",
    [charged(NONE), charged(DESK).model_copy(update={"order_number": "PO-1", "order_line": "1"})],
    ids=["no project's", "of an order"],
)
def test_what_is_no_projects_or_has_it_from_its_order_carries_none(line: InvoiceLine) -> None:
    """A filler value means no project; Oracle draws the coding of a matched line from the order."""
    body = invoice(an_invoice(lines=(line,)), PAYEE, OPTIONS)

    assert "invoiceLineProjectDff" not in body["invoiceLines"][0]


def test_without_the_option_nothing_of_it_is_sent() -> None:
    """A project is a segment of the account then, and nothing else."""
    body = purchase_order(a_commitment(), some_options())

    assert "projectDFF" not in body["lines"][0]["schedules"][0]["distributions"][0]


@pytest.mark.parametrize(
    ("line", "words"),
    [(charged(MILL), "project 900 of account"), (charged(DESK, NONE), "charged to several")],
    ids=["not coded", "two codings"],
)
def test_an_invoice_line_that_nobody_can_code_is_a_persons_matter(line: InvoiceLine, words: str) -> None:
    """Refused before anything is sent, as a rule that is missing."""
    with pytest.raises(CannotExpressError, match=words) as refused:
        invoice(an_invoice(lines=(line,)), PAYEE, OPTIONS)

    assert "MAPPING_MISSING" == refused.value.case_class


def test_an_order_line_of_a_project_needs_a_day() -> None:
    """Oracle costs an expenditure on its date; nobody makes one up."""
    commitment = a_commitment(lines=(a_commitment_line(need_by_on=None),))

    with pytest.raises(CannotExpressError, match="no day on which it is needed"):
        purchase_order(commitment, OPTIONS)


def test_a_distribution_keeps_its_project() -> None:
    """A change to another project is refused with what to do; one within the project is a change like any other."""
    options = some_options(
        project_coding=coding(**{"000": a_coding(), "900": a_coding(300000000500009, "P-18")}),
        payables=PAYABLES,
    )
    order = an_order(a_commitment(), options=options)
    (line,) = a_commitment().lines
    (part,) = line.distributions

    def to(account: str) -> Any:
        moved = part.model_copy(update={"charge_account": account})
        return a_commitment(lines=(line.model_copy(update={"distributions": (moved,)}),))

    assert 1 == len(changes(order, to("01-430-7110-0000-000"), options))
    with pytest.raises(CannotExpressError, match="order it as a new line"):
        changes(order, to(MILL), options)
    assert date(2026, 2, 1) == line.need_by_on
