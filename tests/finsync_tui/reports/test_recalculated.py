"""LibreOffice opens each workbook, reckons all formulas anew, and nothing changes."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import python_calamine
import xlsxwriter

from finsync_tui import reports
from finsync_tui.reports import Question

SOFFICE = shutil.which("soffice")
ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


def _cells(path: Path) -> dict[str, list[list[object]]]:
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    return {
        name: [list(row) for row in book.get_sheet_by_name(name).to_python()] for name in book.sheet_names
    }


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not here: no workbook was reckoned anew")
def test_reckoned_anew_nothing_changes(year: Question, tmp_path: Path) -> None:
    """Of all reports; a workbook with a wrong result beside its formula shows that LibreOffice does reckon."""
    books = tmp_path / "books"
    books.mkdir()
    for report in reports.REPORTS:
        asked = replace(year, legal_entity="DE01", period="May-26") if report.is_of_period else year
        reports.write(report, asked, books / f"{report.name}.xlsx")
    with xlsxwriter.Workbook(books / "wrong.xlsx") as wrong:
        wrong.add_worksheet("Report").write_formula("A1", "=1+1", None, 3)
    user = tmp_path / "profile" / "user"
    user.mkdir(parents=True)
    (user / "registrymodifications.xcu").write_text(ALWAYS)

    subprocess.run(
        [
            str(SOFFICE), f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", "xlsx",
            "--outdir", str(tmp_path / "anew"), *map(str, sorted(books.glob("*.xlsx"))),
        ],
        check=True, capture_output=True, timeout=500,
    )  # fmt: skip

    assert [[2.0]] == _cells(tmp_path / "anew" / "wrong.xlsx")["Report"]
    for report in reports.REPORTS:
        name = f"{report.name}.xlsx"
        assert _cells(books / name) == _cells(tmp_path / "anew" / name), name
