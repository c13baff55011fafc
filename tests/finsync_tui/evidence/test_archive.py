"""Old entries leave the log for a file that proves itself; the chain goes on, and nothing else may be missing."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import closing, redirect_stdout
from datetime import timedelta
from pathlib import Path

import pytest

from finsync_tui import evidence, reports, sealing
from finsync_tui.actor import Actor
from finsync_tui.credentials import Secrets
from finsync_tui.evidence import archiving, verify
from finsync_tui.people import new_private, signer_from
from finsync_tui.profile import Profile
from store import Store, archives, audit, checkpoints, open_store, proposals
from store.archives import Archive
from store.clock import VirtualClock
from tests.builders import MONDAY, a_clock

DAY = timedelta(days=1)
A_DAY = 40
WHO = Actor("otto", "cli")


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    folder = tmp_path / "secrets"
    folder.mkdir()
    return Secrets("w", tmp_path / "w", folder)


@pytest.fixture
def store(tmp_path: Path, secrets: Secrets) -> Store:
    """Four days of forty entries, each day signed at its end, some with people's words."""
    made = open_store(tmp_path / "finsync.db", a_clock())
    for _ in range(4):
        _work(made)
        assert sealing.seal(made, secrets, made.clock.now(), is_last=True)
        _clock(made).advance(DAY)
    return made


def _clock(store: Store) -> VirtualClock:
    assert isinstance(store.clock, VirtualClock)
    return store.clock


def _work(store: Store) -> None:
    entries = [
        audit.Entry("maria", "exception.resolved", f"coupa:{n}", protected={"why": f"because {n}"} if n % 4 == 0 else {})
        for n in range(A_DAY)
    ]  # fmt: skip
    with store.transaction() as db:
        audit.record(db, entries, store.clock.now())


def _archived(store: Store, secrets: Secrets, path: Path, days: int) -> Archive | None:
    before = (MONDAY + days * DAY).date()
    return evidence.archive(store, secrets, before, path, who=WHO, reason="ten years are over")


def _judged(store: Store, secrets: Secrets) -> str:
    with closing(store.reader()) as db:
        found = sealing.together(audit.verify(db), sealing.check(db, secrets))
    return "intact" if found.is_intact else f"entry {found.first_bad_seq}: {found.reason}"


def _verified(path: Path) -> tuple[int, str]:
    said = io.StringIO()
    with redirect_stdout(said):
        return verify.main([str(path)]), said.getvalue()


def _here(store: Store) -> tuple[int, int]:
    return tuple(store.db.execute("SELECT min(seq), max(seq) FROM audit").fetchone())


def test_what_left_is_proved_by_its_file_and_what_stays_by_the_log(
    store: Store, secrets: Secrets, tmp_path: Path
) -> None:
    """Both hold; the log begins after the last signed entry of the days, and says where the others are."""
    made = _archived(store, secrets, tmp_path / "old.zip", 2)

    assert made is not None
    assert (1, 80, "old.zip", "otto") == (made.first, made.last, made.file, made.who)
    assert (81, 161) == _here(store), "and an entry that says what was done"
    assert (0, "") == (
        store.db.execute("SELECT count(*) FROM audit_protected WHERE seq<=80").fetchone()[0],
        "",
    )
    assert "intact" == _judged(store, secrets)
    code, said = _verified(tmp_path / "old.zip")
    assert (0, True) == (code, "INTACT: 6 files, 80 entries" in said)


def test_archives_follow_each_other(store: Store, secrets: Secrets, tmp_path: Path) -> None:
    """The second begins where the first ended, and both hold, with the rest."""
    first = _archived(store, secrets, tmp_path / "a.zip", 1)
    second = _archived(store, secrets, tmp_path / "b.zip", 3)

    assert first is not None
    assert second is not None
    assert (first.last + 1, first.head) == (second.first, second.before)
    assert [0, 0] == [_verified(tmp_path / name)[0] for name in ("a.zip", "b.zip")]
    assert "intact" == _judged(store, secrets)
    _work(store)
    assert sealing.seal(store, secrets, store.clock.now(), is_last=True), "it is signed on"
    assert "intact" == _judged(store, secrets)


def test_nothing_leaves_that_is_not_signed_and_old(store: Store, secrets: Secrets, tmp_path: Path) -> None:
    """Of days before there was a log nothing can leave."""
    assert None is _archived(store, secrets, tmp_path / "none.zip", 0)
    assert not (tmp_path / "none.zip").exists()
    assert (1, 160) == _here(store)


def test_a_pack_after_it_goes_on_and_says_where_the_rest_lies(
    store: Store, secrets: Secrets, tmp_path: Path
) -> None:
    """The log in the pack follows from the archive's last hash, and the pack names the file, signed."""
    _archived(store, secrets, tmp_path / "old.zip", 2)
    scope = evidence.Scope(MONDAY.date(), (MONDAY + 9 * DAY).date())

    made = evidence.write(
        store, Profile(systems={}), secrets, scope, tmp_path / "pack.zip", who=WHO, reason="Q1"
    )

    assert (81, 80) == (made.log.first, made.archived)
    code, said = _verified(tmp_path / "pack.zip")
    assert (0, True) == (code, "entries 1 to 80 lie in old.zip" in said)


@pytest.mark.parametrize(
    ("edit", "word"),
    [
        (lambda one: one | {"sha256": "0" * 64}, "is not what was signed"),
        (lambda one: one | {"signature": "AAAA"}, "does not have the signature"),
    ],
)
def test_a_pack_whose_archives_were_edited_is_damaged(
    store: Store, secrets: Secrets, tmp_path: Path, edit: Callable[[dict[str, object]], dict[str, object]], word: str
) -> None:  # fmt: skip
    """Whoever names another file is found, though the list of files is not what gives it away."""
    _archived(store, secrets, tmp_path / "old.zip", 2)
    scope = evidence.Scope(MONDAY.date(), (MONDAY + 9 * DAY).date())
    evidence.write(store, Profile(systems={}), secrets, scope, tmp_path / "pack.zip", who=WHO, reason="Q1")
    with zipfile.ZipFile(tmp_path / "pack.zip") as file:
        contents = {name: file.read(name) for name in file.namelist()}
    (row,) = contents[verify.ARCHIVES].splitlines()
    contents[verify.ARCHIVES] = json.dumps(edit(json.loads(row))).encode() + b"\n"
    with zipfile.ZipFile(tmp_path / "edited.zip", "w") as file:
        for name, content in contents.items():
            file.writestr(name, content)

    code, said = _verified(tmp_path / "edited.zip")

    assert (1, True) == (code, any("archives" in line and word in line for line in said.splitlines()))


def test_who_removes_entries_and_says_they_are_archived_is_found(store: Store, secrets: Secrets) -> None:
    """With a key of their own, or with none: the chain fits, the signature does not."""
    own = signer_from("x", new_private())
    head = str(checkpoints.hash_at(store.db, 40))
    claimed = Archive(1, 40, audit.FIRST_PREVIOUS.hex(), head, MONDAY, "gone.zip", "0" * 64, MONDAY, "otto")
    signature = own.sign(archives.statement(proposals.store_id(store.db), claimed))
    with store.transaction() as db:
        archives.append(db, Archive(*_values(claimed)[:-2], own.public, signature))
        archives.clear(db)

    with closing(store.reader()) as db:
        assert audit.verify(db).is_intact
    assert "entry 1: missing" == _judged(store, secrets)


def _values(one: Archive) -> list[object]:
    return [getattr(one, name) for name in one.__dataclass_fields__]


def test_an_archive_that_is_forgotten_shows(store: Store, secrets: Secrets, tmp_path: Path) -> None:
    """Whoever removes what names the first of two can't hide that there was one."""
    _archived(store, secrets, tmp_path / "a.zip", 1)
    _archived(store, secrets, tmp_path / "b.zip", 3)
    store.db.execute("DROP TRIGGER audit_archive_no_delete")

    store.db.execute("DELETE FROM audit_archive WHERE first=1")
    assert "entry 41: missing" == _judged(store, secrets)
    store.db.execute("DELETE FROM audit_archive")
    assert "entry 1: missing" == _judged(store, secrets)


def test_the_log_can_be_thinned_in_no_other_way(store: Store, secrets: Secrets, tmp_path: Path) -> None:
    """Entries that lie in no archive can't be deleted, nor what says where the others are."""
    _archived(store, secrets, tmp_path / "a.zip", 1)

    for statement in (
        "DELETE FROM audit WHERE seq=41",
        "DELETE FROM audit_archive",
        "UPDATE audit_archive SET last=99",
    ):
        with pytest.raises(Exception, match="append-only"), store.transaction() as db:
            db.execute(statement)


def test_a_broken_log_is_not_archived(store: Store, secrets: Secrets, tmp_path: Path) -> None:
    """Evidence of tampering stays where it is."""
    store.db.execute("DROP TRIGGER audit_no_update")
    store.db.execute("UPDATE audit SET body=CAST(replace(body, 'maria', 'tom') AS BLOB) WHERE seq=7")

    with pytest.raises(evidence.ArchiveError, match="entry 7"):
        _archived(store, secrets, tmp_path / "a.zip", 1)

    assert (1, 160) == _here(store)
    assert [] == [one.name for one in tmp_path.iterdir() if one.suffix == ".zip"]


def test_a_file_that_does_not_hold_removes_nothing(
    store: Store, secrets: Secrets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written is read again before one entry leaves."""
    real = archiving.write_log

    def spoilt(*given: object, **more: object) -> tuple[str, str]:
        found = real(*given, **more)  # type: ignore[arg-type]
        path = given[4]
        assert isinstance(path, Path)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        return found

    monkeypatch.setattr(archiving, "write_log", spoilt)

    with pytest.raises(evidence.ArchiveError, match="does not hold"):
        _archived(store, secrets, tmp_path / "a.zip", 1)

    assert (1, 160) == _here(store)
    assert not (tmp_path / "a.zip").exists()


def test_one_that_is_stopped_leaves_nothing_behind(store: Store, secrets: Secrets, tmp_path: Path) -> None:
    """Neither a file nor a gap."""
    for _ in range(20):
        _work(store)
    sealing.seal(store, secrets, store.clock.now(), is_last=True)
    with pytest.raises(reports.StoppedError):
        evidence.archive(
            store, secrets, (MONDAY + 9 * DAY).date(), tmp_path / "a.zip", who=WHO, reason="x", is_stopped=lambda: True
        )  # fmt: skip

    assert not (tmp_path / "a.zip").exists()
    assert 1 == _here(store)[0]
    assert "intact" == _judged(store, secrets)


def test_an_interrupted_removal_is_finished_by_the_next(
    store: Store, secrets: Secrets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries leave some at a time; between two the log holds."""
    monkeypatch.setattr(archives, "BATCH", 30)
    monkeypatch.setattr(archiving, "_clear", lambda store: None)
    _archived(store, secrets, tmp_path / "a.zip", 2)
    monkeypatch.undo()
    monkeypatch.setattr(archives, "BATCH", 30)
    with store.transaction() as db:
        assert 30 == archives.clear(db)
    assert "intact" == _judged(store, secrets)

    _archived(store, secrets, tmp_path / "b.zip", 3)

    assert (121, "intact") == (_here(store)[0], _judged(store, secrets))
