"""Run every benchmark, or those named, and write their rows into docs/benchmarks.md: `python -m benchmarks [NAME ...]`."""

from __future__ import annotations

import platform
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from benchmarks import (
    audit,
    drain,
    evidence,
    impact,
    ingest,
    mapping,
    reconcile,
    startup,
    suppliers,
    workbench,
)
from benchmarks.measure import PAIRS


class Row(Protocol):
    """What a benchmark finds: a line of the table."""

    @property
    def row(self) -> str: ...


BENCHMARKS: Mapping[str, Callable[[], Row | Sequence[Row]]] = {
    "ingest-first": ingest.first_load,
    "ingest-orders": ingest.first_orders,
    "ingest-again": ingest.nothing_changed,
    "no-change": ingest.no_filter,
    "delta": ingest.delta_cycle,
    "drain": drain.drain,
    "reconcile": reconcile.reconcile,
    "audit-append": audit.append,
    "audit-verify": audit.verify,
    "evidence": evidence.year,
    "mapping": mapping.look_up,
    "impact": impact.policies,
    "mapping-impact": impact.mappings,
    "suppliers": suppliers.match,
    "supplier-new": suppliers.new_one,
    "help": startup.help_page,
    "status": startup.status,
    "idle-cycle": startup.idle_cycle,
    "workbench-demo": workbench.first_overview,
    "workbench": workbench.large_store,
}
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def main(names: list[str]) -> int:
    """Run those named, or all. Of the page, a run of all keeps nothing; a run of some keeps the rows of the others."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    rows = []
    for name in names or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        found = BENCHMARKS[name]()
        for result in found if isinstance(found, Sequence) else [found]:
            rows.append(result.row)
            print(result.row, flush=True)
    PAGE.write_text(_page(_together(_rows_of_page(), rows) if names else rows), encoding="utf-8")
    return 0


def _rows_of_page() -> list[str]:
    lines = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.is_file() else []
    return [line for line in lines if line.startswith("| ") and not line.startswith(("| path |", "| --- "))]


def _together(known: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return rows with the new ones in the places of those that measured the same against the same.

    >>> _together(["| a | x | 1 |", "| b | x | 2 |"], ["| a | x | 3 |", "| c | x | 4 |"])
    ['| a | x | 3 |', '| b | x | 2 |', '| c | x | 4 |']
    """
    rows = {_measured(row): row for row in known}
    rows.update((_measured(row), row) for row in new)
    return list(rows.values())


def _measured(row: str) -> tuple[str, ...]:
    return tuple(row.split(" | ")[:2])


def _page(rows: list[str]) -> str:
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "Made by `make bench`. Each row is our code beside the limit of its path, in turn and in one run: the median of",
            f"{PAIRS} ratios, then the smallest and the largest. Seconds differ by machine; ratios hardly do. CPU time unless a",
            "rate is compared. The workbench is measured through a terminal, in wall time, against budgets for two cores.",
            "",
            f"Measured with Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}.",
            "",
            "| path | limit | target | measured | more |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
