"""A supplier file of which it is known who is who: written before the matcher, and sharing no code with it.

Companies are made up with addresses and numbers; most stand in the file once, some two to four times, each time as
another clerk might have typed them: another legal form, a typing slip, an abbreviation, another script, cut off at the
field's end, moved, without a number. Between them stand look-alikes that are other companies: sisters abroad, branches
of a chain, namesakes in the next town. Rows carry the number of their company, which only the judge may read.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

SHARE_AGAIN = 0.22
"""How many companies stand in the file more than once."""
SHARE_LOOKALIKE = 0.10
"""How many companies are made to resemble another."""
HAS_TAX, HAS_POSTCODE, HAS_BANK = 0.45, 0.85, 0.30
FIELD_END = 30
"""Where an old system cuts names off."""


@dataclass(frozen=True, slots=True)
class Row:
    """One supplier as one system has it."""

    id: int
    company: int
    name: str
    country: str
    postcode: str
    town: str
    tax_id: str
    account: str


@dataclass(frozen=True, slots=True)
class _Company:
    words: tuple[str, ...]
    form: tuple[str, ...]
    country: str
    postcode: str
    town: str
    tax_id: str
    account: str
    second: str = ""
    """Its other number."""
    native: tuple[str, ...] = ()
    """The words in another script, when that is how the company writes itself."""


def _split(text: str) -> list[str]:
    """Return the words of a list."""
    return text.split()


_FORMS: dict[str, tuple[tuple[str, ...], ...]] = {  # each with the ways in which it is written, the usual one first
    "DE": (
        ("GmbH", "G.m.b.H.", "Gesellschaft mbH", "Gesellschaft mit beschränkter Haftung"), ("AG", "Aktiengesellschaft"),
        ("GmbH & Co. KG", "GmbH&Co.KG", "GmbH + Co KG"), ("KG",), ("UG (haftungsbeschränkt)", "UG"), ("e.K.", "e. K."), ("OHG",),
    ),
    "AT": (("GmbH", "Ges.m.b.H.", "Gesellschaft m.b.H."), ("AG",), ("OG",)),
    "FR": (("SARL", "S.A.R.L.", "Sàrl"), ("SAS", "S.A.S."), ("S.A.", "SA"), ("SASU",), ("EURL", "E.U.R.L.")),
    "IT": (("S.r.l.", "SRL", "S.R.L.", "Srl"), ("S.p.A.", "SPA", "Spa"), ("S.n.c.", "SNC")),
    "ES": (("S.L.", "SL", "Sociedad Limitada"), ("S.A.", "SA", "Sociedad Anónima"), ("S.L.U.", "SLU")),
    "NL": (("B.V.", "BV"), ("N.V.", "NV"), ("V.O.F.", "VOF")),
    "GB": (("Ltd", "Limited", "Ltd."), ("PLC", "Public Limited Company", "p.l.c."), ("LLP", "L.L.P.")),
    "US": (("Inc.", "Inc", "Incorporated"), ("LLC", "L.L.C."), ("Corp.", "Corporation"), ("Company", "Co.")),
    "PL": (("Sp. z o.o.", "Sp.z o.o.", "Spółka z o.o."), ("S.A.", "SA"), ("sp.k.", "Sp. k.")),
    "SE": (("AB", "Aktiebolag"), ("HB", "Handelsbolag")),
    "DK": (("A/S", "AS"), ("ApS", "APS")),
    "FI": (("Oy", "OY"), ("Oyj",)),
    "CZ": (("s.r.o.", "spol. s r.o.", "sro"), ("a.s.", "as")),
    "RU": (("ООО",), ("АО",), ("ПАО",)),
    "GR": (("Α.Ε.", "ΑΕ"), ("Ε.Π.Ε.", "ΕΠΕ"), ("Ο.Ε.",)),
    "JP": (("株式会社", "(株)"), ("有限会社", "(有)")),
}  # fmt: skip
_LATIN_FORMS = {
    "ООО": ("OOO", "LLC"), "АО": ("AO", "JSC"), "ПАО": ("PAO", "PJSC"), "Α.Ε.": ("A.E.", "S.A."), "Ε.Π.Ε.": ("EPE",),
    "Ο.Ε.": ("O.E.",), "株式会社": ("K.K.", "Co., Ltd."), "有限会社": ("Y.K.", "Ltd."),
}  # fmt: skip
FORM_WRITTEN_OTHERWISE, FORM_OTHER = 0.40, 0.05
"""How often a clerk writes a legal form in another way or leaves it out; how often it names another one: a guess, or the company was
converted since."""
_DIGITS = {"US": 9, "GB": 9, "DE": 9, "NL": 9, "PL": 10, "SE": 10, "RU": 10}
"""Digits of a company's tax number; elsewhere eleven."""
_SECOND_NUMBER = {"DE": 11, "GB": 8, "PL": 9, "RU": 13, "NL": 8, "IT": 16, "AT": 6}
"""Digits of the other number that companies of a country bear beside the first: a Steuernummer, a company number, a REGON."""
HAS_SECOND_NUMBER = 0.2
"""How often it is that one which stands in the file."""
_WEIGHTS = {
    "DE": 18, "US": 18, "GB": 13, "FR": 10, "IT": 8, "ES": 6, "NL": 6, "PL": 5, "SE": 4, "AT": 3, "DK": 2, "FI": 2,
    "CZ": 2, "RU": 1, "GR": 1, "JP": 1,
}  # fmt: skip
_FAMILY = _split(
    "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Richter Klein Wolf Schröder Neumann "
    "Braun Krüger Hartmann Lange Krause Lehmann Köhler König Huber Kaiser Fuchs Scholz Möller Weiß Jung Hahn Keller Vogel "
    "Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White Roberts Green Hall "
    "Wood Jackson Clarke Harrison Turner Cooper Ward Morris Hughes Edwards Mitchell Baker Parker Carter Bennett Murphy Kelly "
    "Martin Bernard Dubois Thomas Robert Durand Moreau Laurent Lefèvre Leroy Roux Girard Bonnet Dupont Fournier Mercier Faure "
    "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Conti Costa Giordano Mancini Rizzo Lombardi Moretti "
    "García Fernández González Rodríguez López Martínez Sánchez Pérez Gómez Muñoz Álvarez Romero Navarro Torres Domínguez "
    "Jansen Visser Smit Meijer Bakker Mulder Bos Vos Peters Hendriks Dekker Brouwer Vermeulen Kowalski Nowak Wiśniewski "
    "Wójcik Kamiński Lewandowski Zieliński Szymański Andersson Johansson Karlsson Nilsson Eriksson Lindström Bergqvist Sjöberg "
    "Nielsen Jensen Sørensen Kjær Østergaard Virtanen Mäkinen Korhonen Novák Dvořák Procházka Černý"
)
_MADE = (  # beginnings and endings of family names
    ("Brand Stein Holz Berg Linden Kirch Acker Wald Rosen Eichen Silber Hoch Nieder Ober Unter Alt Neu Winkel Sonnen Birken Grün Schön",
     "mann ner berger meier hauser bach feld hofer bauer müller stein eder"),
    ("Ash Brad Car Dal Ed Far Glan Hart Kings Lang Mor Nor Old Pres Red Stan Thorn Under Wal West Whit Wim",
     "son ton ford well field ley wood worth by ham bourne more"),
    ("Bertol Mart Pagl Sant Ross Gal Fior Cast Bell Mont Valent Ferr Giov Matt Pell Zan", "etti ini one ato elli aro ucci esi"),
    ("Beau Mont Champ Clair Fontain Gr Lav Mar Per Rich Saun Vill", "ier eau elle ard et ain ot as"),
    ("Kacz Maj Wrób Piotr Grab Zaw Stęp Jabł Dąb Sob", "owski ewski mar ek czyk iński"),
    ("Her Gut Alv Men Ort Cab Del Est", "nández iérrez aro doza ega rera gado eban"),
    ("Berg Lind Sand Hol Ek Nor Sö Wik Ny Ryd", "ström berg lund gren dahl qvist mark"),
    ("van den Berg,van Dijk,de Vries,van der Meer,de Groot,van Leeuwen,ter Horst,van der Linden,de Wit,ten Brink", ""),
)  # fmt: skip
_FAMILIES = (
    *_FAMILY,
    *(a + b for firsts, lasts in _MADE if lasts for a in firsts.split() for b in lasts.split()),
    *_MADE[-1][0].split(","),
)
_INITIALS = _split("A B C D E F G H J K L M P R S T W")
_FIRST_NAMES = _split(
    "Anna Hans Peter Karl Jan John James Mary Luca Marco Marie Pierre Jean José Carlos Lars Erik Piotr Ewa Tom"
)
_TRADES = {
    "DE": "Maschinenbau Elektrotechnik Logistik Spedition Druckerei Gebäudereinigung Metallbau Kunststofftechnik Bürobedarf "
    "Werkzeuge Medizintechnik Verpackungen Baustoffe Haustechnik Consulting Software Autohaus Transporte Handel Systeme",
    "FR": "Transports Imprimerie Bâtiment Électricité Plomberie Conseil Ingénierie Nettoyage Distribution Emballages Matériaux "
    "Services Informatique Mécanique Outillage",
    "IT": "Trasporti Costruzioni Impianti Meccanica Officina Arredamenti Servizi Consulenza Stampa Imballaggi Elettronica Forniture",
    "ES": "Transportes Construcciones Suministros Instalaciones Servicios Ingeniería Talleres Imprenta Embalajes Consultores",
    "NL": "Transport Bouw Techniek Installaties Drukkerij Schoonmaak Verpakkingen Advies Handelsonderneming Metaalbewerking",
    "*": "Engineering Logistics Manufacturing Services Solutions Consulting Packaging Printing Electrical Plumbing Supplies "
    "Technologies International Industries Systems Trading Construction Chemicals Instruments Laboratories Associates Security "
    "Catering Cleaning Software Electronics Freight Equipment Tools Plastics Foods Marketing Partners Management Distribution",
}
_ABROAD = ("DE", "FR", "IT", "ES", "NL", "GB", "US")
_TOWNS = _split(
    "Berlin Hamburg Köln Leipzig Bremen Essen Dresden Hannover Nürnberg Dortmund Kassel Münster Wien Graz Linz Salzburg Lyon Lille "
    "Nantes Toulouse Dijon Rennes Reims Angers Milano Torino Bologna Verona Padova Parma Modena Bari Madrid Sevilla Bilbao Vigo "
    "Gijón Murcia Utrecht Breda Arnhem Zwolle Tilburg Leiden London Leeds Bristol York Derby Exeter Hull Luton Reading Swindon "
    "Boston Austin Denver Dayton Tulsa Omaha Fresno Tampa Toledo Raleigh Albany Boise Warszawa Gdańsk Łódź Poznań Kraków Lublin "
    "Malmö Uppsala Lund Borås Odense Aarhus Tampere Turku Brno Ostrava Springfield Franklin Salem Clinton Newport Ashland"
)
_TOWN_ABROAD = {
    "Köln": "Cologne",
    "Wien": "Vienna",
    "Milano": "Milan",
    "Torino": "Turin",
    "Warszawa": "Warsaw",
    "Nürnberg": "Nuremberg",
}
HAS_TOWN = 0.88
_SYLLABLES = _split(
    "al an ar bel bor cal cen con cor dal den dor el en er fal fen gar gen hal har in kar kel lan lor lum mar mer min mon nar "
    "nex nor ol or par pel per quan ral ren ros sal sen sol stel tal tec ter tor tri ul ur val van ver vex vin vol wel xen yor zan zor"
)
_SHORT = {
    "International": ("Intl", "Int."), "Manufacturing": ("Mfg", "Mfg."), "Services": ("Svcs", "Serv."),
    "Technologies": ("Tech", "Techn."), "Engineering": ("Eng.", "Engg"), "Associates": ("Assoc.",),
    "Industries": ("Ind.", "Inds"), "Management": ("Mgmt",), "Distribution": ("Distr.",), "Systems": ("Sys.",),
    "Laboratories": ("Labs",), "Equipment": ("Equip.",), "Maschinenbau": ("Masch.bau", "Maschb."),
    "Transports": ("Transp.",), "Transporte": ("Transp.",), "Construction": ("Constr.",), "Electrical": ("Elec.",),
    "Elektrotechnik": ("Elektrotechn.",), "Solutions": ("Sol.",), "Consulting": ("Cons.",),
}  # fmt: skip
_CYRILLIC = {
    "Ромашка": ("Romashka",), "Жуковский": ("Zhukovsky", "Zhukovskiy"), "Хлебпром": ("Khlebprom", "Hlebprom"),
    "Северсталь": ("Severstal",), "Уралмаш": ("Uralmash",), "Юпитер": ("Yupiter", "Jupiter"), "Волга": ("Volga",),
    "Щербинка": ("Shcherbinka", "Scherbinka"), "Электросила": ("Elektrosila",), "Камень": ("Kamen",),
    "Байкал": ("Baikal", "Baykal"), "Чайка": ("Chaika", "Chayka"), "Восток": ("Vostok",), "Звезда": ("Zvezda",),
    "Технопром": ("Tekhnoprom", "Technoprom"), "Транспорт": ("Transport",), "Сервис": ("Servis", "Service"),
}  # fmt: skip
_GREEK = {
    "Παπαδόπουλος": ("Papadopoulos",), "Αθηναϊκή": ("Athinaiki", "Athinaïki"), "Ολυμπία": ("Olympia",),
    "Ήλιος": ("Ilios", "Helios"), "Θάλασσα": ("Thalassa",), "Μακεδονία": ("Makedonia",), "Ναυτιλία": ("Naftilia", "Nautilia"),
    "Τεχνική": ("Techniki", "Tekhniki"), "Ξένιος": ("Xenios",), "Γεωργίου": ("Georgiou",), "Κρήτη": ("Kriti", "Crete"),
}  # fmt: skip
_KANJI = {
    "東": "to",
    "西": "nishi",
    "山": "yama",
    "川": "kawa",
    "田": "ta",
    "中": "naka",
    "大": "dai",
    "小": "ko",
    "光": "ko",
    "富": "fu",
    "和": "wa",
    "松": "matsu",
    "林": "rin",
    "石": "ishi",
    "森": "mori",
    "北": "kita",
    "南": "nami",
    "高": "taka",
    "金": "kane",
    "清": "sei",
}
_KANJI_TRADES = {"電機": "Denki", "製作所": "Seisakusho", "商事": "Shoji", "精密": "Seimitsu", "化学": "Kagaku", "運輸": "Unyu", "工業": "Kogyo", "物流": "Butsuryu"}  # fmt: skip
_JAPANESE = {
    f"{a}{b}{trade}": (f"{(_KANJI[a] + _KANJI[b]).capitalize()} {_KANJI_TRADES[trade]}",)
    for a in _KANJI for b in _KANJI if a != b for trade in _KANJI_TRADES
}  # fmt: skip


def generate(count: int, seed: int) -> list[Row]:
    """Return about `count` rows in random order: the same ones for the same seed."""
    chance = random.Random(seed)
    rows: list[Row] = []
    known: list[_Company] = []
    company = 0
    while len(rows) < count:
        one = (
            _resembling(chance, chance.choice(known))
            if known and chance.random() < SHARE_LOOKALIKE
            else _company(chance)
        )
        known.append(one)
        for place in range(_times(chance)):
            rows.append(_row(chance, one, company, is_first=place == 0))
        company += 1
    chance.shuffle(rows)
    return [replace(row, id=place) for place, row in enumerate(rows[:count])]


def true_pairs(rows: Sequence[Row]) -> set[tuple[int, int]]:
    """Return the pairs of ids, smaller first, that are one company."""
    ids: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        ids[row.company].append(row.id)
    return {pair for some in ids.values() for pair in combinations(sorted(some), 2)}


def _times(chance: random.Random) -> int:
    return chance.choice((2, 2, 2, 2, 3, 3, 4)) if chance.random() < SHARE_AGAIN else 1


def _company(chance: random.Random) -> _Company:
    country = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    native: tuple[str, ...] = ()
    script = {"RU": _CYRILLIC, "GR": _GREEK, "JP": _JAPANESE}.get(country)
    if script:
        native = tuple(chance.sample(list(script), 1 if country == "JP" else 2))
        words = tuple(script[word][0] for word in native)
        if chance.random() < 0.7:
            extra = _coined(chance)
            words, native = (*words, extra), (*native, extra)
    else:
        words = _words(chance, country)
    return _Company(
        words=words,
        form=chance.choice(_FORMS[country]),
        country=country,
        postcode=_postcode(chance, country),
        town=chance.choice(_TOWNS),
        tax_id=_digits(chance, _DIGITS.get(country, 11)),
        account=country + _digits(chance, 20),
        second=_digits(chance, _SECOND_NUMBER.get(country, 0)),
        native=native,
    )


def _words(chance: random.Random, country: str) -> tuple[str, ...]:
    trades = _TRADES.get(country, _TRADES["*"]).split() + _TRADES["*"].split() * (chance.random() < 0.3)
    kind = chance.random()
    if kind < 0.30:
        first = {0: (chance.choice(_FIRST_NAMES),), 1: (f"{chance.choice(_INITIALS)}.",)}.get(
            chance.randrange(4), ()
        )
        return (*first, chance.choice(_FAMILIES), chance.choice(trades))
    if kind < 0.40:
        return (
            chance.choice(_FAMILIES),
            "&",
            chance.choice(_FAMILIES),
            *chance.sample(trades, chance.randint(0, 1)),
        )
    if kind < 0.50:
        return (chance.choice(_FAMILIES), chance.choice(trades), chance.choice(_TOWNS))
    if kind < 0.85:
        return (_coined(chance), *chance.sample(trades, chance.randint(0, 2)))
    if kind < 0.93:
        return (_coined(chance), _coined(chance), chance.choice(trades))
    return (chance.choice(_TOWNS), *chance.sample(trades, 2))


def _coined(chance: random.Random) -> str:
    return "".join(chance.choices(_SYLLABLES, k=chance.choice((2, 3, 3, 4)))).capitalize()


def _resembling(chance: random.Random, like: _Company) -> _Company:
    """Another company that a hasty eye takes for `like`."""
    own: dict[str, Any] = {
        "town": chance.choice(_TOWNS),
        "tax_id": _digits(chance, len(like.tax_id)),
        "account": like.country + _digits(chance, 20),
        "second": _digits(chance, len(like.second)),
    }
    kind = chance.random()
    others = [form for form in _FORMS[like.country] if form != like.form]
    if kind < 0.05 and others:  # the same house: a GmbH and its GmbH & Co. KG, an old company and a new one
        return replace(like, form=chance.choice(others), **{**own, "town": like.town})
    if kind < 0.35 and not like.native:  # a sister abroad, or at home with another form
        country = chance.choice(_ABROAD)
        return replace(
            like,
            country=country,
            form=chance.choice(_FORMS[country]),
            postcode=_postcode(chance, country),
            **{
                **own,
                "tax_id": _digits(chance, _DIGITS.get(country, 11)),
                "second": _digits(chance, _SECOND_NUMBER.get(country, 0)),
            },
        )
    if kind < 0.45:  # a namesake in another town: registers allow few
        return replace(like, postcode=_postcode(chance, like.country), **own)
    if kind < 0.70:  # a branch of a chain
        return replace(
            like,
            words=(*like.words, str(chance.randint(2, 40))),
            native=(),
            postcode=_postcode(chance, like.country),
            **own,
        )
    words = list(
        like.words
    )  # the family's other business, in the same street: no register takes one name there twice
    words[-1] = chance.choice([one for one in _TRADES["*"].split() if one != words[-1]])
    return replace(like, words=tuple(words), native=(), **{**own, "town": like.town})


def _row(chance: random.Random, one: _Company, company: int, *, is_first: bool) -> Row:
    name = _written(chance, one) if is_first else _typed(chance, one)
    postcode, town = one.postcode, one.town
    if not is_first and chance.random() < 0.08:  # it has moved, perhaps within the town
        postcode = _postcode(chance, one.country)
        town = chance.choice((town, *chance.choices(_TOWNS, k=2)))
    postcode = postcode if chance.random() < HAS_POSTCODE else ""
    town = _town(chance, town) if chance.random() < HAS_TOWN else ""
    tax_id = _number(chance, one) if chance.random() < HAS_TAX else ""
    if tax_id and not is_first and chance.random() < 0.01:
        tax_id = _slip(chance, tax_id)
    account = one.account if chance.random() < HAS_BANK else ""
    if account and not is_first and chance.random() < 0.05:
        account = one.country + _digits(chance, 20)  # another bank
    country = one.country if chance.random() < 0.97 else ""
    if country and not is_first and chance.random() < 0.01:
        country = chance.choice(_ABROAD)  # where it sends its invoices from
    return Row(0, company, name, country, postcode, town, tax_id, account)


def _number(chance: random.Random, one: _Company) -> str:
    """One of a company's numbers, in one of the ways in which it is written."""
    number = one.tax_id
    if one.second and chance.random() < HAS_SECOND_NUMBER:
        return one.second if chance.random() < 0.5 else f"{one.second[:3]}/{one.second[3:]}"
    if (
        one.country == "FR"
    ):  # its nine digits, the VAT number that ends with them, the number of the house that begins with them
        siren = number[2:]
        number = chance.choice((number, siren, siren + "00017"))
    elif one.country == "SE" and chance.random() < 0.5:
        number = number[:10] if chance.random() < 0.5 else number[:10] + "01"
    return f"{one.country} {number[:3]}.{number[3:]}" if chance.random() < 0.4 else number


def _town(chance: random.Random, town: str) -> str:
    kind = chance.random()
    if kind < 0.15:
        return town.upper()
    if kind < 0.22:
        return _plain(chance, town)
    if kind < 0.26:
        return _TOWN_ABROAD.get(town, town)
    return _slip(chance, town) if kind < 0.29 else town


def _written(chance: random.Random, one: _Company) -> str:
    """As the company writes itself."""
    if one.native:
        words = " ".join(one.native)
        return (
            f"{one.form[0]} {words}"
            if one.country in ("RU", "JP") and chance.random() < 0.7
            else f"{words} {one.form[0]}"
        )
    return f"{' '.join(one.words)} {one.form[0]}"


def _typed(chance: random.Random, one: _Company) -> str:
    """As somebody typed it who had the company on the phone."""
    words, form = list(one.words), one.form
    if chance.random() < FORM_OTHER:
        form = chance.choice(_FORMS[one.country])
    if one.native:
        if chance.random() < 0.4:
            words = list(one.native)
        else:
            script = {**_CYRILLIC, **_GREEK, **_JAPANESE}
            words = [chance.choice(script[word]) if word in script else word for word in one.native]
            form = _LATIN_FORMS[form[0]]
    for _ in range(chance.choice((0, 1, 1, 1, 2))):
        words = _varied(chance, words, one)
    written = form[0]
    if chance.random() < FORM_WRITTEN_OTHERWISE:
        written = chance.choice((*form, "", ""))
    name = " ".join(filter(None, (*words, written)))
    if chance.random() < 0.15:
        name = name.upper()
    elif chance.random() < 0.08:
        name = name.lower()
    if chance.random() < 0.05:
        name = name[:FIELD_END].rstrip()
    return name


def _varied(chance: random.Random, words: list[str], one: _Company) -> list[str]:
    kind = chance.random()
    place = chance.randrange(len(words))
    if kind < 0.30:
        words[place] = _slip(chance, words[place])
    elif kind < 0.48:
        words = [chance.choice(_SHORT[word]) if word in _SHORT else word for word in words]
    elif kind < 0.60:
        words = [_plain(chance, word) for word in words]
    elif kind < 0.68 and len(words) > 1:
        words = [*words[1:], words[0]]
    elif kind < 0.74 and len(words) > 2:
        del words[-1]
    elif kind < 0.82:
        words = [*words, chance.choice((one.town, "Group", "Europe", one.country))]
    elif kind < 0.90:
        words = [{"&": chance.choice(("and", "und", "+", "et"))}.get(word, word) for word in words]
    elif kind < 0.95 and len(words) > 1:
        words = [words[0] + words[1].lower(), *words[2:]]
    else:
        words = [
            word.replace("ph", "f").replace("c", "k") if chance.random() < 0.5 else word for word in words
        ]
    return words


def _slip(chance: random.Random, word: str) -> str:
    """One slip of the fingers."""
    if len(word) < 4:
        return word
    place = chance.randrange(1, len(word) - 1)
    kind = chance.randrange(4)
    if kind == 0:
        return word[:place] + word[place + 1 :]
    if kind == 1:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    letter = chance.choice("0123456789" if word[place].isdigit() else "aeinrstl")
    return word[:place] + letter + word[place + (kind == 2) :]


def _plain(chance: random.Random, word: str) -> str:
    pairs = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae", "å": "aa"}
    bare = {"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "ø": "o", "é": "e", "è": "e", "á": "a", "í": "i", "ó": "o", "ñ": "n",
            "ú": "u", "ś": "s", "ń": "n", "ř": "r", "č": "c", "É": "E", "Á": "A", "â": "a", "æ": "ae"}  # fmt: skip
    table = {**bare, **pairs} if chance.random() < 0.5 else bare
    return "".join(table.get(letter, letter) for letter in word)


def _postcode(chance: random.Random, country: str) -> str:
    if country == "GB":
        return f"{chance.choice('ABCDEGHKLMNRSW')}{chance.choice('ABDELNRSTW')}{chance.randint(1, 29)} {chance.randint(1, 9)}{chance.choice('ABDEFGHJLN')}{chance.choice('ABDEFGHJLN')}"
    if country == "NL":
        return f"{chance.randint(1000, 9999)} {chance.choice('ABCDEGHJKL')}{chance.choice('ABCDEGHJKL')}"
    return _digits(chance, 5)


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choices("0123456789", k=count))


def chunks_of_companies(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield the rows of each company that stands in the file more than once: for looking at."""
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.company].append(row)
    yield from (some for some in found.values() if len(some) > 1)
