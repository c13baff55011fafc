"""Libraries under adapters say nothing of what is sent, whichever adapter they work for."""

from __future__ import annotations

import logging

import pytest

import adapters
from adapters.libraries import TALKATIVE


@pytest.mark.parametrize("name", TALKATIVE)
def test_whoever_loads_an_adapter_has_quiet_libraries(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that does its HTTP by itself, and under a log that wants everything."""
    logger = logging.getLogger(name)
    monkeypatch.setattr(logger, "level", logging.NOTSET)
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)

    adapters.load.cache_clear()
    adapters.load("coupa")

    assert not logger.isEnabledFor(logging.INFO)
    assert logger.isEnabledFor(logging.WARNING)
