"""A report says the same in every format: exact amounts, totals that a spreadsheet reckons itself, and no text that does anything."""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pypdf
import pytest
import python_calamine

from finsync_tui import reports
from finsync_tui.reports import Question, Report, StoppedError
from finsync_tui.reports.printed import ROWS_MAX
from finsync_tui.sheets import SheetError
from store import Store, breaks, cases, reconciliations
from tests.builders import MONDAY, a_break, a_case, a_reconcile_run, a_store
from tests.finsync_tui.governance.council import Council

HOSTILE = '=HYPERLINK(0) <script>alert(1)</script> #panic("x") $x$ *b* \x1b[2J\u202e @SUM(1)'
TYPED = ("xlsx", "html", "pdf")


@pytest.fixture
def store() -> Store:
    """Exceptions and breaks in currencies of two, no and three decimals, with a text that would do something everywhere."""
    made = a_store()
    with made.transaction() as db:
        for number, (minor, currency) in enumerate(
            [(120450, "EUR"), (99, "EUR"), (500, "JPY"), (-1005, "BHD"), (None, None)]
        ):
            case = a_case(
                document_number=HOSTILE if not number else f"PO-{number}", document_key=f"coupa:{number}",
                amount_minor=minor, currency=currency,
            )  # fmt: skip
            cases.open(db, case, MONDAY + timedelta(minutes=number))
        run = reconciliations.begin(db, a_reconcile_run(), MONDAY)
        found = [
            a_break(key=str(n), amount_minor=n * 7919, currency="USD" if n % 2 else "EUR") for n in range(40)
        ]
        breaks.open(db, run, found, MONDAY)
    return made


def _question(store: Store) -> Question:
    return Question(store.db, Council().profile, MONDAY, asked_by="otto", workspace="test")


def _written(store: Store, name: str, path: Path) -> Path:
    reports.write(reports.find(name), _question(store), path)
    return path


def _sheet(path: Path, name: str) -> list[dict[str, object]]:
    rows = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_name(name).to_python()
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]  # type: ignore[arg-type]


class _Text(HTMLParser):
    """What a browser would show, and which elements there are."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not {"src", "href"} & {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _shown(path: Path) -> str:
    if path.suffix == ".pdf":
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    parser = _Text()
    parser.feed(path.read_text(encoding="utf-8"))
    assert "script" not in parser.tags
    return "\n".join(parser.words)


def test_cells_of_a_workbook_have_types(store: Store, tmp_path: Path) -> None:
    """Amounts are numbers, times are times, and what begins like a formula is text."""
    rows = _sheet(_written(store, "exceptions", tmp_path / "x.xlsx"), "Report")

    first = next(row for row in rows if row["document_key"] == "coupa:0")
    assert (1204.5, "EUR", _naive(MONDAY)) == (
        first["amount"],
        first["currency"],
        first["opened_at"],
    )
    assert str(first["document_number"]).startswith("=HYPERLINK(0)")
    assert "" == next(row for row in rows if row["document_key"] == "coupa:4")["amount"]
    with zipfile.ZipFile(tmp_path / "x.xlsx") as file:
        assert b"<f>" not in file.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize(
    ("name", "column", "query"),
    [
        ("exceptions", "amount", "SELECT currency, sum(amount_minor) FROM v_exception WHERE ended_at IS NULL AND currency IS NOT NULL GROUP BY 1"),
        ("breaks", "amount", "SELECT currency, sum(amount_minor) FROM v_break WHERE state='open' GROUP BY 1"),
        ("break-classes", "amount_at_risk", "SELECT currency, sum(abs(amount_minor)) FROM v_break WHERE state='open' GROUP BY 1"),
    ],
)  # fmt: skip
def test_totals_are_those_of_an_independent_query(
    store: Store, tmp_path: Path, name: str, column: str, query: str
) -> None:
    """In the workbook, on the page and in print; in the workbook by a formula over the rows, with its result beside it."""
    decimals = {"EUR": 2, "USD": 2, "JPY": 0, "BHD": 3}
    expected = {
        currency: Decimal(minor).scaleb(-decimals[currency]) for currency, minor in store.db.execute(query)
    }

    totals = _sheet(_written(store, name, tmp_path / "x.xlsx"), "Totals")
    assert {currency: float(total) for currency, total in expected.items()} == {
        row["currency"]: row[column] for row in totals
    }
    with zipfile.ZipFile(tmp_path / "x.xlsx") as file:
        formulas = re.findall(r"<f>(.*?)</f>", file.read("xl/worksheets/sheet2.xml").decode())
    assert len(expected) == len(formulas)
    assert all(one.startswith("SUMIFS(Report!$") for one in formulas)
    for path in (tmp_path / "x.html", tmp_path / "x.pdf"):
        shown = _shown(_written(store, name, path))
        told = shown[shown.index("Totals") :].split()
        assert all(f"{total:,f}" in told for total in expected.values())


@pytest.mark.parametrize("format_", ["html", "pdf"])
def test_what_comes_from_outside_is_only_text(store: Store, tmp_path: Path, format_: str) -> None:
    """No element, no markup of the typesetter, no control character; and the report says what it is of, when and by whom."""
    shown = _shown(_written(store, "exceptions", tmp_path / f"x.{format_}"))

    flat = "".join(shown.split())
    assert '=HYPERLINK(0)<script>alert(1)</script>#panic("x")$x$*b*' in flat
    assert not set("\x1b\u202e") & set(shown)
    assert all(told in shown for told in ("Exceptions", "2026-01-05 08:00 UTC", "otto", "test"))


def test_a_printed_report_has_a_head_on_each_page_and_lines_to_sign_on(tmp_path: Path) -> None:
    """Page numbers too: a page that is missing shows."""
    report = Report(
        "many", "Many", "numbers", lambda _: iter([["name"], *([f"row {n}"] for n in range(200))])
    )

    reports.write(report, _question(a_store()), tmp_path / "many.pdf")

    pages = [page.extract_text() for page in pypdf.PdfReader(tmp_path / "many.pdf").pages]
    assert len(pages) > 2
    for number, shown in enumerate(pages, start=1):
        assert f"page {number} of {len(pages)}" in shown
        assert "name" in shown or number >= len(pages) - 1
    assert all(name in "".join(pages[-2:]) for name in ("Prepared by", "Reviewed by", "200 rows"))


def test_what_nobody_would_read_is_not_typeset(tmp_path: Path) -> None:
    """It says so, names the file that was asked for, and leaves nothing behind."""
    report = Report("many", "Many", "", lambda _: iter([["n"], *([n] for n in range(ROWS_MAX + 1))]))
    path = tmp_path / "many.pdf"

    with pytest.raises(SheetError, match=re.escape(f"{path}: a printed report holds 5,000 rows")):
        reports.write(report, _question(a_store()), path)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(("format_", "module"), [("pdf", "typst"), ("xlsx", "xlsxwriter")])
def test_a_library_that_is_not_installed_is_named(
    store: Store, tmp_path: Path, format_: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the way to it, and another format that needs none."""
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(SheetError, match=rf"pip install 'finsync\[{format_}\]'"):
        _written(store, "breaks", tmp_path / f"x.{format_}")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("format_", TYPED)
def test_a_stopped_report_leaves_no_file(tmp_path: Path, format_: str) -> None:
    """Whatever its format."""

    def rows(_: Question) -> Iterator[Sequence[object]]:
        yield ["n"]
        yield from ([n] for n in range(2_000))

    with pytest.raises(StoppedError):
        reports.write(
            Report("many", "Many", "", rows),
            _question(a_store()),
            tmp_path / f"many.{format_}",
            is_stopped=lambda: True,
        )
    assert [] == list(tmp_path.iterdir())


def test_an_amount_too_long_for_a_spreadsheets_number_is_text(tmp_path: Path) -> None:
    """Digits are never lost: not in the cell, not in its total."""
    amount = Decimal("12345678901234567.89")
    report = Report(
        "long", "Long", "", lambda _: iter([["amount", "currency"], [amount, "EUR"]]), totalled=("amount",)
    )

    reports.write(report, _question(a_store()), tmp_path / "long.xlsx")

    for sheet in ("Report", "Totals"):
        assert str(amount) == _sheet(tmp_path / "long.xlsx", sheet)[0]["amount"]


@pytest.mark.parametrize(
    "report", [one for one in reports.REPORTS if not one.is_of_period], ids=lambda one: one.name
)
def test_the_columns_that_a_report_names_are_there(report: Report) -> None:
    """Those that are added up and those that are printed."""
    header = list(next(report.rows(_question(a_store()))))

    assert set() == {*report.totalled, *report.printed} - set(header)


def test_times_are_utc_and_exact(tmp_path: Path) -> None:
    """A moment of another zone is written as what it is in UTC."""
    moment = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
    report = Report(
        "times", "Times", "", lambda _: iter([["seen_at"], [moment], ["2026-02-01T00:00:00.000000Z"]])
    )

    reports.write(report, _question(a_store()), tmp_path / "times.xlsx")

    assert [_naive(moment), _naive(datetime(2026, 2, 1, tzinfo=UTC))] == [
        _as_moment(row["seen_at"]) for row in _sheet(tmp_path / "times.xlsx", "Report")
    ]


def _naive(moment: datetime) -> datetime:
    """As a workbook holds it: it knows no zones."""
    return moment.replace(tzinfo=None)


def _as_moment(value: object) -> datetime:
    """A day without a time comes back as a date."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
