"""Records that come as CSV files instead of over an API: budgets, fiscal periods, tax codes.

A changed file is read whole; unchanged files cost one digest. A bad row becomes an exception, its neighbours go on.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError

from finsync_tui.flows.rates import EXTRACT
from finsync_tui.profile import Profile
from store import Store, audit, cases, meta, records
from store.canonical import periods
from store.canonical.budget import Budget
from store.canonical.chart import TaxCode
from store.canonical.money import Money, MoneyError
from store.canonical.organisation import FiscalPeriod
from store.canonical.record import CanonicalRecord
from store.clock import Clock
from store.wording import plain

FILE_BYTES_MAX = 200_000_000
PAGE = 500


def read(store: Store, profile: Profile, folder: Path, clock: Clock) -> int:
    """Read every extract whose file changed since it was last read; return how many records changed."""
    changed = 0
    for entity, path in sorted(profile.extracts.items()):
        file = folder / path
        if entity not in _READERS or not file.is_file() or file.stat().st_size > FILE_BYTES_MAX:
            continue
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        if meta.get(store.db, f"extract.{entity}") == digest:
            continue
        changed += _read_file(store, entity, file, clock)
        with store.transaction() as db:
            meta.set(db, f"extract.{entity}", digest)
    return changed


def _read_file(store: Store, entity: str, file: Path, clock: Clock) -> int:
    changed = 0
    page: list[records.Incoming] = []
    bad: list[cases.NewCase] = []
    with file.open(encoding="utf-8-sig", newline="", errors="replace") as source:
        reader = csv.DictReader(source)
        for row in reader:
            values = {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}
            payload = json.dumps(values, sort_keys=True, ensure_ascii=False).encode()
            try:
                record = _READERS[entity](values)
            except (ValidationError, MoneyError, KeyError, ValueError) as error:
                bad.append(_bad_row(entity, file, reader.line_num, error, payload))
                continue
            page.append(records.Incoming(external_id=_external_id(record), record=record, payload=payload))
            if len(page) == PAGE:
                changed += _store(store, entity, page, clock)
                page = []
    changed += _store(store, entity, page, clock)
    if bad:
        with store.transaction() as db:
            for case in bad:
                cases.open(db, case, clock.now())
    return changed


def _store(store: Store, entity: str, page: list[records.Incoming], clock: Clock) -> int:
    with store.transaction() as db:
        stored = records.put_page(db, entity, EXTRACT, page, clock.now())
        changed = [s for s in stored if s.outcome in ("new", "changed")]
        if changed:
            entry = audit.Entry(
                who="engine", what="extract.read", subject=entity, after={"changed": len(changed)}
            )
            audit.record(db, [entry], clock.now())
    return len(changed)


def _bad_row(entity: str, file: Path, line: int, error: Exception, payload: bytes) -> cases.NewCase:
    reason = (
        plain(error.errors(include_url=False, include_input=False)[0])
        if isinstance(error, ValidationError)
        else f"the column {error} is missing"
        if isinstance(error, KeyError)
        else str(error)
    )
    return cases.NewCase(
        class_="PAYLOAD_INVALID",
        entity=entity,
        document_key=f"{EXTRACT}:{file.name}:{line}",
        document_number=f"{file.name} line {line}",
        system=EXTRACT,
        cause=f"{file.name} line {line} can't be read: {reason}",
        fix="Correct the row; the file is read again when it changes.",
        payload=payload,
    )


def _external_id(record: CanonicalRecord) -> str:
    """Return what identifies a row: its number, and for a tax code since when it says this."""
    if isinstance(record, TaxCode) and record.starts_on is not None:
        return f"{record.number}@{record.starts_on.isoformat()}"
    return record.number


def budget_number(
    legal_entity: str, cost_centre: str, period: str, account: str | None = None, project: str | None = None
) -> str:
    """Return how a budget is called: each that states something else has a name of its own.

    >>> budget_number("DE01", "410", "FY2026"), budget_number("DE01", "410", "Mar-26", account="7110", project="P-7")
    ('DE01/410/2026', 'DE01/410/Mar-26/account 7110/P-7')
    """
    span = periods.named(period) if periods.is_year(period) else None
    year = str(span.starts_on.year) if span is not None else period
    return "/".join(
        (
            legal_entity,
            cost_centre,
            year,
            *([f"account {account}"] if account else ()),
            *([project] if project else ()),
        )
    )


def _budget(row: Mapping[str, str]) -> Budget:
    account, project = row.get("account") or None, row.get("project") or None
    return Budget(
        number=budget_number(row["legal_entity"], row["cost_centre"], row["period"], account, project),
        name=row["name"],
        legal_entity=row["legal_entity"],
        period=row["period"],
        cost_centre=row["cost_centre"] or None,
        account=account,
        project=project,
        amount=Money.of(row["amount"], row["currency"]),
        remaining=Money.of(row["remaining"], row["currency"]),
    )


def _period(row: Mapping[str, str]) -> FiscalPeriod:
    return FiscalPeriod.model_validate({**row, "number": f"{row['ledger']}/{row['name']}"})


def _tax_code(row: Mapping[str, str]) -> TaxCode:
    """Read a tax code; columns that are empty or missing say nothing, lists are separated by blanks."""
    filled = {name: value for name, value in row.items() if value}
    lists = {
        name: tuple(filled[name].split()) for name in ("document_kinds", "from_countries") if name in filled
    }
    return TaxCode.model_validate({"rate_percent": row["rate_percent"] or None, **filled, **lists})


_READERS: Mapping[str, Callable[[Mapping[str, str]], CanonicalRecord]] = {
    "budget": _budget,
    "fiscal_period": _period,
    "tax_code": _tax_code,
}
