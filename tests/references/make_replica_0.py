"""Write what ships of the solver's work: replica 0, the conflicts of he2020 and what it implies about responders.

Run after a change of the generator or of the record, with the extra ``replica``: python tests/references/make_replica_0.py.
"""

import json
from pathlib import Path

import numpy as np

import lupus_kit
from lupus_kit import published
from lupus_kit.cohort.replica import conflicts, implied, replicas

data = Path(lupus_kit.__file__).parent / "cohort" / "replica" / "data"
record = published.load("he2020")

made = replicas.generate(np.random.default_rng(0), 0, record)
print(made.save(data / "replica_0"))

found = conflicts.find_conflicts(record)
ends = {}
for key in ("il2", "placebo"):
    for kind in ("both", "lost", "gained", "ever", "never"):
        name = f"responders_{kind}_{key}"
        ends[name] = list(implied.find_implied(name, record, 5.0))
results = {"conflicts": {"complete": found.attrs["complete"], "rows": found.to_numpy().tolist()}, "implied": ends}
text = json.dumps(results, ensure_ascii=False, indent=1)
(data / "solver_results.json").write_text(text + "\n", encoding="utf-8")
