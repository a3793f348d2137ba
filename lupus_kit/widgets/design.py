"""Stop 1: block size, chance, and how far the arms drift apart."""

import numpy as np
import pandas as pd

from lupus_kit.design import he2020, permuted_blocks
from lupus_kit.figures.design import allocation_balance
from lupus_kit.widgets.app import App, Scene
from lupus_kit.widgets.controls import dropdown, int_slider


def allocation_scene(n: int, block_size: int, seed: int) -> Scene:
    """Compare permuted blocks with a coin for each patient.

    Parameters
    ----------
    n : int
        Patients to allocate.
    block_size : int
        Size of the blocks.
    seed : int
        Seed of both lists.

    Returns
    -------
    Scene
        Imbalance along the list, and the final numbers in words.
    """
    arms = [arm.name for arm in he2020().arms]
    coin = pd.DataFrame({"sequence": range(1, n + 1), "arm": np.random.default_rng(seed).choice(arms, n)})
    lists = {f"blocks of {block_size}": permuted_blocks(n, arms, block_size, seed), "a coin for each patient": coin}
    parts, facts = [], {}
    for fact, (name, frame) in zip(("block_apart", "coin_apart"), lists.items(), strict=True):
        count = int((frame["arm"] == arms[0]).sum())
        worst = facts[fact] = int((2 * (frame["arm"] == arms[0]) - 1).cumsum().abs().max())
        parts.append(f"<b>{name}</b>: {count} on {arms[0]}, {n - count} on {arms[1]}, never more than {worst} apart")
    return Scene(f"After {n} patients: {'; '.join(parts)}.", allocation_balance(lists, arms[0]), facts=facts)


def allocation_explorer() -> App:
    """Return the widget of stop 1: move the block size, the number of patients and the seed.

    See Also
    --------
    from_state

    Examples
    --------
    >>> "block" in allocation_explorer().set(block_size=6).text.value
    True
    """
    controls = {
        "n": int_slider("patients", 60, 10, 200, 2),
        "block_size": dropdown("block size", [(str(k), k) for k in (2, 4, 6, 8, 10, 20)], 4),
        "seed": int_slider("seed (try several)", 1, 0, 50),
    }
    return App("Blocks or a coin?", controls, allocation_scene, name="allocation_explorer")
