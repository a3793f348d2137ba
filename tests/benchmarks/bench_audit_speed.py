"""How long an audit takes: He et al. 2020 whole, one study after the other, and a thousand claims on two cores.

Not collected with the suite (its name does not begin with ``test_``). Run:

    python tests/benchmarks/bench_audit_speed.py [number of claims]

The thousand claims are invented: two arms of 20 to 200 patients, counts drawn evenly, p-values as Fisher's test prints them.
The seconds depend on the machine; the last two lines say what a second core saves.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from lupus_kit import audit, inference, published


def invented(n_claims: int, seed: int = 20200919) -> published.Study:
    """A study of many claims, each of its own size."""
    rng = np.random.default_rng(seed)
    claims = []
    for number in range(n_claims):
        n1, n2 = (int(n) for n in rng.integers(20, 201, 2))
        x1, x2 = int(rng.integers(0, n1 + 1)), int(rng.integers(0, n2 + 1))
        p = float(inference.pvalue("fisher", x1, n1, x2, n2))
        claims.append(
            {
                "id": f"c{number}",
                "endpoint": f"endpoint {number}",
                "arms": ["drug", "placebo"],
                "reported": [f"{100 * x1 / n1:.1f}% ({x1}/{n1})", f"{100 * x2 / n2:.1f}% ({x2}/{n2})"],
                "p": f"{p:.3f}" if p >= 0.001 else "<0.001",
                "effect": f"difference {100 * (x1 / n1 - x2 / n2):.1f}",
            }
        )
    study = {"key": "invented", "title": "An invented study", "alpha": 0.05}
    arms = [{"name": "drug"}, {"name": "placebo"}]
    return published.study_from_claims({"study": study, "arm": arms, "claim": claims})


def seconds(study: str | published.Study, n_jobs: int = 1) -> float:
    """Time of one report, rendered as a page."""
    start = time.perf_counter()
    audit.check(study, n_jobs).render("html")
    return time.perf_counter() - start


def main() -> None:
    """Print one line for each measurement."""
    n_claims = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{'he2020, whole':<28}{seconds('he2020'):8.2f} s")
    for name in published.studies():
        if name != "he2020":
            print(f"{name:<28}{seconds(name):8.2f} s")
    study = invented(n_claims)
    print(f"{f'{n_claims} claims, two cores':<28}{seconds(study, n_jobs=2):8.2f} s")
    print(f"{f'{n_claims} claims, one core':<28}{seconds(study):8.2f} s")


if __name__ == "__main__":
    main()
