"""Promise 8, for somebody who has only the pack: what was changed in it, or in the log before, shows, and where."""

from __future__ import annotations

import ast
import base64
import csv
import json
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui import evidence, reports, sealing
from finsync_tui.credentials import Secrets
from finsync_tui.evidence import verify
from finsync_tui.evidence.contents import PARTS
from finsync_tui.people import Signer
from store import Store, audit, checkpoints, open_store, proposals, records, workflows
from store.clock import VirtualClock
from store.errors import FileInTheWayError
from tests.builders import MONDAY, a_clock, a_purchase_order
from tests.conftest import Counts
from tests.finsync_tui.governance.council import PEOPLE, Council, a_person, a_row, a_signer

TODAY = MONDAY.date()
Edit = Callable[[dict[str, bytes]], None]


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    folder = tmp_path / "secrets"
    folder.mkdir()
    return Secrets("w", tmp_path / "w", folder)


@pytest.fixture
def council(tmp_path: Path, secrets: Secrets) -> Council:
    """A store with a change by two persons, two orders, a person's words, and a log that is signed twice."""
    made = Council(store=open_store(tmp_path / "finsync.db", a_clock()))
    made.engine_starts()
    made.agreed(a_row("420", "420"), a_row("425", "425"))
    _work(made.store, 5)
    assert sealing.seal(made.store, secrets, MONDAY, is_last=True)
    _an_order(made.store, "1", "DE01")
    _an_order(made.store, "2", "FR01")
    _work(made.store, 5)
    return made


def _work(store: Store, count: int) -> None:
    entries = [
        audit.Entry(
            who="maria", what="exception.resolved", subject=f"coupa:{i}", protected={"why": f"because {i}"}
        )
        for i in range(count)
    ]
    with store.transaction() as db:
        audit.record(db, entries, store.clock.now())


def _an_order(store: Store, external_id: str, legal_entity: str) -> None:
    now = store.clock.now()
    order = a_purchase_order(number=f"PO-{external_id}")
    with store.transaction() as db:
        records.put_page(
            db, "purchase_order", "coupa", [records.Incoming(external_id, order, b'{"id":1}')], now
        )
        workflows.start(
            db, flow="requisition_to_pay", kind="create", entity="purchase_order", document_key=f"coupa:{external_id}",
            document_number=f"PO-{external_id}", document_version=1, document_revision="1", step="verify", now=now,
            legal_entity=legal_entity,
        )  # fmt: skip


def _write(
    council: Council, secrets: Secrets, path: Path, scope: evidence.Scope | None = None, **more: Any
) -> evidence.Made:
    return evidence.write(
        council.store,
        council.profile,
        secrets,
        scope or evidence.Scope(TODAY, TODAY),
        path,
        who=council.who("otto"),
        reason="audit of the first quarter",
        **more,
    )


@pytest.fixture
def pack(council: Council, secrets: Secrets, tmp_path: Path) -> Path:
    return _write(council, secrets, tmp_path / "pack.zip").path


def _edited(pack: Path, edit: Edit) -> Path:
    """Write the pack again with other contents."""
    with zipfile.ZipFile(pack) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    edit(contents)
    path = pack.with_name("edited.zip")
    with zipfile.ZipFile(path, "w") as file:
        for name, content in contents.items():
            file.writestr(name, content)
    return path


def _with_fitting_manifest(contents: dict[str, bytes], signer: Signer | None = None) -> None:
    """Somebody who knows how a pack is made lists what they have edited, and signs with a key of their own."""
    manifest = json.loads(contents[verify.MANIFEST])
    for one in manifest["files"]:
        content = contents[one["path"]]
        one.update(bytes=len(content), sha256=sha256(content).hexdigest())
    if signer is not None:
        manifest["key"] = signer.public
    contents[verify.MANIFEST] = verify.canonical(manifest)
    if signer is not None:
        contents[verify.SIGNATURE] = signer.sign(contents[verify.MANIFEST]).encode()


def _checked(path: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    """Return how verify.py ended and the damage it names."""
    capsys.readouterr()
    code = verify.main([str(path), *arguments])
    said = capsys.readouterr().out.splitlines()
    return code, [" ".join(line.split()[1:]) for line in said if line.startswith("DAMAGED")]


def _rows(pack: Path, name: str) -> list[dict[str, Any]]:
    with zipfile.ZipFile(pack) as file:
        return [json.loads(line) for line in file.read(name).splitlines()]


def test_a_good_pack_holds_by_python_alone(pack: Path, tmp_path: Path) -> None:
    """The very file from the pack, started as an auditor starts it, in an empty environment."""
    with zipfile.ZipFile(pack) as file:
        file.extractall(tmp_path / "unpacked")

    for arguments in (
        [str(tmp_path / "unpacked/verify.py")],
        [str(tmp_path / "unpacked/verify.py"), str(pack)],
    ):
        ended = subprocess.run(
            [sys.executable, "-I", *arguments], env={}, capture_output=True, text=True, check=False
        )
        assert (0, "") == (ended.returncode, ended.stderr)
        assert ended.stdout.splitlines()[-1].startswith("INTACT: ")


def test_it_needs_the_standard_library_only() -> None:
    """And nothing of ours."""
    tree = ast.parse(Path(verify.__file__).read_text(encoding="utf-8"))
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert set() == {name.split(".")[0] for name in named} - set(sys.stdlib_module_names)


def test_it_holds_what_the_issue_asks_for(pack: Path) -> None:
    """Log, signatures, words, changes with both their persons, rules, people, documents, reports; each is listed."""
    with zipfile.ZipFile(pack) as file:
        names = set(file.namelist())
        manifest = json.loads(file.read("manifest.json"))

    assert {part.path for part in PARTS} <= names
    assert {f"reports/{one.name}.csv" for one in reports.REPORTS if not one.is_of_period} <= names
    assert names == {one["path"] for one in manifest["files"]} | {"manifest.json", "manifest.sig"}
    assert ["maria", "otto", "tom", "vera"] == [row["name"] for row in _rows(pack, "access/people.jsonl")]
    assert [("maria", "tom")] == [
        (row["maker"], row["checker"]) for row in _rows(pack, "changes/proposals.jsonl")
    ]
    assert ["coupa:1", "coupa:2"] == [row["document_key"] for row in _rows(pack, "documents/workflows.jsonl")]
    assert ["1", "2"] == [row["external_id"] for row in _rows(pack, "documents/versions.jsonl")]
    assert "cost_centre" in {row["name"] for row in _rows(pack, "rules/versions.jsonl")}
    assert "because 0" in {row["value"] for row in _rows(pack, "log/words.jsonl")}


def test_its_reports_are_of_its_days_and_company(council: Council, secrets: Secrets, tmp_path: Path) -> None:
    """The lineage of a company's pack has no other company's document, that of other days has none."""
    before = TODAY - timedelta(days=9)
    scopes = (evidence.Scope(TODAY, TODAY, "DE01"), evidence.Scope(before, before))

    told = []
    for number, scope in enumerate(scopes):
        with zipfile.ZipFile(_write(council, secrets, tmp_path / f"{number}.zip", scope).path) as file:
            rows = csv.DictReader(file.read("reports/lineage.csv").decode().splitlines())
            told.append([row["document_key"] for row in rows])

    assert [["coupa:1"], []] == told


def _unguard(store: Store, table: str) -> None:
    """Somebody who may write to the file takes its guards away first."""
    for (name,) in store.db.execute(
        "SELECT name FROM sqlite_schema WHERE type='trigger' AND tbl_name=?", (table,)
    ).fetchall():
        store.db.execute(f"DROP TRIGGER {name}")


def _line(name: str, number: int, change: Callable[[bytes], bytes | None]) -> Edit:
    """Edit one line of a file; None leaves it out."""

    def edit(contents: dict[str, bytes]) -> None:
        lines = contents[name].splitlines(keepends=True)
        changed = change(lines[number])
        lines[number : number + 1] = [] if changed is None else [changed]
        contents[name] = b"".join(lines)

    return edit


def _swapped(contents: dict[str, bytes]) -> None:
    lines = contents[verify.LOG].splitlines(keepends=True)
    lines[3], lines[4] = lines[4], lines[3]
    contents[verify.LOG] = b"".join(lines)


def _last_gone(contents: dict[str, bytes]) -> None:
    contents[verify.LOG] = b"".join(contents[verify.LOG].splitlines(keepends=True)[:-1])


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (_line(verify.LOG, 4, lambda line: line.replace(b"maria", b"marla")), "log entry 5 is not the one"),
        (_line(verify.LOG, 4, lambda line: None), "log entry 5 should follow, and entry 6 does"),
        (_line(verify.LOG, 4, lambda line: line + line), "log entry 6 should follow, and entry 5 does"),
        (_line(verify.LOG, 4, lambda line: b"five" + line), "log entry 5 can't be read"),
        (_swapped, "log entry 4 should follow, and entry 5 does"),
        (_last_gone, "log it ends at entry"),
        (_line(verify.WORDS, 0, lambda line: line.replace(b"because", b"despite")), "words why of entry"),
        (
            _line(verify.CHECKPOINTS, 0, lambda line: line.replace(b"2026", b"2025", 1)),
            "checkpoints the signature at entry",
        ),
        (_line(verify.CHANGES, 0, lambda line: line.replace(b"425", b"426")), "changes change 1"),
        (
            _line(verify.RULES, 0, lambda line: line.replace(b'"digest":"', b'"digest":"0')),
            "rules version 1 of",
        ),
    ],
)
def test_what_was_edited_is_named_with_its_place(
    pack: Path, edit: Edit, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the list of files was made to fit; that it was shows as well, as there is no key to sign it with."""

    def edit_and_list(contents: dict[str, bytes]) -> None:
        edit(contents)
        _with_fitting_manifest(contents)

    code, damage = _checked(_edited(pack, edit), capsys)
    assert (1, True) == (code, any(one.startswith(place) for one in damage))
    code, damage = _checked(_edited(pack, edit_and_list), capsys)
    assert (1, True) == (code, any(one.startswith(place) for one in damage))
    assert damage[0].startswith("manifest its signature does not fit")


def test_a_file_that_was_added_or_is_missing_is_named(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The list is complete."""

    def move(contents: dict[str, bytes]) -> None:
        contents["reports/more.csv"] = contents.pop("reports/breaks.csv")

    assert (1, ["manifest reports/breaks.csv is missing", "manifest reports/more.csv was added"]) == _checked(
        _edited(pack, move), capsys
    )


def test_a_pack_signed_by_somebody_else_does_not_pass_for_the_companys(
    pack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who compares the key finds out; so does who does not, by the checkpoints."""
    forger = a_signer("forger")

    def forge(contents: dict[str, bytes]) -> None:
        _line("documents/versions.jsonl", 0, lambda line: line.replace(b"PO-1", b"PO-9"))(contents)
        _with_fitting_manifest(contents, forger)

    key = json.loads(zipfile.ZipFile(pack).read("manifest.json"))["key"]
    code, damage = _checked(_edited(pack, forge), capsys, "--key", key)
    assert (1, f"manifest it was signed with {forger.public}, which is not the key you gave") == (
        code,
        damage[0],
    )
    code, damage = _checked(_edited(pack, forge), capsys)
    assert (1, True) == (code, "checkpoints the one at entry" in damage[0])


def test_any_byte_that_is_changed_shows(
    pack: Path, counts: Counts, capsys: pytest.CaptureFixture[str]
) -> None:
    """Random bytes of random files, those of the check itself too."""
    chance = random.Random(9)
    with zipfile.ZipFile(pack) as file:
        names = [one.filename for one in file.infolist() if one.file_size]
    for _ in range(counts.tampers):
        name = chance.choice(names)

        def flip(contents: dict[str, bytes], name: str = name) -> None:
            content = bytearray(contents[name])
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            contents[name] = bytes(content)

        code, damage = _checked(_edited(pack, flip), capsys)
        assert (1, True) == (code, bool(damage)), name


def test_a_file_that_is_no_pack_is_said_to_be_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback for an auditor."""
    path = tmp_path / "pack.zip"
    path.write_bytes(b"PK but not really")

    code, damage = _checked(path, capsys)

    assert (1, True) == (code, damage[0].startswith("pack it can't be read as a pack of evidence"))


def test_a_change_that_one_person_made_and_approved_shows(
    council: Council, secrets: Secrets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even where both signatures fit."""
    council.sql("UPDATE proposal SET checker='maria' WHERE id=1")
    change = council.proposal(1)
    assert change.decided_at is not None
    assert change.version is not None
    statement = proposals.decided_statement(
        proposals.store_id(council.store.db),
        change,
        checker="maria",
        decided_at=change.decided_at,
        version=change.version,
    )
    council.sql("UPDATE proposal SET signature=? WHERE id=1", a_signer("maria").sign(statement))

    made = _write(council, secrets, tmp_path / "pack.zip")

    assert (1, ["changes change 1 (mapping cost_centre): made and approved by the same person"]) == _checked(
        made.path, capsys
    )


def test_a_change_that_was_approved_without_a_signature_shows(
    council: Council, secrets: Secrets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody wrote into the file that it was."""
    council.sql("UPDATE proposal SET signature=NULL WHERE id=1")

    made = _write(council, secrets, tmp_path / "pack.zip")

    assert (1, ["changes change 1 (mapping cost_centre): approved without both signatures"]) == _checked(
        made.path, capsys
    )


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE proposal SET maker_signature=NULL WHERE id=1", "approved without both signatures"),
        (
            "UPDATE proposal SET maker_signature='', signature='' WHERE id=1",
            "approved without both signatures",
        ),
    ],
)
def test_both_signatures_are_needed(
    council: Council,
    secrets: Secrets,
    tmp_path: Path,
    statement: str,
    problem: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of the maker, too."""
    council.sql(statement)

    code, damage = _checked(_write(council, secrets, tmp_path / "pack.zip").path, capsys)

    assert (1, True) == (code, f"changes change 1 (mapping cost_centre): {problem}" in damage)


def test_a_key_counts_while_it_was_a_persons(
    council: Council, secrets: Secrets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that was taken away before does not sign; one that was taken away since does."""
    new = {**a_person("tom", "approver", "analyst"), "key": a_signer("tom", "another").public}
    old = {"roles": ["approver"], "key": a_signer("tom").public}
    for until, code in ((MONDAY + timedelta(days=1), 0), (MONDAY - timedelta(days=1), 1)):
        council.people = {**PEOPLE, "tom": {**new, "before": [{**old, "until": until}]}}
        made = _write(council, secrets, tmp_path / f"{code}.zip")
        assert code == _checked(made.path, capsys)[0]


def test_maker_and_checker_do_not_share_a_key(
    council: Council, secrets: Secrets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two names with one key are one person."""
    council.people = {
        **PEOPLE,
        "tom": {**a_person("tom", "approver", "analyst"), "key": a_signer("maria").public},
    }
    change = council.proposal(1)
    assert change.decided_at is not None
    assert change.version is not None
    statement = proposals.decided_statement(
        proposals.store_id(council.store.db),
        change,
        checker="tom",
        decided_at=change.decided_at,
        version=change.version,
    )
    council.sql("UPDATE proposal SET signature=? WHERE id=1", a_signer("maria").sign(statement))

    made = _write(council, secrets, tmp_path / "pack.zip")

    assert (1, ["changes change 1 (mapping cost_centre): made and approved with one key"]) == _checked(
        made.path, capsys
    )


def test_words_erased_after_the_days_are_counted(
    council: Council, secrets: Secrets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pack can't show by whom; it says that a later one does."""
    clock = council.store.clock
    assert isinstance(clock, VirtualClock)
    (seq,) = council.store.db.execute("SELECT min(seq) FROM audit_protected").fetchone()
    assert sealing.seal(council.store, secrets, clock.now(), is_last=True)
    clock.advance(timedelta(days=40))
    with council.store.transaction() as db:
        audit.erase_protected(db, seq, ["why"], who="dpo", why="asked", at=clock.now())

    made = _write(council, secrets, tmp_path / "pack.zip")

    assert 0 == verify.main([str(made.path)])
    assert "1 are said to be erased by entries after these" in capsys.readouterr().out


def test_what_one_person_put_in_force_at_once_is_signed(
    council: Council, secrets: Secrets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pack says who, and a row that was edited shows."""
    council.people = {**PEOPLE, "maria": a_person("maria", "analyst", "emergency")}
    council.propose(a_row("420", "420"), a_row("430", "430"), emergency=True)

    made = _write(council, secrets, tmp_path / "pack.zip")

    assert [("maria", None)] == [
        (row["maker"], row["ending"]) for row in _rows(made.path, "changes/emergencies.jsonl")
    ]
    assert (0, []) == _checked(made.path, capsys)
    _unguard(council.store, "emergency")
    council.store.db.execute("UPDATE emergency SET version=version + 1")
    code, damage = _checked(_write(council, secrets, tmp_path / "edited.zip").path, capsys)
    assert (1, ["changes change 2, put in force at once: the signature of maria does not fit"]) == (
        code,
        damage,
    )


def test_the_days_of_a_pack_follow_on_what_went_before(
    council: Council, secrets: Secrets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pack of one day in the middle begins with the hash before it, ends where the log was signed next, and holds."""
    clock = council.store.clock
    assert isinstance(clock, VirtualClock)
    before = audit.head(council.store.db)[0]
    clock.advance(timedelta(days=1))
    _work(council.store, 3)
    clock.advance(timedelta(days=1))
    _work(council.store, 2)
    assert sealing.seal(council.store, secrets, clock.now(), is_last=True)
    _work(council.store, 4)

    day = TODAY + timedelta(days=1)
    made = _write(council, secrets, tmp_path / "pack.zip", evidence.Scope(day, day))

    assert (before + 1, before + 5) == (made.log.first, made.log.last)
    assert checkpoints.hash_at(council.store.db, before) == made.log.before
    assert (0, []) == _checked(made.path, capsys)
    later = TODAY + timedelta(days=30)
    empty = _write(council, secrets, tmp_path / "empty.zip", evidence.Scope(later, later))
    assert empty.log.last == empty.log.first - 1
    assert (0, []) == _checked(empty.path, capsys)


def test_a_version_belongs_to_the_days_on_which_it_was_the_one_in_force(
    council: Council, secrets: Secrets, tmp_path: Path
) -> None:
    """Not the one that was replaced the day before, but that which it was replaced by, though it was read before as well."""
    clock = council.store.clock
    assert isinstance(clock, VirtualClock)
    for payload in (b"2", b"3"):
        clock.advance(timedelta(days=1))
        order = a_purchase_order(number=f"PO-1 v{payload.decode()}")
        with council.store.transaction() as db:
            records.put_page(
                db, "purchase_order", "coupa", [records.Incoming("1", order, payload)], clock.now()
            )

    def versions(first: int, last: int) -> list[int]:
        scope = evidence.Scope(
            TODAY + timedelta(days=first), TODAY + timedelta(days=last), documents=("coupa:1",)
        )
        made = _write(council, secrets, tmp_path / f"{first}-{last}.zip", scope)
        return [row["version"] for row in _rows(made.path, "documents/versions.jsonl")]

    assert [1] == versions(0, 0)
    assert [1, 2] == versions(1, 1)
    assert [3] == versions(3, 9)
    assert [1, 2, 3] == versions(0, 9)


def test_a_pack_of_one_legal_entity_has_its_documents_and_the_whole_log(
    council: Council, secrets: Secrets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log with gaps could not be checked."""
    scope = evidence.Scope(TODAY, TODAY, legal_entity="FR01")

    made = _write(council, secrets, tmp_path / "pack.zip", scope)

    assert ["coupa:2"] == [row["document_key"] for row in _rows(made.path, "documents/workflows.jsonl")]
    assert ["2"] == [row["external_id"] for row in _rows(made.path, "documents/versions.jsonl")]
    assert 1 == made.log.first
    assert (0, []) == _checked(made.path, capsys)


def test_a_log_that_was_changed_before_is_given_as_it_is_and_shows_it(
    council: Council, secrets: Secrets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says so, and so does the pack."""
    db = council.store.db
    _unguard(council.store, "audit")
    db.execute(
        "UPDATE audit SET body=CAST(replace(CAST(body AS TEXT), 'maria', 'marla') AS BLOB) WHERE seq=7"
    )

    made = _write(council, secrets, tmp_path / "pack.zip")

    assert "entry 7 is edited" == made.problem
    code, damage = _checked(made.path, capsys)
    assert (1, True) == (code, damage[0].startswith("log entry 7 is not the one that was written"))


def test_words_that_were_erased_by_law_are_gone_and_the_pack_holds(
    council: Council, secrets: Secrets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log says who erased them; without its word they are missing, in the store and in the pack."""
    db = council.store.db
    (seq,) = db.execute("SELECT min(seq) FROM audit_protected").fetchone()
    with council.store.transaction() as writing:
        audit.erase_protected(writing, seq, ["why"], who="dpo", why="asked", at=MONDAY)

    made = _write(council, secrets, tmp_path / "pack.zip")

    assert (0, []) == _checked(made.path, capsys)
    words = {row["seq"]: row for row in _rows(made.path, "log/words.jsonl")}
    assert made.log.first <= words[seq]["erased_by"] <= made.log.last
    for edit, problem in (
        (_line(verify.WORDS, 0, lambda _: None), "nobody recorded that it was erased"),
        (
            _line(verify.WORDS, 0, lambda line: re.sub(rb'"erased_by":\d+', b'"erased_by":%d' % seq, line)),
            f"there is no entry {seq} that erased it",
        ),
        (
            _line(
                verify.WORDS, 1, lambda _: b'{"erased_by":%d,"name":"why","seq":%d}\n' % (seq + 2, seq + 1)
            ),
            f"entry {seq + 2} does not say that it was erased",
        ),
    ):
        code, damage = _checked(_edited(made.path, edit), capsys)
        assert (1, True) == (code, any(problem in one for one in damage))


def test_that_a_pack_was_given_out_is_recorded(council: Council, secrets: Secrets, tmp_path: Path) -> None:
    """Who, why, of what, and by which hash it is known."""
    made = _write(council, secrets, tmp_path / "pack.zip")

    (row,) = council.store.db.execute(
        "SELECT who, why, body FROM v_audit WHERE what='audit.exported'"
    ).fetchall()
    assert ("otto", "audit of the first quarter") == (row["who"], row["why"])
    assert (
        sha256(made.path.read_bytes()).hexdigest()
        == made.sha256
        == json.loads(row["body"])["after"]["sha256"]
    )


def test_stopping_leaves_nothing_behind(council: Council, secrets: Secrets, tmp_path: Path) -> None:
    """Neither a file nor a word that a pack was given out."""
    folder = tmp_path / "out"
    folder.mkdir()
    _work(council.store, 600)

    with pytest.raises(reports.StoppedError):
        _write(council, secrets, folder / "pack.zip", is_stopped=lambda: True)

    assert [] == list(folder.iterdir())
    assert ("otto", "audit.exported") not in council.noted


def test_a_file_that_is_there_stays(council: Council, secrets: Secrets, tmp_path: Path) -> None:
    """Unless it is to be replaced."""
    path = tmp_path / "pack.zip"
    path.write_bytes(b"mine")

    with pytest.raises(FileInTheWayError):
        _write(council, secrets, path)
    assert b"mine" == path.read_bytes()

    assert _write(council, secrets, path, replaces=True).sha256 == sha256(path.read_bytes()).hexdigest()


def test_scopes_that_make_no_sense_are_refused() -> None:
    """Before anything is read."""
    with pytest.raises(evidence.ScopeError, match="is after"):
        evidence.Scope(TODAY, TODAY - timedelta(days=1))
    with pytest.raises(evidence.ScopeError, match="one or the other"):
        evidence.Scope(TODAY, TODAY, "DE01", ("coupa:1",))


def test_what_is_written_for_other_tools_is_what_was_signed(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key as openssl reads it, the texts and the signatures; and the log as a sheet without formulas."""
    folder, sheet = tmp_path / "signed", tmp_path / "log.csv"

    assert (0, []) == _checked(pack, capsys, "--signed", str(folder), "--csv", str(sheet))

    key = load_pem_public_key((folder / "key.pem").read_bytes())
    assert isinstance(key, Ed25519PublicKey)
    texts = sorted(folder.glob("*.txt"))
    assert 3 == len(texts)
    for one in texts:
        key.verify(one.with_suffix(".sig").read_bytes(), one.read_bytes())
    rows = list(csv.DictReader(sheet.open(encoding="utf-8", newline="")))
    assert ("maria", "because 0") in {(row["who"], row["why"]) for row in rows}


def test_signatures_are_those_of_rfc_8032() -> None:
    """Its first two test vectors (section 7.1)."""
    for public_hex, text_hex, signature_hex in (
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ):
        known, signature = (
            base64.b64encode(bytes.fromhex(one)).decode() for one in (public_hex, signature_hex)
        )
        assert verify.is_signed(known, bytes.fromhex(text_hex), signature)
        assert not verify.is_signed(known, bytes.fromhex(text_hex) + b"!", signature)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_a_signature_counts_for_one_text_and_one_key(seed: bytes, said: bytes, bit: int) -> None:
    """As a maintained library makes them; with one bit changed they count no more."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    known = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    signature = bytearray(private.sign(said))

    assert verify.is_signed(known, said, base64.b64encode(signature).decode())
    signature[bit // 8] ^= 1 << (bit % 8)
    assert not verify.is_signed(known, said, base64.b64encode(signature).decode())
