"""What `status` tells: how far the orders are, how much money is stuck, what is due, how the systems are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from finsync_tui.cli._queries import amount, rows
from store import systems as system_states
from store.clock import SystemClock, instant, text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from finsync_tui.profile import Profile

# The newest workflow of a document says where that document stands.
_FLOWS = """
SELECT flow, state, count(*) AS count FROM v_workflow w
WHERE id = (SELECT max(id) FROM v_workflow n WHERE n.document_key = w.document_key AND n.flow = w.flow)
GROUP BY flow, state ORDER BY flow, state
"""
_STUCK = """
SELECT class, currency, count(*) AS count, sum(amount_minor) AS amount_minor
FROM v_exception WHERE ended_at IS NULL GROUP BY class, currency ORDER BY class, currency
"""
_OVERDUE = """
SELECT count(*) FROM v_exception WHERE state = 'open' AND due_at < :now
UNION ALL SELECT count(*) FROM v_workflow WHERE ended_at IS NULL AND state <> 'held' AND due_at < :now
"""
_NEXT_DUE = """
SELECT min(due_at) FROM (
  SELECT due_at FROM v_exception WHERE state = 'open' AND due_at >= :now
  UNION ALL SELECT due_at FROM v_workflow WHERE ended_at IS NULL AND due_at >= :now)
"""
_UNREACHED = {
    "state": "unreached",
    "failure_count": 0,
    **dict.fromkeys(("reason", "until", "last_ok_at", "last_failure_at", "changed_at", "last_read_at")),
}


@dataclass(frozen=True, slots=True)
class Status:
    """Where a workspace stands."""

    at: str
    orders: dict[str, int]
    flows: dict[str, dict[str, int]]
    """By flow: how many documents are done, in work, held, aborted."""
    unposted: list[dict[str, Any]]
    watch: list[dict[str, Any]]
    """Orders that a budget stops, invoices on hold by reason, payments that the source was not told of yet."""
    stuck: list[dict[str, Any]]
    deliveries: dict[str, int]
    systems: list[dict[str, Any]]
    engine: dict[str, Any] | None
    overdue: dict[str, int]
    next_due_at: str | None

    def to_json(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "orders": self.orders,
            "flows": self.flows,
            "unposted": self.unposted,
            "watch": self.watch,
            "stuck": self.stuck,
            "deliveries": self.deliveries,
            "systems": self.systems,
            "engine": self.engine,
            "overdue": self.overdue,
            "next_due_at": self.next_due_at,
            "problems": self.problems(),
        }

    def problems(self) -> list[str]:
        """Return what somebody should look at, in words; `--check` ends with 3 when there is any."""
        found = [f"{count} {name} overdue" for name, count in self.overdue.items() if count]
        found += [
            f"{self.deliveries[state]} deliveries {word}"
            for state, word in (("buried", "dead"), ("refused", "refused"), ("held", "held"))
            if self.deliveries.get(state)
        ]
        found += [
            f"{counts['held']} documents of {name.replace('_', ' ')} held by an exception"
            for name, counts in self.flows.items()
            if counts["held"]
        ]
        found += [f"{s['system']} is {s['state']}" for s in self.systems if s["state"] != "ok"]
        return found + [f"{s['system']}: {unread(s)}" for s in self.systems if s["unread"]]


def read(db: sqlite3.Connection, profile: Profile, now: datetime) -> Status:
    """Return the status at `now`, the engine's time."""
    at = {"now": text(now)}
    cases_overdue, workflows_overdue = (row[0] for row in db.execute(_OVERDUE, at))
    return Status(
        at=text(now),
        orders=_orders(db, profile, found := _flows(db)),
        flows=found,
        unposted=_unposted(db, now),
        watch=[
            {
                "figure": row["figure"],
                "reason": row["reason"],
                "legal_entity": row["legal_entity"],
                "count": row["document_count"],
                "amount": amount(row["amount_minor"], row["currency"]),
                "currency": row["currency"],
            }
            for row in db.execute("SELECT * FROM v_watch ORDER BY figure, reason, legal_entity, currency")
        ],
        stuck=[
            {
                "class": row["class"],
                "count": row["count"],
                "amount": amount(row["amount_minor"], row["currency"]),
                "currency": row["currency"],
            }
            for row in db.execute(_STUCK)
        ],
        deliveries={
            row["state"]: row["count"]
            for row in db.execute(
                "SELECT state, count(*) AS count FROM v_delivery GROUP BY state ORDER BY state"
            )
        },
        systems=systems(db, profile, now),
        engine=_engine(db),
        overdue={"exceptions": cases_overdue, "workflows": workflows_overdue},
        next_due_at=db.execute(_NEXT_DUE, at).fetchone()[0],
    )


def _flows(db: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Count documents by flow and where their newest version stands."""
    found: dict[str, dict[str, int]] = {}
    for row in db.execute(_FLOWS):
        counts = found.setdefault(row["flow"], dict.fromkeys(("done", "in_work", "held", "aborted"), 0))
        counts[_STANDING[row["state"]]] += row["count"]
    return found


_STANDING = {
    "done": "done", "superseded": "done", "running": "in_work", "waiting": "in_work", "held": "held", "aborted": "aborted",
}  # fmt: skip


def _orders(db: sqlite3.Connection, profile: Profile, flows: dict[str, dict[str, int]]) -> dict[str, int]:
    """Count orders; `read` counts all that the sources have shown."""
    from store import records

    source = profile.flows.get("requisition_to_pay")
    nothing = dict.fromkeys(("done", "in_work", "held", "aborted"), 0)
    return {
        "read": records.count(db, "purchase_order", source.source) if source else 0,
        **flows.get("requisition_to_pay", nothing),
    }


def _unposted(db: sqlite3.Connection, now: datetime) -> list[dict[str, Any]]:
    from store import unposted

    return [
        {
            "flow": one.flow,
            "age": one.age,
            "count": one.count,
            "amounts": {currency: amount(minor, currency) for currency, minor in one.amounts.items()},
        }
        for one in unposted.by_age(db, now)
    ]


def systems(db: sqlite3.Connection, profile: Profile, now: datetime) -> list[dict[str, Any]]:
    """Return the systems by name, those that were never reached among them, and how old what we know is."""
    known = {row["system"]: row for row in rows(db, "SELECT * FROM v_system ORDER BY system")}
    found = [known.get(name, {"system": name, **_UNREACHED}) for name in sorted({*known, *profile.systems})]
    unreadable = system_states.unreadable(db)
    return [
        {
            **row,
            "lag_s": _age_s(row["last_read_at"], now),
            "unread": [one.entity for one in unreadable.get(str(row["system"]), [])],
        }
        for row in found
    ]


def unread(row: Mapping[str, Any]) -> str:
    """Say what can't be read of a system that answers else; empty when all can."""
    names = ", ".join(str(one).replace("_", " ") for one in row["unread"])
    return f"{names} can't be read (READ_FAILED)" if names else ""


def reason(row: Mapping[str, Any]) -> str | None:
    """Return why a system is as it is, with what can't be read of it."""
    return "; ".join(one for one in (row["reason"], unread(row)) if one) or None


def _age_s(at: str | None, now: datetime) -> int | None:
    return None if at is None else max(0, int((now - instant(at)).total_seconds()))


def _engine(db: sqlite3.Connection) -> dict[str, Any] | None:
    from store import engine, leases

    found = engine.get(db)
    if found is None:
        return None
    lease = leases.current(db)
    standing = leases.standing(lease, SystemClock().now())
    is_there = standing == "running" or (
        standing == "silent" and lease is not None and leases.is_alive(lease.holder)
    )
    return {
        "state": found.state,
        "is_running": is_there and found.state != "stopped",
        "silent_since": text(lease.expires_at) if lease is not None and standing == "silent" else None,
        "clock_at": text(found.clock_at),
        "is_virtual": found.is_virtual,
        "cycle_count": found.cycle_count,
        "doing": found.doing,
        "holder": _holder(lease.holder) if lease is not None and is_there else None,
    }


def _holder(known: str) -> dict[str, Any]:
    from store import leases

    found = leases.parted(known)
    if found is None:
        return {"host": None, "pid": None, "user": None, "since": None, "words": known}
    since = text(found.since) if found.since else None
    return {
        "host": found.host,
        "pid": int(found.pid),
        "user": found.user,
        "since": since,
        "words": leases.words(known),
    }
