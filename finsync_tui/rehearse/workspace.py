"""Writing the demo company's workspace: its profile layer, mapping tables and extracts. No secret is in it."""

from __future__ import annotations

import csv
import dataclasses
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import tomlkit

from adapters.coupa.options import SHOWING_SCOPES
from adapters.coupa.options import Options as CoupaOptions
from finsync_tui.profile import shipped
from finsync_tui.rehearse import (
    catalogue,
    documents,
    expense_catalogue,
    expense_workspace,
    invoice_workspace,
    staff,
)
from finsync_tui.rehearse.planted import SOURCE, period_name
from finsync_tui.rehearse.shapes import Company, LegalEntity
from finsync_tui.rehearse.systems import (
    BUYER_IDS,
    CHART_IDS,
    LEDGER_IDS,
    LOCATION_IDS,
    OWN_LOGIN,
    UNIT_IDS,
    category,
    months,
    value_set,
)
from finsync_tui.settings import FILE_NAME, Workspace, create_workspace
from store.errors import FinsyncError
from store.files import OWNER_FILE

MARK: Final = "demo-workspace"
"""A file that tells a demo's folder from anybody else's: only such a folder is ever emptied."""
LAYER: Final = "demo"
ADOPTING_SCOPE: Final = "core.common.write"
"""So that a cost centre that the ERP has closed can be closed in the procurement system, too."""
EVERY: Final = "PT12H"
_DUE: Final = {
    "route": "PT4H",
    "confirm_supplier": "P1D",
    "resolve_accounts": "P1D",
    "await_commitment": "PT8H",
    "await_submit": "PT8H",
    "await_funds": "PT8H",
    "await_approval": "P3D",
    "await_end": "PT8H",
    "await_ended": "P1D",
    "await_write_back": "PT8H",
    "verify": "P1D",
}
"""How long each step may take before it is shown as late."""


POLICIES = (
    "approvals", "budgets", "drifts", "ledger", "match_levels", "matching", "promises", "retries", "tolerances",
    "write_offs",
)  # fmt: skip
"""Shipped rules that leave it to the settings until somebody switches one on; checks of orders and invoices are not among them:
what the year's judge expects would wait for a person."""


class DemoFolderError(FinsyncError):
    """The folder for the demo holds something else."""

    code = "DEMO_FOLDER"
    exit_code = 2

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} holds something that is no demo. Nothing was changed. Name an empty folder."
        )


def write(folder: Path, company: Company, urls: Mapping[str, str], *, has_staff: bool = False) -> Workspace:
    """Make the workspace anew; an earlier demo in that folder goes away, anything else is left alone.

    With staff its profile lists people, so that a change takes two of them.
    """
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            raise DemoFolderError(folder)
        shutil.rmtree(folder)
    workspace = create_workspace(folder, name="demo", layers=(LAYER,))
    path = workspace.path
    (path / MARK).write_text("Made by finsync demo; made anew each time.\n", encoding="utf-8")
    layer = path / "profiles" / LAYER
    (layer / "mappings").mkdir(parents=True)
    settings = _profile(company)
    if has_staff:
        people = staff.hire(path, workspace.name)
        settings["people"] = people.people
        settings["privacy"] = {"reveals_people_to": ["analyst", "approver", "auditor"]}
        workspace = dataclasses.replace(workspace, secrets_dir=people.secrets_folder)
    (layer / "profile.toml").write_text(tomlkit.dumps(settings), encoding="utf-8")
    _mappings(layer / "mappings", company)
    shutil.copytree(shipped() / "shared" / "reconciliations", layer / "reconciliations")
    (layer / "policies").mkdir()
    for name in POLICIES:
        shutil.copy(shipped() / "controls" / "policies" / f"{name}.toml", layer / "policies")
    (path / "extracts").mkdir()
    _extracts(path / "extracts", company)
    point(workspace, urls)
    _close(path)
    return workspace


def _close(folder: Path) -> None:
    """Let in nobody but the owner, as everywhere else that documents are kept: extracts are copies of systems."""
    for one in (folder, *folder.rglob("*")):
        if not one.is_symlink():
            one.chmod(0o700 if one.is_dir() else OWNER_FILE)


def point(workspace: Workspace, urls: Mapping[str, str]) -> None:
    """Point the workspace at the addresses of this run."""
    file = workspace.path / FILE_NAME
    document = tomlkit.parse(file.read_text(encoding="utf-8"))
    if workspace.secrets_dir is not None:
        document["secrets_dir"] = str(workspace.secrets_dir)
    document["is_durable"] = False  # made anew each time, and a killed process loses nothing without it
    document["systems"] = {name: {"base_url": url} for name, url in urls.items()}
    file.write_text(tomlkit.dumps(document), encoding="utf-8")


def _profile(company: Company) -> dict[str, Any]:
    options: dict[str, Any] = {
        "own_login": OWN_LOGIN,
        "cost_centre_lookup": documents.COST_CENTRE_LOOKUP,
        "segment_count": 3,
        "token_settle_s": 0,
        "integrations": dict(catalogue.INTEGRATIONS),
        "scopes": [*CoupaOptions().scopes, *sorted(SHOWING_SCOPES), ADOPTING_SCOPE, "core.supplier.write"],
    }
    fast = {"requests_per_second": 5000.0, "connections_max": 8}
    systems: dict[str, Any] = {
        SOURCE: {"adapter": "coupa", "base_url": "http://127.0.0.1:1", **fast, "options": options},
        expense_catalogue.SOURCE: expense_workspace.connection(fast, company),
    }
    for name in company.systems:
        systems[name] = {
            "adapter": "oracle_fusion",
            "base_url": "http://127.0.0.1:1",
            **fast,
            "options": {
                "cost_centre_value_set": value_set(name, "Cost Centre"),
                "categories": {thing.name: category(thing.name) for thing in catalogue.COMMODITIES},
                "business_units": {
                    one.business_unit: {**_unit(one.number), **invoice_workspace.unit(one)}
                    for one in company.entities_of(name)
                },
                **expense_workspace.erp_options(company, name, LEDGER_IDS, CHART_IDS[name]),
            },
        }
    return {
        "systems": systems,
        "ownership": {"cost_centre": catalogue.LEGAL_ENTITIES[0].system},
        "legal_entities": {
            one.number: _entity(one.number, company) for one in company.legal_entities.values()
        },
        "schedules": _schedules(company),
        "extracts": {
            "budget": "extracts/budget.csv",
            "fiscal_period": "extracts/fiscal_period.csv",
            "tax_code": "extracts/tax_code.csv",
        },
        "flows": {
            "requisition_commitment": {"source": SOURCE},
            "requisition_to_pay": {"source": SOURCE, "due": dict(_DUE)},
            expense_workspace.FLOW: {
                "source": expense_catalogue.SOURCE,
                "due": dict(expense_workspace.DUE),
            },
            "supplier_onboarding": {
                "source": SOURCE,
                "is_enabled": True,
                "due": {"check_data": "P3D", "match": "P2D"},
            },
            **invoice_workspace.flows(),
        },
        "suppliers": _suppliers(company),
        "retry": {"default": {"attempts_max": 8, "delay_first": "PT30S", "delay_max": "PT6H"}},
        "breaker": {"failures": 5, "pause": "PT10M"},
        "delivery": {"workers": 4, "batch": 256},
        "tax": invoice_workspace.tax(),
        "reconcile": {
            "rhythms": {
                "high": {"changes": "P7D", "full": "P28D"},
                "normal": {"changes": "P14D", "full": "P56D"},
                "low": {"changes": "P28D", "full": "P84D"},
            }
        },
        "policy": {"tax_treatment": {"default": "standard", "Travel": "margin scheme", "Training": "exempt"}},
    }


def _suppliers(company: Company) -> dict[str, Any]:
    """New suppliers are made in the ERP of their country and in the expense tool; those of before the year are what they are."""
    by_country: dict[str, list[str]] = {}
    for one in company.legal_entities.values():
        by_country.setdefault(one.country, []).append(one.system)
    for systems in by_country.values():
        systems.append(expense_catalogue.SOURCE)
    return {"create_by_country": by_country, "since": company.starts_at}


def _unit(number: str) -> dict[str, Any]:
    return {
        "procurement_bu_id": UNIT_IDS[number],
        "buyer_id": BUYER_IDS[number],
        "ship_to_location_id": LOCATION_IDS[number],
        "uom_map": dict(catalogue.UNITS),
    }


def _entity(number: str, company: Company) -> dict[str, Any]:
    one = company.legal_entities[number]
    mapped = [
        {"name": name, "from": n, "table": name} for n, name in enumerate(catalogue.SEGMENT_NAMES[:3], 1)
    ]
    fixed = [
        {"name": "project", "from": 1, "table": "project"},
        {"name": "future", "value": catalogue.NO_FUTURE},
    ]
    return {
        "name": one.name,
        "currency": one.currency,
        "source_chart": one.chart,
        "target": one.system,
        "ledger": one.ledger,
        "business_unit": one.business_unit,
        "segments": [*mapped, *fixed],
        "funds_check": "erp" if number in catalogue.FUNDS_CHECKED else "known_budgets",
        "expense": expense_workspace.setup(one),
        "invoice": invoice_workspace.setup(one),
        "close": {"accrual_account": _accruals(one)},
    }


def _accruals(one: LegalEntity) -> str:
    account, _ = expense_catalogue.ACCRUALS
    parts = (
        one.target_code,
        expense_catalogue.BALANCE_CENTRE,
        account,
        catalogue.NO_PROJECT,
        catalogue.NO_FUTURE,
    )
    return "-".join(parts)


def _schedules(company: Company) -> dict[str, Any]:
    found: dict[str, Any] = {
        "orders": {
            "system": SOURCE,
            "entities": ["supplier", "approval", "requisition", "purchase_order", "order_revision"],
            "every": EVERY,
        },
        "coupa-masters": {
            "system": SOURCE,
            "entities": ["legal_entity", "account_combination", "cost_centre", "project", "budget"],
            "every": "P7D",
        },
    }
    for name in company.systems:
        found[f"{name}-orders"] = {"system": name, "entities": ["purchase_order"], "every": EVERY}
        found[f"{name}-ledger"] = {
            "system": name,
            "entities": ["ledger", "account_combination"],
            "every": "P7D",
        }
        found[f"{name}-masters"] = {
            "system": name,
            "entities": ["supplier", "cost_centre"],
            "every": "P1D",
        }
    found["concur-vendors"] = {"system": expense_catalogue.SOURCE, "entities": ["supplier"], "every": "P1D"}
    return found | expense_workspace.schedules(company, EVERY) | invoice_workspace.schedules(company)


def _mappings(folder: Path, company: Company) -> None:
    header = ("from", "to", "scope", "priority", "valid_from", "valid_to")
    entities = company.legal_entities.values()
    _write(
        folder / "company.csv",
        header,
        ((e.source_code, e.target_code, e.number, 0, "", "") for e in entities),
    )
    more = {
        "cost_centre": expense_workspace.centre_rules(company),
        "account": expense_workspace.account_rules(company),
    }
    for name, codes in (("cost_centre", company.cost_centres), ("account", company.accounts)):
        rows = (
            (c.source, "=" if c.source == c.target else c.target, c.legal_entity, 0, "", "")
            for c in codes
            if c.target is not None
        )
        _write(folder / f"{name}.csv", header, (*rows, *more[name]))
    _write(folder / "expense_account.csv", header, expense_workspace.expense_accounts(company))
    none = ((e.source_code, catalogue.NO_PROJECT, e.number, 0, "", "", "") for e in entities)
    some = (
        (company.legal_entities[number].source_code, project, number, 0, "", "", category)
        for number, category, project in catalogue.PROJECT_BUYS
    )
    _write(folder / "project.csv", (*header, "category"), (*none, *some))
    taxes = (*expense_workspace.tax_accounts(company), *invoice_workspace.tax_accounts(company))
    _write(folder / "tax_account.csv", header, taxes)


def _extracts(folder: Path, company: Company) -> None:
    columns = (
        "legal_entity", "name", "period", "cost_centre", "account", "project", "currency", "amount", "remaining",
    )  # fmt: skip
    _write(folder / "budget.csv", columns, _budgets(company))
    periods = (
        (one.ledger, period_name(starts_on), starts_on.isoformat(), ends_on.isoformat(), "true")
        for one in company.legal_entities.values()
        for starts_on, ends_on in months(company)
    )
    _write(folder / "fiscal_period.csv", ("ledger", "name", "starts_on", "ends_on", "is_open"), periods)
    _write(folder / "tax_code.csv", invoice_workspace.TAX_COLUMNS, invoice_workspace.tax_codes())


def _budgets(company: Company) -> Iterator[Sequence[str]]:
    """Yield the year's budgets: of each cost centre, the same money once more by account, and those of projects by quarter."""
    year = company.starts_at.year

    def row(number: str, name: str, period: str, place: Sequence[str | None], amount: str) -> Sequence[str]:
        currency = company.legal_entities[number].currency
        return (number, f"{name} {number}", period, *(one or "" for one in place), currency, amount, amount)

    for c in company.cost_centres:
        if c.target is not None:
            yield row(c.legal_entity, c.name, f"FY{year}", (c.target, None, None), "10000000.00")
    for c in company.accounts:
        if c.target is not None:
            yield row(c.legal_entity, c.name, f"FY{year}", (None, c.target, None), "12500000.00")
    titles = {number.removeprefix("P-"): title for number, title in catalogue.PROJECTS}
    for number, _, project in catalogue.PROJECT_BUYS:
        for quarter in range(1, 5):
            period = documents.quarter_name(year, quarter)
            yield row(number, titles[project], period, (None, None, project), "1500000.00")


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(header)
        writer.writerows(rows)
