"""A public matcher on the same file, for comparison: Splink over DuckDB, where somebody has installed it.

It is no dependency of ours: DuckDB, NumPy, PyArrow and SQLGlot come with it. It is given names in the plain normal form of the
limit, and trained as its documentation says, without labels.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import NamedTuple

from benchmarks import supplier_plain
from benchmarks.supplier_truth import Row

LIMITS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
"""Probabilities from which on two are taken for one. The best of them counts, which favours it."""
PAIRS_SAMPLED = 2_000_000.0


class Public(NamedTuple):
    """What it found, each pair with its probability, and what it cost."""

    name: str
    pairs: dict[tuple[int, int], float]
    seconds: float


def match(rows: Sequence[Row]) -> Public | None:
    """Match a file with Splink; None where it is not installed."""
    try:
        import pyarrow
        import splink.comparison_library as cl
        from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    except ImportError:
        return None
    began = time.process_time()
    words = [supplier_plain.normal(row.name) for row in rows]
    counts: dict[str, int] = {}
    for name in words:
        for word in name:
            counts[word] = counts.get(word, 0) + 1
    table = pyarrow.table(
        {
            "unique_id": [row.id for row in rows],
            "name": [" ".join(name) for name in words],
            "rare": [min(name, key=counts.__getitem__, default="") or None for name in words],
            "postcode": [row.postcode or None for row in rows],
            "town": [row.town.lower() or None for row in rows],
            "country": [row.country or None for row in rows],
            "tax_id": [
                "".join(filter(str.isalnum, row.tax_id.removeprefix(row.country))) or None for row in rows
            ],
            "account": [row.account or None for row in rows],
        }
    )
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            block_on(column) for column in ("name", "rare", "postcode", "tax_id", "account")
        ],
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.97, 0.92, 0.85, 0.75]),
            cl.LevenshteinAtThresholds("postcode", [1]),
            cl.JaroWinklerAtThresholds("town", [0.9]),
            *(cl.ExactMatch(column) for column in ("country", "tax_id", "account")),
        ],
    )
    api = DuckDBAPI()
    linker = Linker(api.register(table), settings, log_level="ERROR")
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on("tax_id"), block_on("account")], recall=0.4
    )
    training.estimate_u_using_random_sampling(max_pairs=PAIRS_SAMPLED, seed=1)
    for column in ("postcode", "rare"):
        training.estimate_parameters_using_expectation_maximisation(block_on(column))
    found = linker.inference.predict(threshold_match_probability=LIMITS[0])
    answer = api.duckdb_con.execute(
        f"SELECT unique_id_l, unique_id_r, match_probability FROM {found.physical_name}"
    ).fetchall()
    pairs = {(min(a, b), max(a, b)): float(probability) for a, b, probability in answer}
    return Public(f"Splink {version('splink')}", pairs, time.process_time() - began)
