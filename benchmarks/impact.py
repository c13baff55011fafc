"""What a change of rules, or of a mapping table, would do to 100,000 stored orders."""

from __future__ import annotations

import statistics
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from benchmarks.measure import Cost, Result, compare, pairs, timed
from finsync_tui.governance.rules import body_of
from finsync_tui.impact import Impact as MappingImpact
from finsync_tui.impact import impact as mapping_impact
from finsync_tui.policies.comparing import Comparison
from finsync_tui.policies.model import PolicySetup
from finsync_tui.policy_impact import Impact, impact
from finsync_tui.profile import MappingRow, Profile
from store import open_store, records
from store.canonical.money import Money
from store.canonical.purchasing import OrderDistribution, OrderLine, PurchaseOrder
from store.clock import SystemClock, text
from store.database import Store

DOCUMENTS = 100_000
AT_ONCE = 1_000
HELD_BEFORE, HELD_AFTER = 9_000, 8_500
"""Amounts, in euros, from which a rule asks; an order is of its number modulo 10,000 euros."""
LINES = 4
_WORKFLOWS = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
INSERT INTO workflow(flow, kind, entity, document_key, document_number, document_version, document_revision, state, step,
  legal_entity, amount_minor, currency, started_at, changed_at)
SELECT 'requisition_to_pay', 'create', 'purchase_order', 'coupa:' || i, 'PO-' || i, 1, '1', 'held', 'check_approval',
  'DE0' || (i % 3 + 1), (i % 10000) * 100, 'EUR', :now, :now FROM n"""

WAITS, LIVE = 20, 50
"""Every 20th order waits for a missing rule; every 50th, that does not, is on its way; the others have ended."""
_MAPPED = (
    """UPDATE workflow SET
  step=CASE WHEN (id - 1) % :waits = 0 THEN 'resolve_accounts' WHEN (id - 1) % :live = 1 THEN 'await_commitment' ELSE 'verify' END,
  state=CASE WHEN (id - 1) % :waits = 0 THEN 'held' WHEN (id - 1) % :live = 1 THEN 'waiting' ELSE 'done' END,
  ended_at=CASE WHEN (id - 1) % :waits = 0 OR (id - 1) % :live = 1 THEN NULL ELSE :now END, target='oracle',
  data=json_object('legal_entity', legal_entity, 'target', 'oracle', 'accounts', CASE WHEN (id - 1) % :waits = 0 THEN json('{}')
    ELSE json_object('1/1', json_object('charge_account', '01-420-7110')) END)""",
    """INSERT INTO workflow_step(workflow_id, name, state, started_at, ended_at, detail)
SELECT id, 'resolve_accounts', 'done', :now, :now,
  '{"rules":[{"from":"420","given":{"category":"Furniture"},"rule":1,"table":"cost_centre","to":"420","version":1}]}'
FROM workflow WHERE (id - 1) % :waits != 0""",
    """INSERT INTO exception_case(class, state, entity, document_key, document_number, system, workflow_id, step, legal_entity,
  amount_minor, currency, cause, fix, evidence, opened_at, seen_count, changed_at)
SELECT 'MAPPING_MISSING', 'open', entity, document_key, document_number, 'coupa', id, 'resolve_accounts', legal_entity,
  amount_minor, currency, 'no rule', 'write it', json_object('table', 'cost_centre', 'value', 'CC9', 'scope', legal_entity),
  :now, 1, :now FROM workflow WHERE (id - 1) % :waits = 0""",
)


def policies() -> Result:
    """Reckon the impact of another amount in one of four rules."""
    with (
        TemporaryDirectory() as folder,
        open_store(Path(folder) / "finsync.db", SystemClock(), durable=False) as store,
    ):
        now = SystemClock().now()
        _fill(store, now)
        profile, body = _profile(HELD_BEFORE), body_of(_profile(HELD_AFTER).policies["orders"])
        found: list[Impact] = []

        def reckon() -> None:
            found.append(impact(store.db, profile, "orders", body, now))

        def in_full() -> Cost:
            with (
                patch.object(Comparison, "is_same", lambda *_: None),
                patch.object(Comparison, "question", lambda *_: None),
            ):
                return timed(reckon)

        measured = pairs(lambda: timed(reckon), in_full, count=1)
    _check(found)
    spent = statistics.median(one.cpu_s for one, _ in measured)
    note = f"{spent:.1f} s of CPU for {DOCUMENTS:,} documents, {spent / DOCUMENTS * 1e6:.0f} us each (target: seconds)"
    return compare(
        "impact of a changed rule, 100,000 orders", "all rules asked of all documents", "for information", measured,
        rows=DOCUMENTS, note=note,
    )  # fmt: skip


def mappings() -> Result:
    """Reckon the impact of a rule that documents wait for, and of another target for a value that most of them carry."""
    with (
        TemporaryDirectory() as folder,
        open_store(Path(folder) / "finsync.db", SystemClock(), durable=False) as store,
    ):
        now = SystemClock().now()
        _fill(store, now)
        with store.transaction() as db:
            for statement in _MAPPED:
                db.execute(statement, {"now": text(now), "waits": WAITS, "live": LIVE})
        profile = _mapped_profile()
        rows = (MappingRow(source="420", target="421"), MappingRow(source="CC9", target="420"))
        found: list[MappingImpact] = []

        def reckon() -> None:
            found.append(mapping_impact(store.db, profile, "cost_centre", rows, now))

        def stored() -> None:
            orders = records.bodies(store.db, "purchase_order", "coupa", [str(i) for i in range(DOCUMENTS)])
            assert len(orders) == DOCUMENTS

        measured = pairs(lambda: timed(reckon), lambda: timed(stored), count=1)
    counts = {one.outcome: one.document_count for one in found[0].totals}
    waits, live = DOCUMENTS // WAITS, DOCUMENTS // LIVE
    if (
        counts != {"released": waits, "changed": live, "decided": DOCUMENTS - waits - live}
        or not found[0].is_complete
    ):
        raise SystemExit(f"the impact is {counts}; {waits} orders wait and {live} are on their way")
    spent = statistics.median(one.cpu_s for one, _ in measured)
    note = f"{spent:.1f} s of CPU: {waits + live:,} on their way decided again, {DOCUMENTS - waits - live:,} ended (target: seconds)"
    return compare(
        "impact of a changed table, 100,000 orders", "reading all of them as they are stored", "for information", measured,
        rows=DOCUMENTS, note=note,
    )  # fmt: skip


def _mapped_profile() -> Profile:
    chart = [
        {"name": "company", "from": 1},
        {"name": "cost_centre", "from": 2, "table": "cost_centre"},
        {"name": "account", "from": 3},
    ]
    company = {
        "name": "Muster GmbH", "currency": "EUR", "source_chart": "Chart", "target": "oracle", "ledger": "DE",
        "business_unit": "DE", "segments": chart,
    }  # fmt: skip
    return Profile.model_validate(
        {
            "systems": {
                "coupa": {"adapter": "coupa", "base_url": "https://source.example"},
                "oracle": {"adapter": "oracle_fusion", "base_url": "https://target.example"},
            },
            "flows": {"requisition_to_pay": {"source": "coupa"}},
            "legal_entities": {f"DE0{n}": {**company, "source_chart": f"Chart {n}"} for n in (1, 2, 3)},
            "mappings": {"cost_centre": [{"source": "420", "target": "420"}]},
        }
    )


def _profile(amount: int) -> Profile:
    rules: dict[str, Any] = {
        "large": f'order.total.amount >= decimal("{amount}") && order.currency == "EUR"',
        "no-requester": "!has(order.requester)",
        "free-text-line": "order.lines.exists(l, !l.is_cancelled && !has(l.category))",
        "foreign": 'order.currency != "EUR"',
    }
    then = {"large": "ask"}
    policy = PolicySetup.model_validate(
        {
            "decides": "order_check",
            "rules": {
                name: {"when": when, "then": then.get(name, "note"), "why": name}
                for name, when in rules.items()
            },
        }
    )
    systems = {"coupa": {"adapter": "coupa", "base_url": "https://source.example"}}
    return Profile.model_validate(
        {"systems": systems, "policies": {"orders": policy.model_dump(mode="json")}}
    )


def _fill(store: Store, now: datetime) -> None:
    for start in range(0, DOCUMENTS, AT_ONCE):
        orders = [(str(i), _order(i)) for i in range(start, start + AT_ONCE)]
        with store.transaction() as db:
            records.put_page(
                db, "purchase_order", "coupa",
                [records.Incoming(key, one, one.canonical_json()) for key, one in orders], now,
            )  # fmt: skip
    with store.transaction() as db:
        db.execute(_WORKFLOWS, {"count": DOCUMENTS, "now": text(now)})


def _order(number: int) -> PurchaseOrder:
    part = Money(amount_minor=number % 10_000 * 100 // LINES, currency="EUR")
    centre = "CC9" if number % WAITS == 0 else "420"
    share = OrderDistribution(
        number="1",
        chart=f"Chart {number % 3 + 1}",
        account=f"01-{centre}-7110",
        segments=("01", centre, "7110"),
        amount=part,
    )
    lines = tuple(
        OrderLine(
            number=str(n),
            description="Desk, oak, 160 x 80",
            category="Furniture",
            amount=part,
            distributions=(share,),
        )
        for n in range(1, LINES + 1)
    )
    return PurchaseOrder(
        number=f"PO-{number}", revision="1", status="open", currency="EUR", lines=lines, requester="maria", supplier_id="501",
        total=Money(amount_minor=number % 10_000 * 100, currency="EUR"),
    )  # fmt: skip


def _check(found: list[Impact]) -> None:
    """Both ways say the same, and it is what the amounts say."""
    changed = [i % 10_000 for i in range(DOCUMENTS) if HELD_AFTER <= i % 10_000 < HELD_BEFORE]
    for one in found:
        told = [(total.outcome, total.document_count, total.amount_minor) for total in one.totals]
        if told != [("newly_held", len(changed), sum(changed) * 100)] or one != found[0]:
            raise SystemExit(f"the impact is {told}, and {len(changed)} orders lie between the amounts")
