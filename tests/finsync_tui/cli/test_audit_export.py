"""`finsync audit export` and `erase`: who may, what they say, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import tomlkit

from finsync_tui.actor import account
from finsync_tui.evidence import verify
from tests.builders import MONDAY
from tests.finsync_tui.cli.conftest import PROFILE, Finsync
from tests.finsync_tui.governance.council import a_person

DAY = MONDAY.date().isoformat()


def _export(finsync: Finsync, path: Path, *more: str) -> tuple[int, str, str]:
    ended = finsync("audit", "export", "--from", DAY, "--to", DAY, "--output", path, "--reason", "Q1", *more)
    return ended.code, ended.out, ended.err


def test_a_pack_is_written_that_holds_and_is_known_by_its_hash(finsync: Finsync, tmp_path: Path) -> None:
    """What it prints is what the pack says of itself."""
    path = tmp_path / "pack.zip"

    told = finsync("audit", "export", "--from", DAY, "--output", path, "--reason", "Q1", "--json").json

    assert 0 == verify.main([str(path), "--key", told["key"]])
    assert (str(path), 1, None) == (told["path"], told["first_entry"], told["problem"])
    assert "log/entries.tsv" in {one["path"] for one in told["files"]}
    assert "audit.exported" in {row["what"] for row in finsync("audit", "log", "--json").json}


def test_a_file_that_is_there_is_replaced_only_by_force(finsync: Finsync, tmp_path: Path) -> None:
    """Nothing is lost by a repeated command."""
    path = tmp_path / "pack.zip"
    assert 0 == _export(finsync, path)[0]

    code, _, said = _export(finsync, path)

    assert (2, True) == (code, said.startswith("error FILE_EXISTS"))
    assert 0 == _export(finsync, path, "--force")[0]


def test_days_that_make_no_sense_are_wrong_usage(finsync: Finsync, tmp_path: Path) -> None:
    """With a sentence that says what to name."""
    code, _, said = _export(finsync, tmp_path / "pack.zip", "--entity", "DE01", "--document", "coupa:1")

    assert (2, True) == (code, "error EVIDENCE_SCOPE" in said)


def test_only_auditors_and_administrators_may(finsync: Finsync, tmp_path: Path) -> None:
    """A pack holds everything; an analyst has no need of it."""
    own = account()
    layer = finsync.path / "profiles" / "own" / "profile.toml"
    for role, code in (("analyst", 1), ("auditor", 0)):
        people = {"people": {"me": a_person("me", role, os_account=own)}}
        layer.write_text(PROFILE + tomlkit.dumps(people), encoding="utf-8")
        assert code == _export(finsync, tmp_path / f"{role}.zip")[0]
    assert not (tmp_path / "analyst.zip").exists()


def test_words_are_erased_for_good_and_the_log_stays_whole(finsync: Finsync) -> None:
    """What a person wrote is gone; who erased it, and why, is not."""
    finsync("exceptions", "comment", 1, "Ada Lovelace called about it")
    (entry,) = [
        row["seq"]
        for row in finsync("audit", "log", "--json").json
        if row["why"] == "Ada Lovelace called about it"
    ]

    told = finsync("audit", "erase", entry, "--reason", "asked on 12 March", "--json")

    assert (0, {"entry": entry, "erased": ["why"], "places": 1, "signed": 0}) == (told.code, told.json)
    assert "Lovelace" not in finsync("exceptions", "show", 1, "--json").out
    rows = finsync("audit", "log", "--json").json
    assert ("audit.erased", "asked on 12 March") == (rows[0]["what"], rows[0]["why"])
    assert None is next(row["why"] for row in rows if row["seq"] == entry)
    assert finsync("audit", "verify", "--json").json["is_intact"]
    assert "nothing that can be erased" in finsync("audit", "erase", entry, "--reason", "again").out
    assert 1 == finsync("audit", "erase", 9999, "--reason", "no such entry").code


def test_old_entries_leave_for_a_file_that_holds(finsync: Finsync, tmp_path: Path) -> None:
    """`audit verify` names the file from then on; a day before which nothing is signed moves nothing."""
    path = tmp_path / "old.zip"

    none = finsync("audit", "archive", "--before", DAY, "--output", path, "--reason", "over", "--json")
    assert (0, {"archive": None}) == (none.code, none.json)
    told = finsync(
        "audit", "archive", "--before", "2099-01-01", "--output", path, "--reason", "over", "--json"
    )

    found = told.json["archive"]
    assert (0, str(path), 1) == (told.code, found["path"], found["first_entry"])
    assert 0 == verify.main([str(path)])
    checked = finsync("audit", "verify", "--json").json
    assert checked["is_intact"]
    assert [(1, found["last_entry"], "old.zip", found["sha256"])] == [
        (one["first"], one["last"], one["file"], one["sha256"]) for one in checked["archives"]
    ]
    assert ["audit.archived"] == [row["what"] for row in finsync("audit", "log", "--json").json]


def test_only_administrators_archive(finsync: Finsync, tmp_path: Path) -> None:
    """Not even an auditor takes entries out of the log."""
    layer = finsync.path / "profiles" / "own" / "profile.toml"
    people = {"people": {"me": a_person("me", "auditor", os_account=account())}}
    layer.write_text(PROFILE + tomlkit.dumps(people), encoding="utf-8")

    ended = finsync(
        "audit", "archive", "--before", "2099-01-01", "--output", tmp_path / "a.zip", "--reason", "x"
    )

    assert (1, False) == (ended.code, (tmp_path / "a.zip").exists())


def test_words_are_erased_where_an_exception_ended_with_them(finsync: Finsync) -> None:
    """In its resolution, of the same person only; the log holds."""
    finsync("exceptions", "resolve", 2, "--reason", "Ada Lovelace paid it")
    (entry,) = [row["seq"] for row in finsync("audit", "log", "--what", "exception.resolved", "--json").json]

    told = finsync("audit", "erase", entry, "--reason", "asked on 12 March", "--json").json

    found = finsync("exceptions", "show", 2, "--json").json
    assert (1, True) == (told["places"], "(erased)" in found["resolution"])
    assert "Lovelace" not in str(found)
    assert finsync("audit", "verify", "--json").json["is_intact"]
