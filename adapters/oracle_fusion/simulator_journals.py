"""What Import Journals makes of interface lines, and what may be done to a batch afterwards.

A group is imported whole or not at all. The same journal comes in as often as it is sent: nothing looks for duplicates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from adapters.oracle_fusion.simulator_interface import InterfaceLine
from adapters.oracle_fusion.simulator_ledger import Chart, Ledger
from adapters.oracle_fusion.simulator_messages import refused
from adapters.oracle_fusion.simulator_payload import Parsed
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Data, Row
from adapters.oracle_fusion.simulator_world import World

STATUSES: Final = {"U": "Unposted", "P": "Posted"}
NAME_MAX: Final = 100
Key = tuple[str, ...]
KeyOf = Callable[[InterfaceLine], Key]


@dataclass(frozen=True, slots=True)
class Imported:
    """How one import ended."""

    batch_count: int
    errors: tuple[str, ...] = ()
    """Lines of the execution report, each with Oracle's code in front."""


class JournalImport:
    """The import of one pod."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._batches = world.tables["journalBatches"]

    def run(
        self, lines: Sequence[InterfaceLine], *, request_id: int, group: str, suspends: bool, at: datetime
    ) -> Imported:
        """Check all lines; make the batches when none is wrong."""
        errors = [*self._line_errors(lines), *([] if suspends else self._balance_errors(lines))]
        if errors or not lines:
            return Imported(0, tuple(errors))
        batches = _grouped(lines, lambda one: (one.batch, one.source, one.ledger_id))
        for position, part in enumerate(batches.values(), 1):
            self._batch(part, request_id, group, position, at)
        return Imported(len(batches))

    def _line_errors(self, lines: Iterable[InterfaceLine]) -> Iterator[str]:
        for line in lines:
            problem = self._line_error(line)
            if problem:
                yield f"Line {line.number}: {problem}"

    def _line_error(self, line: InterfaceLine) -> str | None:
        world = self._world
        ledger = self._ledger(line)
        if ledger is None:
            return f"EM03 Invalid ledger: {line.ledger_id}."
        if line.flag != "A":
            return f"EM04 The value {line.flag!r} of ACTUAL_FLAG isn't valid."
        if world.journal_sources and line.source not in world.journal_sources:
            return f"EM11 Invalid journal source: {line.source}."
        if world.journal_categories and line.category not in world.journal_categories:
            return f"EM01 Invalid journal category: {line.category}."
        if line.currency not in world.settings.currencies:
            return f"EC08 Invalid currency code: {line.currency}."
        if line.currency != ledger.currency and not (line.rate_type and line.rate_on):
            return f"EC03 A conversion rate type and date are needed for {line.currency}."
        closed = world.books.check_period(ledger.name, line.on)
        if closed:
            return f"EP01 This date isn't in any open or future enterable period of {ledger.name}: {line.on}."
        return self._account_error(line, world.books.charts[ledger.chart_id])

    def _account_error(self, line: InterfaceLine, chart: Chart) -> str | None:
        account = chart.delimiter.join(line.segments)
        problems = self._world.check_account(account, chart, line.on)
        return f"EF04 {problems[0].detail}" if problems else None

    def _balance_errors(self, lines: Iterable[InterfaceLine]) -> Iterator[str]:
        for key, part in _grouped(lines, _journal_key).items():
            debit, credit = _sums(part)
            if debit != credit:
                yield (
                    f"Line {part[0].number}: EU02 Journal {key[1]} is unbalanced ({debit} debit, {credit} credit) and "
                    "suspense posting isn't allowed."
                )

    def _ledger(self, line: InterfaceLine) -> Ledger | None:
        row = self._world.row("ledgersLOV", int(line.ledger_id))
        return self._world.books.ledgers.get(str(row.data["LedgerName"])) if row else None

    def _batch(
        self, lines: Sequence[InterfaceLine], request_id: int, group: str, position: int, at: datetime
    ) -> None:
        first, world = lines[0], self._world
        ledger = self._ledger(first)
        assert ledger is not None
        nth = "" if position == 1 else f" {position}"
        ending = f"{first.source} A {group} {request_id}{nth} N"
        debit, credit = _sums(lines)
        period = world.books.period_on(ledger.name, first.on)
        row = world.new_row(
            self._batches.resource,
            {
                "BatchName": f"{first.batch} {ending}".strip()[:NAME_MAX],
                "BatchDescription": first.batch_text or None,
                "DefaultPeriodName": period.name if period else None,
                "Status": "U",
                "StatusMeaning": STATUSES["U"],
                "UserJeSourceName": first.source,
                "RunningTotalAccountedDr": debit,
                "RunningTotalAccountedCr": credit,
                "ApprovalStatusMeaning": "Not required",
                "CompletionStatusMeaning": "Complete",
                "ChartOfAccountsName": world.books.charts[ledger.chart_id].name,
                "CreatedBy": world.settings.integration_user,
                "LastUpdatedBy": world.settings.integration_user,
            },
            at,
        )
        headers = self._batches.resource.children["journalHeaders"]
        for part in _grouped(lines, _journal_key).values():
            row.of("journalHeaders").append(self._header(headers, part, ledger, at))
        self._batches.put(row)
        world.await_posting(row, at)

    def _header(
        self, resource: Resource, lines: Sequence[InterfaceLine], ledger: Ledger, at: datetime
    ) -> Row:
        first, world = lines[0], self._world
        debit, credit = _sums(lines)
        period = world.books.period_on(ledger.name, first.on)
        chart = world.books.charts[ledger.chart_id]
        entity = next(
            (one.legal_entity for one in world.books.units.values() if one.ledger == ledger.name), None
        )
        header = world.new_row(
            resource,
            {
                "JournalName": f"{first.journal} {first.category} {first.currency}".strip()[:NAME_MAX],
                "Description": first.journal_text or None,
                "LedgerName": ledger.name,
                "LegalEntity": entity,
                "UserJeCategoryName": first.category,
                "CurrencyCode": first.currency,
                "AccountingDate": first.on.isoformat(),
                "PeriodName": period.name if period else None,
                "ExternalReference": first.reference or None,
                "RunningTotalDr": debit,
                "RunningTotalCr": credit,
            },
            at,
        )
        for number, line in enumerate(lines, 1):
            account = chart.delimiter.join(line.segments)
            world.use_combination(account, chart)
            header.of("journalLines").append(
                world.new_row(resource.children["journalLines"], _line(number, line, account), at)
            )
        return header


class BatchDesk:
    """Changes and deletes journal batches; nothing creates them but an import."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._table = world.tables["journalBatches"]

    def create(self, path: list[Row], resource: Resource, parsed: Parsed) -> Row:
        raise AssertionError("journal batches are never created over REST")

    def update(self, path: list[Row], parsed: Parsed) -> Row:
        row = path[0]
        row.data.update(parsed.data)
        row.touch(self._world.now())
        return self._table.put(row)

    def delete(self, path: list[Row]) -> None:
        row = path[0]
        if row.data["Status"] == "P":
            raise refused("BATCH_POSTED", batch=row.data["BatchName"])
        self._table.remove(row)


def post(world: World, row: Row, at: datetime) -> None:
    """Post a batch."""
    row.data |= {"Status": "P", "StatusMeaning": STATUSES["P"], "PostedDate": at.date().isoformat()}
    row.touch(at)
    world.tables["journalBatches"].put(row)


def _line(number: int, line: InterfaceLine, account: str) -> Data:
    debit = line.debit if line.debit else None
    credit = line.credit if line.credit else None
    if debit is None and credit is None:
        debit = Decimal(0)
    return {
        "JeLineNumber": number,
        "AccountCombination": account,
        "EnteredDr": debit,
        "EnteredCr": credit,
        "AccountedDr": debit,
        "AccountedCr": credit,
        "CurrencyCode": line.currency,
        "Description": line.text or None,
        "Reference1": line.references[0] or None,
        "Reference2": line.references[1] or None,
    }


def _journal_key(line: InterfaceLine) -> Key:
    return (line.batch, line.journal, line.category, line.currency, line.on.isoformat())


def _sums(lines: Iterable[InterfaceLine]) -> tuple[Decimal, Decimal]:
    held = list(lines)
    return sum((one.debit for one in held), Decimal(0)), sum((one.credit for one in held), Decimal(0))


def _grouped(lines: Iterable[InterfaceLine], key_of: KeyOf) -> Mapping[Key, list[InterfaceLine]]:
    found: dict[Key, list[InterfaceLine]] = {}
    for line in lines:
        found.setdefault(key_of(line), []).append(line)
    return found
