"""Write the replica that ships with the kit; run after a change of the generator: python tests/references/make_replica_0.py."""

from pathlib import Path

import numpy as np

import lupus_kit
from lupus_kit import published
from lupus_kit.cohort.replica import replicas

made = replicas.generate(np.random.default_rng(0), 0, published.load("he2020"), None)
print(made.save(Path(lupus_kit.__file__).parent / "cohort" / "data" / "replica_0"))
