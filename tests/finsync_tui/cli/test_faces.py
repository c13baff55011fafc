"""What commands print with `--json` is a contract: what each says when it does what it is for.

Whatever any test of commands makes one print is held against its contract (tests/faces.py); here are those that no other asks
for JSON, and that there is a contract for each.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from finsync_tui import contracts
from store import workflows
from tests import faces
from tests.builders import MONDAY
from tests.finsync_tui.cli.conftest import Answer, Finsync, Sit
from tests.finsync_tui.cli.test_policy_changes import layer
from tests.finsync_tui.cli.test_supplier import put_bank_change, put_suppliers
from tests.finsync_tui.governance.council import TABLE

REASON = ("--reason", "because")


def test_every_command_with_json_has_a_contract() -> None:
    """A new one gets its own with `make contracts`, from what it prints in tests; what is gone is taken away on purpose."""
    known = set(contracts.names("command"))
    forms = {f"{name} {option}" for name, option in faces.FORMS.items()}

    assert set() == faces.commands_with_json() - known
    assert {faces.REFUSAL} == {
        name for name in known - faces.commands_with_json() - forms if not name.startswith("report ")
    }


@pytest.mark.parametrize(
    "words",
    [
        "status", "exceptions list", "outbox list", "workflow list", "systems list", "audit log", "audit verify", "audit inventory",
        "secrets list",
        "store info", "doctor", "findings list", "breaks classes", "people whoami", "profile show",
    ],
)  # fmt: skip
def test_what_only_looks_answers_in_its_shape(finsync: Finsync, words: str) -> None:
    """The commands that scripts ask most: each prints something, which is held against its contract on its way."""
    assert finsync(*words.split(), "--json").out


def test_an_answer_of_another_shape_is_found() -> None:
    """A key that is new, one that is gone, another type: each is told with its place."""
    good = {"done": [1], "refused": [{"id": 2, "reason": "it ended"}]}

    assert [] == faces.wrong("outbox hold", good)
    assert ["$.at"] == faces.wrong("outbox hold", good | {"at": "2026-01-05"})
    assert 1 == len(faces.wrong("outbox hold", {"done": [1]}))
    assert 1 == len(faces.wrong("outbox hold", good | {"done": ["1"]}))
    assert ["$.refused[].more"] == faces.wrong(
        "outbox hold", {"done": [], "refused": [{"id": 2, "reason": "x", "more": 1}]}
    )


def test_what_is_done_with_deliveries_and_exceptions_is_told(finsync: Finsync, tmp_path: Path) -> None:
    """Ids that were done and those that were not, with the reason."""
    body = tmp_path / "body.json"
    body.write_text(json.dumps(finsync("outbox", "show", 1, "--json").json["body"]))

    told = [
        finsync("exceptions", "edit", 1, "--payload", body, *REASON, "--json"),
        *(finsync("outbox", verb, 1, *REASON, "--json") for verb in ("hold", "release", "cancel")),
        *(finsync("exceptions", verb, 2, 99, *REASON, "--json") for verb in ("ignore", "resolve")),
        finsync("exceptions", "comment", 2, "asked", "--json"),
        finsync("workflow", "abort", 1, *REASON, "--json"),
        finsync("breaks", "runs", "--json"),
    ]

    assert [0, 0, 0, 0, 0, 1, 0, 0, 0] == [one.code for one in told], [one.err for one in told]
    assert ([2], [99]) == (told[4].json["done"], [one["id"] for one in told[4].json["refused"]])


def test_a_replayed_delivery_is_told(finsync: Finsync) -> None:
    """A dead letter goes again."""
    assert [1] == finsync("outbox", "replay", 1, *REASON, "--json").json["done"]


def test_what_becomes_of_a_proposed_mapping_is_told(office: Finsync, sit: Sit, tmp_path: Path) -> None:
    """Proposed from a file, rejected by another person, proposed again and taken back."""
    rows = tmp_path / "rows.csv"
    rows.write_text("from,to\n420,420\n", encoding="utf-8")

    made = office("mapping", "import", TABLE, rows, *REASON, "--json")
    sit("tom")
    rejected = office("mapping", "reject", 1, *REASON, "--json")
    sit("maria")
    office("mapping", "import", TABLE, rows, *REASON)
    withdrawn = office("mapping", "withdraw", 2, *REASON, "--json")

    assert [0, 0, 0] == [one.code for one in (made, rejected, withdrawn)]
    assert ["rejected", "withdrawn"] == [rejected.json["state"], withdrawn.json["state"]]


def test_what_becomes_of_proposed_rules_is_told(office: Finsync, sit: Sit) -> None:
    """Approved, rejected, taken back; and the table of the version in force."""
    layer(office, "100")
    for _ in range(3):
        office("policy", "propose", "orders", *REASON)
    withdrawn = office("policy", "withdraw", 1, *REASON, "--json")
    sit("tom")
    rejected = office("policy", "reject", 2, *REASON, "--json")
    approved = office("policy", "approve", 3, "--json")

    assert [0, 0, 0] == [one.code for one in (withdrawn, rejected, approved)], approved.err
    assert (3, "orders") == (approved.json["proposal"], approved.json["policy"])


def test_a_new_store_tells_where_it_is(office: Finsync) -> None:
    """Made anew where it was lost."""
    (office.path / "finsync.db").unlink()

    assert office("store", "create", "--json").json["store"].endswith("finsync.db")


@pytest.fixture
def estate(office: Finsync) -> tuple[Finsync, int]:
    """Suppliers, and a held change of bank details, where persons are listed."""
    with office.store() as store:
        put_suppliers(store)
        return office, put_bank_change(store)


def test_what_two_persons_say_of_bank_details_is_told(estate: tuple[Finsync, int], sit: Sit) -> None:
    """Confirmed by one, approved by the other."""
    office, change = estate

    shown = office("supplier", "bank-show", change, "--json")
    confirmed = office("supplier", "bank-confirm", change, *REASON, "--json")
    sit("tom")
    approved = office("supplier", "bank-approve", change, "--json")

    assert [0, 0, 0] == [one.code for one in (shown, confirmed, approved)], approved.err
    assert ["confirmed", "approved"] == [confirmed.json["state"], approved.json["state"]]


def test_what_becomes_of_a_merge_is_told(estate: tuple[Finsync, int], sit: Sit) -> None:
    """Proposed by one, decided by the other."""
    office, _ = estate

    compared = office("supplier", "compare", "--json")
    assert office("supplier", "quality", "--json").json
    same = office("supplier", "same", "coupa:1", "oracle-emea:9", *REASON, "--json")
    other = office("supplier", "different", "coupa:1", "coupa:3", *REASON, "--json")
    proposed = office("supplier", "merge", "coupa:1", "coupa:2", *REASON, "--json")
    sit("tom")
    decided = office("supplier", "decide-merge", proposed.json["merge"], "--approve", *REASON, "--json")

    assert [0, 0, 0, 0] == [one.code for one in (compared, same, other, proposed)], other.err
    assert 0 == decided.code, decided.err
    done = decided.json
    with office.store() as store:
        data = {"ended": []}
        workflows.save(
            store.db, done["workflow"], state="done", step="verify", data=data, now=MONDAY, ended=True
        )
        store.db.execute("UPDATE supplier_merge SET state='merged'")
    sit("maria")
    parted = office("supplier", "unmerge", done["merge"], *REASON, "--json")
    assert 0 == parted.code, parted.err
    assert "parting" == parted.json["state"]


def test_contracts_are_kept_and_compared(command: Callable[..., Answer], tmp_path: Path) -> None:
    """What was kept breaks nothing; a field that is gone, another type, a contract that is gone: each is told, and it ends with 3."""
    kept = tmp_path / "kept"

    written = command("contract", "export", kept, "--json")
    same = command("contract", "check", "--against", kept, "--json")
    path = kept / "view.v_break.json"
    view = json.loads(path.read_text(encoding="utf-8"))
    view["properties"] |= {"colour": {"type": "string"}, "id": {"type": "string"}}
    path.write_text(json.dumps(view), encoding="utf-8")
    (kept / "entity.unicorn.json").write_text('{"x-version": "1.0"}', encoding="utf-8")
    other = command("contract", "check", "--against", kept, "--json")

    assert (0, 0, 3) == (written.code, same.code, other.code)
    assert [] == same.json["breaches"]
    assert [
        ("unicorn", "there is no such contract any more"),
        ("v_break", "$.id has another type"),
        ("v_break", "$.colour is gone"),
    ] == [(one["contract"], one["message"]) for one in other.json["breaches"]]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show", "unicorn"], "NOT_FOUND", "finsync contract list"),
        (["show", "supplier", "--version", "9.9"], "NOT_FOUND", "There are 1.0, 1.1"),
        (["list", "--kind", "colour"], "USAGE", "entity, event, command, view, codes"),
        (["check", "--against", "nowhere"], "CONTRACT_FOLDER", "finsync contract export"),
    ],
)
def test_what_is_asked_wrongly_is_told(
    command: Callable[..., Answer], arguments: list[str], code: str, said: str
) -> None:
    """With a code, and what to do."""
    answer = command("contract", *arguments, "--json")

    assert answer.code in (1, 2)
    assert code == answer.json["error"]["code"]
    assert said in answer.json["error"]["message"]


def test_a_contract_is_shown_by_any_of_its_names(command: Callable[..., Answer]) -> None:
    """Entity, event as in the event itself, command, view, codes; an earlier version; and what each version changed."""
    names = ["supplier", "com.finsync.commitment.created.v1", "exceptions list", "v_break", "errors"]

    shown = [command("contract", "show", name).json["$id"] for name in names]
    earlier = command("contract", "show", "supplier", "--version", "1.0").json["$id"]
    changed = command("contract", "show", "supplier", "--changes", "--json").json

    assert [
        "urn:finsync:schema:supplier",
        "urn:finsync:schema:event:commitment.created",
        "urn:finsync:schema:command:exceptions.list",
        "urn:finsync:schema:view:v_break",
        "urn:finsync:schema:codes:errors",
    ] == [name.rpartition(":")[0] for name in shown]
    assert "urn:finsync:schema:supplier:1.0" == earlier
    assert ["1.2", "1.1", "1.0"] == [one["version"] for one in changed]
    assert changed[0]["changes"]


def test_what_was_never_decided_is_not_asked_again(finsync: Finsync) -> None:
    """An order whose accounts nobody decided here: told with a code, and where to look."""
    answer = finsync("explain", "PO-1", "--again", "--json")

    assert (1, "NOT_ALLOWED") == (answer.code, answer.json["error"]["code"])
    assert "finsync explain" in answer.json["error"]["message"]
