"""What people do about breaks, and who may."""

from __future__ import annotations

from datetime import timedelta

import pytest

from finsync_tui import actions
from finsync_tui.people import KeyMissingError, RoleMissingError
from finsync_tui.reconcile import accepted
from store import breaks, crossrefs, events, outbox, reconciliations, workflows
from store.errors import NotAllowedError
from tests.builders import MONDAY, a_break, a_reconcile_run, an_entry
from tests.finsync_tui.governance.council import PEOPLE, Council, a_person, a_signer


def opened(council: Council, **changes: object) -> breaks.Break:
    """Let a run find one break."""
    with council.store.transaction() as db:
        run_id = reconciliations.begin(db, a_reconcile_run(), MONDAY)
        (break_id,) = breaks.open(db, run_id, [a_break(**changes)], MONDAY).new
    return now(council, break_id)


def now(council: Council, break_id: int = 1) -> breaks.Break:
    found = breaks.get(council.store.db, break_id)
    assert found is not None
    return found


def propose(council: Council) -> None:
    actions.write_off(council.store, council.profile, council.who("maria"), 1, "two cents", a_signer("maria"))


def approve(council: Council, by: str = "tom") -> None:
    actions.approve_write_off(council.store, council.profile, council.who(by), 1, a_signer(by))


def unproven(council: Council) -> list[str]:
    """Return why the engine would open breaks again that were written off or explained."""
    found = accepted.without_proof(council.store.db, council.profile, "orders", "coupa", "oracle-emea")
    return [why for _, why in found]


def test_a_write_off_takes_a_second_person() -> None:
    """Proposed by one it stays open; approved by another, signed, it is written off and the engine agrees."""
    council = Council()
    opened(council)

    propose(council)
    assert "open" == now(council).state
    approve(council)

    assert ("written_off", "two cents", "tom") == (
        now(council).state,
        now(council).resolution,
        now(council).ended_by,
    )
    assert [] == unproven(council)
    assert [("maria", "break.write_off_proposed"), ("tom", "break.written_off")] == council.noted
    assert "com.finsync.break.written_off.v1" == events.tail(council.store.db, 0, 9)[-1].event.type


def test_nobody_approves_their_own_write_off() -> None:
    """Nor does somebody whose role does not allow it."""
    council = Council()
    opened(council)
    actions.write_off(council.store, council.profile, council.who("tom"), 1, "gone", a_signer("tom"))

    with pytest.raises(NotAllowedError, match="can't approve it too"):
        approve(council)
    with pytest.raises(RoleMissingError):
        approve(council, by="maria")
    assert "open" == now(council).state


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reconcile_break SET state='written_off', ended_at=opened_at, proposal_id=NULL",
        "UPDATE reconcile_break SET amount_minor=amount_minor+1",
        "UPDATE proposal SET maker='tom', checker='maria'",
        "UPDATE proposal SET body=replace(body, '100', '900')",
    ],
)
def test_writing_into_the_file_writes_nothing_off(statement: str) -> None:
    """Each run checks both signatures over the break as it is."""
    council = Council()
    opened(council)
    propose(council)
    approve(council)

    council.sql(statement)

    assert 1 == len(unproven(council))


def test_a_write_off_can_be_refused() -> None:
    """The break stays open; its history says why."""
    council = Council()
    opened(council)
    propose(council)

    actions.reject_write_off(council.store, council.who("tom"), 1, "it can still be claimed")

    assert "open" == now(council).state
    assert "write-off rejected: it can still be claimed" == breaks.history(council.store.db, 1)[-1].text


def test_where_one_person_is_enough_a_write_off_counts_at_once() -> None:
    """Without people in the profile everybody may."""
    council = Council({})
    opened(council)

    done = actions.write_off(council.store, council.profile, council.who("ann"), 1, "two cents")

    assert done.is_in_force
    assert ("written_off", []) == (now(council).state, unproven(council))


def explain(
    council: Council, by: str, *break_ids: int, reason: str = "freight is billed apart"
) -> actions.Outcome:
    return actions.explain_breaks(
        council.store, council.profile, council.who(by), break_ids, reason, a_signer(by)
    )


def test_an_explanation_takes_as_many_persons_as_a_write_off() -> None:
    """It ends the matter just the same: the first one's waits, open, until another person explains it, too."""
    council = Council()
    opened(council)

    first = explain(council, "maria", 1)
    with pytest.raises(NotAllowedError, match="it waits for an approver"):
        explain(council, "maria", 1)
    waiting = now(council).state
    second = explain(council, "tom", 1, reason="I have seen the contract")

    assert ((1,), "open") == (first.done, waiting)
    assert ("explained", "tom", "I have seen the contract (maria: freight is billed apart)") == (
        now(council).state,
        now(council).ended_by,
        now(council).resolution,
    )
    assert ((1,), "") == (second.done, second.told)
    assert [("maria", "break.explanation_proposed"), ("tom", "break.explanation_approved")] == council.noted
    assert [] == unproven(council)


def test_an_explanation_of_less_is_not_agreed_to_for_more() -> None:
    """Where the difference is another one by now, or more is at risk, the second person's explanation is a first one."""
    council = Council()
    opened(council, kind="missing_in_target", fields=(), amount_minor=9_700)
    explain(council, "tom", 1)
    opened_again = a_break(kind="missing_in_target", fields=(), amount_minor=9_700_000)
    with council.store.transaction() as db:
        breaks.open(db, 1, [opened_again], MONDAY)

    waits = explain(council, "maria", 1)

    assert "open" == now(council).state
    assert "explained by one person, and waits for an approver to explain it, too" == waits.told
    explain(council, "tom", 1)
    assert "explained" == now(council).state


def test_only_an_approver_agrees_to_an_explanation() -> None:
    """As to a write-off: two analysts are not enough, and whoever has no key signs nothing."""
    council = Council({**PEOPLE, "ines": a_person("ines", "analyst")})
    opened(council)
    explain(council, "maria", 1)

    with pytest.raises(NotAllowedError, match="maria has explained it already; it waits for an approver"):
        explain(council, "ines", 1)
    with pytest.raises(KeyMissingError):
        actions.explain_breaks(council.store, council.profile, council.who("tom"), [1], "seen")

    assert "open" == now(council).state


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reconcile_break SET state='explained', ended_at=opened_at, proposal_id=NULL",
        "UPDATE reconcile_break SET amount_minor=amount_minor+1",
        "UPDATE proposal SET maker='tom', checker='maria'",
        "UPDATE proposal SET kind='write_off'",
    ],
)
def test_writing_into_the_file_explains_nothing(statement: str) -> None:
    """Each run checks both signatures over the break as it is."""
    council = Council()
    opened(council)
    explain(council, "maria", 1)
    explain(council, "tom", 1)

    council.sql(statement)

    assert 1 == len(unproven(council))


def test_what_was_opened_again_is_not_accepted_by_its_old_signatures() -> None:
    """Whoever writes the state back into the file has two signatures, over what was taken back since."""
    council = Council()
    opened(council)
    explain(council, "maria", 1)
    explain(council, "tom", 1)
    council.store.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    actions.reopen_breaks(council.store, council.who("tom"), [1], "it was another invoice")

    council.sql("UPDATE reconcile_break SET state='explained', ended_at=opened_at")

    assert ["it is not explained: it was opened again since two agreed on it"] == unproven(council)


def test_of_many_only_what_cannot_be_agreed_to_is_left_out() -> None:
    """The maker of one explanation has left: the others are explained all the same."""
    council = Council({**PEOPLE, "ines": a_person("ines", "analyst")})
    with council.store.transaction() as db:
        run_id = reconciliations.begin(db, a_reconcile_run(), MONDAY)
        breaks.open(db, run_id, [a_break(key="1"), a_break(key="2")], MONDAY)
    explain(council, "maria", 1)
    explain(council, "ines", 2)
    council.people = {name: one for name, one in council.people.items() if name != "ines"}

    done = explain(council, "tom", 1, 2)

    assert ((1,), [2]) == (done.done, [number for number, _ in done.refused])
    assert ("explained", "open") == (now(council, 1).state, now(council, 2).state)


def test_an_explanation_can_be_refused_or_taken_back() -> None:
    """The break stays open and can be explained anew; a write-off waits for what is proposed already."""
    council = Council()
    opened(council)
    explain(council, "maria", 1)
    with pytest.raises(NotAllowedError, match="waits for a second person already"):
        propose(council)
    actions.reject_explanation(council.store, council.who("tom"), 1, "the contract says otherwise")
    refused = breaks.history(council.store.db, 1)[-1].text
    explain(council, "maria", 1)
    actions.withdraw_explanation(council.store, council.who("maria"), 1, "it was another one")
    propose(council)

    with pytest.raises(NotAllowedError, match="waits for a second person already"):
        explain(council, "tom", 1)

    assert "explanation rejected: the contract says otherwise" == refused
    assert "open" == now(council).state


def test_a_small_explanation_takes_one_person() -> None:
    """The limits of write-offs are those of explanations; what has no amount takes two."""
    council = Council(governance={"write_off": "two", "write_off_below": {"EUR": "5.00"}})
    for n, minor in enumerate((499, 500, None), 1):
        with council.store.transaction() as db:
            run_id = reconciliations.begin(db, a_reconcile_run(), MONDAY)
            breaks.open(db, run_id, [a_break(key=str(n), amount_minor=minor)], MONDAY)

    told = explain(council, "maria", 1, 2, 3).told

    assert ["explained", "open", "open"] == [now(council, n).state for n in (1, 2, 3)]
    assert "1 explained, 2 wait for an approver to explain them, too" == told


def test_sending_again_begins_the_process_anew() -> None:
    """The link to what is gone is forgotten, the steps look again from the first on, and a fix is expected."""
    council = Council()
    with council.store.transaction() as db:
        workflow_id = workflows.start(
            db, flow="requisition_to_pay", kind="create", entity="purchase_order", document_key="coupa:4711",
            document_number="PO-4711", document_version=1, document_revision="1", step="verify", now=MONDAY,
        )  # fmt: skip
        assert workflow_id is not None
        workflows.save(
            db,
            workflow_id,
            state="done",
            step="verify",
            data={"x": 1},
            now=MONDAY,
            ended=True,
            target="oracle-emea",
        )
        crossrefs.link(
            db, "purchase_order", "coupa:4711", "oracle-emea", "9", why="created", linked_at=MONDAY
        )
    opened(council, kind="missing_in_target", fields=(), workflow_id=workflow_id)

    actions.resend_breaks(council.store, council.who("maria"), [1], "the ERP lost it")

    workflow = workflows.get(council.store.db, workflow_id)
    assert workflow is not None
    assert ("running", "route", 2, {}, None) == (
        workflow.state, workflow.step, workflow.generation, workflow.data, workflow.ended_at,
    )  # fmt: skip
    assert crossrefs.get(council.store.db, "purchase_order", "coupa:4711", "oracle-emea") is None
    assert "resend" == now(council).fix
    with pytest.raises(NotAllowedError, match="under way already"):
        actions.resend_breaks(council.store, council.who("maria"), [1], "again")


def test_a_process_that_waits_for_what_is_gone_begins_anew() -> None:
    """Nothing would wake it. One whose delivery is on its way is left alone."""
    council = Council()
    with council.store.transaction() as db:
        flow = workflows.start(
            db, flow="invoice_to_payment", kind="post", entity="invoice", document_key="coupa:4711",
            document_number="R-1", document_version=1, document_revision="", step="await_payment", now=MONDAY,
            state="waiting",
        )  # fmt: skip
        assert flow is not None
        outbox.enqueue(db, [an_entry(workflow_id=flow, document_key="coupa:4711")], MONDAY)
    opened(council, kind="missing_in_target", class_="manual_change", fields=(), workflow_id=flow)

    with pytest.raises(NotAllowedError, match="under way already"):
        actions.resend_breaks(council.store, council.who("maria"), [1], "the ERP lost it")
    council.sql("UPDATE delivery SET state='verified', ended_at=changed_at")
    actions.resend_breaks(council.store, council.who("maria"), [1], "the ERP lost it")

    found = workflows.get(council.store.db, flow)
    assert found is not None
    assert ("running", "route") == (found.state, found.step)


def test_what_nobody_decided_is_not_sent() -> None:
    """A break of a document without a process is refused, and several are reported one by one."""
    council = Council()
    opened(council)
    opened(council, key="2")

    outcome = actions.resend_breaks(council.store, council.who("maria"), [1, 2, 9], "again")

    assert () == outcome.done
    assert "there is no such break" == dict(outcome.refused)[9]


def test_whoever_may_only_look_changes_nothing() -> None:
    """Assigning and explaining take a role; commenting is the auditor's, too."""
    council = Council()
    opened(council)
    actions.comment_on_break(council.store, council.who("otto"), 1, "who knows of this?")

    with pytest.raises(RoleMissingError):
        explain(council, "vera", 1, reason="fine")
    actions.assign_breaks(council.store, council.who("maria"), [1], "maria")
    explain(council, "maria", 1, reason="freight")
    explain(council, "tom", 1, reason="so it is")
    actions.reopen_breaks(council.store, council.who("maria"), [1], "it was not")

    assert ["opened", "commented", "assigned", "explanation proposed", "explained", "reopened"] == [
        h.what for h in breaks.history(council.store.db, 1)
    ]
    assert "open" == now(council).state
