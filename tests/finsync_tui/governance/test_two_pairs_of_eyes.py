"""A mapping change takes a maker and another person; what they did not both sign is never in force."""

from __future__ import annotations

import pytest

from finsync_tui import actions
from finsync_tui.actions.mappings import ProposalConflictError, ProposalRefusedError, TableInvalidError
from finsync_tui.mapping import recording
from finsync_tui.people import KeyMissingError, RoleMissingError
from store import proposals, rulesets
from store.errors import NotAllowedError
from tests.builders import MONDAY
from tests.finsync_tui.governance.council import PEOPLE, TABLE, Council, a_person, a_row, a_signer, public

OLD, NEW = a_row("420", "420"), a_row("430", "431")


def test_a_change_waits_for_a_second_person() -> None:
    """Proposed, it is in the store with its maker's signature, and nothing else has changed."""
    council = Council()

    proposed = council.propose(OLD, NEW)

    assert (None, [("420", "420")]) == (proposed.version, council.rows)
    assert ("open", "maria", None) == (
        council.proposal(proposed.proposal).state,
        council.proposal(proposed.proposal).maker,
        council.proposal(proposed.proposal).checker,
    )


def test_an_approved_change_is_in_force_signed_and_noted() -> None:
    """The second person's signature puts it into force, as a version of its own."""
    council = Council()

    approved = council.approve(council.propose(OLD, NEW))

    assert ([("420", "420"), ("430", "431")], True, 2) == (
        council.rows,
        council.table.is_signed,
        approved.version,
    )
    assert [("maria", "mapping.proposed"), ("tom", "mapping.approved")] == council.noted


def test_nobody_approves_their_own_change() -> None:
    """Not even with the role of an approver."""
    council = Council()
    proposed = council.propose(OLD, NEW, by="tom")

    with pytest.raises(NotAllowedError, match="can't approve it too"):
        council.approve(proposed, by="tom")

    assert [("420", "420")] == council.rows


@pytest.mark.parametrize("name", ["maria", "vera", "otto", "stranger"])
def test_only_an_approver_approves(name: str) -> None:
    """An analyst, a viewer, an auditor and an account that is not listed are refused."""
    council = Council()
    proposed = council.propose(OLD, NEW, by="tom")

    with pytest.raises(RoleMissingError, match="is for approver"):
        council.approve(proposed, by=name)

    assert "open" == council.proposal(proposed.proposal).state


def test_a_viewer_proposes_nothing() -> None:
    """Looking is all they do, and nothing is kept of the attempt."""
    council = Council()

    with pytest.raises(RoleMissingError, match="viewer"):
        council.propose(OLD, NEW, by="vera")

    assert [] == proposals.listed(council.store.db)


def test_a_key_that_the_profile_does_not_list_signs_nothing() -> None:
    """Neither a maker nor a checker acts with a key of their own making."""
    council = Council()

    with pytest.raises(KeyMissingError, match="not the one that the profile lists"):
        council.propose(OLD, NEW, signer=a_signer("maria", "another"))
    proposed = council.propose(OLD, NEW)
    with pytest.raises(KeyMissingError, match="not the one that the profile lists"):
        council.approve(proposed, signer=a_signer("tom", "another"))

    assert [("420", "420")] == council.rows


def test_a_revoked_key_approves_nothing_new_and_keeps_what_it_approved() -> None:
    """The profile says until when the old key counted."""
    council = Council()
    council.agreed(OLD, NEW)
    later = {"until": "2026-01-06T00:00:00Z", "roles": ["approver"], "key": public("tom")}
    council.people = {**PEOPLE, "tom": a_person("tom", "approver", key=public("tom's new"), before=[later])}
    council.store.clock.advance_to(MONDAY.replace(day=7))  # type: ignore[attr-defined]
    council.propose(OLD, NEW, a_row("440", "441"))

    with pytest.raises(KeyMissingError):
        council.approve(2, signer=a_signer("tom"))

    assert [("420", "420"), ("430", "431")] == council.rows
    council.approve(2, signer=a_signer("tom", "tom's new"))
    assert 3 == len(council.rows)


def test_a_key_that_is_gone_from_the_profile_takes_its_approvals_with_it() -> None:
    """Nobody can tell any more who signed: the table falls back, and says why."""
    council = Council()
    council.agreed(OLD, NEW)

    council.people = {**PEOPLE, "tom": a_person("tom", "approver", key=public("tom's new"))}

    assert [("420", "420")] == council.rows
    assert "signature is not tom's" in council.table.problems[0]


def test_a_person_who_is_not_listed_any_more_approved_nothing() -> None:
    """Unknown is not trusted."""
    council = Council()
    council.agreed(OLD, NEW)

    council.people = {name: one for name, one in PEOPLE.items() if name != "tom"} | {
        "uwe": a_person("uwe", "approver")
    }

    assert "tom, who approved it, is not listed" in council.table.problems[0]
    assert [("420", "420")] == council.rows


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", '{"source":"430","target":"666","scope":"","priority":0,"valid_from":null,"valid_to":null}'),
        ("maker", "otto"),
        ("checker", "otto"),
        ("reason", "another"),
        ("base_version", 0),
        ("version", 9),
        ("effective_from", "2020-01-01"),
        ("made_at", "2020-01-01T00:00:00.000000Z"),
        ("decided_at", "2026-01-05T09:00:00.000000Z"),
        ("signature", None),
        ("maker_signature", None),
        ("rule", "one"),
        ("layer_version", 7),
    ],
)
def test_a_row_that_was_edited_after_signing_is_not_in_force(column: str, value: object) -> None:
    """Whatever was written into the file: the version before stays, and the edited one is shown."""
    council = Council()
    council.agreed(OLD, NEW)

    council.sql(f"UPDATE proposal SET {column}=? WHERE id=1", value)

    assert [("420", "420")] == council.rows
    assert council.table.problems


def test_a_proposal_edited_before_approval_is_refused() -> None:
    """The checker never signs what the maker did not."""
    council = Council()
    proposed = council.propose(OLD, NEW)
    council.sql("UPDATE proposal SET body=replace(body, '431', '666')")

    with pytest.raises(ProposalRefusedError, match="not signed by maria"):
        council.approve(proposed)

    assert [("420", "420")] == council.rows


def test_a_state_written_into_the_file_approves_nothing() -> None:
    """A proposal that only says it was approved is not in force."""
    council = Council()
    council.propose(OLD, NEW)

    council.sql(
        "UPDATE proposal SET state='approved', checker='tom', decided_at=made_at, version=2, signature=maker_signature"
    )

    assert [("420", "420")] == council.rows
    assert "signature is not tom's" in council.table.problems[0]


def test_a_signed_change_stays_in_force_whatever_its_row_says_later() -> None:
    """Marking it withdrawn in the file takes nothing back."""
    council = Council()
    council.agreed(OLD, NEW)

    council.sql("UPDATE proposal SET state='withdrawn'")

    assert [("420", "420"), ("430", "431")] == council.rows


def test_a_version_written_into_the_file_is_not_in_force() -> None:
    """Recorded versions are records, not orders; the stranger is named."""
    council = Council()
    council.agreed(OLD, NEW)
    with council.store.transaction() as db:
        rulesets.record(db, "mapping", TABLE, a_row("420", "666").model_dump_json(), MONDAY)

    assert [("420", "420"), ("430", "431")] == council.rows
    assert ("version 3 is not in force: nobody signed it",) == council.table.problems


def test_a_signature_of_another_store_counts_nothing() -> None:
    """What was approved in a test workspace can't be carried into this one."""
    test, live = Council(), Council()
    test.agreed(OLD, NEW)
    live.propose(OLD, NEW)
    live.sql("DELETE FROM proposal")
    columns = ", ".join(test.proposal(1).__slots__)
    live.sql(
        f"INSERT INTO proposal({columns}) VALUES ({','.join('?' * len(test.proposal(1).__slots__))})",
        *test.store.db.execute(f"SELECT {columns} FROM proposal").fetchone(),
    )

    assert [("420", "420")] == live.rows
    assert live.table.problems


def test_an_approver_can_not_invent_a_maker() -> None:
    """Alone with the file and one key nobody gets a change through: the maker signs too."""
    council = Council()
    council.propose(OLD, NEW, by="tom")
    council.sql("UPDATE proposal SET maker='maria'")

    with pytest.raises(ProposalRefusedError, match="not signed by maria"):
        council.approve(1)


def test_what_is_refused_is_said_once() -> None:
    """A finding and an audit entry when it shows, not one with each start."""
    council = Council()
    council.agreed(OLD, NEW)
    council.sql("UPDATE proposal SET reason='another'")

    council.engine_starts()
    council.engine_starts()

    found = council.store.db.execute("SELECT class, severity FROM finding").fetchall()
    assert [("MAPPING_UNTRUSTED", "block")] == [tuple(row) for row in found]
    assert 1 == council.noted.count(("engine", "mapping.refused"))


def test_two_proposals_on_one_base_lose_nothing() -> None:
    """The second to be approved is a conflict; made anew on the newer version, both are in force."""
    council = Council()
    first, second = council.propose(OLD, NEW), council.propose(OLD, a_row("440", "441"))
    council.approve(first)

    with pytest.raises(ProposalConflictError, match=r"version 1 .* but version 2 is in force"):
        council.approve(second)
    anew = actions.rebased(council.store, council.profile, council.who("maria"), second.proposal)
    council.approve(council.propose(*anew.rows, base_version=anew.base_version, replaces=anew.replaces))

    assert [("420", "420"), ("430", "431"), ("440", "441")] == council.rows
    assert "superseded" == council.proposal(second.proposal).state


def test_a_value_that_both_changed_is_decided_by_a_person() -> None:
    """It is named; only `mine` lets the proposal win."""
    council = Council()
    first, second = council.propose(OLD, NEW), council.propose(OLD, a_row("430", "499"))
    council.approve(first)
    who = council.who("maria")

    with pytest.raises(ProposalConflictError, match=r"Both changed: 430 \(every scope\)"):
        actions.rebased(council.store, council.profile, who, second.proposal)
    anew = actions.rebased(council.store, council.profile, who, second.proposal, mine=True)

    assert [("420", "420"), ("430", "499")] == [(row.source, row.target) for row in anew.rows]


def test_a_person_who_looked_at_an_older_version_is_told() -> None:
    """Two people edit one table: the second can't overwrite the first unknowingly."""
    council = Council()
    seen = council.engine_starts()[TABLE].version
    council.agreed(OLD, NEW)

    with pytest.raises(ProposalConflictError):
        council.propose(OLD, base_version=seen)


def test_a_change_of_the_profiles_table_waits_once_the_table_is_signed() -> None:
    """From the first signed version on, a file alone changes nothing; it is shown, and can be proposed."""
    council = Council()
    council.agreed(OLD, NEW)
    council.own = {TABLE: (OLD, a_row("450", "451"))}

    council.engine_starts()

    assert ([("420", "420"), ("430", "431")], True) == (council.rows, council.table.layer_differs)
    own = actions.from_profile(council.store, council.profile, council.who("maria"), TABLE)
    council.approve(council.propose(*own.rows, layer_version=own.layer_version))
    assert [("420", "420"), ("430", "431"), ("450", "451")] == council.rows
    assert not council.table.layer_differs


def test_a_table_that_nobody_signed_is_as_the_profile_says() -> None:
    """Each change of the file is a version of its own, and noted."""
    council = Council()
    council.engine_starts()
    council.own = {TABLE: (OLD, NEW)}

    found = council.engine_starts()[TABLE]

    assert (2, "profile", False) == (found.version, found.source, found.is_signed)
    assert [("engine", "mapping.recorded")] == council.noted


def test_a_table_can_be_signed_as_it_is() -> None:
    """That is how a table of the profile comes under the rule of two."""
    council = Council()

    council.agreed(OLD)
    council.own = {TABLE: (a_row("420", "666"),)}

    assert ([("420", "420")], True) == (council.rows, council.table.is_signed)


def test_a_rejected_or_withdrawn_change_stays_with_its_reason() -> None:
    """And can't be approved any more."""
    council = Council()
    one, two = council.propose(OLD, NEW), council.propose(OLD, NEW)

    actions.reject_mapping(council.store, council.who("tom"), one.proposal, "430 is closed")
    actions.withdraw_mapping(council.store, council.who("maria"), two.proposal, "wrong")

    assert [("rejected", "tom", "430 is closed"), ("withdrawn", "maria", "wrong")] == [
        (p.state, p.checker, p.decision) for p in proposals.listed(council.store.db)
    ]
    with pytest.raises(NotAllowedError, match="rejected by tom"):
        council.approve(one)


def test_nobody_withdraws_the_change_of_another() -> None:
    """Rejecting is for that."""
    council = Council()
    proposed = council.propose(OLD, NEW)

    with pytest.raises(NotAllowedError, match="maria's"):
        actions.withdraw_mapping(council.store, council.who("tom"), proposed.proposal, "no")


def test_rows_that_contradict_each_other_are_not_proposed() -> None:
    """The row is named, and nothing is kept."""
    council = Council()

    with pytest.raises(TableInvalidError, match="row 2: row 1 says 420 and this one 421"):
        council.propose(OLD, a_row("420", "421"))

    assert [] == proposals.listed(council.store.db)


def test_where_one_is_enough_a_change_is_in_force_at_once() -> None:
    """Noted, with its maker, and without a key."""
    council = Council(governance={"mapping": "one"})

    proposed = council.propose(OLD, NEW, signer=None)

    assert (2, [("420", "420"), ("430", "431")]) == (proposed.version, council.rows)
    assert [("maria", "mapping.proposed"), ("maria", "mapping.applied")] == council.noted


def test_where_nobody_is_listed_everybody_may_do_everything() -> None:
    """As it was before there were people."""
    council = Council(people={})

    council.propose(OLD, NEW, by="anybody", signer=None)

    assert [("420", "420"), ("430", "431")] == council.rows


def test_where_one_is_enough_the_profiles_later_changes_come_in_too() -> None:
    """Values that only the file changed follow the file; those changed here stay, and the difference is told."""
    council = Council(people={})
    council.propose(OLD, NEW, by="ana", signer=None)
    council.own = {TABLE: (a_row("420", "421"), a_row("430", "439"), a_row("450", "451"))}

    council.engine_starts()

    assert [("420", "421"), ("430", "431"), ("450", "451")] == council.rows
    assert [("MAPPING_DIFFERS",)] == [tuple(r) for r in council.store.db.execute("SELECT class FROM finding")]


def test_what_one_applied_alone_is_not_in_force_under_the_rule_of_two() -> None:
    """A stricter rule trusts nothing that was done under the weaker one."""
    council = Council(governance={"mapping": "one"})
    council.propose(OLD, NEW, signer=None)

    council.extra = {}

    assert [("420", "420")] == council.rows
    assert "no second person signed it" in council.table.problems[0]


def test_recording_what_is_in_force_already_writes_nothing() -> None:
    """An engine that starts again leaves no trace of it."""
    council = Council()
    council.agreed(OLD, NEW)
    before = council.noted

    with council.store.transaction() as db:
        recording.record(db, council.profile, MONDAY)

    assert before == council.noted
    assert 2 == council.engine_starts()[TABLE].version
