"""The form in which supplier names are compared: one script, no legal form, words in full and in order of the alphabet.

>>> normalise("Müller & Söhne Maschb. GmbH & Co. KG").text
'maschinenbau muller sohne'
>>> normalise("ООО Северсталь").text == normalise("SEVERSTAL LLC").text
True
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

NAME_MAX: Final = 400
"""Longer names are cut: nobody's is, and a hostile one must not cost more than another."""

_CYRILLIC = (
    "а a б b в v г g д d е e ё e ж zh з z и i й i к k л l м m н n о o п p р r с s т t у u ф f х h ц ts ч ch ш sh щ sch "
    "ъ - ы i ь - э e ю yu я ya і i ї yi є e ґ g ў u ј j љ lj њ nj ћ c ђ dj џ dz"
)
_GREEK = (
    "α a β v γ g δ d ε e ζ z η i θ th ι i κ k λ l μ m ν n ξ x ο o π p ρ r σ s ς s τ t υ y φ f χ ch ψ ps ω o"
)
_LATIN = "ß ss ø o ł l đ d ð d þ th æ a œ o ı i ħ h ŋ n"
_DROPPED = ".'’`´ʼ\"“”„"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _pairs(text: str) -> dict[int, str | None]:
    parts = text.split()
    return {ord(a): b.replace("-", "") for a, b in zip(parts[::2], parts[1::2], strict=True)}


_ASCII: Final[dict[int, str | None]] = {
    **dict.fromkeys(map(ord, _DROPPED)),
    **dict.fromkeys(map(ord, "&+,;:/\\-_()[]{}<>|!?*#@%=~^$\t\r\n·•–—…«»"), " "),
}
_LETTERS: Final = {
    **_ASCII,
    **dict.fromkeys(range(0x300, 0x370)),  # marks that stand over letters
    **_pairs(_CYRILLIC),
    **_pairs(_GREEK),
    **_pairs(_LATIN),
}

FORMS_ANYWHERE: Final = _words(
    "gmbh gesmbh mbh ltd limited llc llp plc inc incorporated corp corporation sarl sasu eurl srl spa snc sas slu bv nv vof "
    "spzoo zoo spk spj sro aps oyj aktiebolag aktiengesellschaft gmbhco ohg ooo pao zao oao epe kk godo pty ptyltd pte sdn bhd "
    "ltda eireli kft zrt doo dooel ead eood haftungsbeschrankt ek kabushiki yugen kaisha"
)
"""Words that name a legal form wherever they stand."""
FORMS_AT_EDGE: Final = _words(
    "ag kg ug sa sl co company as ab oy og ao ae oe jsc gp lp se eg ev kgaa cie sp z o oo k ks is hf ehf ad ood sc scs cv i e"
)
"""Words that name one only at the beginning or the end; elsewhere they may be part of the name."""
_EAST_ASIAN: Final = "\u1100"
_CJK_FORMS = tuple(
    unicodedata.normalize("NFKD", form)
    for form in ("株式会社", "有限会社", "合同会社", "(株)", "(有)", "有限公司", "股份有限公司", "주식회사")
)
_FILLERS: Final = _words(
    "and und et y e en och og i ja the der die das of de des du la le di da del van von f fur"
)
_ABBREVIATIONS: Final = {
    "intl": "international", "int": "international", "mfg": "manufacturing", "mfrs": "manufacturers", "svcs": "services",
    "svc": "service", "serv": "services", "tech": "technologies", "techn": "technologies", "technology": "technologies",
    "eng": "engineering", "engg": "engineering", "engrg": "engineering", "assoc": "associates", "assocs": "associates",
    "ind": "industries", "inds": "industries", "industry": "industries", "industrie": "industries", "mgmt": "management",
    "mgt": "management", "distr": "distribution", "dist": "distribution", "sys": "systems", "system": "systems",
    "labs": "laboratories", "lab": "laboratories", "equip": "equipment", "eqpt": "equipment", "maschbau": "maschinenbau",
    "maschb": "maschinenbau", "transp": "transport", "transports": "transport", "transporte": "transport", "constr": "construction",
    "const": "construction", "elec": "electrical", "elektrotechn": "elektrotechnik", "sol": "solutions", "solns": "solutions",
    "cons": "consulting", "consult": "consulting", "bros": "brothers", "gebr": "gebruder", "natl": "national", "govt": "government",
    "univ": "university", "hosp": "hospital", "pharm": "pharmaceuticals", "chem": "chemicals", "mktg": "marketing", "dept": "department",
    "ctr": "center", "centre": "center", "grp": "group", "hldg": "holding", "hldgs": "holdings", "prod": "products", "svrs": "servers",
    "comm": "communications", "telecom": "telecommunications", "auto": "automotive", "bldg": "building", "elektr": "elektronik",
}  # fmt: skip
_ADDED: Final = _words("group gruppe holding holdings europe global worldwide")
"""Words that people add and leave out."""
_HOLDINGS: Final = _words("holding holdings")
_HOLDING: Final = "+holding"
_LEGAL: Final = (  # the first that a name has a word of: a GmbH & Co. KG is a partnership
    ("partnership", _words("kg ohg og gbr snc vof spk spj gmbhco lp llp scs kgaa gp")),
    ("person", _words("ek eireli kfm")),
    ("public", _words("ag plc sa spa nv ao oao pao zao jsc oyj ae aktiengesellschaft asa")),
    ("private", _words("gmbh gesmbh mbh ltd limited llc sarl sas sasu eurl srl sl slu bv ooo spzoo zoo sro aps epe kft doo ood "
                       "eood ug haftungsbeschrankt pty pte")),
    ("corporation", _words("inc incorporated corp corporation")),
)  # fmt: skip
"""Kinds of legal forms. Between countries they are alike only roughly, so that they never speak for two, only against."""
_ROMAN: Final = {
    word: str(place)
    for place, word in enumerate(
        [
            "ii",
            "iii",
            "iv",
            "v",
            "vi",
            "vii",
            "viii",
            "ix",
            "x",
            "xi",
            "xii",
            "xiii",
            "xiv",
            "xv",
            "xvi",
            "xvii",
            "xviii",
            "xix",
            "xx",
        ],
        2,
    )
    if len(word) > 1
}
"""Single letters are left out: they are initials."""
_LEFT_OUT_OR_SHORT: Final = _FILLERS.union(_ABBREVIATIONS)


_NONE: Final[frozenset[str]] = frozenset()


class Normal(NamedTuple):
    """A name as it is compared."""

    text: str
    words: tuple[str, ...]
    joined: str
    """Its words in their own order, run together: `Blue Stone` and `Bluestone` are alike so."""
    numbers: frozenset[str]
    """Its numerals: `Store 12` is not `Store 14`, however alike they look, nor `Fund II` `Fund III`."""
    legal: str
    """Of which kind its legal form is, and whether it is a holding: see `is_unlike`."""


def normalise(name: str) -> Normal:
    """Return the normal form of a name; of a name that is nothing but legal form, the name itself."""
    return Normal(*parts(name))


def parts(name: str) -> tuple[str, tuple[str, ...], str, frozenset[str], str]:
    """Return a normal form's parts, for whoever puts them into more."""
    shown = name[:NAME_MAX].lower()
    if "'" in shown or "’" in shown:
        shown = shown.replace("’", "'").replace(" d'", " ").replace(" l'", " ")
    if not shown.isascii():
        shown = _folded(shown)
    elif not shown.replace(" ", "").isalnum():
        shown = shown.translate(_ASCII)
    words = written = shown.split()
    if len(words) > 1:
        words = _without_forms(words)
    legal = "" if len(words) == len(written) else _legal(written)
    kept = words
    if not _LEFT_OUT_OR_SHORT.isdisjoint(words):
        kept = [_ABBREVIATIONS.get(word, word) for word in words if word not in _FILLERS]
    if len(kept) > 1 and not _ADDED.isdisjoint(kept):
        legal += "" if _HOLDINGS.isdisjoint(kept) else _HOLDING
        kept = [word for word in kept if word not in _ADDED] or kept
    text = " ".join(kept or words)
    if "e" in text:
        text = text.replace("ue", "u").replace("oe", "o").replace("ae", "a")
    found = text.split()
    joined = "".join(found)
    found.sort()
    return (
        " ".join(found),
        tuple(found) if len(found) < 2 else tuple(dict.fromkeys(found)),
        joined,
        _NONE if joined.isalpha() and _ROMAN.keys().isdisjoint(found) else numbers(text),
        legal,
    )


def is_unlike(legal: str, other: str) -> bool:
    """Say whether two names are of different legal entities by what they say they are, however alike they are otherwise.

    >>> [is_unlike(parts(one)[4], parts(other)[4]) for one, other in (
    ...     ("Weber Bau GmbH", "Weber Bau GmbH & Co. KG"), ("Weber Bau GmbH", "Weber Bau Holding GmbH"),
    ...     ("Weber Bau GmbH", "WEBER BAU"), ("Weber Bau GmbH", "Weber Bau mbH"))]
    [True, True, False, False]
    """
    mine, theirs = legal.removesuffix(_HOLDING), other.removesuffix(_HOLDING)
    return (mine != theirs and bool(mine and theirs)) or (mine != legal) != (theirs != other)


def _legal(words: list[str]) -> str:
    """Return the kind of legal form that stands in a name; empty when none does, or none that says much."""
    for kind, forms in _LEGAL:
        if not forms.isdisjoint(words):
            return kind
    return ""


def _folded(shown: str) -> str:
    """One script, one width, no accents."""
    shown = unicodedata.normalize("NFKD", shown).replace("ου", "ou")
    if max(shown) >= _EAST_ASIAN:
        for form in _CJK_FORMS:
            shown = shown.replace(form, " ")
    return shown.translate(_LETTERS)


def _without_forms(words: list[str]) -> list[str]:
    kept = words.copy()
    if not FORMS_ANYWHERE.isdisjoint(words):
        kept = [word for word in words if word not in FORMS_ANYWHERE]
    while len(kept) > 1 and kept[-1] in FORMS_AT_EDGE:
        kept.pop()
    if len(kept) > 1 and kept[0] in FORMS_AT_EDGE and len(words) > 2:
        kept.pop(0)
    return kept or words


@lru_cache(maxsize=4096)  # a file has far fewer towns than suppliers
def place(town: str) -> str:
    """Return a town as it is compared: `KOELN` and `Köln` are one.

    >>> place("KOELN") == place("Köln")
    True
    """
    shown = _folded(town[:NAME_MAX].lower() or " ")
    return "".join(shown.split()).replace("ue", "u").replace("oe", "o").replace("ae", "a")


_DIGITS: Final = re.compile(r"\d+")


def numbers(text: str) -> frozenset[str]:
    """Return the numbers in a normal form, also those in words that mix them with letters, and Roman ones.

    >>> sorted(numbers("no12 rheinland store ii")), numbers("rheinland")
    (['12', '2'], frozenset())
    """
    found = [one.lstrip("0") for one in _DIGITS.findall(text)]
    found += [_ROMAN[word] for word in text.split() if word in _ROMAN]
    return frozenset(found) if found else _NONE
