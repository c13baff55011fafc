"""`finsync mapping` and `finsync people`: a change from what is missing to what is in force, by two people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finsync_tui.mapping import files
from store import open_store
from store.cases import NewCase
from store.cases import open as open_case
from tests.builders import MONDAY, a_clock
from tests.finsync_tui.cli.conftest import Finsync, Sit
from tests.finsync_tui.governance.council import TABLE, a_row


def test_a_change_from_proposal_to_force(office: Finsync, sit: Sit) -> None:
    """Maria proposes, Tom looks and approves, and every row says where it comes from."""
    proposed = office("mapping", "propose", TABLE, "--set", "CC1=C1", "--reason", "new", "--json")
    waiting = office("mapping", "list", "--proposals", "--json").json
    sit("tom")
    seen = office("mapping", "diff", TABLE, "--proposal", "1", "--json").json
    approved = office("mapping", "approve", "1", "--json")
    shown = office("mapping", "show", TABLE, "--json").json

    assert (0, None) == (proposed.code, proposed.json["version"])
    assert [("maria", "open", "two")] == [(p["maker"], p["state"], p["persons_needed"]) for p in waiting]
    assert ([], ["CC1"]) == (seen["removed"], [row["from"] for row in seen["added"]])
    assert {"proposal": 1, "table": TABLE, "version": 2} == approved.json
    assert [("420", "profile", None), ("430", "profile", None), ("CC1", "proposal", "tom")] == [
        (row["from"], row["origin"]["source"], row["origin"]["checker"]) for row in shown["rows"]
    ]
    assert (0, "CC1 -> C1 (row 3: CC1)\n") == (
        (answer := office("mapping", "test", TABLE, "CC1", "--scope", "DE01")).code,
        answer.out,
    )
    assert [2, 1] == [one["version"] for one in office("mapping", "history", TABLE, "--json").json]


def test_who_may_not_is_told_why(office: Finsync, sit: Sit) -> None:
    """A stable code, a sentence, exit code 1; nothing was kept."""
    office("mapping", "propose", TABLE, "--set", "A=1", "--reason", "new")

    own = office("mapping", "approve", "1")
    sit("vera")
    viewer = office("mapping", "propose", TABLE, "--set", "B=1", "--reason", "new")
    pause = office("systems", "pause", "coupa", "--reason", "lunch")
    sit("somebody")
    stranger = office("mapping", "reject", "1", "--reason", "no")

    assert [1, 1, 1, 1] == [own.code, viewer.code, pause.code, stranger.code]
    assert all("ROLE_MISSING" in one.err for one in (own, viewer, pause, stranger))
    assert 1 == len(office("mapping", "list", "--proposals", "--json").json)


def test_whoami_says_roles_and_key(office: Finsync, sit: Sit) -> None:
    """Before somebody tries to sign."""
    sit("tom")

    found = office("people", "whoami", "--json").json

    assert (["approver"], True, True) == (
        found["roles"],
        found["key_is_listed"],
        "mapping.approved" in found["may"],
    )
    assert [True, True, True] == [one["has_key"] for one in office("people", "list", "--json").json]


def test_a_key_is_not_replaced_by_accident(office: Finsync) -> None:
    """It takes --replace; the private half is never printed."""
    first = office("people", "key", "--show").out

    refused = office("people", "key")
    other = office("people", "key", "--replace")

    assert (2, True) == (refused.code, "SIGNING_KEY" in refused.err)
    assert first != other.out
    assert 'key = "' == other.out[:7]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_table_goes_to_a_file_and_comes_back(
    office: Finsync, tmp_path: Path, sit: Sit, suffix: str
) -> None:
    """Codes stay text: leading zeros, dates, what looks like a formula, and the sign for the same value."""
    rows = [
        a_row("0042", "=", priority=3, valid_from="2026-01-01", valid_to="2026-12-31"),
        a_row("-7", "+1", scope="DE01", priority=-3),
        a_row("=SUM(A1)", "@x"),
        a_row("1e5", "00"),
        a_row("70..79", "71", where=(("category", "=IT*"), ("currency", "EUR"))),
    ]
    content = files.xlsx_bytes(TABLE, rows) if suffix == "xlsx" else files.csv_text(rows).encode()
    file = tmp_path / f"in.{suffix}"
    file.write_bytes(content)

    imported = office("mapping", "import", TABLE, file, "--reason", "chart of 2027")
    sit("tom")
    office("mapping", "approve", "1")
    written = office("mapping", "export", TABLE, "--format", suffix, "--output", tmp_path / f"out.{suffix}")

    assert (0, 0) == (imported.code, written.code), imported.err + written.err
    assert tuple(rows) == files.read(tmp_path / f"out.{suffix}")
    assert 0o600 == (tmp_path / f"out.{suffix}").stat().st_mode & 0o777


def test_a_workbook_without_its_extra_says_what_to_install(
    office: Finsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written; CSV goes on working."""
    import sys

    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    monkeypatch.setitem(sys.modules, "python_calamine", None)

    written = office("mapping", "export", TABLE, "--format", "xlsx", "--output", tmp_path / "out.xlsx")
    (tmp_path / "in.xlsx").write_bytes(b"PK")
    read = office("mapping", "import", TABLE, tmp_path / "in.xlsx", "--reason", "x")

    assert [2, 2] == [written.code, read.code]
    assert all("EXTRA_MISSING" in one.err and "finsync[xlsx]" in one.err for one in (written, read))
    assert (
        "from,to,scope,priority,valid_from,valid_to\n420,420,,0,,\n" in office("mapping", "export", TABLE).out
    )


def test_a_file_that_is_no_workbook_is_named(office: Finsync, tmp_path: Path) -> None:
    """Not a defect: somebody else's file."""
    (tmp_path / "in.xlsx").write_bytes(b"this is no workbook")

    answer = office("mapping", "import", TABLE, tmp_path / "in.xlsx", "--reason", "x")

    assert (2, True) == (answer.code, "SHEET_UNREADABLE" in answer.err)


def test_a_value_that_no_rule_knows_ends_with_three(office: Finsync) -> None:
    """A check that was asked for found something."""
    answer = office("mapping", "test", TABLE, "XX", "--scope", "DE01", "--json")

    assert (3, None) == (answer.code, answer.json["to"])


def test_gaps_and_impact_are_shown_in_money(office: Finsync) -> None:
    """What lacks a rule, and what one would do."""
    with open_store(office.path / "finsync.db", a_clock()) as store, store.transaction() as db:
        case = NewCase(
            class_="MAPPING_MISSING", entity="purchase_order", document_key="coupa:1", document_number="PO-1",
            system="coupa", cause="no rule", fix="add one", amount_minor=120450, currency="EUR",
            evidence={"table": TABLE, "value": "410", "scope": "DE01"},
        )  # fmt: skip
        open_case(db, case, MONDAY)

    gap = office("mapping", "gaps", "--json").json
    nothing = office("mapping", "impact", TABLE, "--set", "999=1", "--json").json

    assert [{"amount": "1204.50", "currency": "EUR"}] == gap[0]["amounts"]
    assert [] == nothing["totals"]


def test_doctor_says_which_tables_a_file_decides_alone(office: Finsync, sit: Sit) -> None:
    """Until they are signed; and it names a change that was written into the store."""
    office("mapping", "list")
    before = json.dumps(office("doctor", "--json").json)
    office("mapping", "propose", TABLE, "--from-profile", "--reason", "adopted")
    sit("tom")
    office("mapping", "approve", "1")
    after = json.dumps(office("doctor", "--json").json)
    with open_store(office.path / "finsync.db", a_clock()) as store:
        store.db.execute("DROP TRIGGER proposal_no_rewrite")
        store.db.execute("UPDATE proposal SET reason='another'")

    tampered = office("doctor")

    assert "never signed" in before
    assert "never signed" not in after
    assert (3, True) == (tampered.code, "proposal 1 is not in force" in tampered.out)
    assert "proposal 1 is not in force" in office("mapping", "list").out


def test_what_is_typed_wrong_is_said(office: Finsync) -> None:
    """Usage errors end with 2 and change nothing."""
    wrong = [
        office("mapping", "propose", TABLE, "--reason", "x"),
        office("mapping", "propose", TABLE, "--set", "A", "--reason", "x"),
        office("mapping", "propose", TABLE, "--remove", "A", "--reason", "x"),
        office("mapping", "impact", TABLE),
        office("mapping", "export", TABLE, "--format", "xlsx"),
    ]

    assert [2] * 5 == [one.code for one in wrong]
    assert [] == office("mapping", "list", "--proposals", "--json").json


def test_where_nobody_is_listed_one_is_enough(finsync: Finsync) -> None:
    """Today's workspaces go on as they are; doctor says so."""
    done = finsync("mapping", "propose", "made_here", "--set", "A=1", "--reason", "new", "--json")

    assert (0, 1) == (done.code, done.json["version"] and 1)
    assert "everybody who can open the workspace may do everything" in finsync("doctor").out
