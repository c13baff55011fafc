"""Commands that change something: each through an action, with who did it and why in the audit log."""

from __future__ import annotations

import getpass
import io
import json
import os
import re
import signal
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.errors import SecretUnsetError
from finsync_tui import actions, sync
from finsync_tui.actions import Actor, Outcome
from finsync_tui.cli import _outcome
from store import Store, leases, systems
from tests.builders import MONDAY
from tests.finsync_tui.cli.conftest import Answer, Finsync


def states(finsync: Finsync) -> dict[str, str]:
    return {
        row["class"]: row["state"] for row in finsync("exceptions", "list", "--state", "all", "--json").json
    }


def last_act(finsync: Finsync) -> tuple[str, str, str]:
    (entry,) = finsync("audit", "log", "--limit", 1, "--json").json
    return entry["who"], entry["what"], entry["why"]


def test_resolve_ends_an_exception_with_its_reason(finsync: Finsync) -> None:
    """It is resolved, and the audit log says by whom and why."""
    answer = finsync("exceptions", "resolve", 2, "--reason", "posted by hand")

    assert (answer.code, answer.out) == (0, "resolved: 2\n")
    assert states(finsync)["PERIOD_CLOSED"] == "resolved"
    assert (getpass.getuser(), "exception.resolved", "posted by hand") == last_act(finsync)


def test_a_reason_is_required(finsync: Finsync) -> None:
    """What closes something says why; without it, nothing happens."""
    answer = finsync("exceptions", "resolve", 2)

    assert answer.code == 2
    assert "--reason" in answer.err
    assert states(finsync)["PERIOD_CLOSED"] == "open"


def test_a_filter_acts_on_all_of_a_class(finsync: Finsync) -> None:
    """One command for everything that has the same cause."""
    answer = finsync("exceptions", "ignore", "--class", "PERIOD_CLOSED", "--reason", "test data", "--json")

    assert answer.json == {"done": [2], "refused": []}
    assert states(finsync) == {"DEAD_LETTER": "open", "PERIOD_CLOSED": "ignored"}


def test_many_are_done_in_portions_between_which_others_write(
    finsync: Finsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each portion is a transaction of its own, and what was done of all is reported once."""
    monkeypatch.setattr(_outcome, "PORTION", 1)
    in_one: list[int] = []
    act = actions.assign

    def counted(store: Store, who: Actor, ids: Sequence[int], *rest: Any, **named: Any) -> Outcome:
        assert not store.db.in_transaction
        in_one.append(len(ids))
        return act(store, who, ids, *rest, **named)

    monkeypatch.setattr(actions, "assign", counted)
    answer = finsync("exceptions", "assign", 1, 2, "--to", "maria", "--json")

    assert [1, 1] == in_one
    assert answer.json == {"done": [1, 2], "refused": []}


def test_ctrl_c_ends_after_the_portion_under_way(finsync: Finsync, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done stays and is reported, the rest is as it was, and the exit code says that it was interrupted."""
    monkeypatch.setattr(_outcome, "PORTION", 1)
    act = actions.ignore

    def interrupted(*given: Any, **named: Any) -> Outcome:
        os.kill(os.getpid(), signal.SIGINT)
        return act(*given, **named)

    monkeypatch.setattr(actions, "ignore", interrupted)
    before = signal.getsignal(signal.SIGINT)
    answer = finsync("exceptions", "ignore", 2, 1, "--reason", "test data")

    assert (130, "ignored: 2\n") == (answer.code, answer.out)
    assert "1 were left as they are; the same command goes on with them" in answer.err
    assert states(finsync) == {"DEAD_LETTER": "open", "PERIOD_CLOSED": "ignored"}
    assert before == signal.getsignal(signal.SIGINT)


@pytest.mark.parametrize(
    "arguments",
    [[], [1, "--class", "DEAD_LETTER"], ["--class", "NO_SUCH_CLASS"]],
    ids=["none", "both", "nobody"],
)
def test_whom_an_action_is_for_is_never_guessed(finsync: Finsync, arguments: list[object]) -> None:
    """No ids, ids and a filter at once, or a filter without a match: nothing is done."""
    answer = finsync("exceptions", "ignore", *arguments, "--reason", "r")

    assert answer.code == 2
    assert "Nothing was done" in answer.err
    assert {"open"} == set(states(finsync).values())


def test_part_of_a_bulk_action_may_be_refused(finsync: Finsync) -> None:
    """What could be done is done; what could not is listed with its reason."""
    answer = finsync("exceptions", "assign", 1, 99, "--to", "maria")

    assert answer.code == 0
    assert "assigned to maria: 1" in answer.out
    assert "not 99: " in answer.err
    assert [row["class"] for row in finsync("exceptions", "list", "--owner", "maria", "--json").json] == [
        "DEAD_LETTER"
    ]


def test_who_acts_on_what_they_saw_overwrites_nobody(finsync: Finsync) -> None:
    """With the mark of what was shown, a command does nothing when somebody else was faster, and says what has changed."""
    seen = finsync("exceptions", "show", 1, "--json").json["as_seen"]

    finsync("exceptions", "assign", 1, "--to", "maria")
    late = finsync("exceptions", "assign", 1, "--to", "tom", "--as-seen", seen)
    again = finsync("exceptions", "show", 1, "--json").json
    then = finsync("exceptions", "assign", 1, "--to", "tom", "--as-seen", again["as_seen"])

    assert (1, "maria", 0) == (late.code, again["owner"], then.code)
    assert "it belongs to maria now, it belonged to nobody" in late.err
    assert "tom" == finsync("exceptions", "show", 1, "--json").json["owner"]


def test_a_delivery_tells_what_went_over_the_wire(finsync: Finsync) -> None:
    """Method, path, answer and body of each request of each attempt, for people and for scripts."""
    told = finsync("outbox", "show", 1).out
    data = finsync("outbox", "show", 1, "--json").json["attempts"]

    assert "attempt 1: POST /orders  HTTP 503" in told
    assert [{"method": "POST", "path": "/orders", "status": 503, "body": '{"total":"1204.50"}'}] == data[0][
        "calls"
    ]


def test_a_delivery_that_somebody_has_touched_meanwhile_is_left_alone(finsync: Finsync) -> None:
    """Held, released, replayed or cancelled by what was seen: not when it is another thing by now. A note likewise."""
    seen = finsync("outbox", "show", 1, "--json").json["as_seen"]
    noted = finsync("exceptions", "show", 1, "--json").json["as_seen"]

    finsync("outbox", "replay", 1, "--reason", "the ERP is back")
    late = [
        finsync("outbox", verb, 1, "--reason", "late", "--as-seen", seen)
        for verb in ("hold", "release", "replay", "cancel")
    ]
    told = finsync("exceptions", "comment", 1, "asked the buyer", "--as-seen", noted)
    again = finsync("outbox", "show", 1, "--json").json
    held = finsync("outbox", "hold", 1, "--reason", "wait", "--as-seen", again["as_seen"])

    assert [1] * 5 == [one.code for one in (*late, told)]
    assert ["it is pending now, it was buried"] * 4 == [
        one.err.partition("looked: ")[2].partition(".")[0].partition(";")[0] for one in late
    ]
    assert ("pending", 0) == (again["state"], held.code)


@pytest.mark.parametrize(
    "arguments", [[1, "--as-seen", "nonsense"], [1, 2, "--as-seen", "WyJvcGVuIixudWxsLCIiLG51bGwsMF0"]]
)
def test_a_mark_is_one_and_about_one(finsync: Finsync, arguments: list[object]) -> None:
    """What is no mark, or a mark for several, does nothing."""
    answer = finsync("exceptions", "retry", *arguments)

    assert 2 == answer.code
    assert "Nothing was done" in answer.err


def test_a_snoozed_exception_is_put_aside_until_then(finsync: Finsync) -> None:
    """It needs a moment that is still to come, by the engine's clock."""
    past = finsync("exceptions", "snooze", 1, "--until", "2026-01-01")
    nonsense = finsync("exceptions", "snooze", 1, "--until", "soon")
    future = finsync("exceptions", "snooze", 1, "--until", "2026-01-06T08:00+01:00")

    assert (past.code, nonsense.code, future.code) == (1, 2, 0)
    assert "snoozed until 2026-01-06 07:00 UTC: 1" in future.out
    assert states(finsync)["DEAD_LETTER"] == "snoozed"


def test_retry_sends_a_dead_letter_again(finsync: Finsync) -> None:
    """Its delivery waits to be sent, and the exception is closed."""
    answer = finsync("exceptions", "retry", "--class", "DEAD_LETTER")

    assert answer.code == 0
    assert finsync("outbox", "show", 1, "--json").json["state"] == "pending"
    assert states(finsync)["DEAD_LETTER"] == "closed"


def a_file(folder: Path, body: object) -> Path:
    """Return a file that holds this body."""
    file = folder / "body.json"
    file.write_text(json.dumps(body))
    return file


def test_an_edited_payload_is_sent_and_the_original_stays(finsync: Finsync, tmp_path: Path) -> None:
    """Both bodies can be seen side by side afterwards."""
    body = finsync("outbox", "show", 1, "--json").json["body"]
    corrected = a_file(tmp_path, {"commitment": body["commitment"] | {"supplier_site_id": "72"}})

    answer = finsync("exceptions", "edit", 1, "--payload", corrected, "--reason", "typo")

    delivery = finsync("outbox", "show", 1, "--json").json
    assert answer.code == 0
    assert (
        delivery["body"]["commitment"]["supplier_site_id"],
        delivery["edited_body"]["commitment"]["supplier_site_id"],
    ) == ("71", "72")


def test_an_edited_amount_is_the_amount_of_what_is_sent(finsync: Finsync, tmp_path: Path) -> None:
    """Lists show what leaves, say that it was edited, and keep what was decided beside it."""
    commitment = finsync("outbox", "show", 1, "--json").json["body"]["commitment"]
    less = {"amount_minor": 118500, "currency": "EUR"}
    (line,) = commitment["lines"]
    (part,) = line["distributions"]
    edited = commitment | {
        "total": less,
        "lines": [line | {"amount": less, "distributions": [part | {"amount": less}]}],
    }
    finsync(
        "exceptions", "edit", 1, "--payload", a_file(tmp_path, {"commitment": edited}), "--reason", "agreed"
    )

    (listed,) = finsync("outbox", "list", "--document", "PO-1", "--json").json
    assert ("1185.00", "1204.50", True) == (
        listed["amount"],
        listed["decided_amount"],
        listed["is_edited"],
    )
    assert "1,185.00 EUR  pending, edited" in finsync("outbox", "list", "--document", "PO-1").out
    assert "1,204.50 EUR" in finsync("outbox", "show", 1).out


@pytest.mark.parametrize("verb", ["replay", "edit"])
@pytest.mark.parametrize(
    ("edited", "told"),
    [
        ({"marker": "coupa:other"}, "`commitment.marker` stays as it was decided"),
        ({"currency": "USD"}, "commitment"),
        ({"lines": []}, "the edited body does not fit: commitment"),
        (None, "the edited body does not fit: commitment is missing"),
    ],
)
def test_an_edit_that_could_make_it_twice_or_fits_nothing_is_refused_at_once(
    finsync: Finsync, tmp_path: Path, verb: str, edited: dict[str, object] | None, told: str
) -> None:
    """What it is looked up by stays; a body that its contract refuses is not kept for later."""
    body = finsync("outbox", "show", 1, "--json").json["body"]
    file = a_file(tmp_path, {} if edited is None else {"commitment": body["commitment"] | edited})

    if verb == "replay":
        answer = finsync("outbox", "replay", 1, "--body", file, "--reason", "typo")
    else:
        answer = finsync("exceptions", "edit", 1, "--payload", file, "--reason", "typo")

    delivery = finsync("outbox", "show", 1, "--json").json
    assert (1, "buried", None) == (answer.code, delivery["state"], delivery["edited_body"])
    assert told in answer.err
    assert "Nothing was changed" in answer.err


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe"], ids=["no-json", "no-text"])
def test_a_body_that_can_not_be_read_is_never_sent(finsync: Finsync, tmp_path: Path, content: bytes) -> None:
    """The message says what is wrong with the file; the delivery stays as it was."""
    body = tmp_path / "body.json"
    body.write_bytes(content)

    answer = finsync("outbox", "replay", 1, "--body", body, "--reason", "r")

    assert answer.code == 2
    assert "DEFECT" not in answer.err
    assert finsync("outbox", "show", 1, "--json").json["state"] == "buried"


def test_deliveries_are_replayed_held_released_and_cancelled(finsync: Finsync) -> None:
    """Each verb moves the delivery as the glossary says."""
    seen = []
    for verb in ("replay", "hold", "release", "cancel"):
        answer = finsync("outbox", verb, 1, "--reason", "because")
        assert answer.code == 0, answer.err
        seen.append(finsync("outbox", "show", 1, "--json").json["state"])

    assert seen == ["pending", "held", "pending", "cancelled"]
    assert (getpass.getuser(), "delivery.cancelled", "because") == last_act(finsync)


def test_what_may_not_be_done_now_fails(finsync: Finsync) -> None:
    """A single refusal is an error with its code."""
    answer = finsync("outbox", "release", 1, "--reason", "r")

    assert answer.code == 1
    assert answer.err.startswith("error NOT_ALLOWED: delivery 1")


def test_a_system_is_paused_and_resumed(finsync: Finsync) -> None:
    """Nothing is read from or written to it meanwhile."""
    seen = []
    for verb in ("pause", "resume"):
        assert finsync("systems", verb, "coupa", "--reason", "close").code == 0
        seen.append(finsync("systems", "list", "--json").json[0]["state"])

    assert seen == ["paused", "ok"]


def test_an_aborted_workflow_ends_with_its_exception_and_delivery(finsync: Finsync) -> None:
    """Nothing of it goes on by itself."""
    answer = finsync("workflow", "abort", 1, "--reason", "ordered twice")

    shown = finsync("workflow", "show", 1, "--json").json
    assert (answer.code, shown["state"]) == (0, "aborted")
    assert [row["state"] for row in shown["exceptions"]] == ["resolved"]


def test_secrets_come_from_stdin_and_are_never_shown(
    finsync: Finsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list says where a secret is, never what it is; removing it twice says that it is gone."""
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2\n"))
    answers = [
        finsync("secrets", "set", "coupa", "client_secret"),
        listed := finsync("secrets", "list", "--json"),
        finsync("secrets", "list"),
        finsync("secrets", "remove", "coupa", "client_secret"),
        finsync("secrets", "remove", "coupa", "client_secret"),
    ]

    assert [answer.code for answer in answers] == [0, 0, 0, 0, 1]
    assert {row["name"]: row["place"] for row in listed.json if row["is_needed"]} == {
        "client_id": None,
        "client_secret": "keyring",
    }
    assert "hunter2" not in "".join(answer.out + answer.err for answer in answers)


def test_a_paused_system_is_not_read_in_silence(finsync: Finsync) -> None:
    """Asked to read it now, the answer says why it was not and what lets it be read again."""
    finsync("systems", "pause", "coupa", "--reason", "year end")

    answer = finsync("sync", "coupa")

    assert 1 == answer.code
    assert (
        "coupa is paused (year end). Nothing was read. `finsync systems resume coupa --reason TEXT`"
        in answer.err
    )


def test_a_secret_nobody_asks_for_is_refused(finsync: Finsync, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped name would be stored and never found."""
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2"))

    answer = finsync("secrets", "set", "coupa", "client_secrte")

    assert answer.code == 2
    assert "client_secret" in answer.err
    assert finsync("secrets", "set", "copua", "client_secret").code == 2


def test_init_makes_a_workspace_once(command: object, tmp_path: Path) -> None:
    """What is there is never overwritten; a layer that is nowhere is said before anything is made."""
    assert callable(command)
    wrong: Answer = command("init", "--workspace", tmp_path / "x", "--profile", "nowhere")
    made: Answer = command("init", "--workspace", tmp_path / "w", "--json")
    again: Answer = command("init", "--workspace", tmp_path / "w")
    named: Answer = command("init", "--workspace", tmp_path / "y", "--name", "a b")

    nowhere: Answer = command("init", "--workspace", "")

    assert [answer.code for answer in (wrong, made, again, named, nowhere)] == [2, 0, 2, 2, 2]
    assert "an empty name is no folder" in nowhere.err
    assert made.json["layers"] == ["shared"]
    assert (tmp_path / "w" / "finsync.db").is_file()
    assert not (tmp_path / "x").exists()
    assert not (tmp_path / "y").exists()
    assert "error SETTINGS_FILE" in again.err


def test_profile_check_names_place_and_remedy(finsync: Finsync) -> None:
    """A wrong setting is found without any network."""
    good = finsync("profile", "check")
    layer = finsync.path / "profiles" / "own" / "profile.toml"
    layer.write_text(layer.read_text().replace('"purchase_order"', '"nonsense"'))
    bad = finsync("profile", "check", "--json")

    assert (good.code, bad.code) == (0, 3)
    assert [problem["place"] for problem in bad.json] == ["schedules.orders.entities"]
    assert "nonsense" in finsync("profile", "show", "schedules").out


def test_credentials_in_an_address_are_shown_to_nobody(finsync: Finsync) -> None:
    """The check refuses them, and nothing that reads the configuration repeats them."""
    layer = finsync.path / "profiles" / "own" / "profile.toml"
    layer.write_text(re.sub(r'base_url = "(https?)://', r'base_url = "\1://me:p4ss@', layer.read_text()))

    problems = finsync("profile", "check", "--json").json
    shown = finsync("profile", "show")

    assert ["it holds an address with a password in it, and no secret may stand in a profile"] == [
        problem["message"] for problem in problems
    ]
    assert (2, True) == (shown.code, "SECRET_IN_PROFILE" in shown.err)
    assert "p4ss" not in f"{problems} {shown.out} {shown.err}"


def test_doctor_finds_what_is_missing(finsync: Finsync, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing secrets are found with the command that sets them; with them all is well."""
    sick = finsync("doctor", "--json")
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"FINSYNC_SECRET_COUPA_{name}", "x")
    well = finsync("doctor")

    assert (sick.code, well.code) == (3, 0)
    assert [look["remedy"] for look in sick.json if look["state"] == "bad"] == [
        "finsync secrets set coupa client_id"
    ]


def test_systems_that_do_not_answer_are_told(finsync: Finsync, monkeypatch: pytest.MonkeyPatch) -> None:
    """A health check ends with 3 and says which system; secrets are not in the message."""
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"FINSYNC_SECRET_COUPA_{name}", "hunter2")

    checked = finsync("adapters", "check", "--json")
    tested = finsync("secrets", "test", "coupa")

    assert (checked.code, tested.code) == (3, 3)
    assert [(row["system"], row["is_ok"]) for row in checked.json] == [("coupa", False)]
    assert "hunter2" not in checked.out + checked.err + tested.out + tested.err


@pytest.mark.parametrize(
    "arguments", [("run", "--once"), ("sync", "coupa"), ("sync", "coupa", "purchase_order")]
)
def test_a_read_that_fails_is_told_and_fails(
    finsync: Finsync, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """When nothing at all could be read, a script learns it from the exit code and a person from stderr."""
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"FINSYNC_SECRET_COUPA_{name}", "hunter2")

    text = finsync(*arguments)
    data = finsync(*arguments, "--json")

    assert (1, 1) == (text.code, data.code)
    assert "coupa purchase_order: coupa: " in text.err
    pulled = data.json["pulled"] if arguments[0] == "run" else data.json
    assert [("coupa", "purchase_order", 0)] == [(p["system"], p["entity"], p["rows_read"]) for p in pulled]
    assert "hunter2" not in text.out + text.err + data.out + data.err


def test_what_can_not_be_read_is_named_before_anything_is_called(finsync: Finsync) -> None:
    """A mistyped system or entity is found in the profile, with what there is instead."""
    system = finsync("sync", "copua")
    entity = finsync("sync", "coupa", "purchase_orders")

    assert (2, 2) == (system.code, entity.code)
    assert "did you mean 'coupa'?" in system.err
    assert "coupa reads:" in entity.err


def test_what_has_no_full_read_is_refused_and_what_breaks_off_says_what_was_kept(
    finsync: Finsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue of documents can't be read from its beginning; a full read that fails leaves the watermark alone."""
    monkeypatch.setenv("FINSYNC_SECRET_COUPA_CLIENT_ID", "hunter2")
    monkeypatch.setenv("FINSYNC_SECRET_COUPA_CLIENT_SECRET", "hunter2")
    layer = finsync.path / "profiles" / "own" / "profile.toml"
    queue = '[systems.concur]\nadapter = "concur"\nbase_url = "http://127.0.0.1:9"\n'
    layer.write_text(f"{layer.read_text()}\n{queue}", encoding="utf-8")

    refused = finsync("sync", "concur", "expense_document", "--full")
    failed = finsync("sync", "coupa", "--full")

    assert 2 == refused.code
    assert "concur shows expense documents only until they are taken over" in refused.err
    assert 1 == failed.code
    assert "what was read is kept, and the watermark stays where it was" in failed.out


def test_single_documents_are_read_by_their_ids(finsync: Finsync, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one entity, and not together with everything; a failure is told like that of any read."""
    monkeypatch.setenv("FINSYNC_SECRET_COUPA_CLIENT_ID", "hunter2")
    monkeypatch.setenv("FINSYNC_SECRET_COUPA_CLIENT_SECRET", "hunter2")

    no_entity = finsync("sync", "coupa", "--only", "1")
    both = finsync("sync", "coupa", "purchase_order", "--only", "1", "--full")
    failed = finsync("sync", "coupa", "purchase_order", "--only", "1", "--only", "2", "--json")

    assert (2, 2, 1) == (no_entity.code, both.code, failed.code)
    assert "name the entity" in no_entity.err
    assert [("coupa", "purchase_order", 0)] == [
        (p["system"], p["entity"], p["rows_read"]) for p in failed.json
    ]


def test_an_engine_refuses_a_profile_with_problems(finsync: Finsync) -> None:
    """It starts on nothing that `profile check` would find."""
    layer = finsync.path / "profiles" / "own" / "profile.toml"
    layer.write_text(layer.read_text().replace('"purchase_order"', '"nonsense"'))

    answer = finsync("run", "--once")

    assert 2 == answer.code
    assert answer.err.startswith("error PROFILE_PROBLEMS: ")


def test_a_running_engine_is_asked_to_read_a_system(finsync: Finsync) -> None:
    """What the screen can ask for, a command can; `systems show` says that it was asked."""
    answer = finsync("systems", "run-now", "coupa")
    shown = finsync("systems", "show", "coupa", "--json")

    assert 0 == answer.code
    assert "coupa to be read by the running engine within seconds" in answer.out
    assert shown.json["asked_at"]
    assert ["orders"] == [one["name"] for one in shown.json["schedules"]]
    assert "every 4 h" in finsync("systems", "show", "coupa").out
    assert 2 == finsync("systems", "show", "attic").code


def test_whoever_sets_a_secret_learns_what_goes_on(finsync: Finsync, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that was held takes a person's word; one that only waited for its secret goes on by itself."""
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2\n"))
    with finsync.store() as store, store.transaction() as db:
        systems.hold(db, "coupa", "401", store.clock.now())
    held = finsync("secrets", "set", "coupa", "client_secret")
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2\n"))
    with finsync.store() as store, store.transaction() as db:
        systems.resume(db, "coupa", "", store.clock.now())
        sync.shut_out(db, "coupa", SecretUnsetError("coupa", "not set", ["client_secret"]), store.clock.now())
    waited = finsync("secrets", "set", "coupa", "client_secret")

    assert "finsync systems resume coupa --reason TEXT" in held.err
    assert "goes on with it at its next cycle" in waited.err


def test_doctor_names_each_missing_address_once_with_its_remedy(
    command: Callable[..., Answer], tmp_path: Path
) -> None:
    """What can't be looked at without the configuration is said once, and what comes next."""
    command("init", "--workspace", tmp_path / "w")

    answer = command("doctor", "--workspace", tmp_path / "w", "--json")

    looks = {look["what"]: look for look in answer.json if look["state"] != "ok"}
    assert {"systems.coupa.base_url", "people, secrets"} == set(looks)
    assert "below [systems.coupa] there" in looks["systems.coupa.base_url"]["remedy"]
    assert "workspace.toml" in looks["systems.coupa.base_url"]["found"]
    assert "finsync doctor" in looks["people, secrets"]["remedy"]


def test_doctor_names_files_that_others_can_read_and_who_is_at_work(finsync: Finsync) -> None:
    """An export that was copied with an open mode; an engine with its host, process and person."""
    export = finsync.path / "export.csv"
    export.write_text("x", encoding="utf-8")
    export.chmod(0o644)
    with finsync.store() as store:
        leases.acquire(store, leases.holder_id(MONDAY), timedelta(days=36500), MONDAY)

    looks = finsync("doctor", "--json").json
    status = finsync("status").out

    (opened,) = [look for look in looks if str(export) in look["found"]]
    assert ("warn", f"chmod 600 {export} lets in only you.") == (opened["state"], opened["remedy"])
    (engine,) = [look["found"] for look in looks if look["what"] == "engine"]
    said = f"process {os.getpid()} of {getpass.getuser()} on "
    assert said in engine
    assert "at work since 2026-01-05 08:00 UTC" in engine
    assert said in " ".join(status.split())
