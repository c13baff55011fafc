"""Public matchers on the same file, for comparison: Splink over DuckDB, and the Python Record Linkage Toolkit over pandas.

They are no dependency of ours: much comes with them. `make peers` puts them into an environment of their own, and they run there;
each is given names in the plain normal form of the limit, and trained as its documentation says, without labels.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks import supplier_plain, supplier_scripts, supplier_truth
from benchmarks.supplier_truth import Row

LIMITS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
"""Probabilities from which on two are taken for one. The best of them counts, which favours it."""
PAIRS_SAMPLED = 2_000_000.0
PEERS: Final = Path(__file__).parents[1] / "build" / "peers" / "bin" / "python"
NAME_ALIKE, TOWN_ALIKE = 0.92, 0.9


class Public(NamedTuple):
    """What one found, each pair with its probability, and what it cost."""

    name: str
    pairs: dict[tuple[int, int], float]
    seconds: float


def compared(count: int, seed: int) -> list[str]:
    """Return in words how good each public matcher is on a file of the benchmark, at the threshold that suits it best."""
    if not PEERS.exists():
        return ["no public matcher is installed (`make peers`): not compared"]
    done = subprocess.run(
        [PEERS, "-m", "benchmarks.supplier_public", str(count), str(seed)],
        capture_output=True, text=True, check=False, timeout=1800, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"a public matcher failed:\n{done.stderr[-4000:]}")
    found: list[str] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def rows_of(count: int, seed: int) -> list[Row]:
    """Return the file that everything here is measured on."""
    return supplier_scripts.among(supplier_truth.generate(count, seed), seed)


def rates(found: set[tuple[int, int]], truth: set[tuple[int, int]]) -> tuple[float, float, float]:
    """Return F1, precision and recall."""
    right = len(found & truth)
    precision, recall = right / len(found), right / len(truth)
    return 2 * precision * recall / (precision + recall), precision, recall


def _in_words(public: Public, rows: Sequence[Row], truth: set[tuple[int, int]]) -> str:
    tried = [
        (rates(found, truth), limit)
        for limit in LIMITS
        if (found := {pair for pair, probability in public.pairs.items() if probability >= limit})
    ]
    (f1, precision, recall), limit = max(tried)
    return (
        f"{public.name}: F1 {f1:.4f} (precision {precision:.4f}, recall {recall:.4f}) at its best threshold {limit},"
        f" {public.seconds * 1e6 / len(rows):.0f} µs a row"
    )


def _columns(rows: Sequence[Row]) -> dict[str, list[Any]]:
    words = [supplier_plain.normal(row.name) for row in rows]
    counts: dict[str, int] = {}
    for name in words:
        for word in name:
            counts[word] = counts.get(word, 0) + 1
    return {
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


def toolkit(rows: Sequence[Row]) -> Public:
    """Match a file with recordlinkage: blocks of one field each, and an ECM classifier that nobody trains."""
    import pandas
    import recordlinkage

    began = time.process_time()
    table = pandas.DataFrame(_columns(rows)).set_index("unique_id")
    indexer = recordlinkage.Index()
    for column in ("name", "rare", "postcode", "tax_id", "account"):
        indexer.block(column)
    candidates = indexer.index(table)
    comparing = recordlinkage.Compare()
    comparing.string("name", "name", method="jarowinkler", threshold=NAME_ALIKE)
    comparing.string("town", "town", method="jarowinkler", threshold=TOWN_ALIKE)
    for column in ("postcode", "country", "tax_id", "account"):
        comparing.exact(column, column)
    features = comparing.compute(candidates, table)
    classifier = recordlinkage.ECMClassifier()
    classifier.fit(features)
    probabilities = classifier.prob(features)
    pairs = {(min(a, b), max(a, b)): float(p) for (a, b), p in probabilities.items()}
    return Public(f"recordlinkage {version('recordlinkage')}", pairs, time.process_time() - began)


def splink(rows: Sequence[Row]) -> Public:
    """Match a file with Splink."""
    import pyarrow
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    began = time.process_time()
    table = pyarrow.table(_columns(rows))
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


MATCHERS: Final[tuple[tuple[str, Callable[[Sequence[Row]], Public]], ...]] = (
    ("splink", splink),
    ("recordlinkage", toolkit),
)


def _main(count: int, seed: int) -> None:
    rows = rows_of(count, seed)
    truth = supplier_truth.true_pairs(rows)
    print(json.dumps([_in_words(match(rows), rows, truth) for name, match in MATCHERS if find_spec(name)]))


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]))
