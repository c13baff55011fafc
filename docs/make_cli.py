"""Write docs/cli.md from what `--help` says. `make docs` runs it; tests/test_docs.py says when the page is stale."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from finsync_tui.cli import app

PAGE = Path(__file__).with_name("cli.md")
WIDTH = 96
INTRODUCTION = """\
# Commands

<!-- Written by `python -m docs.make_cli` from --help; do not edit. -->

Every command works without a terminal. Data goes to stdout, talk about it to stderr.

- `--workspace DIR` names the workspace; without it `FINSYNC_WORKSPACE`, else the folder `finsync` in the
  user's data folder.
- `--json` prints one JSON object or list. Keys stay; new ones may come. Amounts, prices and rates are
  decimal text beside a `currency`, instants are ISO 8601 in UTC, what is not known is `null`. With
  `events tail --follow` and `run`, each line is one object.
- Exit codes: 0 done (open exceptions are daily business), 1 failed, 2 wrong usage or configuration, 3 a check
  that was asked for found something, 130 interrupted.
- An error is one line on stderr, `error CODE: what happened, what was kept, what to do now`. The codes are in
  [errors.md](errors.md). With `--json` stdout has it, too: `{"error": {"code": ..., "message": ..., "exit_code": ...}}`.
  What the command line itself has wrong is told as usage on stderr, and is `USAGE` there.
- Actions on several exceptions or deliveries do what they can: what was refused is listed with its reason, and
  the exit code is 1 only when nothing was done.
"""

SHAPES = {
    "status": "at, orders, flows, unposted, watch, stuck, deliveries, systems, engine, overdue, next_due_at, problems",
    "exceptions list": "id, class, state, entity, document_key, document_number, system, step, legal_entity, cause, "
    "fix, owner, opened_at, due_at, snoozed_until, seen_count, ended_at, ended_by, resolution, workflow_id, flow, "
    "entry_id, evidence, is_written_off, proposal_id, write_off_maker, amount, currency",
    "exceptions causes": "class, waits_for, count, overdue_count, oldest_at, amounts, example, fix",
    "exceptions show": "as in the list, and as_seen (for --as-seen), notes, payload, payload_version",
    "outbox list": "id, system, operation, entity, document_key, document_number, state, priority, attempt_count, "
    "next_at, is_outcome_unknown, external_id, failure, message, workflow_id, idempotency_key, decided_at, "
    "changed_at, ended_at, is_edited, amount, currency, decided_amount",
    "outbox show": "as in the list, and body, edited_body, attempts (request: null where it sent the body as decided)",
    "workflow list": "id, flow, kind, entity, document_key, document_number, document_version, document_revision, "
    "state, step, waiting_for, due_at, wake_at, target, legal_entity, started_at, changed_at, ended_at, amount, "
    "currency",
    "workflow show": "as in the list, and steps, deliveries, exceptions",
    "systems list": "system, state, reason, until, failure_count, last_ok_at, last_failure_at, changed_at, "
    "last_read_at, lag_s, unread",
    "commitments": "legal_entity, the dimensions asked for, currency, requested, ordered, invoiced, open, over, ended, direct, budget, used, left, "
    "used_percent",
    "systems show": "system, adapter, requests_per_second, connections_max, timeout_s, attempts_max, breaker_failures, "
    "breaker_pause_s, asked_at, drift_count, schedules, drift",
    "explain": "document_key, number, entity, status, links, lines, payloads (system, external_id, version, contract, fetched_at, byte_count, sha256)",
    "findings list": "id, class, severity, system, entity, document_key, document_number, message, detail, noticed_at",
    "findings show": "as in the list",
    "events tail": "seq, and the attributes of CloudEvents 1.0: specversion, id, source, type, subject, time, "
    "datacontenttype, data, and where there is one dataschema, correlationid",
    "audit log": "seq, at, who, what, subject, why, body, hash",
    "audit verify": "is_intact, count, first_bad_seq, reason, head, checkpoints",
    "run": "at, pulled, advanced, delivered, verified, left_alone, is_stopped, errors",
    "sync": "system, entity, pages, rows_read, rows_changed, rows_refused, error, is_full, needs_person",
    "profile check": "place, message, remedy",
    "profile show": "the parts of the profile; with `--explain` a list of place, value, file, line",
    "profile diff": "place, one, other",
    "policy list": "policy, rule, decides, then, when, why, companies, priority, valid_from, valid_to, is_enabled, owner, deputy; "
    "with `--decisions` decision, what, says, names, takes_first",
    "people duties": "person, duties, roles, accepted",
    "policy status": "policy, version, is_signed, proposal, proposals_open, profile_differs, upcoming (proposal, effective_from), problems",
    "policy proposals": "id, policy, state, base_version, maker, made_at, reason, effective_from, checker, decided_at, decision, version",
    "policy history": "version, recorded_at, changes, again_of, proposal, from",
    "policy show": "policy, rules",
    "policy diff": "place, in_force, other",
    "policy impact": "policy, decides, asked, rules (rule, says_yes, would_say_yes), totals (outcome, documents, amount, currency), documents "
    "(document, document_key, state, outcome, before, after, cause, amount, currency)",
    "policy propose": "proposal, policy",
    "policy approve": "proposal, policy, version, effective_from, replaces",
    "policy reject": "proposal, state",
    "policy withdraw": "proposal, state",
    "policy fields": "name, kind, may_be_missing",
    "policy check": "place, message, remedy",
    "policy test": "cases (policy, case, expected, said, problem), untested",
    "secrets list": "system, name, is_needed, place",
    "adapters list": "name, title, roles, capabilities, credentials, optional_credentials, credentials_by, requests_per_second, "
    "connections_max, page_size",
    "adapters check": "system, is_ok, message, latency_ms",
    "contract list": "entity, contract, owner, description",
    "store info": "path, created_at, bytes, free_bytes, journal_mode, sqlite, migrations, rows",
    "store check": "kind, message",
    "doctor": "what, state, found, remedy",
}
"""What each command's JSON holds: the keys of the object, or of each object of the list."""

ACTIONS = "Commands that act on exceptions, deliveries or workflows print `done` (ids) and `refused` (a list of `id`, `reason`)."


def page() -> str:
    """Return the whole page."""
    root = typer.main.get_command(app)
    context = root.context_class(root, info_name="finsync", terminal_width=WIDTH, max_content_width=WIDTH)
    parts = [INTRODUCTION, _shapes(), *(_section(name, text) for name, text in _helps(root, context))]
    return "\n".join(parts)


def _shapes() -> str:
    rows = "\n".join(f"| `{name}` | {keys} |" for name, keys in SHAPES.items())
    return f"## What --json prints\n\n{ACTIONS}\n\n| command | keys |\n| --- | --- |\n{rows}\n"


def _helps(command: Any, context: Any) -> Iterator[tuple[str, str]]:
    """Yield each command's full name and its help, groups before what is in them."""
    yield context.command_path, command.get_help(context)
    for name in getattr(command, "commands", {}):
        child = command.commands[name]
        below = child.context_class(
            child, info_name=name, parent=context, terminal_width=WIDTH, max_content_width=WIDTH
        )
        yield from _helps(child, below)


def _section(name: str, text: str) -> str:
    body = "\n".join(line.rstrip() for line in text.splitlines())
    return f"## {name}\n\n```text\n{body}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}")
