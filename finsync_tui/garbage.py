"""When Python looks for garbage: nearly all of ours is freed by its reference count, and looking for the rest costs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 10_000
"""New objects between two looks. Python's 700 are those of a few calls under way, which live on and are walked each time."""


def begin() -> None:
    """Look for no garbage while a program is loaded and put together: there is none, and each look takes longer than the one
    before. It was a tenth of a cycle that finds nothing."""
    gc.disable()


def go_on(young: int | None = None) -> None:
    """Look for garbage again, but never more among what was loaded until now: it stays as long as the process does. `young`:
    objects that may come before the next look."""
    if gc.isenabled():
        return
    gc.freeze()
    if young is not None:
        gc.set_threshold(young)
    gc.enable()


@contextmanager
def not_collected() -> Iterator[None]:
    """Keep the collector out of one page: it would walk thousands of live objects several times (a fifth of the page's
    cost), and all of them are freed when the page is stored."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Let the collector look less often while many calls are under way at once. For one caller at a time."""
    before = gc.get_threshold()
    gc.set_threshold(SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
