"""What is read out of the logs of an import."""

from __future__ import annotations

import base64
import io
import zipfile

import pytest

from adapters.errors import ProtocolError
from adapters.oracle_fusion.jobs import LOG_BYTES_MAX, complaints, texts
from adapters.simulation import Fault
from tests.adapters.oracle_finance import a_finance_world, a_journal
from tests.adapters.test_oracle_journals import confirmed, handed_over


def zipped(files: dict[str, str]) -> str:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return base64.b64encode(content.getvalue()).decode()


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("Journals created: 1\nLines with errors: 0\nno errors", []),
        ("0 lines rejected. Completed without errors.", []),
        (
            "Line 4: EP01 This date isn't in any open period.",
            [("EP01", "This date isn't in any open period.")],
        ),
        ("EF04: Invalid combination\nEF04: Invalid combination", [("EF04", "Invalid combination")]),
        ("Error: the file wasn't loaded", [("", "Error: the file wasn't loaded")]),
        ("Error rows follow\n EU02 - Unbalanced", [("EU02", "Unbalanced")]),
    ],
)
def test_a_log_says_what_is_wrong_in_codes_or_in_words(log: str, expected: list[tuple[str, str]]) -> None:
    """Codes win over words around them; counts of nothing are no complaint; each is said once."""
    assert expected == [(one.code, one.text) for one in complaints(log)]


def test_an_archive_is_read_by_name_and_not_beyond_reason() -> None:
    """A log of any size a log can have; what unpacks to more is refused before it is unpacked."""
    assert {"1.log": "fine"} == texts(zipped({"1.log": "fine"}))
    with pytest.raises(ValueError, match="more than"):
        texts(zipped({"1.log": "x" * (LOG_BYTES_MAX + 1)}))


@pytest.mark.parametrize("kind", ["garbage", "truncated"])
def test_an_unreadable_answer_decides_nothing(kind: str) -> None:
    """Whether the journal came in is asked again, not guessed."""
    world, journal = a_finance_world(), a_journal()
    world.simulator.close_period("DE Ledger", "Jan-26")
    request_id = handed_over(world, journal)
    world.wait()
    world.faults.add(Fault(id="f", kind=kind, path="ESSJobExecutionDetailsRF"))  # type: ignore[arg-type]

    with pytest.raises(ProtocolError):
        confirmed(world, journal, request_id)
