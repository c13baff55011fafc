"""What holds at the end of any year of the demo, whatever started it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any


def assert_good_year(result: dict[str, Any], workspace: Path) -> None:
    """Everything planted is found as the right class; nothing is doubled, lost or invented, and no secret stays behind."""
    assert result["is_good"], f"seed {result['seed']}\n" + "\n".join(result["problems"])
    assert result["planted"] == result["found"]
    assert (0, 0, 0) == (result["duplicates"], result["lost"], result["false_finds"])
    assert (0, 0) == (result["deliveries"]["unverified"], result["breaks"]["false"])
    assert result["deliveries"]["verified"] > 20 * sum(
        result["deliveries"][one] for one in ("overtaken", "in_exception")
    )
    expenses = result["expenses"]
    assert expenses["planted"] == expenses["found"]
    assert (0, 0, 0) == (expenses["doubled"], expenses["lost"], expenses["false_finds"])
    assert min(expenses["posted"], expenses["confirmed"], expenses["paid"], expenses["returned"]) > 0
    assert {"0.00"} == {one["difference"] for one in expenses["totals"]}
    assert_payables_add_up(result["invoices"])
    assert_lies_are_found(result)
    assert_edits_are_found(result["edits"])
    assert ("2026-01-01T00:00:00.000000Z", "2027") == (result["virtual_from"], result["virtual_to"][:4])
    assert json.dumps(result)
    assert_no_secret_is_kept(workspace)


def assert_payables_add_up(invoices: dict[str, Any]) -> None:
    """What came in is posted or in exception, what the ERP paid Coupa knows, and three books promise the same."""
    assert invoices["planted"] == invoices["found"]
    assert (0, 0, 0) == (invoices["doubled"], invoices["lost"], invoices["false_finds"])
    assert min(invoices["receipts_posted"], invoices["posted"], invoices["paid"], invoices["voided"]) > 0
    for one in invoices["totals"]:
        assert ("0.00", "0.00") == (one["difference"], one["waiting"])
        assert one["paid_in_erp"] == one["paid_in_coupa"]
    for one in invoices["commitments"]:
        assert one["in_coupa"] == one["in_erp"] == one["in_store"]
        assert one["requested_in_coupa"] == one["requested_in_store"]


def assert_lies_are_found(result: dict[str, Any]) -> None:
    """What a system said yes to and did not keep is an exception within one cycle, in each of the three judgements."""
    lies = result["lies"]
    assert 0 < lies["told"] == lies["found"] == lies["within_a_cycle"], lies
    for part in (result, result["expenses"], result["invoices"]):
        assert part["planted"]["READ_BACK_DIFFERS"] == part["found"]["READ_BACK_DIFFERS"]
    assert result["planted"]["WRITE_BACK_IGNORED"] == result["found"]["WRITE_BACK_IGNORED"]


def assert_edits_are_found(edits: dict[str, Any]) -> None:
    """What a hand changed in the systems behind our back is found and classed, each of it, and nothing else is."""
    assert (1.0, 1.0, []) == (edits["precision"], edits["recall"], edits["misclassed"]), edits
    assert {2} == {one["planted"] for one in edits["kinds"]}
    assert 9 == len(edits["kinds"])
    assert {(1.0, 1.0)} == {(one["precision"], one["recall"]) for one in edits["classes"]}


def assert_no_secret_is_kept(workspace: Path) -> None:
    """No credential of the simulated systems stands anywhere in the workspace."""
    for file in workspace.rglob("*"):
        if file.is_file():
            assert b"Bearer " not in file.read_bytes()
    db = sqlite3.connect(f"file:{workspace / 'finsync.db'}?mode=ro", uri=True)
    (leaks,) = db.execute("SELECT count(*) FROM audit WHERE body LIKE '%client_secret%'").fetchone()
    db.close()
    assert 0 == leaks
