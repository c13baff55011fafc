"""Signing keys: where they are kept, and what they prove."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.credentials import FOLDER_VARIABLE, Secrets
from finsync_tui.people import KeyMissingError, is_signed_by, make_key, signer
from tests.finsync_tui.governance.council import a_signer, public


def test_without_a_keyring_a_key_lies_in_the_mounted_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readable for its owner only, outside the workspace; the same key is found there again."""
    (tmp_path / "secrets").mkdir()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "secrets"))
    secrets = Secrets("office", tmp_path / "w")

    made, place = make_key(secrets, "maria")

    assert ("file", made) == (place, signer(secrets, "maria").public)
    assert 0o600 == (tmp_path / "secrets" / "people.maria").stat().st_mode & 0o777


def test_what_is_no_key_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that somebody cut short is not taken for a key, and not shown."""
    monkeypatch.setenv("FINSYNC_SECRET_PEOPLE_MARIA", "c2hvcnQ=")

    with pytest.raises(KeyMissingError, match="no signing key") as caught:
        signer(Secrets("office", tmp_path), "maria")

    assert "c2hvcnQ" not in str(caught.value)


def test_a_signer_does_not_show_its_key() -> None:
    """Not in a log, not in a traceback."""
    assert "Signer('maria')" == repr(a_signer("maria"))


@given(st.binary(), st.binary(), st.text(max_size=100))
def test_a_signature_is_one_persons_over_one_text(statement: bytes, other: bytes, noise: str) -> None:
    """Another text, another person, or anything else in its place proves nothing."""
    signature = a_signer("maria").sign(statement)

    assert is_signed_by(public("maria"), statement, signature)
    assert (statement == other) == is_signed_by(public("maria"), other, signature)
    assert not is_signed_by(public("tom"), statement, signature)
    assert not is_signed_by(public("maria"), statement, noise)
    assert not is_signed_by(noise, statement, signature)
    assert not is_signed_by(public("maria"), statement, None)
