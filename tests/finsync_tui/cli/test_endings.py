"""How commands end: exit codes, one readable line, never a traceback."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from finsync_tui import headless
from finsync_tui.assembly import CycleReport
from finsync_tui.cli._errors import guarded
from finsync_tui.cli._output import table
from finsync_tui.delivery import Delivered
from finsync_tui.flows.runner import Advanced
from finsync_tui.sheets import formula_safe
from finsync_tui.sync import Pulled
from store import cases, systems
from tests.builders import MONDAY
from tests.finsync_tui.cli.conftest import Answer, Finsync


def fresh(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "finsync_tui", *map(str, arguments)],
        capture_output=True,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


def test_no_workspace_is_wrong_usage(command: Callable[..., Answer], tmp_path: Path) -> None:
    """The message says what to do instead."""
    answer = command("status", "--workspace", tmp_path / "nowhere")

    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("error NO_WORKSPACE: ")
    assert "finsync init" in answer.err


def test_under_json_an_error_is_an_object_on_stdout_too(finsync: Finsync) -> None:
    """The line on stderr stays; scripts read code and message where they read data."""
    unknown, usage = finsync("exceptions", "show", 99, "--json"), finsync("status", "--nonsense", "--json")

    error = unknown.json["error"]
    assert ("NOT_FOUND", 1) == (error["code"], error["exit_code"])
    assert f"error NOT_FOUND: {error['message']}\n" == unknown.err
    assert ("USAGE", 2) == (usage.json["error"]["code"], usage.code)
    assert "--nonsense" in usage.err


def test_what_can_not_be_read_is_told_though_the_system_answers(finsync: Finsync) -> None:
    """The system is ok and its orders can't be read: status and systems list say so, and --check ends with 3."""
    with finsync.store() as store, store.transaction() as db:
        systems.ok(db, "coupa", MONDAY)
        case = cases.NewCase(
            class_="READ_FAILED", entity="purchase_order", document_key="coupa:purchase_order",
            document_number="purchase_order", system="coupa", cause="400", fix="",
        )  # fmt: skip
        cases.open(db, case, MONDAY)

    listed, told = finsync("systems", "list", "--json"), finsync("systems", "list")
    checked = finsync("status", "--check")

    assert [["purchase_order"]] == [row["unread"] for row in listed.json if row["system"] == "coupa"]
    assert "purchase order can't be read (READ_FAILED)" in told.out
    assert 3 == checked.code
    assert "coupa: purchase order can't be read" in checked.err


@pytest.mark.parametrize(("needs_person", "code"), [(True, 1), (False, 0)])
def test_a_cycle_fails_when_a_read_needs_a_person(
    finsync: Finsync, monkeypatch: pytest.MonkeyPatch, code: int, *, needs_person: bool
) -> None:
    """Another read went well: an outage is made up for by the next cycle, an answer that can't be read is not."""
    failed = Pulled("coupa", "supplier", error="400", needs_person=needs_person)
    report = CycleReport(
        MONDAY, (Pulled("coupa", "purchase_order", pages=1), failed), Advanced(), Delivered(), 0
    )
    monkeypatch.setattr(headless, "run_once", lambda workspace: report)

    assert code == finsync("run", "--once").code


def test_a_missing_store_is_told_with_the_command_that_makes_one(finsync: Finsync) -> None:
    """Only `store create` makes one."""
    for each in finsync.path.glob("finsync.db*"):
        each.unlink()

    assert "finsync store create" in finsync("doctor").out


@pytest.mark.parametrize(
    ("content", "code"), [(b"not sqlite at all", "STORE_NOT_A_STORE"), (b"SQLite format 3\x00junk", "STORE")]
)
def test_a_file_that_is_no_store_is_said_so(finsync: Finsync, content: bytes, code: str) -> None:
    """Nothing is changed, and the message names the file."""
    file = finsync.path / "finsync.db"
    file.write_bytes(content)

    answer = finsync("exceptions", "list")

    assert answer.code in (1, 2)
    assert answer.err.startswith(f"error {code}")
    assert str(file) in answer.err
    assert content == file.read_bytes()


def test_a_store_from_a_newer_version_is_left_alone(finsync: Finsync) -> None:
    """An older program never touches what it does not understand."""
    with finsync.store() as store:
        store.db.execute(
            "INSERT INTO _sqlite_migrations(migration_set, name, applied_at) VALUES ('finsync', 'm999_later', '')"
        )

    answer = finsync("status")

    assert answer.code == 2
    assert "error STORE_NEWER" in answer.err
    assert "Upgrade finsync" in answer.err


def test_a_bad_workspace_file_names_its_line(finsync: Finsync) -> None:
    """Configuration errors are found by reading the message once."""
    (finsync.path / "workspace.toml").write_text('format = 1\nname = "x\n')

    answer = finsync("status")

    assert answer.code == 2
    assert "error SETTINGS_FILE" in answer.err
    assert "line 2" in answer.err


@pytest.mark.parametrize("arguments", [["nonsense"], ["status", "--nonsense"], ["exceptions", "show", "one"]])
def test_wrong_usage_ends_with_2(command: Callable[..., Answer], arguments: list[str]) -> None:
    """And shows how it is meant."""
    answer = command(*arguments)

    assert answer.code == 2
    assert "Usage: finsync" in answer.err


def test_a_name_that_is_unknown_is_wrong_usage(finsync: Finsync) -> None:
    """A class, a system, an entity: nothing is answered with an empty list, and the nearest is named."""
    class_ = finsync("exceptions", "list", "--class", "PERIOD_CLOSD")
    system = finsync("sync", "copua")
    entity = finsync("sync", "coupa", "ghost")

    assert [2, 2, 2] == [class_.code, system.code, entity.code]
    assert "did you mean 'PERIOD_CLOSED'?" in class_.err
    assert "did you mean 'coupa'?" in system.err
    assert "purchase_order" in entity.err


def test_an_unknown_group_is_said_as_what_it_is(finsync: Finsync) -> None:
    """The remedy is the group's, not the file's; doctor finds it, too."""
    file = finsync.path / "workspace.toml"
    file.write_text(file.read_text().replace('group = ""', 'group = "nosuchgroup"'))

    status, doctor = finsync("status"), finsync("doctor")

    assert (2, 3) == (status.code, doctor.code)
    for said in (status.err, doctor.out):
        assert "Correct the group (`group` in workspace.toml)" in said


def test_a_folder_that_is_not_writable_is_found(finsync: Finsync, monkeypatch: pytest.MonkeyPatch) -> None:
    """Doctor says that nothing can be kept there, whatever else is fine."""
    monkeypatch.setattr("os.access", lambda path, mode: False)

    doctor = finsync("doctor")

    assert 3 == doctor.code
    assert f"you can't write to {finsync.path}" in doctor.out


def test_an_interrupted_command_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C is no failure to explain."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    assert guarded(interrupted) == 130
    assert capsys.readouterr().err == ""


def test_what_the_operating_system_refuses_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A missing folder, a full disk, a permission: file and reason, no traceback."""
    code = guarded(lambda: (tmp_path / "none" / "file").read_text())

    assert code == 1
    assert capsys.readouterr().err.startswith(f"error OS: {tmp_path}")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EACCES, "you have no right to use it. Name a place of your own"),
        (errno.EROFS, "it is on a disk or folder that can only be read. Name a place that can be written to"),
        (errno.ENOSPC, "the disk is full. Make room there"),
        (errno.EIO, "Input/output error. Name another place"),
    ],
)
def test_a_refused_place_says_what_to_do(capsys: pytest.CaptureFixture[str], number: int, said: str) -> None:
    """A folder of somebody else's, a read-only or full disk: one sentence, and where else it could go."""

    def refused() -> None:
        raise OSError(number, os.strerror(number), "/books/x.db")

    assert 1 == guarded(refused)
    assert f"error OS: /books/x.db: {said}" in " ".join(capsys.readouterr().err.split())


def test_a_path_below_a_file_or_without_its_folder_names_what_is_in_the_way(
    finsync: Finsync, command: Callable[..., Answer], tmp_path: Path
) -> None:
    """A new workspace, a backup, a report, an export: the same words, and nothing is made."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    below, nowhere = tmp_path / "file" / "x.csv", tmp_path / "none" / "x.csv"
    commands = (("store", "backup"), ("exceptions", "export", "--output"))

    made = command("init", "--workspace", below)
    report = finsync("report", "exceptions", "--format", "csv", "--output", below)
    answers = [finsync(*words, place) for words in commands for place in (below, nowhere)]

    assert (1, True) == (made.code, f"{tmp_path / 'file'} is a file, and no folder can be there" in made.err)
    assert (1, True) == (report.code, "Nothing was written. Choose another folder" in report.err)
    for answer in answers[::2]:
        assert (answer.code, f"{tmp_path / 'file'} is a file" in answer.err) == (1, True), answer
    for answer in answers[1::2]:
        assert (answer.code, f"there is no folder {tmp_path / 'none'}" in answer.err) == (1, True), answer
    assert "x" == (tmp_path / "file").read_text(encoding="utf-8")


def test_a_reader_that_stops_is_no_error(finsync: Finsync) -> None:
    """`finsync ... | head -0` ends quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "finsync_tui", "exceptions", "list", "--workspace", finsync.path],
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writing)

    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr
    assert b"error" not in done.stderr


def test_a_running_engine_stops_when_told(finsync: Finsync) -> None:
    """SIGTERM ends it with 0, the lease given back; what it does meanwhile is a JSON object a line."""
    secrets = {f"FINSYNC_SECRET_COUPA_{name}": "x" for name in ("CLIENT_ID", "CLIENT_SECRET")}
    engine = subprocess.Popen(
        [sys.executable, "-m", "finsync_tui", "run", "--json", "--workspace", finsync.path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **secrets},
    )
    assert engine.stdout is not None
    guard = threading.Timer(60, engine.kill)  # a silent engine fails the test, it does not hang it
    guard.start()
    first = json.loads(engine.stdout.readline())

    engine.terminate()
    code = engine.wait()
    guard.cancel()

    assert 0 == code
    assert ["coupa"] == [pulled["system"] for pulled in first["pulled"]]
    assert not finsync("status", "--json").json["engine"]["is_running"]


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_store_that_is_gone_is_never_replaced_without_a_word(finsync: Finsync, *, is_empty: bool) -> None:
    """A missing file, or one of 0 bytes, ends every command; a new one is made only when a person asks for it."""
    file = finsync.path / "finsync.db"
    for each in finsync.path.glob("finsync.db*"):
        each.unlink()
    if is_empty:
        file.touch()

    for arguments in (["status"], ["run", "--once"], ["sync", "coupa"], ["exceptions", "list"]):
        answer = finsync(*arguments)
        assert (2, True) == (answer.code, "error STORE_MISSING" in answer.err), arguments
        assert "Copy the last backup there" in answer.err
    assert "0 bytes" in answer.err if is_empty else "is not there" in answer.err
    assert 3 == finsync("store", "check").code
    assert is_empty == file.exists()

    assert 0 == finsync("store", "create").code
    assert 0 == finsync("status").code
    again = finsync("store", "create")
    assert (1, True) == (again.code, "error NOT_ALLOWED" in again.err)
    with finsync.store() as store:
        assert [("store.created",)] == [tuple(row) for row in store.db.execute("SELECT what FROM v_audit")]


def test_a_cycle_that_could_read_nothing_because_all_is_held_ends_with_1(finsync: Finsync) -> None:
    """It names each system that was left alone, why, and how it is let go again."""
    with finsync.store() as store, store.transaction() as db:
        systems.hold(db, "coupa", "the client id was refused", MONDAY)

    told, data = finsync("run", "--once"), finsync("run", "--once", "--json")

    assert (1, 1) == (told.code, data.code)
    for words in (told.err, data.json["errors"][0]):
        assert "coupa is held (the client id was refused)" in words
        assert "finsync systems resume coupa" in words


def test_a_damaged_page_is_told_as_damage(finsync: Finsync) -> None:
    """Wherever it is met: no defect of ours, but a file to be restored."""
    file = finsync.path / "finsync.db"
    with finsync.store() as store:
        store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page_size,) = store.db.execute("PRAGMA page_size").fetchone()
        pages = store.db.execute("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'exception_case'")
        roots = [page for (page,) in pages.fetchall() if page]
    content = bytearray(file.read_bytes())
    for page in roots:
        content[(page - 1) * page_size : page * page_size] = b"\xff" * page_size
    file.write_bytes(content)

    answer = finsync("status")

    assert (1, True) == (answer.code, "error STORE_DAMAGED" in answer.err)
    assert "restore the last good backup" in answer.err


def test_the_workbench_needs_a_terminal(finsync: Finsync) -> None:
    """Without one it says which commands do without."""
    answer = finsync("tui")

    assert answer.code == 2
    assert "needs a terminal" in answer.err


def test_a_defect_shows_no_traceback_unless_asked(finsync: Finsync) -> None:
    """A traceback may show data; whoever reports a defect asks for it."""
    script = "from finsync_tui.cli._errors import guarded\nguarded(lambda: {}['secret-key'])"

    def defect(**environment: str) -> bytes:
        return subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            env={**os.environ, **environment},
            timeout=60,
            check=False,
        ).stderr

    quiet, loud = defect(), defect(FINSYNC_DEBUG="1")

    assert quiet.startswith(b"error DEFECT: KeyError")
    assert b"Traceback" not in quiet
    assert b"Traceback" in loud


def test_output_works_without_utf8(finsync: Finsync) -> None:
    """On a machine with the plainest locale JSON stays JSON and text stays readable."""
    with finsync.store() as store:
        store.db.execute("UPDATE exception_case SET owner = 'Jörg Ünal'")

    text = fresh("exceptions", "list", "--workspace", finsync.path, PYTHONIOENCODING="ascii")
    data = fresh("exceptions", "list", "--json", "--workspace", finsync.path, PYTHONIOENCODING="ascii")

    assert (text.returncode, data.returncode) == (0, 0)
    assert b"J\\xf6rg" in text.stdout
    assert b"J\\u00f6rg" in data.stdout


def test_the_version_is_printed(command: Callable[..., Answer]) -> None:
    """As the package has it."""
    answer = command("--version")

    assert (answer.code, answer.out) == (0, "finsync 0.1.0\n")


def test_wide_letters_keep_columns_aligned() -> None:
    """A CJK letter takes two columns, a combining mark none."""
    shown = table(["name", "id"], [["日本", 1], ["e\u0301a", 2]])

    assert shown.splitlines() == ["name  id", "日本  1", "e\u0301a    2"]


def test_a_cell_steers_no_terminal() -> None:
    """What a terminal would obey is taken out of what is exported."""
    assert "ACME\ufffd[2J\ufffdLTD" == formula_safe("ACME\x1b[2J\u202eLTD")


@pytest.mark.parametrize("cell", ["=1", "+1+1", "-cmd", "@x", "\tx", "\rx"])
def test_formula_like_cells_become_text(cell: str) -> None:
    """Every start that a spreadsheet evaluates is quoted."""
    assert f"'{cell}" == formula_safe(cell)
