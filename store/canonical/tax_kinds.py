"""Which kind of number a tax or VAT number is, so that only numbers of one kind are held against each other. Pure.

A company of one country bears several: a German one a VAT number and a Steuernummer, a French one a VAT number that holds its
SIREN. Each number becomes one key: country, kind, and the part that names the legal entity.

>>> key("DE 136 695 976", "DE"), key("181/815/08155", "DE")
('DE.vat.136695976', 'DE.n11.18181508155')
>>> key("FR83404833048", "FR") == key("404 833 048 00022", "FR") == key("404833048", "FR")
True
>>> key("980780684", "US") == key("980780684", "GB")
False
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final

UNKNOWN: Final = "??"
"""The country of a number that nobody named one for."""
_NOT_ALNUM: Final = re.compile(r"[^0-9A-Z]")
_RULES: Final = {  # per country: kind and what the number looks like without its country; the group names the company
    "AT": (("vat", r"U(\d{8})"),),
    "AU": (("acn", r"(?:\d\d)?(\d{9})"),),
    "BE": (("vat", r"0?(1?\d{9})"),),
    "BG": (("eik", r"(\d{9})(?:\d{4})?"),),
    "CA": (("bn", r"(\d{9})(?:R[CTPR]\d{4})?"),),
    "CH": (("uid", r"E?(\d{9})(?:MWST|TVA|IVA|VAT|HR)?"),),
    "CZ": (("ic", r"(\d{8})"),),
    "DE": (("vat", r"(\d{9})"),),
    "DK": (("cvr", r"(\d{8})"),),
    "ES": (("nif", r"([0-9A-Z]{9})"),),
    "FI": (("ytunnus", r"(\d{8})"),),
    "FR": (("siren", r"(\d{9})(?:\d{5})?"), ("siren", r"[0-9A-Z]{2}(\d{9})")),
    "GB": (("vat", r"(\d{9})(?:\d{3})?"),),
    "GR": (("vat", r"(\d{9})"),),
    "HU": (("vat", r"(\d{8})(?:\d{3})?"),),
    "IE": (("vat", r"(\d{7}[A-Z]{1,2}|\d[A-Z]\d{5}[A-Z])"),),
    "IN": (("pan", r"(?:\d\d)?([A-Z]{5}\d{4}[A-Z])(?:[0-9A-Z]{3})?"),),
    "IT": (("iva", r"(\d{11})"),),
    "JP": (("corporate", r"T?(\d{13})"),),
    "NL": (("rsin", r"(\d{9})(?:B\d\d)?"),),
    "NO": (("orgnr", r"(\d{9})(?:MVA)?"),),
    "PL": (("regon", r"(\d{9})(?:\d{5})?"),),
    "PT": (("nif", r"(\d{9})"),),
    "RO": (("cui", r"(\d{2,9})"),),
    "RU": (("inn", r"(\d{10}|\d{12})"), ("ogrn", r"(\d{13}|\d{15})")),
    "SE": (("orgnr", r"(\d{10})(?:01)?"),),
    "US": (("tin", r"(\d{9})"),),
}  # fmt: skip
_COMPILED: Final = {
    country: tuple((kind, re.compile(pattern)) for kind, pattern in rules)
    for country, rules in _RULES.items()
}
_OWN_PREFIX: Final = {"GR": "EL"}


@lru_cache(maxsize=8192)
def key(number: str, country: str | None) -> str:
    """Return what a number is compared by: its country, its kind and the part of it that names the company."""
    shown = number.upper()
    if not (shown.isascii() and shown.isalnum()):
        shown = _NOT_ALNUM.sub("", shown)
    if country and shown.isdigit():  # most are
        return _known(country, shown) or f"{country}.{_shape(country, shown)}.{shown}"
    begins = "GR" if shown[:2] == "EL" else shown[:2]
    home = "GR" if country == "EL" else country or ""
    if begins != home and begins in _COMPILED and (known := _known(begins, shown[2:])):
        return known  # it says itself which country issued it
    if not home:
        home = begins if len(shown) > 7 and begins.isalpha() and shown[2:].isdigit() else UNKNOWN
    bare = shown[2:] if begins == home and len(shown) > 7 else shown
    return _known(home, bare) or f"{home}.{_shape(home, bare)}.{bare}"


def _known(country: str, bare: str) -> str:
    for kind, pattern in _COMPILED.get(country, ()):
        found = pattern.fullmatch(bare)
        if found is not None:
            return f"{country}.{kind}.{found[1]}"
    return ""


def _shape(country: str, bare: str) -> str:
    """Return what stands for the kind of a number that no rule names: digits or letters, and how many."""
    if country == "PL" and len(bare) == 10 and bare.isdigit():
        from stdnum.pl import nip

        return "nip" if nip.is_valid(bare) else "n10"
    return f"{'n' if bare.isdigit() else 'a'}{len(bare)}"


def kind(tax_key: str) -> str:
    """Return the part of a key that says which kind of number it is.

    >>> kind("DE.vat.136695976")
    'DE.vat'
    """
    return tax_key.rpartition(".")[0]


def agree(one: Collection[str], other: Collection[str]) -> bool:
    """Say whether two companies share a number; of one without a country the digits alone are compared.

    >>> agree({"GB.vat.980780684"}, {"??.n9.980780684"}), agree({"GB.vat.980780684"}, {"US.tin.980780684"})
    (True, False)
    """
    if not set(one).isdisjoint(other):
        return True
    return any(
        mine.rpartition(".")[2] == theirs.rpartition(".")[2]
        for mine in one
        for theirs in other
        if UNKNOWN in (mine[:2], theirs[:2])
    )


def contradict(one: Collection[str], other: Collection[str]) -> bool:
    """Say whether two companies can't be one: they have numbers of one kind, and share none.

    >>> contradict({"DE.vat.136695976"}, {"DE.vat.811234567"}), contradict({"DE.vat.136695976"}, {"DE.n11.18181508155"})
    (True, False)
    """
    return not {*map(kind, one)}.isdisjoint(map(kind, other)) and not agree(one, other)
