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
_ARABIC = "آ ا أ ا إ ا ٱ ا ة ه ى ي ئ ي ؤ و ک ك ی ي"
"""Letters that are written for one another; so are Hebrew ones at the end of a word, and small Japanese ones."""
_HEBREW = "ך כ ם מ ן נ ף פ ץ צ"
_KANA = "ァ ア ィ イ ゥ ウ ェ エ ォ オ ッ ツ ャ ヤ ュ ユ ョ ヨ"
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
    **dict.fromkeys(
        (*range(0x591, 0x5C8), 0x5F3, 0x5F4, 0x640, *range(0x64B, 0x660), 0x670)
    ),  # vowel signs of Hebrew and Arabic
    **_pairs(_ARABIC),
    **_pairs(_HEBREW),
    **_pairs(_KANA),
    **dict.fromkeys(map(ord, "،؛؟"), " "),
}

FORMS_ANYWHERE: Final = _words(
    "gmbh gesmbh mbh ltd limited llc llp plc inc incorporated corp corporation sarl sasu eurl srl spa snc sas slu bv nv vof "
    "spzoo spzo zoo spk spj sro aps oyj aktiebolag handelsbolag aktiengesellschaft gmbhco cokg ohg ooo pao pjsc zao oao epe kk yk godo "
    "pty ptyltd pte sdn bhd ltda eireli kft zrt doo dooel ead eood haftungsbeschrankt ek kabushiki yugen kaisha "
    "בעמ شمم ذمم شمك شمعم المحدوده tov ike"
)
"""Words that name a legal form wherever they stand."""
FORMS_AT_EDGE: Final = _words(
    "ag kg ug sa sl co company as ab hb oy og ao ae oe jsc gp lp se eg ev kgaa cie sp z o oo k ks is hf ehf ad ood sc scs cv i e "
    "شركه محدوده חברת חברה"
)
"""Words that name one only at the beginning or the end; elsewhere they may be part of the name."""
NAMELESS: Final = (FORMS_ANYWHERE - _words("sas spa snc zoo epe pte pty tov ike yk kk ek")) | _words(
    unicodedata.normalize("NFKD", "co jsc 股份 股份公司 公司 会社 회사")
)
"""Words that are a legal form, or part of one, and nobody's name: who is called so is not told apart from another one. SAS is an
airline; KK in Latin letters may be somebody, 株式会社 is not."""
_IN_FULL: Final = (  # legal forms of several words, and how they are written short
    ("gesellschaft mit beschrankter haftung", "gmbh"), ("gesellschaft mbh", "gmbh"), ("public limited company", "plc"),
    ("limited liability company", "llc"), ("limited liability partnership", "llp"), ("sociedad limitada", "sl"),
    ("sociedad anonima", "sa"), ("societe anonyme", "sa"), ("societa per azioni", "spa"), ("naamloze vennootschap", "nv"),
    ("besloten vennootschap", "bv"), ("spolka z oo", "spzoo"), ("spolka akcyjna", "sa"), ("spol s ro", "sro"), ("sp z oo", "spzoo"),
    ("spz oo", "spzoo"), ("joint stock company", "jsc"), ("ذ م م", "ذمم"), ("ش م م", "شمم"),
)  # fmt: skip
_IN_LETTERS: Final = {("a", "s"): "as", ("sp", "k"): "spk", ("e", "k"): "ek"}
"""Forms written apart; only at the end, elsewhere they are initials."""
_IN_FULL_SIGN: Final = _words(
    "gesellschaft public joint liability sociedad societe societa vennootschap spolka spol sp spz ذ ش"
)
"""A name with none of these words has no such form."""
_EAST_ASIAN: Final = "\u1100"
_CJK_FORMS = tuple(  # the longer ones first
    (unicodedata.normalize("NFKD", form), f" {short} ")
    for form, short in (
        ("株式会社", "kabushiki"), ("有限会社", "yugen"), ("合同会社", "godo"), ("(株)", "kabushiki"), ("(有)", "yugen"),
        ("股份有限公司", "jsc"), ("有限公司", "ltd"), ("有限责任公司", "ltd"), ("有限責任公司", "ltd"),
        ("주식회사", "kabushiki"), ("(주)", "kabushiki"), ("유한회사", "yugen"),
    )
)  # fmt: skip
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
_KINDS: Final = (  # the first that a name has a word of: a GmbH & Co. KG is a partnership
    ("partnership", "gmbhco:de.gmbhco cokg:de.gmbhco kg:de.kg ohg:de.ohg og gbr snc vof spk spj lp llp scs kgaa gp hb handelsbolag oe"),
    ("person", "ek eireli kfm"),
    ("public", "ag plc sa spa nv ao:ru.ao oao:ru.ao pao:ru.pao pjsc:ru.pao zao jsc oyj ae aktiengesellschaft as asa"),
    ("private", "ug:de.ug haftungsbeschrankt:de.ug gmbh:de.gmbh gesmbh:de.gmbh mbh:de.gmbh sasu:fr.sasu eurl:fr.eurl sas:fr.sas "
                "sarl:fr.sarl slu:es.slu sl:es.sl yk:jp.yk yugen:jp.yk ooo llc ltd limited bv spzoo spzo zoo sro aps epe kft doo ood "
                "eood pty pte srl ab aktiebolag oy בעמ ذمم شمم المحدوده tov ike"),
    ("corporation", "inc:us.inc incorporated:us.inc corp:us.corp corporation:us.corp kk kabushiki"),
    ("company", "co company"),
)  # fmt: skip
_LEGAL: Final = {
    word: (place, f"{kind}:{form}")
    for place, (kind, forms) in enumerate(_KINDS)
    for word, _, form in (each.partition(":") for each in forms.split())
}
"""Of each legal form: its rank, its kind, and where one country has several of a kind, which one it is. Between countries kinds are
alike only roughly, so that they never speak for two, only against."""
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
    if shown[1:2] == "." and shown[2:5].isalpha():
        shown = f"{shown[0]} {shown[2:]}"  # an initial and a name written together
    if "'" in shown or "’" in shown:
        shown = shown.replace("’", "'").replace(" d'", " ").replace(" l'", " ")
    if not shown.isascii():
        shown = _folded(shown)
    elif not shown.replace(" ", "").isalnum():
        shown = shown.translate(_ASCII)
    words = written = shown.split()
    if len(words) > 1:
        if len(words[-1]) == 1 and (short := _IN_LETTERS.get((words[-2], words[-1]))) and len(words) > 2:
            words = written = [*words[:-2], short]
        if not _IN_FULL_SIGN.isdisjoint(words):
            words = written = _shortened(words)
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
    if (mine != legal) != (theirs != other):
        return True
    if mine == theirs or not mine or not theirs:
        return False
    kind, _, form = mine.partition(":")
    other_kind, _, other_form = theirs.partition(":")
    return kind != other_kind or (form[:2] == other_form[:2] and bool(form))


def _legal(words: list[str]) -> str:
    """Return the kind of legal form that stands in a name; empty when none does, or none that says much."""
    found = min([_LEGAL[word] for word in words if word in _LEGAL], default=None)
    if found is None:
        return ""
    if found[1] == "partnership:de.kg" and not _PRIVATE.isdisjoint(words):
        return "partnership:de.gmbhco"
    if found[1] == "private:" and "ltd" in words and "co" in words:
        return ""  # what Asian companies of all kinds call themselves in English
    return found[1]


_PRIVATE: Final = _words("gmbh mbh ug ag")


def _shortened(words: list[str]) -> list[str]:
    """Return the words of a name whose legal form is written in full with the short form in its place."""
    shown = f" {' '.join(words)} "
    for form, short in _IN_FULL:
        shown = shown.replace(f" {form} ", f" {short} ")
    return shown.split()


def _folded(shown: str) -> str:
    """One script, one width, no accents."""
    shown = unicodedata.normalize("NFKD", shown).replace("ου", "ou")
    if max(shown) >= _EAST_ASIAN:
        for form, short in _CJK_FORMS:
            shown = shown.replace(form, short)
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
    """Return a town as it is compared: `KOELN`, `Köln` and `Cologne` are one.

    >>> place("KOELN") == place("Köln") == place("Cologne")
    True
    """
    shown = _folded(town[:NAME_MAX].lower() or " ")
    shown = "".join(shown.split()).replace("ue", "u").replace("oe", "o").replace("ae", "a")
    return _OWN_NAME.get(shown, shown)


_OWN_NAME: Final = {
    "cologne": "koln", "munich": "munchen", "nuremberg": "nurnberg", "hanover": "hannover", "vienna": "wien", "geneva": "geneve",
    "genf": "geneve", "milan": "milano", "turin": "torino", "rome": "roma", "venice": "venezia", "florence": "firenze",
    "naples": "napoli", "genoa": "genova", "warsaw": "warszawa", "cracow": "krakow", "prague": "praha", "prag": "praha",
    "brussels": "bruxelles", "brussel": "bruxelles", "antwerp": "antwerpen", "ghent": "gent", "thehague": "denhaag",
    "lisbon": "lisboa", "seville": "sevilla", "copenhagen": "kobenhavn", "gothenburg": "goteborg", "athens": "athina",
    "athinai": "athina", "moscow": "moskva", "bucharest": "bucuresti", "belgrade": "beograd", "mailand": "milano",
    "rom": "roma", "warschau": "warszawa", "lissabon": "lisboa", "kopenhagen": "kobenhavn", "brussl": "bruxelles",
}  # fmt: skip
"""What towns are called abroad, in normal form, and at home."""


_DIGITS: Final = re.compile(r"\d+")


def numbers(text: str) -> frozenset[str]:
    """Return the numbers in a normal form, also those in words that mix them with letters, and Roman ones.

    >>> sorted(numbers("no12 rheinland store ii")), numbers("rheinland")
    (['12', '2'], frozenset())
    """
    found = [one.lstrip("0") for one in _DIGITS.findall(text)]
    found += [_ROMAN[word] for word in text.split() if word in _ROMAN]
    return frozenset(found) if found else _NONE
