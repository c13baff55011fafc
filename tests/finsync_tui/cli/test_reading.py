"""Commands that only look: lists, details, status, events, audit, store."""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path

import pytest

from finsync_tui import contracts
from finsync_tui.cli.events import following
from store import cases, findings, records
from tests.builders import MONDAY, a_case, a_supplier
from tests.finsync_tui.cli.conftest import Finsync


def test_exceptions_are_listed_the_most_urgent_first(finsync: Finsync) -> None:
    """What has a due time comes before what has none; money is exact in each currency's own decimals."""
    answer = finsync("exceptions", "list", "--json")

    assert answer.code == 0
    assert [(row["class"], row["amount"], row["currency"]) for row in answer.json] == [
        ("DEAD_LETTER", "1204.50", "EUR"),
        ("PERIOD_CLOSED", "500", "JPY"),
    ]
    assert answer.json[0]["evidence"] == {"operation": "order.create"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--class", "period_closed"], ["PERIOD_CLOSED"]),
        (["--class", "PERIOD_CLOSED", "--class", "DEAD_LETTER"], ["DEAD_LETTER", "PERIOD_CLOSED"]),
        (["--system", "oracle-amer"], ["PERIOD_CLOSED"]),
        (["--min-amount", "1000"], ["DEAD_LETTER"]),
        (["--owner", "maria"], []),
        (["--state", "resolved"], []),
    ],
)
def test_exceptions_are_filtered(finsync: Finsync, arguments: list[str], expected: list[str]) -> None:
    """Each filter leaves exactly what it names."""
    answer = finsync("exceptions", "list", "--json", *arguments)

    assert expected == [row["class"] for row in answer.json]


def test_causes_say_how_many_documents_wait_for_one_thing(finsync: Finsync) -> None:
    """Without anything named in the evidence, a cause is its class and where it showed."""
    answer = finsync("exceptions", "causes", "--class", "period_closed", "--json")

    assert answer.code == 0
    assert [({"system": "oracle-amer"}, 1, {"JPY": "500"})] == [
        (row["waits_for"], row["count"], row["amounts"]) for row in answer.json
    ]
    assert "PERIOD_CLOSED" in finsync("exceptions", "causes").out


def test_what_was_handled_without_a_person_is_listed_and_shown(finsync: Finsync) -> None:
    """Findings by class and document, the newest first; one with its detail; a number that is none says where to look."""
    with finsync.store() as store, store.transaction() as db:
        findings.append(
            db,
            [
                findings.stale_version("coupa", "purchase_order", "coupa:1", "PO-1", MONDAY),
                findings.Finding(
                    class_="THROTTLED",
                    severity="info",
                    system="coupa",
                    message="busy\x1b[2J",
                    noticed_at=MONDAY,
                    detail={"seconds": 30},
                ),
            ],
        )

    listed = finsync("findings", "list", "--json").json
    about = finsync("findings", "list", "--document", "PO-1", "--severity", "warn", "--json").json
    shown = finsync("findings", "show", listed[0]["id"])
    missing = finsync("findings", "show", 99)

    assert ["THROTTLED", "STALE_VERSION"] == [row["class"] for row in listed]
    assert ["coupa:1"] == [row["document_key"] for row in about]
    assert {"seconds": 30} == listed[0]["detail"]
    assert ('"seconds": 30' in shown.out, "\x1b" in shown.out) == (True, False)
    assert (1, True) == (missing.code, "finsync findings list" in missing.err)


def test_a_shortened_list_says_how_many_there_are(finsync: Finsync) -> None:
    """A limit never looks like the total."""
    answer = finsync("exceptions", "list", "--limit", 1)

    assert "1 of 2 exceptions" in answer.err
    assert len(answer.out.splitlines()) == 2


def test_an_amount_that_is_none_is_wrong_usage(finsync: Finsync) -> None:
    """A filter that can't be read filters nothing: it is refused."""
    answer = finsync("exceptions", "list", "--min-amount", "1e")

    assert answer.code == 2
    assert answer.err.startswith("error USAGE: ")


def test_text_from_outside_cannot_steer_the_terminal(finsync: Finsync) -> None:
    """Escapes and direction marks in data are shown, not obeyed, in text and in JSON."""
    for arguments in (
        ["exceptions", "list"],
        ["exceptions", "list", "--json"],
        ["exceptions", "show", 1],
        ["workflow", "show", 1],
    ):
        answer = finsync(*arguments)

        assert answer.code == 0
        assert "\x1b" not in answer.out + answer.err
        assert "\u202e" not in answer.out + answer.err
        assert "x1b[2J" in answer.out or "u001b[2J" in answer.out


def test_an_exception_is_shown_with_its_payload_and_notes(finsync: Finsync) -> None:
    """Cause, suggested fix, the document and what colleagues said are in one place."""
    finsync("exceptions", "comment", 1, "asked the buyer")

    shown = finsync("exceptions", "show", 1, "--json").json

    assert shown["payload"] == '{"id": 1}'
    assert [note["text"] for note in shown["notes"]] == ["asked the buyer"]
    assert "asked the buyer" in finsync("exceptions", "show", 1).out


def test_an_exception_without_a_payload_of_its_own_shows_the_document_as_it_was_read(
    finsync: Finsync,
) -> None:
    """A missing mapping, a refused account: the payload is that of the document's version."""
    with finsync.store() as store, store.transaction() as db:
        supplier = records.Incoming("3", a_supplier(), b'{"id": 3, "as": "read"}')
        records.put_page(db, "purchase_order", "coupa", [supplier], MONDAY)

    shown = finsync("exceptions", "show", 2, "--json").json

    assert ('{"id": 3, "as": "read"}', 1) == (shown["payload"], shown["payload_version"])
    assert "payload (version 1 of the document, as it was read)" in finsync("exceptions", "show", 2).out


def test_what_is_not_there_is_said_with_its_code(finsync: Finsync) -> None:
    """An unknown number is an error of its own, with a way to find the right one."""
    for arguments in (["exceptions", "show", 99], ["outbox", "show", 99], ["workflow", "show", 99]):
        answer = finsync(*arguments)

        assert answer.code == 1
        assert "error NOT_FOUND: there is no" in answer.err
        assert "list` shows the numbers" in answer.err


def test_an_export_is_safe_in_a_spreadsheet(finsync: Finsync) -> None:
    """A document number that looks like a formula is written as text; nothing else changes."""
    answer = finsync("exceptions", "export")

    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert [row["document_number"] for row in rows] == ["PO-1", "'=HYPERLINK(0)"]
    assert [row["amount"] for row in rows] == ["1204.50", "500"]


def test_a_file_is_what_its_name_says(finsync: Finsync, tmp_path: Path) -> None:
    """CSV in a file that is named as a workbook would be opened by nothing."""
    refused = finsync("exceptions", "export", "--output", tmp_path / "x.xlsx")

    assert 2 == refused.code
    assert "finsync report" in refused.err
    assert [] == [*tmp_path.glob("x.*")]


def test_an_export_never_replaces_a_file_unasked(finsync: Finsync, tmp_path: Path) -> None:
    """A file that is there stays until --force says otherwise; a new one is for its owner only."""
    target = tmp_path / "out.json"
    target.write_text("mine")

    refused = finsync("exceptions", "export", "--format", "json", "--output", target)
    kept = target.read_text()
    forced = finsync("exceptions", "export", "--format", "json", "--output", target, "--force")
    fresh = tmp_path / "fresh.csv"
    finsync("exceptions", "export", "--output", fresh)

    assert (refused.code, kept, forced.code) == (2, "mine", 0)
    assert "error FILE_EXISTS" in refused.err
    assert '"DEAD_LETTER"' in target.read_text()
    assert fresh.stat().st_mode & 0o777 == 0o600


def test_a_delivery_is_shown_with_every_attempt(finsync: Finsync) -> None:
    """What was decided, what is sent and each answer."""
    shown = finsync("outbox", "show", 1, "--json").json

    assert shown["body"]["commitment"]["total"] == {"amount_minor": 120450, "currency": "EUR"}
    assert shown["edited_body"] is None
    assert [(a["outcome"], a["status"]) for a in shown["attempts"]] == [("transient", 503)]
    assert "busy" in finsync("outbox", "show", 1).out


def test_lists_find_a_document_by_number_or_key(finsync: Finsync) -> None:
    """People say PO-1, programs coupa:1; both find the same."""
    for noun in ("outbox", "workflow"):
        by_number = finsync(noun, "list", "--document", "PO-1", "--json").json
        by_key = finsync(noun, "list", "--document", "coupa:1", "--json").json

        assert len(by_number) == 1
        assert by_number == by_key
    assert "PO-1" in finsync("outbox", "list").out
    assert "PO-2" in finsync("workflow", "list", "--state", "done").out


def test_workflows_are_listed_by_flow(finsync: Finsync) -> None:
    """A name that no flow has is no empty list."""
    of_orders = finsync("workflow", "list", "--flow", "requisition_to_pay", "--json").json
    of_invoices = finsync("workflow", "list", "--flow", "invoice_to_payment", "--json").json
    wrong = finsync("workflow", "list", "--flow", "invoices")

    assert ({"requisition_to_pay"}, []) == ({one["flow"] for one in of_orders}, of_invoices)
    assert 2 == wrong.code
    assert "invoice_to_payment" in wrong.err


def test_a_workflow_is_shown_with_steps_deliveries_and_exceptions(finsync: Finsync) -> None:
    """One place tells what was decided and what came of it."""
    shown = finsync("workflow", "show", 1, "--json").json

    assert [(s["name"], s["detail"]) for s in shown["steps"]] == [("route", {"target": "oracle-emea"})]
    assert "target: oracle-emea" in finsync("workflow", "show", 1).out
    assert [d["state"] for d in shown["deliveries"]] == ["buried"]
    assert [c["class"] for c in shown["exceptions"]] == ["DEAD_LETTER"]


def test_status_counts_orders_and_stuck_money(finsync: Finsync) -> None:
    """One object tells what is done, what is stuck and how much money that is, by class and currency."""
    status = finsync("status", "--json").json

    assert status["orders"] == {"read": 0, "done": 1, "in_work": 0, "held": 1, "aborted": 0}
    assert [(row["class"], row["amount"], row["currency"]) for row in status["stuck"]] == [
        ("DEAD_LETTER", "1204.50", "EUR"),
        ("PERIOD_CLOSED", "500", "JPY"),
    ]
    assert status["deliveries"] == {"buried": 1}
    assert status["next_due_at"] == "2026-01-05T12:00:00.000000Z"
    assert (status["engine"]["is_virtual"], status["engine"]["cycle_count"]) == (True, 3)


def test_status_is_no_failure_but_check_finds_something(finsync: Finsync) -> None:
    """Open exceptions are daily business; only a check that was asked for ends with 3, and says why."""
    plain = finsync("status")
    checked = finsync("status", "--check")

    assert (plain.code, checked.code) == (0, 3)
    assert "1 deliveries dead" in checked.err


def test_status_says_which_orders_a_budget_stops(finsync: Finsync) -> None:
    """How many, whose, and how much money; people read it as a line."""
    with finsync.store() as store, store.transaction() as db:
        case = a_case(
            class_="BUDGET_EXCEEDED", step="await_approval", legal_entity="DE01", document_key="coupa:9"
        )
        cases.open(db, case, store.clock.now())

    (watched,) = finsync("status", "--json").json["watch"]
    shown = finsync("status").out

    expected = ("budget_failed", "await_approval", "DE01", 1)
    assert expected == tuple(watched[name] for name in ("figure", "reason", "legal_entity", "count"))
    assert "orders stopped by a budget" in shown


def test_status_tells_time_by_the_engine(finsync: Finsync) -> None:
    """In a rehearsal it is as late as the engine's clock says, so nothing due in its future is overdue."""
    status = finsync("status", "--json").json

    assert status["at"] == "2026-01-05T08:00:00.000000Z"
    assert status["overdue"] == {"exceptions": 0, "workflows": 0}


def test_systems_never_reached_are_listed_too(finsync: Finsync) -> None:
    """A configured system is never missing from the list."""
    listed = finsync("systems", "list", "--json").json

    assert [(row["system"], row["state"]) for row in listed] == [("coupa", "ok")]


def test_events_are_cloudevents(finsync: Finsync) -> None:
    """Other programs read them with any CloudEvents library; `--limit` counts from the newest."""
    found = finsync("events", "tail", "--limit", 1, "--json").json

    assert [event["id"] for event in found] == ["coupa:purchase_order:2:v1"]
    assert (found[0]["specversion"], found[0]["type"]) == ("1.0", "com.finsync.purchase_order.approved.v1")
    assert len(finsync("events", "tail", "--after", 0).out.splitlines()) == 2


def test_following_yields_each_event_once_as_it_comes(finsync: Finsync) -> None:
    """After what is there, it waits and goes on with what came meanwhile."""
    waits = itertools.count()
    with finsync.store() as store:
        stream = following(store.db, 0, lambda: _grow(finsync, next(waits)))

        seen = [event["id"] for event in itertools.islice(stream, 3)]

    assert [f"coupa:purchase_order:{n}:v1" for n in (1, 2, 3)] == seen


def _grow(finsync: Finsync, wait: int) -> None:
    from store import events
    from tests.finsync_tui.cli.conftest import _event

    with finsync.store() as store, store.transaction() as db:
        events.append(db, [_event(3 + wait)])


def test_an_intact_audit_chain_is_verified(finsync: Finsync) -> None:
    """Nothing was changed: exit 0."""
    answer = finsync("audit", "verify", "--json")

    assert (answer.code, answer.json["is_intact"], answer.json["count"]) == (0, True, 1)


def test_a_changed_audit_entry_is_found(finsync: Finsync) -> None:
    """Whoever writes into the file behind our back is noticed: exit 3, with the entry."""
    with finsync.store() as store:
        store.db.execute("DROP TRIGGER audit_no_update")
        store.db.execute("UPDATE audit SET body = cast(replace(body, 'engine', 'nobody') AS BLOB)")

    answer = finsync("audit", "verify")

    assert answer.code == 3
    assert "BROKEN at entry 1" in answer.out


def test_the_audit_log_is_filtered(finsync: Finsync) -> None:
    """Who did what about which document."""
    found = finsync("audit", "log", "--subject", "coupa:1", "--json").json

    assert [(row["who"], row["what"]) for row in found] == [("engine", "order.read")]
    assert finsync("audit", "log", "--who", "nobody", "--json").json == []


def test_the_store_is_sound_and_says_what_it_holds(finsync: Finsync) -> None:
    """Check, info and migrate agree on a good file."""
    assert ((checked := finsync("store", "check", "--json")).code, checked.json) == (0, [])
    assert finsync("store", "info", "--json").json["rows"]["exception_case"] == 2
    assert "m001_ground" in finsync("store", "migrate").out


def test_a_backup_is_whole_and_replaces_nothing(finsync: Finsync, tmp_path: Path) -> None:
    """The copy holds what the file held; a file in its place is left alone."""
    target = tmp_path / "copy.db"

    first = finsync("store", "backup", target)
    second = finsync("store", "backup", target)

    assert (first.code, second.code) == (0, 2)
    assert "error FILE_EXISTS" in second.err
    assert target.stat().st_mode & 0o777 == 0o600


def test_contracts_and_adapters_are_listed(finsync: Finsync) -> None:
    """What documents look like and what can be connected, without a workspace."""
    listed = finsync.run("contract", "list", "--json").json
    schema = finsync.run("contract", "show", "supplier").json
    adapters = finsync.run("adapters", "list", "--json").json

    assert {"supplier/1.2", "purchase_order/1.1"} <= {row["contract"] for row in listed}
    assert "tax_registrations" in schema["properties"]
    assert {"coupa", "oracle_fusion"} <= {row["name"] for row in adapters}
    assert finsync.run("contract", "show", "nothing").code == 1


@pytest.mark.parametrize(
    ("noun", "more"),
    [
        ("exceptions", ["as_seen", "notes", "payload", "payload_version"]),
        ("outbox", ["body", "edited_body", "as_seen", "attempts"]),
        ("workflow", ["steps", "deliveries", "exceptions"]),
    ],
)
def test_one_thing_has_the_keys_of_its_list_and_more(finsync: Finsync, noun: str, more: list[str]) -> None:
    """What a list says of a thing, its own page says too."""
    shown = finsync(noun, "show", 1, "--json").json

    listed = contracts.contract("command", f"{noun} list").schema["items"]["properties"]
    assert sorted([*listed, *more]) == sorted(shown), (
        "new keys come last in a contract, and where they belong in an answer"
    )


def test_a_read_that_failed_shows_how_the_answer_began(finsync: Finsync) -> None:
    """What came instead of documents, with nothing in it that steers a terminal; bytes that are no text are shown as such."""
    with finsync.store() as store, store.transaction() as db:
        failed = cases.NewCase(
            class_="READ_FAILED", entity="purchase_order", document_key="coupa:purchase_order",
            document_number="purchase_order", system="coupa", cause="no list", fix="look",
            evidence={"code": "ADAPTER_PROTOCOL", "answer": "<html>\x1b[2JSign in"},
        )  # fmt: skip
        number = cases.open(db, failed, MONDAY)
        bad = cases.NewCase(
            class_="PAYLOAD_INVALID", entity="purchase_order", document_key="coupa:77", document_number="PO-77",
            system="coupa", cause="it is not UTF-8", fix="correct it", payload=b'{"id":77,"name":"M\xfcller"}',
        )  # fmt: skip
        other = cases.open(db, bad, MONDAY)

    shown, unread = finsync("exceptions", "show", number).out, finsync("exceptions", "show", other).out

    assert "how the answer began\n<html>" in shown
    assert "\x1b" not in shown
    assert '{"id":77,"name":"M\ufffdller"}' in unread
