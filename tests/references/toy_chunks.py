"""Small chunks of work for the tests of the runner; a module, so that worker processes can import them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd


def coins(stream: np.random.SeedSequence, n_trials: int, rate: float = 0.5) -> pd.DataFrame:
    """One row a trial, with a column of every kind that results may have."""
    rng = np.random.default_rng(stream)
    heads = rng.binomial(30, rate, size=n_trials)
    return pd.DataFrame(
        {
            "heads": heads.astype(np.int16),
            "p": rng.random(n_trials),
            "many": heads > 15,
            "side": np.where(heads > 15, "heads", "tails"),
            "gap": np.where(heads > 25, np.nan, heads.astype(float)),
        },
        index=np.arange(n_trials) + 7,
    )


def slow_coins(stream: np.random.SeedSequence, n_trials: int, seconds: float = 0.05) -> pd.DataFrame:
    """The same, but the first chunks take longest, so that chunks do not finish in their order."""
    time.sleep(seconds * (3 if stream.spawn_key[-1] % 4 == 0 else 1))
    return coins(stream, n_trials)


def logged_coins(stream: np.random.SeedSequence, n_trials: int, folder: str, seconds: float) -> pd.DataFrame:
    """The same, with a file for each beginning and each end, named after the chunk and the process."""
    name = f"{stream.spawn_key[-1]}-{os.getpid()}"
    Path(folder, f"begun-{name}").touch()
    time.sleep(seconds)
    result = coins(stream, n_trials)
    Path(folder, f"ended-{name}").touch()
    return result


def two_rows_or_none(stream: np.random.SeedSequence, n_trials: int) -> pd.DataFrame:
    """A chunk that sometimes has nothing to tell."""
    return coins(stream, 2 if stream.spawn_key[-1] % 2 else 0)


def failing_at(stream: np.random.SeedSequence, n_trials: int, chunk: int, error: type[BaseException]) -> pd.DataFrame:
    """The coins, but one chunk raises."""
    if stream.spawn_key[-1] == chunk:
        raise error(f"chunk {chunk}")
    return coins(stream, n_trials)


def interrupted_at(stream: np.random.SeedSequence, n_trials: int, chunk: int) -> pd.DataFrame:
    """The coins, but one chunk is interrupted, as by Ctrl+C."""
    if stream.spawn_key[-1] == chunk:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(10)
    return coins(stream, n_trials)


def killed_at(stream: np.random.SeedSequence, n_trials: int, chunk: int, caller: int) -> pd.DataFrame:
    """The coins, but the worker process of one chunk is killed, as the system does where memory runs out."""
    if stream.spawn_key[-1] == chunk:
        assert os.getpid() != caller
        os.kill(os.getpid(), signal.SIGKILL)
    return coins(stream, n_trials)


def busy(stream: np.random.SeedSequence, n_trials: int) -> pd.DataFrame:
    """Work for the processor alone: about a microsecond and a half a trial, without NumPy's own threads."""
    state, total = int(stream.generate_state(1)[0]), 0
    for _ in range(n_trials):
        state = (1664525 * state + 1013904223) % 4294967296
        total += state >> 31
    return pd.DataFrame({"heads": [total]})
