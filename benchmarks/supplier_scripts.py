"""A made-up file of suppliers whose names are written in Arabic, Hebrew, Chinese, Japanese and Korean, with who is who.

As in `supplier_truth`, nothing here is shared with what compares them. Each company is written as it writes itself, and then as
clerks of its own country type it: with and without vowel signs, with letters that stand for one another, in another width, with
another spelling of its legal form or none, with a slip, cut off. Latin spellings are not in it: without a number nobody could tell.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.supplier_truth import Row

SHARE_OF_ALL: Final = 0.04
"""Of a mixed file: as many as Russian, Greek and Japanese ones, which have Latin spellings, too, are together, and a little more."""
SHARE_AGAIN: Final = 0.4
"""Companies that stand in the file more than once."""
NUMBER_KNOWN, MOVED, SLIP, NO_FORM, RESEMBLING = 0.5, 0.12, 0.15, 0.15, 0.12


@dataclass(frozen=True, slots=True)
class _Script:
    """How companies of one country are called."""

    country: str
    words: tuple[str, ...]
    trades: tuple[str, ...]
    forms: tuple[str, ...]
    joins: str
    is_form_first: bool
    typed: Callable[[random.Random, str], str]


@dataclass(frozen=True, slots=True)
class _Company:
    script: _Script
    names: tuple[str, ...]
    trade: str
    postcode: str
    town: str
    tax_id: str


def _arabic(chance: random.Random, name: str) -> str:
    if chance.random() < 0.5:
        name = name.translate({ord("أ"): "ا", ord("إ"): "ا", ord("آ"): "ا"})
    if chance.random() < 0.4:
        name = name.replace("ة", "ه")
    if chance.random() < 0.3:
        name = name.replace("ى", "ي")
    if chance.random() < 0.25:
        place = chance.randrange(1, len(name))
        name = name[:place] + chance.choice("\u064b\u064e\u064f\u0650\u0651") + name[place:]
    return name.replace("ال", "اـل", 1) if chance.random() < 0.05 else name


def _hebrew(chance: random.Random, name: str) -> str:
    if chance.random() < 0.2:
        place = chance.randrange(1, len(name))
        name = name[:place] + chance.choice("\u05b0\u05b4\u05b7\u05bc") + name[place:]
    return name.replace('"', "״") if chance.random() < 0.5 else name


def _wide(chance: random.Random, name: str) -> str:
    if chance.random() < 0.3:
        name = name.replace("(", "（").replace(")", "）")
    if chance.random() < 0.3:
        name = name.translate(
            {ord(a): b for a, b in zip("ャュョッァィェォ", "ヤユヨツアイエオ", strict=True)}
        )
    return name.replace(" ", "") if chance.random() < 0.3 else name


def _as_it_is(_: random.Random, name: str) -> str:
    return name


def _said(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_SCRIPTS: Final = (
    _Script(
        "AE", _said("النور الأمل الخليج الصحراء النخيل الواحة المدينة الشروق الفجر البحر اللؤلؤة الريادة الإتحاد الأندلس الياسمين القمة المستقبل الجزيرة الربيع السلام"),
        _said("للتجارة للمقاولات للنقل للصناعة للخدمات للإستشارات للطباعة للتوريدات"), ("ذ.م.م", "ش.م.م", "المحدودة", "ذ م م"), " ", False, _arabic,
    ),
    _Script(
        "IL", _said("אור ארז גליל כרמל דקל זית שקד ברוש תמר יהלום ספיר רימון אגוז הדס נרקיס ירדן גלבוע תבור חרמון"),
        _said("שיווק הנדסה תעשיות הובלות שירותים פלסטיק אלקטרוניקה בניין"), ('בע"מ', "בעמ", "בע״מ"), " ", False, _hebrew,
    ),
    _Script(
        "CN", _said("华盛 永达 金龙 东升 海通 宏远 恒信 天和 瑞丰 新宇 中科 泰安 明辉 长江 万里 嘉禾 博雅 启航 盛世 凯越"),
        _said("电子 机械 贸易 物流 化工 科技 建材 纺织"), ("有限公司", "有限责任公司"), "", False, _as_it_is,
    ),
    _Script(
        "JP", _said("キャノーラ ミツワ ショウエイ ニッセイ サンキュウ ファースト ヒカリ アサヒナ トウヨウ マルショウ リョウシン チョウワ フジタカ ジャパネ シュンコウ ホッカイ"),
        _said("電機 製作所 商事 精密 化学 運輸 工業 物流"), ("株式会社", "(株)", "㈱"), "", True, _wide,
    ),
    _Script(
        "KR", _said("한빛 대성 삼우 동양 신흥 우진 태광 한일 성신 영진 금강 남양 세종 백두 한라 미래 청호 동해 서울 부산"),
        _said("전자 기계 물산 화학 건설 상사 통상 산업"), ("주식회사", "(주)", "㈜"), " ", True, _wide,
    ),
)  # fmt: skip


def generate(count: int, seed: int) -> list[Row]:
    """Return about `count` rows in random order: the same ones for the same seed."""
    chance = random.Random(seed)
    rows: list[Row] = []
    known: list[_Company] = []
    company = 0
    while len(rows) < count:
        one = _resembling(chance, known) if known and chance.random() < RESEMBLING else _company(chance)
        known.append(one)
        times = chance.choice((2, 2, 2, 3)) if chance.random() < SHARE_AGAIN else 1
        for place in range(times):
            rows.append(_row(chance, one, company, is_first=place == 0, id_=len(rows)))
        company += 1
    return rows[:count]


def among(rows: Sequence[Row], seed: int) -> list[Row]:
    """Return a file with suppliers of these scripts in it, as many in all as before, in random order."""
    own = generate(round(len(rows) * SHARE_OF_ALL), seed)
    companies = 1 + max(row.company for row in rows)
    mixed = [*rows[: len(rows) - len(own)], *(replace(row, company=companies + row.company) for row in own)]
    random.Random(seed).shuffle(mixed)
    return [replace(row, id=place) for place, row in enumerate(mixed)]


def _company(chance: random.Random) -> _Company:
    script = chance.choice(_SCRIPTS)
    names = tuple(chance.sample(script.words, 2))
    return _Company(
        script, names, chance.choice(script.trades), _digits(chance, 5), f"{script.country} {chance.randrange(400)}",
        _digits(chance, 13),
    )  # fmt: skip


def _resembling(chance: random.Random, known: Sequence[_Company]) -> _Company:
    """Another company that shares a name, or all but the trade, and sits elsewhere."""
    like = chance.choice(known)
    other = _company(chance)
    names = like.names if chance.random() < 0.5 else (like.names[0], chance.choice(like.script.words))
    trade = chance.choice([one for one in like.script.trades if one != like.trade])
    return _Company(
        like.script,
        names,
        trade,
        other.postcode,
        f"{like.script.country} {chance.randrange(400)}",
        other.tax_id,
    )


def _row(chance: random.Random, one: _Company, company: int, *, is_first: bool, id_: int) -> Row:
    script = one.script
    names, form = list(one.names), script.forms[0] if is_first else chance.choice(script.forms)
    if not is_first and chance.random() < NO_FORM:
        form = ""
    body = script.joins.join((*names, one.trade))
    if not is_first and chance.random() < SLIP:
        place = chance.randrange(1, len(body) - 1)
        body = body[:place] + body[place + 1 :]
    parts = (form, body) if script.is_form_first and chance.random() < 0.8 else (body, form)
    written = (script.joins or " " if script.country != "CN" else "").join(filter(None, parts))
    shown = written if is_first else script.typed(chance, written)
    is_there = is_first or chance.random() >= MOVED
    return Row(
        id=id_, company=company, name=shown, country=script.country,
        postcode=one.postcode if is_there else _digits(chance, 5),
        town=one.town if is_there else f"{script.country} {chance.randrange(400)}",
        tax_id=one.tax_id if chance.random() < NUMBER_KNOWN else "", account="",
    )  # fmt: skip


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("0123456789") for _ in range(count))
