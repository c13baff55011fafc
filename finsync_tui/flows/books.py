"""In which accounting period does a day lie, as far as the ERP's calendar is known?"""

from __future__ import annotations

from datetime import date, timedelta
from sqlite3 import Connection
from typing import Literal

from store import records
from store.canonical.organisation import FiscalPeriod

EXTRACT = "extract"
"""The system name that records from file extracts are kept under."""


def period(
    db: Connection, erp: str, ledger: str, on: date, *, subledger: Literal["payables"] | None = None
) -> FiscalPeriod | None:
    """Return the period of a day: the subledger's own where it has one, the ERP's calendar before an extract."""
    found: dict[str | None, FiscalPeriod] = {}
    for system in (EXTRACT, erp):
        for month in (on.replace(day=1) - timedelta(days=1), on):  # a period may begin in the month before
            name = f"{ledger}/{month:%Y-%m}"
            for external_id in records.twins(db, FiscalPeriod.entity, "month", name, system):
                held = records.get(db, FiscalPeriod, system, external_id)
                if held is not None and held.record.starts_on <= on <= held.record.ends_on:
                    found[held.record.subledger] = held.record
    return found.get(subledger) or found.get(None)
