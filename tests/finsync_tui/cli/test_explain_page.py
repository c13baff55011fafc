"""`finsync explain DOC --html FILE`: the whole story on one page that loads nothing and shows no bank number."""

from __future__ import annotations

import re
from pathlib import Path

from tests.finsync_tui.cli.conftest import Finsync

IBAN = "DE89370400440532013000"


def test_the_page_tells_what_the_command_tells(finsync: Finsync, tmp_path: Path) -> None:
    """Every line of the story, each attempt and each payload; no script, no address that a browser would load."""
    path = tmp_path / "po.html"
    story = finsync("explain", "PO-1", "--json").json

    written = finsync("explain", "PO-1", "--html", path)

    page = path.read_text(encoding="utf-8")
    assert (0, "") == (written.code, written.out)
    assert len(story["lines"]) == page.count("<tr><td")
    assert all(one["sha256"] in page for one in story["payloads"])
    assert not re.search(r"(?i)<script|<img|<link|\b(src|href)=|url\(|@import", page)
    assert "default-src 'none'" in page


def test_what_comes_from_outside_is_text_and_bank_numbers_are_hidden(
    finsync: Finsync, tmp_path: Path
) -> None:
    """In answers, in messages and in what a person wrote, whatever the field is called."""
    with finsync.store() as store, store.transaction() as db:
        (entry,) = db.execute("SELECT min(id) FROM outbox_entry WHERE document_key = 'coupa:1'").fetchone()
        db.execute(
            "INSERT INTO attempt(entry_id, number, started_at, ended_at, outcome, message, answer) VALUES (?, 99, ?, ?, 'rejected', ?, ?)",
            (
                entry, "2026-01-06T08:00:00.000000Z", "2026-01-06T08:00:01.000000Z", f"<script>alert(1)</script> {IBAN} \u202e",
                f'{{"iban": "{IBAN}", "BankAccountNumber": "0532013000", "note": "pay {IBAN}"}}',
            ),
        )  # fmt: skip

    finsync("explain", "PO-1", "--html", tmp_path / "po.html")

    page = (tmp_path / "po.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "••••3000" in page
    assert not re.search(r"<script|DE8937040|053201|\u202e", page)


def test_a_page_that_is_there_is_kept(finsync: Finsync, tmp_path: Path) -> None:
    """Unless --force says otherwise; and only .html is written."""
    path = tmp_path / "po.html"
    path.write_text("mine")

    kept, other = (
        finsync("explain", "PO-1", "--html", path),
        finsync("explain", "PO-1", "--html", tmp_path / "po.txt"),
    )

    assert ([1, 2], "mine") == ([kept.code, other.code], path.read_text())
    assert 0 == finsync("explain", "PO-1", "--html", path, "--force").code
    assert "PO-1" in path.read_text()
