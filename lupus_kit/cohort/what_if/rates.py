"""Shares: a mapping that cannot be changed."""

from typing import Any, NoReturn


class Rates(dict[str, float]):
    """A read-only dictionary, so that assumptions stay what they were when the cohort was made."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def _refuse(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("these shares are read-only: make new Assumptions with the value you want")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return (Rates, (dict(self),))
