"""The judge of requests and answers: what it lets through and what it does not."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from adapters.simulation import FAULT_HEADER
from tests.adapters.contract import OPENAPI_FOLDER, ContractChecker, checking_transport

DOCUMENT = """
openapi: 3.1.0
info: {title: Till, version: '1'}
paths:
  /token:
    post:
      operationId: token
      requestBody:
        required: true
        content:
          application/x-www-form-urlencoded:
            schema: {type: object, required: [grant], properties: {grant: {const: till}}}
      responses: {'200': {description: OK, content: {text/plain: {schema: {type: string, minLength: 3}}}}}
  /sales:
    get:
      operationId: listSales
      parameters:
        - {$ref: '#/components/parameters/limit'}
        - {name: exact, in: query, schema: {type: boolean}}
        - {name: till, in: header, required: true, schema: {type: integer}}
        - name: where
          in: query
          schema: {type: object, propertyNames: {pattern: '^[a-z]+(\\[[a-z]+\\])*$'}}
      responses:
        '200':
          description: OK
          headers: {Date: {required: true, schema: {type: string}}}
          content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Sale'}}}}
        5XX: {description: Any body.}
  /sales/today:
    get: {operationId: today, responses: {'200': {description: OK}}}
  /sales/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    get: {operationId: getSale, responses: {default: {description: OK}}}
    put:
      operationId: putSale
      requestBody: {required: false, content: {application/json: {schema: {$ref: '#/components/schemas/Sale'}}}}
      responses:
        '200':
          description: OK
          x-body-optional: true
          content: {application/json: {schema: {$ref: '#/components/schemas/Sale'}}}
components:
  parameters:
    limit: {name: limit, in: query, required: true, schema: {type: integer, maximum: 50}}
  schemas:
    Sale: {type: object, required: [total], properties: {total: {$ref: '#/components/schemas/Money'}, on: {type: string}}}
    Money: {type: string, pattern: '^-?[0-9]+[.][0-9]{2}$'}
"""
TILL = {"till": "7"}
JSON = {"Date": "now", "content-type": "application/json"}


@pytest.fixture
def checker(tmp_path: Path) -> ContractChecker:
    path = tmp_path / "till.openapi.yaml"
    path.write_text(DOCUMENT, "utf-8")
    return ContractChecker(path)


def a_request(method: str = "GET", path: str = "/sales?limit=5", **parts: Any) -> httpx.Request:
    return httpx.Request(method, f"http://till{path}", **({"headers": TILL} | parts))


def an_answer(status: int = 200, body: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=[] if body is None else body, headers={"Date": "now"} | headers)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (a_request(), an_answer(body=[{"total": "1.00", "on": "2026-01-01"}])),
        (a_request(path="/sales?limit=5&exact=true&name=x&day[gt]=1"), an_answer()),
        (a_request(), httpx.Response(503, text="<html>")),
        (a_request(path="/sales/today"), httpx.Response(200)),
        (a_request(path="/sales/12"), httpx.Response(418)),
        (a_request("PUT", "/sales/12", json={"total": "1.00"}), an_answer(body={"total": "1.00"})),
        (a_request("PUT", "/sales/12"), httpx.Response(200)),
        (a_request("POST", "/token", data={"grant": "till"}), httpx.Response(200, text="abc")),
    ],
)
def test_what_the_document_allows_passes(
    checker: ContractChecker, asked: httpx.Request, answer: httpx.Response
) -> None:
    """References, free parameters, status ranges, defaults, forms and bodies that may be left out."""
    checker.check_exchange(asked, answer)

    assert 1 == checker.seen.total()


@pytest.mark.parametrize(
    ("asked", "answer", "complaint"),
    [
        (a_request(path="/shops"), an_answer(), "no path /shops"),
        (a_request("DELETE", "/sales/1"), an_answer(), "no method DELETE for /sales/1"),
        (a_request(path="/sales/one"), an_answer(), r"path parameter id:\s+\$: \"one\" is not of type"),
        (a_request(path="/sales"), an_answer(), "query parameter limit is missing"),
        (a_request(path="/sales?limit=51"), an_answer(), "query parameter limit"),
        (a_request(path="/sales?limit=5&exact=yes"), an_answer(), "query parameter exact"),
        (a_request(path="/sales?limit=5&limit=6"), an_answer(), "given twice"),
        (a_request(path="/sales?limit=5&Day=1"), an_answer(), "listSales query"),
        (a_request(path="/sales/1?limit=5"), an_answer(), r"unknown query parameters \['limit'\]"),
        (a_request(headers={}), an_answer(), "header till is missing"),
        (a_request(headers={"till": "x"}), an_answer(), "header till"),
        (a_request(json={}), an_answer(), "must have no body"),
        (a_request("POST", "/token"), httpx.Response(200, text="abc"), "no body"),
        (a_request("POST", "/token", data={"grant": "x"}), httpx.Response(200, text="abc"), r"\$\.grant"),
        (a_request("PUT", "/sales/1", json={"total": "1"}), an_answer(), r"putSale request:\s+\$\.total"),
        (a_request("PUT", "/sales/1", content="{"), an_answer(), "content type ''"),
        (a_request(), an_answer(404), "answer 404 is not in the contract"),
        (a_request(), httpx.Response(200, json=[]), "header Date is missing"),
        (a_request(), an_answer(body=[{"total": "1.00"}, {"total": 1}]), r"answer 200:\s+\$\[1\]\.total"),
        (a_request(), httpx.Response(200, text="[]", headers={"Date": "now"}), "content type 'text/plain'"),
        (a_request(), httpx.Response(200, content=b"[", headers=JSON), "not JSON"),
        (a_request("PUT", "/sales/1"), an_answer(body={}), '"total" is a required property'),
    ],
)
def test_what_the_document_does_not_allow_is_named(
    checker: ContractChecker, asked: httpx.Request, answer: httpx.Response, complaint: str
) -> None:
    """The complaint names the operation and the place in the document."""
    with pytest.raises(AssertionError, match=complaint):
        checker.check_exchange(asked, answer)


def test_a_damaged_answer_is_not_judged_but_its_request_is(checker: ContractChecker) -> None:
    """The mark of a simulated fault excuses the answer only."""
    damaged = httpx.Response(200, text="<html>", headers={FAULT_HEADER: "f1"})

    checker.check_exchange(a_request(), damaged)

    with pytest.raises(AssertionError, match="limit"):
        checker.check_exchange(a_request(path="/sales"), damaged)


def test_the_transport_judges_and_passes_on(checker: ContractChecker) -> None:
    """What passes is the same answer, encoded bodies and streaming included."""
    sale = json.dumps([{"total": "1.00"}]).encode()
    headers = JSON | {"content-encoding": "gzip"}
    inner = httpx.MockTransport(lambda _: httpx.Response(200, content=gzip.compress(sale), headers=headers))

    async def play() -> tuple[bytes, bytes]:
        transport = checking_transport(inner, checker)
        async with httpx.AsyncClient(transport=transport, base_url="http://till", headers=TILL) as client:
            whole = (await client.get("/sales?limit=1")).content
            async with client.stream("GET", "/sales?limit=1") as response:
                streamed = b"".join([chunk async for chunk in response.aiter_bytes()])
            return whole, streamed

    assert (sale, sale) == asyncio.run(play())
    assert {("listSales", 200): 2} == checker.seen


def test_the_transport_stops_what_is_wrong(checker: ContractChecker) -> None:
    """A wrong answer raises at the call that asked for it."""
    inner = httpx.MockTransport(lambda _: httpx.Response(200, json={}, headers={"Date": "now"}))

    async def play() -> None:
        transport = checking_transport(inner, checker)
        async with httpx.AsyncClient(transport=transport, base_url="http://till", headers=TILL) as client:
            await client.get("/sales?limit=1")

    with pytest.raises(AssertionError, match="listSales answer 200"):
        asyncio.run(play())


@pytest.mark.parametrize("path", sorted(OPENAPI_FOLDER.glob("*.yaml")), ids=lambda path: str(path.stem))
def test_our_documents_compile(path: Path) -> None:
    """Every reference of every contract we hold resolves, and every operation has a name of its own."""
    checker = ContractChecker(path)

    checker.check_all_schemas()

    assert len(checker.operation_names) == checker.operation_count


def test_a_dangling_reference_is_found(tmp_path: Path) -> None:
    """A document that points at nothing does not compile."""
    path = tmp_path / "broken.yaml"
    path.write_text(DOCUMENT.replace("    Money:", "    Cash:"), "utf-8")

    with pytest.raises(jsonschema_rs.ValidationError, match="Money"):
        ContractChecker(path).check_all_schemas()
