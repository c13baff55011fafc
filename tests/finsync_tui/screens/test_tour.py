"""The tour's pictures: each is there, each screen has one, and the script that draws them finds its way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import make_images
from finsync_tui.screens.places import PLACES
from tests.finsync_tui.screens.driving import an_app, settle

DOCS = Path(make_images.__file__).parent
NAMED = re.compile(r"\]\((?:docs/)?images/([\w-]+)\.svg\)")


def test_every_picture_that_is_named_is_made_by_the_script() -> None:
    """No picture by hand, none that nobody shows, none missing."""
    named = {
        name
        for page in (DOCS / "tour.md", DOCS.parent / "README.md")
        for name in NAMED.findall(page.read_text())
    }
    there = {path.stem for path in (DOCS / "images").iterdir()}

    assert set(make_images.WALKS) == named == there


NOT_IN_THE_TOUR = {"bank", "merges", "policies", "suppliers"}
"""Screens that the tour tells of in words."""


@pytest.mark.anyio
async def test_the_script_finds_every_screen(filled: Path) -> None:
    """Each walk leads to a screen of its own, from wherever the last one was; every place has a picture."""
    app = an_app(filled)
    seen: dict[str, str] = {}
    modes: set[str] = set()
    async with app.run_test(size=make_images.SIZE) as pilot:
        await settle(pilot)
        for name in make_images.WALKS:
            await make_images.walk(pilot, name)
            seen[name] = type(app.screen).__name__
            modes.add(app.current_mode)

    assert len(make_images.WALKS) == len(set(seen.values())), seen
    assert {mode for mode, *_ in PLACES} - NOT_IN_THE_TOUR == modes
