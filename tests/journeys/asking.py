"""Command lines for a demo's workspace that was filled: what a script may ask of it and do with it."""

from __future__ import annotations

import contextlib
import io
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from finsync_tui.cli import run
from store.canonical import event_types
from tests import faces

REASON = ("--reason", "because")
ANYWHERE = (
    ("contract", "list"),
    ("contract", "show", "supplier"),
    ("contract", "show", "supplier", "--changes"),
    ("contract", "check"),
    ("adapters", "list"),
    ("policy", "list", "--decisions"),
    ("policy", "fields", "order_check"),
)
"""Commands that ask no workspace."""


def ask_everything(workspace: Path) -> int:
    """Run each with `--json` and hold what it prints against its contract, and each event against its own; return how many answered."""
    for type_, data in _events(workspace):
        name = event_types.name_of(type_)
        assert name in event_types.EVENTS, f"no contract says what {type_} tells"
        assert None is event_types.problems(name, json.loads(data)), type_
    lines = [*((*words, "--workspace", workspace) for words in _lines(workspace)), *ANYWHERE]
    return sum(_asked([str(word) for word in (*words, "--json")]) for words in lines)


def _events(workspace: Path) -> list[tuple[str, str]]:
    """Return one event of each type and form."""
    with contextlib.closing(sqlite3.connect(workspace / "finsync.db")) as db:
        return db.execute("SELECT type, data FROM v_event GROUP BY type, length(data)").fetchall()


def _asked(words: list[str]) -> bool:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        run(words)
    faces.judge(words, out.getvalue())
    return bool(out.getvalue().strip())


def _lines(workspace: Path) -> Iterator[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(workspace / "finsync.db")) as db:

        def ids(query: str) -> list[object]:
            return [one for (one,) in db.execute(query).fetchall()]

        cases = ids(
            "SELECT id FROM v_exception WHERE ended_at IS NULL AND entity = 'invoice' ORDER BY class, id"
        )
        returnable = ids(
            "SELECT id FROM v_exception WHERE ended_at IS NULL AND entity = 'expense_document' AND workflow_id IS NOT NULL ORDER BY id"
        )
        broken = ids("SELECT id FROM v_break WHERE state = 'open' ORDER BY id")
        flows = ids("SELECT max(id) FROM v_workflow GROUP BY flow, state ORDER BY 1")
        entries = ids("SELECT max(id) FROM v_delivery GROUP BY state, operation ORDER BY 1")
        decided = ids(
            "SELECT document_number FROM v_workflow WHERE flow = 'requisition_to_pay' AND state = 'done' ORDER BY id"
        )
        documents = ids("SELECT max(document_number) FROM v_workflow GROUP BY flow ORDER BY 1")
        pairs = db.execute(
            "SELECT one, other FROM v_supplier_pair WHERE state = 'open' ORDER BY 1, 2"
        ).fetchall()
    yield from (("exceptions", "show", one) for one in (*cases, *returnable))
    yield from (("breaks", "show", one) for one in broken)
    yield from (("workflow", "show", one) for one in flows)
    yield from (("outbox", "show", one) for one in entries)
    yield from (("explain", one) for one in documents)
    yield from (("explain", one, "--again") for one in decided)
    yield from _looks()
    yield from _acts(workspace, cases, returnable, broken)
    for one, other in pairs[:2]:
        yield from (("supplier", "show", one), ("supplier", "pair", one, other), ("supplier", "history", one))
    if pairs:
        yield ("supplier", "different", *pairs[0], *REASON)
        yield ("supplier", "same", *pairs[-1], *REASON)


def _looks() -> Iterator[tuple[object, ...]]:
    """What only looks."""
    for words in (
        "status", "doctor", "exceptions list", "exceptions list --state all", "exceptions causes", "breaks list",
        "breaks list --state all", "breaks runs", "breaks totals invoices", "breaks classes", "outbox list", "outbox list --state delivered",
        "workflow list", "findings list", "findings show 1", "systems list", "systems show coupa", "supplier list", "supplier duplicates",
        "supplier check", "supplier compare", "supplier merges", "supplier bank-list", "events tail --limit 5000", "audit log --limit 3000",
        "audit verify", "store info", "store check", "store migrate", "secrets list", "secrets test", "people list", "people whoami",
        "people duties", "mapping list", "mapping gaps", "mapping show cost_centre", "mapping history cost_centre",
        "mapping test cost_centre 410 --scope DE01", "mapping test cost_centre CC999 --scope DE01",
        "mapping impact cost_centre --set CC999=410 --scope DE01", "profile show", "profile show --explain", "profile check", "adapters check",
        "commitments", "commitments --by cost_centre", "close-check", "close-check --entity DE01 --period Jan-26", "report",
        "policy list", "policy status", "policy check", "policy test", "policy proposals",
    ):  # fmt: skip
        yield tuple(words.split())
    from finsync_tui.reports import REPORTS

    for name in sorted(one.name for one in REPORTS):
        yield ("report", name)


def _acts(
    workspace: Path, cases: list[object], returnable: list[object], broken: list[object]
) -> Iterator[tuple[object, ...]]:
    """What does something, one after the other, each with another thing: what is refused is an answer, too."""
    yield ("exceptions", "return", returnable[0], *REASON)
    yield ("exceptions", "assign", cases[0], "--to", "maria")
    yield ("exceptions", "comment", cases[0], "asked the buyer")
    yield ("exceptions", "snooze", cases[0], "--until", "2030-01-01")
    for verb, one in zip(("retry", "ignore", "resolve", "write-off"), cases[1:], strict=False):
        yield ("exceptions", verb, one, *(REASON if verb != "retry" else ()))
    yield ("breaks", "assign", broken[0], "--to", "maria")
    yield ("breaks", "comment", broken[0], "asked the ERP team")
    yield ("breaks", "reread", broken[0])
    yield ("breaks", "explain", broken[0], *REASON)
    for one in broken:
        yield ("breaks", "resend", one, *REASON)
        yield ("breaks", "adopt", one, *REASON)
    yield ("breaks", "write-off", broken[-1], *REASON)
    yield ("systems", "pause", "coupa", *REASON)
    yield ("systems", "resume", "coupa", *REASON)
    yield ("systems", "run-now", "coupa")
    yield ("people", "invite", "tom")
    yield ("people", "revoke", "tom")
    yield ("audit", "accept", *REASON)
    yield ("store", "backup", workspace / "copy.db")
