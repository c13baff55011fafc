"""What names or reaches a person is hidden in any document; what does not stays to the character."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui import veil
from store.canonical import contracts, privacy

NAME = "Ada Marlow"
MAIL = "ada.marlow@example.com"


def _document(path: str) -> Any:
    """Return the smallest document with a name at that place: `policy.approval_chain[]`."""
    value: Any = NAME
    for step in reversed(path.split(".")):
        key, _, rest = step.partition("[]")
        value = {key: [value] if rest or step.endswith("[]") else value}
    return value


@pytest.mark.parametrize(
    ("entity", "path"),
    [(entity, path) for entity in sorted(contracts.CONTRACTS) for path in privacy.fields(entity, "personal")],
)
def test_every_personal_field_of_every_contract_is_hidden(entity: str, path: str) -> None:
    """The veil knows fields by name, the contracts say which they are: both agree."""
    shown = veil.of_text(json.dumps(_document(path)), entity)

    assert NAME not in shown
    assert veil.HIDDEN in shown


@pytest.mark.parametrize(
    ("entity", "path"),
    [
        (entity, path)
        for entity in sorted(contracts.CONTRACTS)
        for path, kind in privacy.classes(entity).items()
        if kind in ("none", "key") and entity != "employee"
    ],
)
def test_nothing_else_is_hidden(entity: str, path: str) -> None:
    """Numbers, amounts, states and names of things stay: a document without them tells nothing."""
    assert "value" in json.dumps(
        veil.of_value(json.loads(json.dumps(_document(path)).replace(NAME, "value")), entity)
    )


@pytest.mark.parametrize(
    "text",
    [
        f'{{"requested-by":{{"id":1,"login":"x","fullname":"{NAME}"}}}}',
        f'{{"OwnerLoginID":"{MAIL}","OwnerName":"{NAME}"}}',
        f'{{"WorkEmail":"{MAIL}","Buyer":"{NAME}"}}',
        f'{{"user":{{"name":{{"formatted":"{NAME}"}},"emails":[{{"value":"{MAIL}"}}]}}}}',
        f'{{"body":"{{\\"PreparerEmail\\":\\"{MAIL}\\",\\"Preparer\\":\\"{NAME}\\"}}"}}',
        f'["changed_by","{NAME}","{MAIL}"]',
        f"<Invoice><Requester>{NAME}</Requester><Note>ask {MAIL}</Note></Invoice>",
        f"nobody knows {MAIL} in the ERP",
    ],
)  # fmt: skip
def test_what_systems_call_people_is_hidden(text: str) -> None:
    """In JSON, in JSON within JSON, in XML, in a sentence."""
    shown = veil.of_text(text)

    assert NAME not in shown
    assert MAIL not in shown


def test_a_text_without_people_stays_to_the_character() -> None:
    """Its digest is that of what was read."""
    text = '{ "total": "1.00",  "currency": "EUR" }'

    assert text == veil.of_text(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    )
)
def test_any_document_keeps_its_shape(value: Any) -> None:
    """Keys, lengths and types: a reader that knew the document knows what is shown."""

    def shape(one: Any) -> Any:
        if isinstance(one, dict):
            return {key: shape(part) for key, part in one.items()}
        return [shape(part) for part in one] if isinstance(one, list) else type(one)

    assert shape(value) == shape(veil.of_value(value))
