"""People's names, logins and e-mail behind every door: hidden, unless a role may and says why; then that is audited."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from finsync_tui import reports
from finsync_tui.actor import account
from finsync_tui.evidence import verify
from finsync_tui.screens import dossiers
from store import findings, records
from tests.builders import MONDAY, a_commitment, a_purchase_order
from tests.finsync_tui.cli.conftest import PROFILE, Answer, Finsync
from tests.finsync_tui.governance.council import a_person

NAME = "Ada Marlow"
LOGIN = "ada.marlow"
MAIL = "ada.marlow@example.com"
DAY = MONDAY.date().isoformat()
WHY = ("--reason", "who asked for it")


@pytest.fixture
def office(finsync: Finsync) -> Finsync:
    """The workspace of the other tests, with a person in all that is kept of one order."""
    order = a_purchase_order(number="PO-1", requester=LOGIN, buyer=NAME)
    payload = json.dumps(
        {"id": 1, "requested-by": {"login": LOGIN, "fullname": NAME, "email": MAIL}}
    ).encode()
    commitment = a_commitment("1204.50").model_dump(mode="json")
    commitment["policy"]["approval_chain"] = [LOGIN]
    with finsync.store() as store, store.transaction() as db:
        records.put_page(
            db, "purchase_order", "coupa", [records.Incoming("1", order, payload, changed_by=LOGIN)], MONDAY
        )
        db.execute(
            "UPDATE exception_case SET payload=?, evidence=?, cause=? WHERE id=1",
            (payload, json.dumps({"requester": LOGIN}), f"asked by {MAIL}"),
        )
        db.execute(
            "INSERT INTO attempt(entry_id, number, started_at, ended_at, outcome, message, answer, edited_body, calls) VALUES (1, 9, ?, ?, 'rejected', ?, ?, ?, ?)",
            ("2026-01-06T08:00:00.000000Z", "2026-01-06T08:00:01.000000Z", f"{MAIL} may not", f'{{"Buyer":"{NAME}"}}', json.dumps({"commitment": commitment}),
             db.execute("SELECT calls FROM attempt WHERE id=1").fetchone()[0]),
        )  # fmt: skip
        db.execute(
            "UPDATE delivery SET edited_body=?, message=? WHERE entry_id=1",
            (json.dumps({"commitment": commitment}), f"{MAIL} may not"),
        )
        findings.append(
            db,
            [findings.Finding(
                class_="STALE_VERSION", severity="info", system="coupa", entity="purchase_order", document_key="coupa:1",
                document_number="PO-1", message=f"changed by {MAIL}", detail={"changed_by": NAME}, noticed_at=MONDAY,
            )],
        )  # fmt: skip
    return finsync


def _tells(text: str) -> bool:
    return any(one in text for one in (NAME, LOGIN, MAIL))


def _as(finsync: Finsync, *roles: str, reveals: tuple[str, ...] = ("auditor",)) -> None:
    settings = {
        "people": {"me": a_person("me", *roles, os_account=account())},
        "privacy": {"reveals_people_to": list(reveals)},
    }
    (finsync.path / "profiles" / "own" / "profile.toml").write_text(
        PROFILE + tomlkit.dumps(settings), encoding="utf-8"
    )


SHOWN = ["explain PO-1", "outbox show 1", "exceptions show 1"]


@pytest.mark.parametrize("words", SHOWN)
def test_what_is_shown_of_a_document_hides_people(office: Finsync, words: str) -> None:
    """As text and as JSON. The sentence that says what is wrong may quote a login: it is what the work is about."""
    told = office(*words.split(), "--json").json
    told.pop("cause", None)
    told.pop("message", None)
    for one in told.get("attempts", ()):
        one.pop("message")

    assert not _tells(json.dumps(told))
    assert NAME not in office(*words.split()).out


@pytest.mark.parametrize("words", SHOWN)
def test_a_role_that_may_sees_them_and_the_log_says_so(office: Finsync, words: str) -> None:
    """Who saw what of which document, and why; without a reason, or without the role, nothing is shown."""
    _as(office, "auditor")

    found = office(*words.split(), "--reveal", *WHY, "--json")
    entry = office("audit", "log", "--what", "privacy.revealed", "--json").json[0]
    bare = office(*words.split(), "--reveal", "--json")

    assert (0, True) == (found.code, _tells(found.out))
    assert ("me", "coupa:1", "who asked for it") == (entry["who"], entry["subject"], entry["why"])
    assert (2, False) == (bare.code, _tells(bare.out))
    _as(office, "analyst")
    refused = office(*words.split(), "--reveal", *WHY, "--json")
    assert (1, "NOT_REVEALED", False) == (refused.code, refused.json["error"]["code"], _tells(refused.out))
    assert 1 == len(office("audit", "log", "--what", "privacy.revealed", "--json").json)


def test_a_page_hides_them_and_a_role_may_have_it_whole(office: Finsync, tmp_path: Path) -> None:
    """In what was sent, answered and read."""
    office("explain", "PO-1", "--html", tmp_path / "po.html")
    office("explain", "PO-1", "--html", tmp_path / "all.html", "--reveal", *WHY)

    assert not _tells((tmp_path / "po.html").read_text())
    assert _tells((tmp_path / "all.html").read_text())


@pytest.mark.parametrize(
    "words", ["exceptions export --format csv", "exceptions export --format json", "findings list --json", "events tail --json",
              "breaks list --json", "workflow show 1 --json"],
)  # fmt: skip
def test_lists_and_files_hide_them(office: Finsync, words: str) -> None:
    """Whoever gets a file is not known here."""
    found: Answer = office(*words.split())

    assert 0 == found.code
    assert NAME not in found.out
    if "export" in words:
        assert not _tells(found.out)


@pytest.mark.parametrize("name", [one.name for one in reports.REPORTS if not one.is_of_period])
def test_every_report_hides_them(office: Finsync, tmp_path: Path, name: str) -> None:
    """In all that systems and processes say."""
    path = tmp_path / "report.csv"

    assert 0 == office("report", name, "--format", "csv", "--output", path).code
    assert not _tells(path.read_text(encoding="utf-8"))


def test_a_pack_hides_them_and_holds(office: Finsync, tmp_path: Path) -> None:
    """It says what it hides; whole it is only for who may see people, and the log says that it was given out so."""
    hidden, whole = tmp_path / "pack.zip", tmp_path / "whole.zip"
    words = ("audit", "export", "--from", DAY, *WHY, "--output")
    _as(office, "administrator")

    assert 0 == office(*words, hidden).code
    refused = office(*words, whole, "--reveal")
    _as(office, "auditor")
    assert 0 == office(*words, whole, "--reveal").code

    assert (1, True) == (refused.code, "NOT_REVEALED" in refused.err)
    assert (0, 0) == (verify.main([str(hidden)]), verify.main([str(whole)]))
    assert [] == [name for name, text in _parts(hidden).items() if _tells(text)]
    assert "documents/versions.jsonl" in [name for name, text in _parts(whole).items() if _tells(text)]
    assert [["personal"], []] == [
        json.loads(_parts(one)["manifest.json"])["hidden"] for one in (hidden, whole)
    ]
    newest = office("audit", "log", "--what", "audit.exported", "--json").json
    assert [True, False] == ["revealed" in one["body"]["after"] for one in newest]


def _parts(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as pack:
        return {name: pack.read(name).decode("utf-8", "replace") for name in pack.namelist()}


def test_the_workbench_hides_them(office: Finsync) -> None:
    """Exception, delivery, process and what happened, in all their tabs but the sentence that says what is wrong."""
    with office.store() as store:
        case = dossiers.case(store.db, 1)
        delivery = dossiers.delivery(store.db, 1)
        process = dossiers.workflow(store.db, 1)
    assert case is not None
    assert delivery is not None

    shown = [case.sides, case.evidence, case.payload, case.steps, [one.request for one in case.attempts], [one.answer for one in case.attempts],
             delivery.body, delivery.edited, [one.calls for one in delivery.attempts], process.sides if process else ""]  # fmt: skip

    assert not _tells(repr(shown))
    assert NAME not in repr((case, delivery, process))


def test_what_was_hidden_is_whole_when_it_is_sent(office: Finsync, tmp_path: Path) -> None:
    """Whoever edits what was shown need not see it; where a hidden value was moved, nothing is sent."""
    shown = office("outbox", "show", 1, "--json").json["edited_body"]
    path, moved = tmp_path / "edited.json", tmp_path / "moved.json"
    path.write_text(json.dumps(_described(shown, "mended")), encoding="utf-8")
    moved.write_text(json.dumps(_described(shown, "\u2022\u2022\u2022\u2022")), encoding="utf-8")

    refused = office("outbox", "replay", 1, "--body", moved, *WHY)
    sent = office("outbox", "replay", 1, "--body", path, *WHY)

    with office.store() as store:
        (body,) = store.db.execute("SELECT edited_body FROM delivery WHERE entry_id=1").fetchone()
    assert (1, True, 0) == (refused.code, "commitment.description is hidden" in refused.err, sent.code)
    assert ([LOGIN], "mended") == (
        json.loads(body)["commitment"]["policy"]["approval_chain"],
        json.loads(body)["commitment"]["description"],
    )


def test_a_record_is_forgotten_on_request_and_a_known_value_proven(office: Finsync) -> None:
    """By an administrator; `explain` says when and by whom, and what stays proves nothing to whoever does not know the value."""
    _as(office, "administrator", reveals=("administrator",))
    with office.store() as store, store.transaction() as db:
        db.execute("UPDATE workflow SET ended_at='2026-01-06T08:00:00.000000Z', state='done'")

    made = office("audit", "forget", "coupa:1", "--entity", "purchase_order", *WHY, "--json").json
    told = office("explain", "coupa:1", "--reveal", *WHY, "--json").json
    proven = office("audit", "prove", "coupa:1", "--value", NAME, "--json")
    other = office("audit", "prove", "coupa:1", "--value", "Eve", "--json")

    assert made["values"] > 3
    assert ["personal data erased by me"] == [
        line["what"] for line in told["lines"] if line["kind"] == "erasure"
    ]
    assert NAME not in json.dumps(told)
    assert ({made["entry"]}, 0) == ({one["entry"] for one in proven.json}, proven.code)
    assert ([], 3) == (other.json, other.code)
    assert office("audit", "verify", "--json").json["is_intact"]
    assert [] == office("audit", "retention", "--json").json
    _as(office, "analyst")
    assert 1 == office("audit", "forget", "coupa:1", "--entity", "purchase_order", *WHY).code


def test_what_a_profile_keeps_is_told(office: Finsync) -> None:
    """By entity and class, with how many records are due; an entity that there is not is named with its place."""
    layer = office.path / "profiles" / "own" / "profile.toml"
    layer.write_text(PROFILE + '[privacy.retention.purchase_order]\npersonal = "P90D"\n', encoding="utf-8")

    assert [{"entity": "purchase_order", "class": "personal", "days": 90, "due_count": 0}] == office(
        "audit", "retention", "--json"
    ).json
    layer.write_text(PROFILE + '[privacy.retention.person]\npersonal = "P90D"\n', encoding="utf-8")
    assert "there is no entity 'person'" in office("audit", "retention").err


def _described(body: Any, words: str) -> Any:
    return {**body, "commitment": {**body["commitment"], "description": words}}
