"""Looking values up in a mapping table of 50,000 rules, against a plain dictionary that holds the same answers."""

from __future__ import annotations

import random
import statistics
from datetime import date

from benchmarks.measure import Cost, Result, compare, pairs, timed
from finsync_tui.mapping import Table
from finsync_tui.mapping.explaining import considered
from finsync_tui.profile import MappingRow

RULES = 50_000
ASKED = 100_000
CHECKED = 50
DAY = date(2026, 3, 1)
COMPANY = "DE01"
GIVEN = {"category": "IT hardware", "currency": "EUR"}


def look_up() -> Result:
    """Look up 100,000 values: rules for one value, a region, a range and a beginning, dated and with conditions."""
    dice = random.Random(7)
    table = Table("account", 1, tuple(_rules(dice)), {COMPANY: "EMEA"})
    values = [_value(dice) for _ in range(ASKED)]
    _check(table, values)
    plain = {value: _answer(table, value) for value in values}

    def ours() -> Cost:
        return timed(lambda: [table.find(value, scope=COMPANY, on=DAY, given=GIVEN) for value in values])

    measured = pairs(ours, lambda: timed(lambda: [plain.get(value) for value in values]))
    rate = ASKED / statistics.median(one.cpu_s for one, _ in measured)
    note = f"{rate:,.0f} look-ups a second (target ≥ 200,000)"
    return compare(
        "mapping look-up, 50,000 rules", "a dictionary of the answers", "for information", measured, rows=ASKED, note=note
    )  # fmt: skip


def _rules(dice: random.Random) -> list[MappingRow]:
    scopes = ("", COMPANY, "EMEA", "US01")
    rules = [
        MappingRow(source=f"CC{i:06}", target=f"{i}", scope=dice.choice(scopes), priority=dice.choice((0, 0, 0, 1)))
        for i in range(RULES * 8 // 10)
    ]  # fmt: skip
    rules += [MappingRow(source=f"CC{dice.randrange(10_000):04}*", target="w") for _ in range(RULES // 10)]
    for _ in range(RULES * 8 // 100):
        low = dice.randrange(900_000)
        rules.append(MappingRow(source=f"{low:06}..{low + dice.randrange(200):06}", target="r"))
    while len(rules) < RULES:
        rules.append(
            MappingRow(
                source=f"CC{dice.randrange(40_000):06}", target="c", where=(("category", "IT*"),), valid_from=date(2026, 1, 1)
            )
        )  # fmt: skip
    return rules


def _value(dice: random.Random) -> str:
    return dice.choice((f"CC{dice.randrange(45_000):06}", f"{dice.randrange(999_999):06}", "unknown"))


def _answer(table: Table, value: str) -> str | None:
    match = table.find(value, scope=COMPANY, on=DAY, given=GIVEN)
    return match.target if match is not None else None


def _check(table: Table, values: list[str]) -> None:
    for value in values[:CHECKED]:
        every = considered(table, value, scope=COMPANY, on=DAY, given=GIVEN)
        best = next((one.rule.target for one in every if not one.why_not), None)
        if best != _answer(table, value):
            raise SystemExit(
                f"a look-up of {value} found {_answer(table, value)}, and the best rule says {best}"
            )
