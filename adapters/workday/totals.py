"""Control totals: rows that a security group hides are missing without a word, so they are counted.

A read that shows so much less than the last one is stopped before any of it is stored. Whoever knows that it is right reads
everything anew, which begins with no total to compare with.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.errors import ControlTotalsError
from adapters.workday.options import Options


@dataclass(frozen=True, slots=True)
class Totals:
    """How many rows there are, and how many of them are active."""

    rows: int
    active: int


def check(system: str, entity: str, before: Totals, now: Totals, options: Options) -> None:
    """Raise when many that were there or active last time are not any more."""
    for had, has, what in (
        (before.active, now.active, "are active"),
        (before.rows, now.rows, "are shown"),
    ):
        if is_mass(had, had - has, options):
            raise ControlTotalsError(
                system,
                f"only {has:,} {_words(entity)} {what}, {had:,} last time: {had - has:,} fewer, more than the "
                f"{options.mass_change_percent:g} % and {options.mass_change_min} that pass by themselves. Nothing of this "
                "read was stored. Look whether the integration user's security group was constrained; if the number is "
                f"right, take it over with `finsync sync {system} {entity} --full`",
            )


def check_leaving(system: str, entity: str, before: Totals, inactive: int, options: Options) -> None:
    """Raise when a read of what changed has so many inactive ones that most must have left at once."""
    if is_mass(before.active, inactive, options):
        raise ControlTotalsError(
            system,
            f"{inactive:,} of {before.active:,} {_words(entity)} are inactive in what changed, more than the "
            f"{options.mass_change_percent:g} % and {options.mass_change_min} that pass by themselves. Nothing of this read "
            f"was stored. If it is right, take it over with `finsync sync {system} {entity} --full`",
        )


def is_mass(of: int, gone: int, options: Options) -> bool:
    return gone > options.mass_change_min and gone > of * options.mass_change_percent / 100


def _words(entity: str) -> str:
    return f"{entity.replace('_', ' ')}s"
