"""A double becomes part of the supplier that stays, in every system; and un-merging makes it exactly what it was."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from finsync_tui import actions
from finsync_tui.actions import Actor
from finsync_tui.actions.mappings import ProposalRefusedError
from finsync_tui.actions.supplier_merges import Merged
from finsync_tui.screens import merge_rows
from finsync_tui.suppliers import in_flight, merging
from store import (
    commitments,
    crossrefs,
    golden_suppliers,
    records,
    supplier_answers,
    supplier_merges,
    systems,
    workflows,
)
from store.canonical.supplier import SupplierBankAccount, fingerprint, masked
from store.errors import NotAllowedError
from tests.adapters.held_secrets import ACCOUNT_KEY
from tests.builders import MONDAY, a_commitment, a_purchase_order
from tests.finsync_tui.flows.desk import SOURCE, TARGET
from tests.finsync_tui.suppliers.estate import Estate
from tests.finsync_tui.suppliers.test_bank_changes import NEW, OLD
from tests.finsync_tui.suppliers.test_golden import Books

LATER = MONDAY + timedelta(days=1)


class Twice(Estate):
    """One company that is in Coupa twice, and under each of the two in Oracle."""

    def __init__(self, **profile: Any) -> None:
        super().__init__(**profile)
        self.kept = self.coupa_supplier("Blohm Anlagenbau Ltd", number="V-7")
        self.double = self.coupa_supplier("Blohm Anlagenbau", number="V-8")
        self.erp_kept = self.oracle_supplier("Blohm Anlagenbau Ltd", number="V-7")
        self.erp_double = self.oracle_supplier("Blohm Anlagen", number="V-8")
        self.read()
        with self.store.transaction() as db:
            for own, theirs, number in (
                (self.kept, self.erp_kept, "V-7"),
                (self.double, self.erp_double, "V-8"),
            ):
                crossrefs.link(
                    db,
                    "supplier",
                    f"{SOURCE}:{own}",
                    TARGET,
                    str(theirs),
                    number=number,
                    why="created",
                    linked_at=MONDAY,
                )
            supplier_answers.answer(db, *self.keys, "different", by="ana", at=MONDAY)
        self.settle()

    @property
    def keys(self) -> tuple[str, str]:
        return f"{SOURCE}:{self.kept}", f"{SOURCE}:{self.double}"

    def merge(self, **more: Any) -> Merged:
        return actions.merge_suppliers(
            self.store, self.profile, self.who(), *self.keys, "one VAT number", self.signer(), **more
        )

    def merged(self) -> int:
        """Maria proposes, Tom approves, the engine does it."""
        made = self.merge()
        actions.approve_merge(self.store, self.profile, self.who("tom"), made.merge, self.signer("tom"))
        self.settle()
        return int(made.merge)

    def everything(self) -> dict[str, Any]:
        """Return what the systems hold of the four records, and the store's links, answers and golden records."""
        db = self.store.db
        return {
            "coupa": [self.coupa_state(one) for one in (self.kept, self.double)],
            "oracle": [self.oracle_state(one) for one in (self.erp_kept, self.erp_double)],
            "links": [
                tuple(row)
                for row in db.execute("SELECT * FROM crossref WHERE entity='supplier' ORDER BY 1, 2, 3")
            ],
            "answers": [
                tuple(row)
                for row in db.execute(
                    "SELECT one, other, answer, at FROM supplier_answer WHERE is_newest=1 ORDER BY id"
                )
            ],
            "golden": [
                tuple(row)
                for row in db.execute(
                    "SELECT system, external_id, golden_id FROM golden_member ORDER BY 1, 2"
                )
            ],
        }

    def state(self, merge_id: int) -> str:
        found = supplier_merges.get(self.store.db, merge_id)
        assert found is not None
        return found.state


def test_a_preview_says_what_changes_in_which_system_and_changes_nothing() -> None:
    """Both doubles go, both links lead to the one that stays."""
    estate = Twice()
    before = estate.everything()

    plan = merging.plan(estate.store.db, estate.profile, *estate.keys)

    assert [(f"{SOURCE}:{estate.double}", "active"), (f"{TARGET}:{estate.erp_double}", "active")] == [
        (one.key, one.status) for one in plan.endings
    ]
    assert [(f"{SOURCE}:{estate.double}", str(estate.erp_kept))] == [
        (one.document_key, one.external_id) for one in plan.relinks
    ]
    assert "different" == plan.said
    assert before == estate.everything()


def _account(estate: Twice, own: int, supplier: int, number: str) -> None:
    """Oracle pays this supplier to this account."""
    one = SupplierBankAccount(
        number=f"A{own}",
        supplier_id=str(supplier),
        fingerprint=fingerprint(number, ACCOUNT_KEY),
        masked=masked(number),
    )
    with estate.store.transaction() as db:
        incoming = records.Incoming(str(own), one, number.encode())
        records.put_page(db, "supplier_bank_account", TARGET, [incoming], estate.clock.now())


def test_a_preview_says_whose_account_documents_are_paid_to_afterwards() -> None:
    """The double's documents go to the account of the one that stays; both are shown by their last characters."""
    estate = Twice()
    _account(estate, 1, estate.erp_double, OLD)
    _account(estate, 2, estate.erp_kept, NEW)

    plan = merging.plan(estate.store.db, estate.profile, *estate.keys)
    shown = merge_rows.changed(json.loads(plan.body))

    (paid,) = [one for one in plan.payments if one.accounts]
    assert (f"{TARGET}:{estate.erp_double}", ("DE…3000",), ("DE…2051",), True) == (
        paid.key, paid.accounts, paid.accounts_then, paid.is_other,
    )  # fmt: skip
    assert (TARGET, f"payments of {paid.key}", "DE…3000", "DE…2051: other accounts") in shown
    assert OLD not in plan.body
    assert fingerprint(OLD, ACCOUNT_KEY) not in plan.body


def test_a_merge_that_moves_payments_takes_as_many_persons_as_a_changed_account() -> None:
    """Where one person may merge, another has to agree when documents are paid to another account by it; and only then."""
    estate = Twice(governance={"supplier_merge": "one", "bank_change": "two"})
    _account(estate, 1, estate.erp_double, OLD)
    _account(estate, 2, estate.erp_kept, OLD)
    plan = json.loads(merging.plan(estate.store.db, estate.profile, *estate.keys).body)
    to_one_account = merging.rule(estate.store.db, estate.profile, plan)
    _account(estate, 2, estate.erp_kept, NEW)

    made = estate.merge()
    estate.settle()

    assert ("one", "two") == (to_one_account, merging.rule(estate.store.db, estate.profile, plan))
    assert (None, "proposed") == (made.workflow, estate.state(made.merge))


@pytest.mark.parametrize("step", ["check_approval", "join"])
@pytest.mark.parametrize("written", ["none", "none at all", "alike"])
def test_a_merge_that_was_written_into_the_file_moves_no_payments(written: str, step: str) -> None:
    """How many persons it takes is not read from the plan: payments left out of it, or said to stay, move nothing without a
    signature."""
    estate = Twice(governance={"supplier_merge": "one", "bank_change": "two"})
    _account(estate, 1, estate.erp_double, OLD)
    _account(estate, 2, estate.erp_kept, NEW)
    plan = json.loads(merging.plan(estate.store.db, estate.profile, *estate.keys).body)
    if written == "alike":
        plan["payments"] = [one | {"is_other": False} for one in plan["payments"]]
    else:
        plan |= {"payments": []} | ({"endings": [], "left": []} if written == "none at all" else {})
    _write(estate, plan, step)
    before = estate.everything()

    estate.settle()

    assert ["MERGE_OUTDATED" if written == "alike" else "APPROVAL_INVALID"] == estate.open_classes
    assert before == estate.everything()


def test_a_merge_that_one_person_may_do_stops_when_it_would_move_payments_by_now() -> None:
    """It is told as what it is, a changed account, and nobody looks for a forger."""
    estate = Twice(governance={"supplier_merge": "one", "bank_change": "two"})
    made = estate.merge()
    _account(estate, 2, estate.erp_kept, NEW)

    estate.settle()

    assert (True, ["MERGE_OUTDATED"]) == (made.workflow is not None, estate.open_classes)


def _write(estate: Twice, plan: dict[str, Any], step: str) -> None:
    """Somebody with the file writes a merge and its process."""
    with estate.store.transaction() as db:
        number = supplier_merges.new(db, *estate.keys, json.dumps(plan), reason="one", by="maria", now=MONDAY)
        merge = supplier_merges.get(db, number)
        assert merge is not None
        started = workflows.start(
            db, flow="supplier_merge", kind="merge", entity=supplier_merges.ENTITY, document_key=merge.key,
            document_number="x", document_version=1, document_revision="", step=step, now=MONDAY,
        )  # fmt: skip
        supplier_merges.change(db, number, "merging", MONDAY, workflow_id=started)


def test_a_merge_stops_when_the_account_of_the_one_that_stays_changes_before_it_is_done() -> None:
    """Two persons agreed on the accounts that they were shown."""
    estate = Twice()
    _account(estate, 2, estate.erp_kept, OLD)
    made = estate.merge()
    actions.approve_merge(estate.store, estate.profile, estate.who("tom"), made.merge, estate.signer("tom"))
    _account(estate, 2, estate.erp_kept, NEW)

    estate.settle()

    assert ["MERGE_OUTDATED"] == estate.open_classes


def test_a_merge_stops_when_a_link_changed_after_it_was_approved() -> None:
    """It would overwrite what somebody has linked meanwhile."""
    estate = Twice()
    made = estate.merge()
    actions.approve_merge(estate.store, estate.profile, estate.who("tom"), made.merge, estate.signer("tom"))
    with estate.store.transaction() as db:
        crossrefs.link(
            db, "supplier", estate.keys[1], TARGET, "4242", number="V-9", why="matched", linked_at=LATER
        )

    estate.settle()

    link = crossrefs.get(estate.store.db, "supplier", estate.keys[1], TARGET)
    assert ["MERGE_OUTDATED"] == estate.open_classes
    assert link is not None
    assert "4242" == link.external_id


@pytest.mark.parametrize("said", [f"the same account {OLD}", "both have 532013000"])
def test_an_account_number_in_a_reason_is_refused(said: str) -> None:
    """An IBAN wherever a reason is asked for; a domestic number where it is an account of one of the two."""
    estate = Twice()
    _account(estate, 1, estate.erp_kept, "532013000")
    with estate.store.transaction() as db:
        crossrefs.unlink(db, "supplier", estate.keys[0], TARGET)
    both = f"{TARGET}:{estate.erp_kept}", f"{TARGET}:{estate.erp_double}"
    refused = pytest.raises(NotAllowedError, match="an account number stands in these words")

    for answer in ("same", "different"):
        with refused:
            actions.answer_suppliers(
                estate.store, estate.profile, estate.who(), [both], answer, said, estate.signer()
            )
    with refused:
        actions.merge_suppliers(estate.store, estate.profile, estate.who(), *both, said, estate.signer())
    made = actions.merge_suppliers(
        estate.store, estate.profile, estate.who(), *both, "one VAT number GB123456773, called 0221 4711", estate.signer()
    )  # fmt: skip
    with refused:
        actions.approve_merge(
            estate.store, estate.profile, estate.who("tom"), made.merge, estate.signer("tom"), said
        )
    with refused:
        actions.reject_merge(estate.store, estate.who("tom"), made.merge, said)

    assert "proposed" == estate.state(made.merge)


def test_an_order_that_only_promises_holds_its_double() -> None:
    """Its process has ended long ago, and it is not invoiced: the double is still needed."""
    estate = Twice()
    order = a_purchase_order(supplier_id=str(estate.double))
    with estate.store.transaction() as db:
        records.put_page(db, order.entity, SOURCE, [records.Incoming("4711", order, b"{}")], MONDAY)
        promised = a_commitment("20.00")
        records.put_page(
            db, "commitment", "finsync", [records.Incoming(f"{SOURCE}:4711", promised, b"{}")], MONDAY
        )
        commitments.replace(db, f"{SOURCE}:4711", TARGET, promised)

    held = in_flight.of(estate.store.db, estate.keys[1])

    assert [(f"{SOURCE}:4711", "open order")] == [(one.document_key, one.state) for one in held]
    assert [] == in_flight.of(estate.store.db, estate.keys[0])


def test_doubles_that_count_as_one_already_go_with_their_twins() -> None:
    """Somebody had said that they are the same: the double's own twin in the ERP goes too, and that of the one that stays
    takes its place."""
    estate = Twice()
    for who in ("maria", "tom"):
        actions.answer_suppliers(
            estate.store, estate.profile, estate.who(who), [estate.keys], "same", "one", estate.signer(who)
        )
    estate.settle()
    assert 1 == len(_golden_of(estate))

    plan = merging.plan(estate.store.db, estate.profile, *estate.keys)
    other_way = merging.plan(
        estate.store.db, estate.profile, f"{TARGET}:{estate.erp_kept}", f"{TARGET}:{estate.erp_double}"
    )

    both = [f"{SOURCE}:{estate.double}", f"{TARGET}:{estate.erp_double}"]
    assert both == [one.key for one in plan.endings] == [one.key for one in other_way.endings]
    assert [estate.keys[0], f"{TARGET}:{estate.erp_kept}"] == [one.keep for one in plan.endings]
    assert [(estate.keys[1], str(estate.erp_kept))] == [
        (one.document_key, one.external_id) for one in plan.relinks
    ]


def test_a_merge_takes_two_persons_and_ends_the_doubles_in_their_systems() -> None:
    """Nothing happens before the second; then documents of the double find the one that stays, and both are verified."""
    estate = Twice()
    before = estate.everything()
    made = estate.merge()
    estate.settle()
    waiting = estate.everything()
    actions.approve_merge(estate.store, estate.profile, estate.who("tom"), made.merge, estate.signer("tom"))

    estate.settle()

    link = crossrefs.get(estate.store.db, "supplier", estate.keys[1], TARGET)
    assert before == waiting
    assert "merged" == estate.state(made.merge)
    assert ("active", "inactive") == tuple(
        estate.coupa_state(one)["status"] for one in (estate.kept, estate.double)
    )
    assert ("ACTIVE", "INACTIVE") == tuple(
        estate.oracle_state(one)["Status"] for one in (estate.erp_kept, estate.erp_double)
    )
    assert link is not None
    assert (str(estate.erp_kept), "V-7", "merged") == (link.external_id, link.number, link.why)
    assert 1 == len(_golden_of(estate))
    assert [] == estate.open_classes


def test_unmerging_restores_exactly_what_was_in_every_system() -> None:
    """Coupa, Oracle, links with their first instant, answers and golden records: all as before."""
    estate = Twice()
    before = estate.everything()
    merge_id = estate.merged()
    estate.cycle()
    changed = estate.everything()

    actions.part_suppliers(estate.store, estate.who(), merge_id, "they are two companies")
    estate.cycle()
    estate.cycle()

    assert before["coupa"] != changed["coupa"]
    assert before["oracle"] != changed["oracle"]
    assert before == estate.everything()
    assert "parted" == estate.state(merge_id)


def test_a_merge_that_a_later_one_stands_on_is_not_undone_before_that_one() -> None:
    """The refusal names the later one; undone in turn, all is as it was."""
    estate = Twice()
    third, theirs = (
        estate.coupa_supplier("Blohm Hull", number="V-9"), estate.oracle_supplier("Blohm Hull", number="V-9")
    )  # fmt: skip
    estate.read()
    with estate.store.transaction() as db:
        crossrefs.link(
            db, "supplier", f"{SOURCE}:{third}", TARGET, str(theirs), number="V-9", why="created", linked_at=MONDAY
        )  # fmt: skip
    estate.cycle()
    before = estate.everything()
    first = estate.merged()
    estate.cycle()
    later = actions.merge_suppliers(
        estate.store,
        estate.profile,
        estate.who(),
        f"{SOURCE}:{third}",
        estate.keys[0],
        "one",
        estate.signer(),
    ).merge
    actions.approve_merge(estate.store, estate.profile, estate.who("tom"), later, estate.signer("tom"))
    estate.cycle()

    with pytest.raises(NotAllowedError, match=f"Undo or end merge {later} first"):
        actions.part_suppliers(estate.store, estate.who(), first, "two")
    for merge_id in (later, first):
        actions.part_suppliers(estate.store, estate.who(), merge_id, "two")
        estate.cycle()
        estate.cycle()

    assert before == estate.everything()
    assert ("parted", "parted") == (estate.state(first), estate.state(later))


def test_a_double_whose_end_is_still_to_come_ends_with_the_merge() -> None:
    """Its contract ends next year in Oracle: it is active until then, so the merge has to end it, and is not waited for in vain."""
    estate = Twice()
    row = estate.oracle.simulator.world.row("suppliers", estate.erp_double)
    assert row is not None
    row.data["InactiveDate"] = "2027-12-31"
    estate.cycle()

    merge_id = estate.merged()
    estate.cycle()

    assert ("merged", []) == (estate.state(merge_id), estate.open_classes)
    assert "INACTIVE" == estate.oracle_state(estate.erp_double)["Status"]


def test_undoing_a_merge_says_which_link_was_changed_since() -> None:
    """It stays as somebody left it, and nobody is told that all is as it was."""
    estate = Twice()
    merge_id = estate.merged()
    estate.cycle()
    with estate.store.transaction() as db:
        crossrefs.unlink(db, "supplier", estate.keys[1], TARGET)

    actions.part_suppliers(estate.store, estate.who(), merge_id, "two")
    estate.cycle()

    (told,) = estate.store.db.execute(
        "SELECT message FROM finding WHERE class='SUPPLIER_NOT_RESTORED'"
    ).fetchall()
    assert f"the link of {estate.keys[1]} to {TARGET} was changed since" in told[0]


def test_what_somebody_changed_since_stays_when_it_is_undone() -> None:
    """A name corrected in the ERP after the merge is not put back: only what the merge did is undone."""
    estate = Twice()
    merge_id = estate.merged()
    row = estate.oracle.simulator.world.row("suppliers", estate.erp_double)
    assert row is not None
    row.data["Supplier"] = "Blohm Anlagen (renamed)"

    actions.part_suppliers(estate.store, estate.who(), merge_id, "they are two companies")
    estate.settle()

    found = estate.oracle_state(estate.erp_double)
    assert ("ACTIVE", "Blohm Anlagen (renamed)") == (found["Status"], found["Supplier"])


def test_documents_under_way_with_the_double_are_kept() -> None:
    """The double stays active until its order has ended; new documents find the one that stays at once."""
    estate = Twice()
    order = a_purchase_order(supplier_id=str(estate.double))
    with estate.store.transaction() as db:
        records.put_page(db, order.entity, SOURCE, [records.Incoming("4711", order, b"{}")], MONDAY)
        started = workflows.start(
            db, flow="requisition_to_pay", kind="create", entity=order.entity, document_key=f"{SOURCE}:4711",
            document_number="PO-1", document_version=1, document_revision="1", step="await_approval", state="waiting",
            now=MONDAY,
        )  # fmt: skip
    assert started is not None
    merge_id = estate.merged()
    held_back = (estate.state(merge_id), estate.coupa_state(estate.double)["status"])
    link = crossrefs.get(estate.store.db, "supplier", estate.keys[1], TARGET)

    with estate.store.transaction() as db:
        workflows.save(db, started, state="done", step="verify", data={}, now=MONDAY, ended=True)
    estate.clock.advance_to(estate.clock.now().replace(hour=23))
    estate.settle()

    assert ("merging", "active") == held_back
    assert link is not None
    assert str(estate.erp_kept) == link.external_id
    assert ("merged", "inactive") == (estate.state(merge_id), estate.coupa_state(estate.double)["status"])


def test_a_forged_approval_changes_nothing() -> None:
    """Whoever writes into the file makes an exception, not a merge."""
    estate = Twice()
    made = estate.merge()
    with estate.store.transaction() as db:
        merge = supplier_merges.get(db, made.merge)
        assert merge is not None
        started = workflows.start(
            db, flow="supplier_merge", kind="merge", entity=supplier_merges.ENTITY, document_key=merge.key,
            document_number="x", document_version=1, document_revision="", step="check_approval", now=MONDAY,
        )  # fmt: skip
        supplier_merges.change(db, made.merge, "merging", MONDAY, workflow_id=started)
    before = estate.everything()

    estate.settle()

    assert ["APPROVAL_INVALID"] == estate.open_classes
    assert before == estate.everything()


def test_who_may_not_and_what_can_not_be_merged_is_told() -> None:
    """Not one's own proposal, not an inactive supplier that stays, not a double twice, not a changed plan."""
    estate = Twice()
    made = estate.merge()
    with pytest.raises(NotAllowedError, match="can't approve it too"):
        actions.approve_merge(
            estate.store, estate.profile, Actor("maria", "cli", None), made.merge, estate.signer()
        )
    with pytest.raises(NotAllowedError, match="already"):
        estate.merge()
    estate.store.db.execute("UPDATE supplier_merge SET plan=replace(plan, 'active', 'draft')")
    with pytest.raises(ProposalRefusedError, match="changed since"):
        actions.approve_merge(
            estate.store, estate.profile, estate.who("tom"), made.merge, estate.signer("tom")
        )
    actions.withdraw_merge(estate.store, estate.who(), made.merge, "another day")
    with pytest.raises(NotAllowedError, match="one supplier already"):
        merging.plan(estate.store.db, estate.profile, estate.keys[0], estate.keys[0])

    assert "withdrawn" == estate.state(made.merge)
    assert "active" == estate.coupa_state(estate.double)["status"]


def test_a_merge_that_is_given_up_leaves_nothing_behind() -> None:
    """Aborted while a system was away: what was done is undone, links included."""
    estate = Twice()
    before = estate.everything()
    made = estate.merge()
    with estate.store.transaction() as db:
        systems.pause(db, TARGET, "weekend", estate.clock.now())
    actions.approve_merge(estate.store, estate.profile, estate.who("tom"), made.merge, estate.signer("tom"))
    estate.settle()
    half = estate.everything()
    merge = supplier_merges.get(estate.store.db, made.merge)
    assert merge is not None
    assert merge.workflow_id is not None

    actions.abort_workflow(estate.store, estate.who(), merge.workflow_id, "wrong one")
    estate.settle()

    assert "inactive" == half["coupa"][1]["status"]
    assert before == estate.everything()
    assert "given_up" == estate.state(made.merge)


def _golden_of(estate: Twice) -> set[int]:
    keys = [*estate.keys, f"{TARGET}:{estate.erp_kept}", f"{TARGET}:{estate.erp_double}"]
    return set(golden_suppliers.of_keys(estate.store.db, keys).values())


_IDS = st.sampled_from(["1", "2", "3"])


@given(
    st.dictionaries(st.tuples(_IDS, st.sampled_from([TARGET, "oracle-us"])), _IDS),
    st.lists(
        st.tuples(_IDS, _IDS, st.sampled_from(["same", "different"])).filter(lambda one: one[0] != one[1]),
        max_size=3,
    ),
)
def test_whatever_the_links_and_answers_were_taking_a_merge_back_restores_them(
    links: dict[tuple[str, str], str], answers: list[tuple[str, str, Any]]
) -> None:
    """Links with their number, reason and first instant; answers that counted; and which record is which supplier."""
    books = Books()
    for system in (SOURCE, TARGET, "oracle-us"):
        for n in ("1", "2", "3"):
            books.put(f"{system}:{n}", number=f"{system}-{n}")
    with books.store.transaction() as db:
        for (own, system), theirs in links.items():
            crossrefs.link(
                db,
                "supplier",
                f"{SOURCE}:{own}",
                system,
                theirs,
                number=f"N{own}",
                revision=own,
                why="found",
                linked_at=MONDAY,
            )
        for one, other, said in answers:
            supplier_answers.answer(db, f"{SOURCE}:{one}", f"{SOURCE}:{other}", said, by="ana", at=MONDAY)
    books.consolidate()
    before = _known(books)
    plan = merging.plan(books.store.db, books.profile, f"{SOURCE}:1", f"{SOURCE}:2")

    with books.store.transaction() as db:
        made = json.loads(plan.body)
        applied = merging.apply(db, made, by="ana", reason="x", now=LATER)
    books.consolidate()
    joined = books.of(f"{SOURCE}:1").id == books.of(f"{SOURCE}:2").id
    with books.store.transaction() as db:
        assert not isinstance(applied, str)
        kept = merging.take_back(db, made, applied)
    books.consolidate()

    assert joined
    assert [] == kept
    assert before == _known(books)


def _known(books: Books) -> list[Any]:
    return [
        [tuple(row) for row in books.store.db.execute(sql)]
        for sql in (
            "SELECT * FROM crossref ORDER BY 1, 2, 3",
            "SELECT id, one, other, answer FROM supplier_answer WHERE is_newest=1 ORDER BY id",
            "SELECT system, external_id, golden_id FROM golden_member ORDER BY 1, 2",
        )
    ]


@given(st.data())
@settings(max_examples=8, phases=[Phase.explicit, Phase.generate])
def test_whatever_was_merged_and_parted_every_system_is_as_it_was(data: st.DataObject) -> None:
    """Over the simulated systems: statuses and days that say more than ours do, several merges, undone in turn."""
    estate = Twice()
    third, theirs = (
        estate.coupa_supplier("Blohm Anlagenbau UK", number="V-9"),
        estate.oracle_supplier("Blohm UK", number="V-9"),
    )
    coupa = (estate.double, third)
    for one in coupa:
        shown = data.draw(
            st.sampled_from([{}, {"status": "draft"}, {"status": "onboarding"}, {"on-hold": True}])
        )
        document = estate.coupa.simulator.document("suppliers", one)
        estate.coupa.simulator.put("suppliers", {**document, **shown})
    for one in (estate.erp_double, theirs):
        row = estate.oracle.simulator.world.row("suppliers", one)
        assert row is not None
        row.data["InactiveDate"] = data.draw(st.sampled_from([None, "2027-12-31", "2026-06-30"]))
        row.touch(estate.clock.now())
    estate.cycle()
    records_of = [
        *(f"{SOURCE}:{one}" for one in (estate.kept, *coupa)),
        *(f"{TARGET}:{one}" for one in (estate.erp_kept, estate.erp_double, theirs)),
    ]
    before = [
        *(estate.coupa_state(one) for one in coupa),
        *(estate.oracle_state(one) for one in (estate.erp_double, theirs)),
    ]
    known = estate.everything()
    merges: list[int] = []
    for _ in range(data.draw(st.integers(1, 3))):
        keep, double = data.draw(st.permutations(records_of))[:2]
        merge_id = _merged(estate, keep, double)
        if merge_id is not None:
            merges.append(merge_id)

    for merge_id in reversed(merges):
        actions.part_suppliers(estate.store, estate.who(), merge_id, "they are others")
        estate.cycle()
        estate.cycle()

    after = [
        *(estate.coupa_state(one) for one in coupa),
        *(estate.oracle_state(one) for one in (estate.erp_double, theirs)),
    ]
    assert ["parted"] * len(merges) == [estate.state(one) for one in merges]
    assert before == after
    assert {**known, "answers": None} == {**estate.everything(), "answers": None}
    assert _without_times(known["answers"]) == _without_times(estate.everything()["answers"])


def _merged(estate: Twice, keep: str, double: str) -> int | None:
    try:
        made = actions.merge_suppliers(
            estate.store, estate.profile, estate.who(), keep, double, "one company", estate.signer()
        )
        actions.approve_merge(
            estate.store, estate.profile, estate.who("tom"), made.merge, estate.signer("tom")
        )
    except NotAllowedError:
        return None
    estate.settle()
    estate.cycle()
    estate.cycle()
    assert "merged" == estate.state(int(made.merge))
    return int(made.merge)


def _without_times(answers: Any) -> list[Any]:
    return sorted((one, other, said) for one, other, said, _ in answers)


def test_a_day_on_which_a_double_ends_comes_back_with_it() -> None:
    """The contract ends next year: merged it is inactive at once, parted it ends next year again."""
    estate = Twice()
    row = estate.oracle.simulator.world.row("suppliers", estate.erp_double)
    assert row is not None
    row.data["InactiveDate"] = "2027-12-31"
    row.touch(estate.clock.now())
    estate.cycle()
    merge_id = estate.merged()
    estate.cycle()
    merged = estate.oracle_state(estate.erp_double)["InactiveDate"]

    actions.part_suppliers(estate.store, estate.who(), merge_id, "two companies")
    estate.cycle()
    estate.cycle()

    assert "2026-01-05" == merged
    assert "2027-12-31" == estate.oracle_state(estate.erp_double)["InactiveDate"]
    assert ("parted", []) == (estate.state(merge_id), estate.open_classes)


def test_a_day_that_has_come_meanwhile_comes_back_too() -> None:
    """It would have ended in June without the merge: parted in August it has ended, and that is no difference."""
    estate = Twice()
    row = estate.oracle.simulator.world.row("suppliers", estate.erp_double)
    assert row is not None
    row.data["InactiveDate"] = "2026-06-30"
    row.touch(estate.clock.now())
    estate.cycle()
    merge_id = estate.merged()
    estate.cycle(timedelta(days=220))

    actions.part_suppliers(estate.store, estate.who(), merge_id, "two companies")
    estate.cycle()
    estate.cycle()

    assert "2026-06-30" == estate.oracle_state(estate.erp_double)["InactiveDate"]
    assert ("parted", []) == (estate.state(merge_id), estate.open_classes)


def test_a_double_that_was_being_onboarded_is_so_again() -> None:
    """Coupa has two words for what is a draft here."""
    estate = Twice()
    document = estate.coupa.simulator.document("suppliers", estate.double)
    estate.coupa.simulator.put("suppliers", {**document, "status": "onboarding"})
    estate.cycle()
    merge_id = estate.merged()
    estate.cycle()

    actions.part_suppliers(estate.store, estate.who(), merge_id, "two companies")
    estate.cycle()
    estate.cycle()

    assert "onboarding" == estate.coupa_state(estate.double)["status"]
