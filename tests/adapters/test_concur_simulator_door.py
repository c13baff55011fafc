"""Tokens of the simulated Concur, and what every answer and every refusal carries."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.concur.simulator_settings import SCOPES, Settings
from adapters.simulation import Fault
from tests.adapters.concur_company import (
    ANA,
    BEN,
    CLIENT_ID,
    COMPANY,
    FIS,
    REQUEST_TOKEN,
    SECRET,
    Company,
)

REPORTS = "/api/v3.0/expense/reports"


def test_the_first_grant_gives_a_company_token_and_a_refresh_token() -> None:
    """Life, scopes and the base of all later calls are in the answer."""
    token = Company().token

    assert ("3600", "Bearer", "http://concur") == (
        token["expires_in"],
        token["token_type"],
        token["geolocation"],
    )
    assert SCOPES == set(token["scope"].split())
    assert token["refresh_token"]
    assert token["refresh_expires_in"] > 0


def test_the_life_of_a_token_may_be_a_number() -> None:
    """Both forms are published."""
    company = Company(Settings(expires_in_as="number"))

    assert 3600 == company.token["expires_in"]


def test_a_refresh_gives_another_refresh_token_and_ends_the_old_one() -> None:
    """Whoever doesn't keep what came back is out: code 108 on reuse."""
    company = Company()
    old = company.token["refresh_token"]

    new = company.new_token(grant_type="refresh_token", refresh_token=old)
    again = company.ask_token(grant_type="refresh_token", refresh_token=old)

    assert new["refresh_token"] != old
    assert (400, 108) == (again.status_code, again.json()["code"])
    assert company.new_token(grant_type="refresh_token", refresh_token=new["refresh_token"])


def test_a_refresh_token_ends_after_half_a_year() -> None:
    """Then a new company request token is needed."""
    company = Company()
    company.clock.advance(timedelta(days=183))

    answer = company.ask_token(grant_type="refresh_token", refresh_token=company.token["refresh_token"])

    assert 108 == answer.json()["code"]


def test_the_company_request_token_lives_a_day() -> None:
    """An administrator can issue it again."""
    company = Company()
    company.clock.advance(timedelta(hours=24))
    form = {"grant_type": "password", "username": COMPANY, "password": REQUEST_TOKEN, "credtype": "authtoken"}

    refused = company.ask_token(**form)
    company.concur.renew_request_token()

    assert 19 == refused.json()["code"]
    assert 200 == company.ask_token(**form).status_code


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"client_id": "another", "grant_type": "client_credentials"}, 61),
        ({"client_secret": "wrong", "grant_type": "client_credentials"}, 64),
        ({"grant_type": "otp"}, 60),
        ({"grant_type": "client_credentials", "scope": "INVPO"}, 54),
        ({"grant_type": "password", "username": COMPANY, "password": "x", "credtype": "authtoken"}, 19),
        ({"grant_type": "password", "username": "x", "password": REQUEST_TOKEN, "credtype": "authtoken"}, 5),
        ({"grant_type": "password", "username": COMPANY, "password": REQUEST_TOKEN}, 5),
        ({"grant_type": "password", "username": BEN, "credtype": "password"}, 51),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 108),
    ],
)
def test_a_wrong_grant_is_named_by_its_code(form: dict[str, str], code: int) -> None:
    """An omitted credtype means password: the company's own grant must say authtoken."""
    answer = Company().ask_token(**form)

    assert answer.status_code in (400, 401)
    assert code == answer.json()["code"]


def test_a_grant_without_a_client_is_refused() -> None:
    """Code 51 names the missing field."""
    answer = Company().call(
        "POST", "/oauth2/v0/token", data={"grant_type": "password"}, headers={}, is_judged=False
    )

    assert (400, 51) == (answer.status_code, answer.json()["code"])


def test_a_user_and_the_application_have_tokens_of_their_own() -> None:
    """A company's document queue is no business of theirs."""
    company = Company()
    user = company.new_token(grant_type="password", username=BEN, password="let me in", credtype="password")
    app = company.new_token(grant_type="client_credentials")

    answers = [
        company.call("GET", FIS, headers={"Authorization": f"Bearer {one['access_token']}"})
        for one in (user, app)
    ]

    assert [403, 403] == [one.status_code for one in answers]
    assert "refresh_token" not in app


def test_the_answer_names_another_base_than_the_one_asked() -> None:
    """Every later call belongs there, the refresh included; the simulator counts who was asked."""
    company = Company(Settings(geolocation="https://eu2.api.concursolutions.com"))

    assert "https://eu2.api.concursolutions.com" == company.token["geolocation"]
    assert 1 == company.concur.hosts["http://concur"]


def test_a_principal_of_another_data_centre_is_sent_there() -> None:
    """Code 16 carries the base to repeat the call at."""
    company = Company()
    elsewhere = Company.__new__(Company)
    elsewhere.__dict__ |= company.__dict__
    elsewhere.concur = type(company.concur)(
        company.clock,
        client_id=CLIENT_ID,
        client_secret=SECRET,
        company_uuid=COMPANY,
        request_token=REQUEST_TOKEN,
        settings=Settings(geolocation="https://eu2.api.concursolutions.com", answers_elsewhere=True),
    )
    form = {"grant_type": "password", "username": COMPANY, "password": REQUEST_TOKEN, "credtype": "authtoken"}

    refused = elsewhere.ask_token(**form).json()
    granted = elsewhere.ask_token(base=refused["geolocation"], **form)

    assert 16 == refused["code"]
    assert 200 == granted.status_code


def test_a_token_ends_with_its_hour() -> None:
    """v3 says 403 then, everybody else 401."""
    company = Company()
    company.clock.advance(timedelta(seconds=3600))

    assert 401 == company.call("GET", FIS).status_code
    assert 403 == company.call("GET", REPORTS).status_code


def test_tokens_that_were_ended_or_made_up_open_nothing() -> None:
    """No token, a wrong one and one that was ended: 401 each."""
    company = Company()
    company.concur.end_tokens()

    for headers in ({}, {"Authorization": "Bearer x.y.z"}, company.headers):
        assert 401 == company.call("GET", FIS, headers=headers).status_code


def test_each_family_asks_for_its_own_scope() -> None:
    """A token for the financial service reads no reports."""
    company = Company()
    token = company.new_token("FISVC")
    headers = {"Authorization": f"Bearer {token['access_token']}"}

    assert 200 == company.call("GET", FIS, headers=headers).status_code
    refused = company.call("GET", REPORTS, headers=headers)

    assert 403 == refused.status_code
    assert "EXPRPT" in refused.json()["Message"]


def test_every_answer_carries_a_correlation_id() -> None:
    """The caller's own, or a new one."""
    company = Company()

    own = company.call("GET", FIS, more_headers={"concur-correlationid": "0d5c"})
    new = company.call("GET", FIS)

    assert "0d5c" == own.headers["concur-correlationid"]
    assert new.headers["concur-correlationid"]


def test_a_body_without_a_length_is_refused() -> None:
    """Chunked bodies are not read."""
    company = Company()

    async def chunks():  # type: ignore[no-untyped-def]
        yield b'{"ids": []}'

    answer = company.call("POST", f"{FIS}/acknowledgements", content=chunks(), is_judged=False)

    assert 400 == answer.status_code
    assert "Content-Length" in answer.json()["message"]


def test_v3_serves_json_only() -> None:
    """The real one would answer in XML; here whoever asks for that gets 406."""
    answer = Company().call("GET", REPORTS, more_headers={"Accept": "application/xml"})

    assert 406 == answer.status_code


def test_an_api_that_ends_says_so() -> None:
    """The headers of the release notes of 2026."""
    company = Company(Settings(sunsets={"/api/v3.0": "Tue, 03 Nov 2026 00:00:00 GMT"}))

    headers = company.call("GET", REPORTS).headers

    assert "Tue, 03 Nov 2026 00:00:00 GMT" == headers["sunset"]
    assert "x-api-warn" in headers


def test_too_many_calls_get_429() -> None:
    """With the seconds to wait."""
    company = Company(Settings(requests_per_second=0.001, burst=1))

    answers = [company.call("GET", FIS) for _ in range(2)]

    assert [200, 429] == [one.status_code for one in answers]
    assert "1" == answers[1].headers["retry-after"]


def test_paths_and_methods_that_do_not_exist_are_refused() -> None:
    """404 and 405, in the words of the family."""
    company = Company()

    assert 404 == company.call("GET", "/list/v4/nothing", is_judged=False).status_code
    assert 405 == company.call("DELETE", FIS, is_judged=False).status_code


def test_a_planned_fault_strikes_once() -> None:
    """A lost answer: the acknowledgement happened."""
    company = Company(None, Fault("lost", "lost_answer", method="POST", path="acknowledgements"))
    document = company.a_document()

    with pytest.raises(Exception, match="dropped"):
        company.acknowledge(document["id"])

    assert "ACKNOWLEDGED" == company.concur.document(document["id"])["status"]
    assert [101] == company.acknowledge(document["id"])


def test_a_company_goes_on_from_what_was_written_down() -> None:
    """State, tokens and ids survive a restart as JSON."""
    import json

    company = Company()
    document = company.a_document()
    company.acknowledge(document["id"])
    state = json.loads(json.dumps(company.concur.dump()))
    other = Company()

    other.concur.load(state)

    assert company.concur.documents() == other.concur.documents()
    assert company.concur.reports() == other.concur.reports()
    assert company.concur.dump() == other.concur.dump()
    other.headers = company.headers
    assert [] == other.ready()
    assert "SUCCESS" == other.post(document["id"])["postingConfirmationResult"]


def test_the_same_calls_give_the_same_ids() -> None:
    """Ids follow from the seed; another seed gives others."""
    first, second, third = Company(), Company(), Company(Settings(seed="another"))

    assert first.a_document() == second.a_document()
    assert first.concur.documents()[0]["id"] != third.a_document()["id"]
    assert ANA == first.concur.reports()[0]["owner"]
