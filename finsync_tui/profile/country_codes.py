"""Which two letters are a country (ISO 3166-1), for what a profile says country by country."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from finsync_tui.profile.model import Profile
from finsync_tui.profile.problem import Problem

ALL: Final = "*"
_MEANT: Final = {"UK": "GB", "EL": "GR", "EN": "GB", "SU": "RU"}
"""Codes that are no country's, and which one is meant."""
_USER_ASSIGNED: Final = frozenset(("XK",))
"""Kosovo: ISO has no code for it, banks and tax offices use this one."""


def country_problems(profile: Profile) -> Iterator[Problem]:
    """Yield codes of countries that there are not: a rule under one would never count, and nobody would notice."""
    policy = profile.suppliers
    yield from _unknown("suppliers.required", policy.required, is_all=True)
    yield from _unknown("suppliers.create_by_country", policy.create_by_country)
    yield from _unknown("tax.countries", profile.tax.countries)
    for country, rules in profile.tax.countries.items():
        for number, one in enumerate(rules.withholding):
            place = f"tax.countries.{country}.withholding.{number}.supplier_countries"
            yield from (_problem(place, code) for code in one.supplier_countries if not is_country(code))


def is_country(code: str) -> bool:
    """Say whether a country has this code.

    >>> [is_country(one) for one in ("DE", "XK", "UK", "de", "ZZ")]
    [True, True, False, False, False]
    """
    return code in _codes()


@cache
def _codes() -> frozenset[str]:
    from pycountry import countries  # a table of all countries: read when a profile is checked

    return frozenset(one.alpha_2 for one in countries) | _USER_ASSIGNED


def _unknown(place: str, codes: Iterable[str], *, is_all: bool = False) -> Iterator[Problem]:
    for code in codes:
        if not is_country(code) and not (is_all and code == ALL):
            yield _problem(f"{place}.{code}", code)


def _problem(place: str, code: str) -> Problem:
    meant = _MEANT.get(code.upper()) or (code.upper() if is_country(code.upper()) else None)
    return Problem(
        place,
        f"there is no country {code!r}" + (f": {meant} is meant" if meant else ""),
        "Write its two letters of ISO 3166, DE for example.",
    )
