"""`finsync profile promote`: from a test workspace to production, by people whom production knows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tomlkit

from finsync_tui.profile import change_set
from finsync_tui.settings import create_workspace
from store import open_store
from tests.builders import a_clock
from tests.finsync_tui.cli.conftest import Answer, Finsync, Sit

TABLE = "own/mappings/cost_centre.csv"


class Way:
    """Two environments and the file between them."""

    def __init__(self, test: Finsync, prod: Finsync, file: Path, sit: Sit) -> None:
        self.test, self.prod, self.file, self.sit = test, prod, file, sit

    def make(self, *more: object) -> Answer:
        return self.test(
            "profile",
            "promote",
            "make",
            "--to",
            self.prod.path,
            "--output",
            self.file,
            "--reason",
            "may",
            *more,
        )

    def here(self, *words: object) -> Answer:
        return self.prod("profile", "promote", *words)

    def back(self, number: int = 1, why: str = "too early", *more: object) -> Answer:
        """Maria proposes to roll it back, Tom approves."""
        self.sit("maria")
        asked = self.here("rollback", number, "--reason", why)
        self.sit("tom")
        return asked if asked.code else self.here("rollback", number, "--approve", *more)

    def text(self, path: str = TABLE) -> str | None:
        file = self.prod.path / "profiles" / path
        return file.read_text(encoding="utf-8") if file.is_file() else None

    def edit(self, path: str, content: str, where: Finsync | None = None) -> None:
        file = (where or self.test).path / "profiles" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")


@pytest.fixture
def way(office: Finsync, tmp_path: Path, command: Callable[..., Answer], sit: Sit) -> Way:
    """Production is the office; the test workspace has its layers, another name and an environment layer of its own."""
    path = tmp_path / "test"
    create_workspace(path, layers=("own", "environments/mine"), name="test")
    shutil.copytree(office.path / "profiles", path / "profiles")
    mine = path / "profiles" / "environments" / "mine"
    mine.mkdir(parents=True)
    (mine / "profile.toml").write_text("[delivery]\nworkers = 2\n", encoding="utf-8")
    found = Way(Finsync(path, command), office, tmp_path / "may.json", sit)
    found.test("store", "create")
    found.edit(TABLE, "from,to\n420,421\n430,=\n")
    found.edit("own/samples/accounts.csv", "company,account,on\nDE01,01-420-7110,2026-05-04\n")
    return found


def test_a_change_goes_from_test_to_production_and_back(way: Way, sit: Sit) -> None:
    """Made, approved by another, tried, applied, noted, rolled back: each file byte by byte."""
    before = way.text()
    made = way.make("--json")
    sit("tom")
    lacking = way.here("show", way.file, "--json").json["lacks"]
    approved = way.here("approve", way.file, "--comment", "looked at it", "--json")
    (approval,) = way.here("show", way.file, "--json").json["approvals"]
    trial = way.here("apply", way.file, "--dry-run", "--json")
    untouched = way.text()
    applied = way.here("apply", way.file, "--json")
    after = way.text()
    again = way.here("apply", way.file)
    listed = way.here("list", "--json").json
    report = way.prod("report", "change-sets", "--format", "csv").out
    back = way.back(applied.json["change_set"], "too early", "--json")

    assert ("tom", "looked at it") == (approval["checker"], approval["comment"])
    assert (0, 0, 0, 0, 1, 0) == tuple(one.code for one in (made, approved, trial, applied, again, back))
    assert [(TABLE, "changed"), ("own/samples/accounts.csv", "added")] == [
        (one["path"], one["change"]) for one in made.json["files"]
    ]
    assert "nobody else has approved it" == lacking
    assert {"place": "mappings.cost_centre[420]", "one": "420", "other": "421"} in trial.json["differences"]
    assert (before, "from,to\n420,421\n430,=\n") == (untouched, after)
    assert "applied already" in again.err
    assert [("maria", "tom", "tom", True, None)] == [
        (o["maker"], o["checker"], o["applied_by"], o["is_written"], o["rolled_back_by"]) for o in listed
    ]
    assert "may" in report
    assert (before, None) == (way.text(), way.text("own/samples/accounts.csv"))
    with open_store(way.prod.path / "finsync.db", a_clock()) as store:
        acts = [
            r[0]
            for r in store.db.execute("SELECT what FROM v_audit WHERE subject='profile:files' ORDER BY seq")
        ]
    assert [
        "profile.change_set_made", "profile.change_set_approved", "profile.promoted", "profile.rollback_proposed",
        "profile.rollback_approved", "profile.rolled_back",
    ] == acts  # fmt: skip


def test_what_differs_between_environments_on_purpose_stays(way: Way) -> None:
    """Neither layers below environments, nor workspace.toml, nor layers that production does not name."""
    path = way.test.path / "workspace.toml"
    settings = tomlkit.parse(path.read_text(encoding="utf-8"))
    settings["layers"] = ["own", "new", "environments/mine"]
    path.write_text(tomlkit.dumps(settings), encoding="utf-8")
    way.edit("new/profile.toml", "[delivery]\nworkers = 3\n")
    made = way.make("--json").json

    assert ["new"] == made["left_out"]
    assert {TABLE, "own/samples/accounts.csv"} == {one["path"] for one in made["files"]}


def test_nobody_promotes_alone(way: Way, sit: Sit) -> None:
    """Not the maker, not without an approval, not who may only look."""
    way.make()
    own = way.here("approve", way.file)
    alone = way.here("apply", way.file)
    sit("tom")
    unapproved = way.here("apply", way.file)
    trial = way.here("apply", way.file, "--dry-run")
    sit("vera")
    viewer = way.make("--force")

    assert (1, 1, 1, 3, 1) == tuple(one.code for one in (own, alone, unapproved, trial, viewer))
    assert "ROLE_MISSING" in own.err
    assert "ROLE_MISSING" in alone.err
    assert "CHANGE_SET_REFUSED" in unapproved.err
    assert "it can't be applied" in trial.err
    assert "ROLE_MISSING" in viewer.err
    assert "420,420" in (way.text() or "")


@pytest.mark.parametrize("part", ["text", "after", "reason", "approval", "path", "target"])
def test_an_edited_change_set_is_refused(way: Way, sit: Sit, part: str) -> None:
    """Whatever somebody changes in the file after it was signed, nothing of it is written."""
    way.make()
    sit("tom")
    way.here("approve", way.file)
    found = json.loads(way.file.read_text(encoding="utf-8"))
    match part:
        case "text":
            found["files"][0]["text"] += "999,999\n"
        case "after":
            found["files"][0]["text"] += "999,999\n"
            found["files"][0]["after"] = change_set.digest(found["files"][0]["text"])
        case "reason":
            found["reason"] = "another"
        case "approval":
            found["approvals"][0]["checker"] = "vera"
        case "path":
            found["files"][0]["path"] = "own/../../workspace.toml"
        case _:
            found["target"] = "0" * 32
    way.file.write_text(json.dumps(found), encoding="utf-8")
    answer = way.here("apply", way.file)

    assert answer.code in (1, 2)
    assert ("CHANGE_SET_INVALID" if part in ("text", "path") else "CHANGE_SET_REFUSED") in answer.err
    assert "420,420" in (way.text() or "")
    assert [] == way.here("list", "--json").json


def test_what_changed_meanwhile_is_never_overwritten(way: Way, sit: Sit) -> None:
    """Neither by applying nor by rolling back: the file is named."""
    way.make()
    sit("tom")
    way.here("approve", way.file)
    way.edit(TABLE, "from,to\n420,777\n", way.prod)
    applied = way.here("apply", way.file)
    way.edit(TABLE, "from,to\n420,420\n430,=\n", way.prod)
    way.here("apply", way.file)
    way.edit(TABLE, "from,to\n420,888\n", way.prod)
    back = way.back(why="no")

    assert "CHANGE_SET_CONFLICT" in applied.err
    assert TABLE in applied.err
    assert "CHANGE_SET_CONFLICT" in back.err
    assert "from,to\n420,888\n" == way.text()


def test_a_profile_that_would_not_be_usable_is_not_made(way: Way, sit: Sit) -> None:
    """The dry run says where it would stand; applying it says so, too."""
    way.edit(
        "own/profile.toml",
        (way.test.path / "profiles/own/profile.toml").read_text() + "\n[delivery]\nworkers = 0\n",
    )
    way.make()
    sit("tom")
    way.here("approve", way.file)
    trial = way.here("apply", way.file, "--dry-run", "--json")
    answer = way.here("apply", way.file)

    assert (3, 1) == (trial.code, answer.code)
    assert "delivery.workers" == trial.json["problems"][0]["place"]
    assert str(way.prod.path) in trial.json["problems"][0]["file"]
    assert "CHANGE_SET_PROBLEMS" in answer.err


def test_what_was_stopped_midway_is_finished_or_undone(
    way: Way, sit: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the files were written when the machine stopped: applying it again writes the rest; a rollback undoes both."""
    way.make()
    sit("tom")
    way.here("approve", way.file)
    real = change_set.write

    def half(workspace: object, wanted: dict[str, str | None]) -> None:
        real(workspace, dict(list(wanted.items())[:1]))  # type: ignore[arg-type]
        raise OSError("no power")

    monkeypatch.setattr("finsync_tui.actions.promotions.write", half)
    with pytest.raises(OSError, match="no power"):
        raise (
            OSError("no power") if way.here("apply", way.file).code else AssertionError("it was not stopped")
        )
    monkeypatch.setattr("finsync_tui.actions.promotions.write", real)
    begun = way.here("list").out
    done = way.here("apply", way.file)
    listed = way.here("list", "--json").json
    noted = "SELECT body->>'$.after.finishes' FROM v_audit WHERE what='profile.promoted' ORDER BY seq"
    with open_store(way.prod.path / "finsync.db", a_clock()) as store:
        acts = [row[0] for row in store.db.execute(noted)]
    back = way.back(why="no")

    assert [None, 1] == acts
    assert "apply it again" in begun
    assert (0, 0, [True]) == (done.code, back.code, [one["is_written"] for one in listed])
    assert None is way.text("own/samples/accounts.csv")


def test_a_change_set_is_applied_once(way: Way, sit: Sit) -> None:
    """Old signatures write nothing again: neither after the files went back, nor after a rollback."""
    before, samples = way.text() or "", way.prod.path / "profiles/own/samples/accounts.csv"
    way.make()
    sit("tom")
    way.here("approve", way.file)
    way.here("apply", way.file)
    way.edit(TABLE, before, way.prod)
    samples.unlink()
    by_hand = way.here("apply", way.file)
    shown = way.here("show", way.file).err
    way.back(why="it was wrong")
    rolled_back = way.here("apply", way.file)
    trial = way.here("apply", way.file, "--dry-run", "--json")

    assert (1, 1, 3) == (by_hand.code, rolled_back.code, trial.code)
    assert "applied here as change set 1, and its files changed since" in shown
    assert "CHANGE_SET_REFUSED" in by_hand.err
    assert "rolled back here as change set 1 by tom" in rolled_back.err
    assert [1] == [one["id"] for one in way.here("list", "--json").json]
    assert before == way.text()
    sit("maria")
    way.make("--force")
    sit("tom")
    way.here("approve", way.file)
    assert (0, True) == (way.here("apply", way.file).code, before != way.text())


def test_signed_tables_wait_for_their_own_two(way: Way, sit: Sit) -> None:
    """A table that two have signed in production is not changed by a file: what to do is said."""
    way.prod("mapping", "propose", "cost_centre", "--from-profile", "--reason", "as it is")
    sit("tom")
    way.prod("mapping", "approve", "1")
    sit("maria")
    way.make()
    sit("tom")
    way.here("approve", way.file)
    applied = way.here("apply", way.file)
    rows = way.prod("mapping", "show", "cost_centre", "--json").json["rows"]

    assert 0 == applied.code
    assert "finsync mapping propose cost_centre --from-profile" in applied.err
    assert "420" == next(one["to"] for one in rows if one["from"] == "420")


def test_equal_environments_and_files_that_are_no_change_set(way: Way, tmp_path: Path, sit: Sit) -> None:
    """Each says why, and nothing is written."""
    shutil.copy(way.prod.path / "profiles" / TABLE, way.test.path / "profiles" / TABLE)
    (way.test.path / "profiles" / "own" / "samples" / "accounts.csv").unlink()
    same = way.make()
    way.edit(TABLE, "from,to\n420,421\n")
    way.make()
    again = way.make()
    other = tmp_path / "other.json"
    other.write_text("{}", encoding="utf-8")

    assert "say the same" in same.err
    assert "FILE_EXISTS" in again.err
    assert (2, 2) == (way.here("show", other).code, way.here("show", tmp_path / "none.json").code)
    sit("tom")
    assert "NOT_FOUND" in way.here("rollback", 9, "--reason", "x").err


def test_where_one_person_is_enough_nobody_signs(way: Way) -> None:
    """The profile says so."""
    path = way.prod.path / "profiles" / "own" / "profile.toml"
    path.write_text(path.read_text() + '\n[governance]\nprofile = "one"\n', encoding="utf-8")
    shutil.copy(path, way.test.path / "profiles" / "own" / "profile.toml")
    for place in (way.prod, way.test):
        file = place.path / "profiles" / "own" / "profile.toml"
        file.write_text(
            file.read_text().replace('roles = ["analyst"]', 'roles = ["analyst", "administrator"]')
        )
    made = way.make("--json")
    applied = way.here("apply", way.file)

    after = way.text()
    back = way.here("rollback", 1, "--reason", "too early", "--json")

    assert (0, 0, []) == (made.code, applied.code, made.json["approvals"])
    assert "420,421" in (after or "")
    assert ("rolled back", None) == (back.json["state"], back.json["proposal"])
    assert "420,420" in (way.text() or "")


@pytest.fixture
def applied(way: Way, sit: Sit) -> Way:
    """Change set 1 is applied; Tom is at the desk."""
    way.make()
    sit("tom")
    way.here("approve", way.file)
    assert 0 == way.here("apply", way.file).code
    return way


def test_a_rollback_takes_two_where_the_change_set_does(applied: Way, sit: Sit) -> None:
    """Who proposes it can't approve it; nothing is written before somebody else has; it is listed meanwhile."""
    sit("maria")
    nothing_asked = applied.here("rollback", 1, "--withdraw", "--reason", "x")
    asked = applied.here("rollback", 1, "--reason", "orders are stuck", "--json")
    meanwhile = applied.text()
    twice = applied.here("rollback", 1, "--reason", "orders are stuck")
    viewer_may_not = applied.here("rollback", 1, "--approve")
    (listed,) = applied.here("list", "--json").json
    sit("tom")
    done = applied.here("rollback", 1, "--approve", "--reason", "looked at it", "--json")

    assert "nobody has proposed" in nothing_asked.err
    assert ("applied", 1) == (asked.json["state"], asked.json["proposal"])
    assert "420,421" in (meanwhile or "")
    assert "waits for a second person already" in twice.err
    assert "ROLE_MISSING" in viewer_may_not.err
    assert ("maria", "orders are stuck") == (listed["rollback_proposed_by"], listed["rollback_proposed_why"])
    assert {"change_set": 1, "state": "rolled back", "proposal": 1} == done.json
    assert "420,420" in (applied.text() or "")


def test_nobody_approves_their_own_rollback(applied: Way) -> None:
    """Tom has both roles, and still needs somebody else."""
    applied.here("rollback", 1, "--reason", "orders are stuck")
    own = applied.here("rollback", 1, "--approve")

    assert "can't approve it too" in own.err
    assert "420,421" in (applied.text() or "")


def test_a_rollback_is_rejected_or_withdrawn(applied: Way, sit: Sit) -> None:
    """The change set stays in force, and can be proposed to be rolled back again."""
    sit("maria")
    applied.here("rollback", 1, "--reason", "orders are stuck")
    withdrawn = applied.here("rollback", 1, "--withdraw", "--reason", "they are not", "--json")
    applied.here("rollback", 1, "--reason", "now they are")
    sit("tom")
    not_his = applied.here("rollback", 1, "--withdraw", "--reason", "x")
    rejected = applied.here("rollback", 1, "--reject", "--reason", "for another reason", "--json")
    nothing = applied.here("rollback", 1, "--approve")

    assert ("applied", "applied") == (withdrawn.json["state"], rejected.json["state"])
    assert "only they can withdraw it" in not_his.err
    assert "nobody has proposed" in nothing.err
    assert "420,421" in (applied.text() or "")


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE proposal SET state='approved', checker='tom', decided_at='2026-05-04T08:00:00.000000Z', version=1,"
        " signature=maker_signature",
        "UPDATE proposal SET state='approved', rule='one'",
        "UPDATE proposal SET maker='vera'",
        'UPDATE change_set SET before=\'{"own/mappings/cost_centre.csv": "from,to\\n420,999\\n"}\'',
    ],
    ids=["approval", "rule", "maker", "files"],
)
def test_a_forged_rollback_is_not_written(applied: Way, sit: Sit, forged: str) -> None:
    """Whoever writes into the store file gets nothing written into the profile's files, whoever runs the command then."""
    sit("maria")
    applied.here("rollback", 1, "--reason", "orders are stuck")
    with open_store(applied.prod.path / "finsync.db", a_clock()) as store:
        for (name,) in store.db.execute(
            "SELECT name FROM sqlite_schema WHERE type='trigger' AND tbl_name IN ('proposal', 'change_set')"
        ).fetchall():
            store.db.execute(f"DROP TRIGGER {name}")
        store.db.execute(forged)
    sit("tom")
    finished = applied.here("rollback", 1, "--reason", "it was approved")
    approved = applied.here("rollback", 1, "--approve")

    assert 0 != finished.code
    assert 0 != approved.code
    assert "420,421" in (applied.text() or "")


def test_an_approved_rollback_that_was_stopped_is_finished(
    applied: Way, sit: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both had signed when the machine stopped: the same command writes the files, after it has checked both once more."""
    real = change_set.write

    def stopped(*_: object) -> None:
        raise OSError("no power")

    sit("maria")
    applied.here("rollback", 1, "--reason", "orders are stuck")
    sit("tom")
    monkeypatch.setattr("finsync_tui.actions.rollbacks.write", stopped)
    cut = applied.here("rollback", 1, "--approve")
    monkeypatch.setattr("finsync_tui.actions.rollbacks.write", real)
    between = applied.text()
    done = applied.here("rollback", 1, "--json")

    assert 0 != cut.code
    assert "420,421" in (between or "")
    assert {"change_set": 1, "state": "rolled back", "proposal": 1} == done.json
    assert "420,420" in (applied.text() or "")
