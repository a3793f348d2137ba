"""Every assumption behind an invented cohort: its value, its range, its unit and where it comes from.

Defaults, ranges, units and sources of all fields stand in ``data/assumptions.csv``, and the shares by name in
``data/shares.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, make_dataclass
from fractions import Fraction
from inspect import signature
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from lupus_kit.core.errors import InputError, is_number, unknown_name

_DATA = Path(__file__).with_name("data")
_ABOUT = pd.read_csv(_DATA / "assumptions.csv", dtype=str, keep_default_na=False).set_index("field").to_dict("index")
_SHARES = pd.read_csv(_DATA / "shares.csv")

_CHOICES = {"sledai_version": ("2K", "SELENA"), "dropout_mechanism": ("MCAR", "MAR", "MNAR")}


class Rates(dict[str, float]):
    """Shares by name, read-only, so that assumptions stay what they were when the cohort was made."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def _refuse(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("these shares are read-only: make new Assumptions with the value you want")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return (Rates, (dict(self),))


def _default(name: str) -> Any:
    """Return the default of a field: shares by name, a word, weeks, a number, or nothing."""
    value, own = _ABOUT[name]["value"], _SHARES[_SHARES["field"] == name]
    if len(own):  # of items the chance among screened patients (renal: among those with nephritis)
        return Rates(zip(own["key"], own["patients"] / own["of"], strict=True))
    if name == "extra_weeks":
        return tuple(map(int, value.split()))
    number = int if _ABOUT[name]["whole"] else lambda text: float(Fraction(text))
    return value if name in _CHOICES else number(value) if value else None


# A dataclass calls the checks of a class below it only where it has some itself.
_CHECKED = {"__post_init__": lambda self: None}
#: What is given, by the type of a default that does not tell.
_TYPES: dict[type, Any] = {tuple: tuple[int, ...], type(None): tuple[int, int] | None, Rates: Mapping[str, float]}
#: The fields, each with its type and its default.
_FIELDS = [(name, _TYPES.get(type(value), type(value)), value) for name in _ABOUT for value in [_default(name)]]
_Values: Any = make_dataclass("_Values", _FIELDS, frozen=True, namespace=_CHECKED)


class Assumptions(_Values):  # type: ignore[misc]
    """What has to be assumed to invent a cohort; :meth:`table` lists every field with its origin.

    All fields are keyword arguments with defaults. Fields that are mappings may be given in part: missing keys
    keep their defaults. Effects are on the scale of the latent activity, whose standard deviation is 1.

    Raises
    ------
    InputError
        If a value is not a number, lies outside its range, or a mapping has an unknown key.

    Notes
    -----
    *Tuned to the paper on average*: the four SRI-4 rates; the medians of SLEDAI at entry, at week 24 and, on IL-2, at week 12;
    PGA and the organ shares, as far as sampling error tells them apart. :func:`lupus_kit.cohort.calibration_table` puts all of
    them beside the printed values, and :func:`lupus_kit.cohort.plausibility` beside other trials. *Not reached*: the placebo
    median at week 12, which is 8 here and 6 in the paper; alopecia on IL-2, which falls further here than in Table 2; the few
    patients with one BILAG A or two B after entry, since proteinuria that stays is a B and ten of twelve kidneys on placebo
    stay; and the BILAG total, because the paper does not say how it coded the grades.

    *Rescue* has the rate of two belimumab trials. With it a placebo response of 30 % and a fall of the placebo median from 11 to
    6 do not go together: the model keeps the response. Both hold if about a third of the patients on placebo are rescued,
    improve and count as non-responders; no source prints so many. Other explanations are possible.

    Patients also have ups and downs: without any help somewhat fewer rise by 4 points than fall, and a little is
    regression to the mean, since patients enter when activity is high. The tuning holds for ``sledai_version="2K"``:
    scored as SELENA the same patients respond more often.

    Examples
    --------
    >>> no_drug = Assumptions(drug_effect=0.0, dropout_rate=0.10)
    >>> no_drug.table().set_index("field").loc["dropout_rate", ["value", "origin"]].tolist()
    [0.1, 'changed by the user']
    >>> from lupus_kit.cohort import Assumptions
    >>> made_up = Assumptions(drug_effect=0.0)
    >>> made_up.drug_share
    0.0
    >>> made_up.to_dict()["drug_effect"]
    0.0
    >>> Assumptions.from_dict({"drug_effect": 0.0}) == made_up
    True
    """

    __signature__ = signature(_Values)  # an editor that asks for it shows every field with its type and default

    def __new__(cls, *_args: Any, **given: Any) -> Assumptions:
        """Refuse unknown names with the nearest known ones."""
        known = [spec.name for spec in fields(cls)]
        wrong = [str(unknown_name("assumption", name, known)) for name in given if name not in known]
        if wrong:
            raise InputError("\n".join(wrong))
        return object.__new__(cls)

    def __post_init__(self) -> None:
        problems: list[str] = []
        for spec in fields(self):
            name, value = spec.name, getattr(self, spec.name)
            if isinstance(spec.default, Rates):
                found = _rate_problems(name, value, spec.default)
                problems += found
                if not found:
                    object.__setattr__(self, name, Rates({**spec.default, **value}))
            elif name in _CHOICES and value not in _CHOICES[name]:
                problems.append(str(unknown_name(name, value, _CHOICES[name])))
            elif _ABOUT[name]["low"]:
                problems += _number_problems(name, value)
        weeks, left = self.extra_weeks, self.dropouts
        if not (_are_whole(weeks) and len({*weeks}) == len(weeks) and {*weeks} <= {*range(1, 24)} - {12}):
            problems.append(f"extra_weeks == {weeks!r}, must be different whole weeks from 1 to 23, without 12.")
        if left is not None and not (_are_whole(left) and len(left) == 2 and min(left) >= 0):
            problems.append(
                f"dropouts == {left!r}, must be None or two whole numbers of 0 or more: patients on IL-2 and on placebo."
            )
        if not problems and self.moderate_cut > self.severe_cut:
            problems.append(
                f"moderate_cut == {self.moderate_cut:g} is above severe_cut == {self.severe_cut:g}: swap them."
            )
        if problems:
            raise InputError("\n".join(problems))
        object.__setattr__(self, "extra_weeks", tuple(sorted(weeks)))
        object.__setattr__(self, "dropouts", None if left is None else tuple(left))

    @property
    def drug_share(self) -> float:
        """How strong the drug is, as a share of the default, where ``remission_il2`` and ``rescue_il2`` hold; 0 gives placebo's."""
        return float(self.drug_effect / type(self).drug_effect)

    def table(self) -> pd.DataFrame:
        """List every assumption with where it comes from.

        Returns
        -------
        pandas.DataFrame
            Columns ``field``, ``key`` (of a mapping, else empty), ``value``, ``unit``, ``origin`` (``published``,
            ``invented`` or ``changed by the user``) and ``source``. Mappings take one row per key.
        """
        rows = []
        for spec in fields(self):
            about, value, usual = _ABOUT[spec.name], getattr(self, spec.name), spec.default
            pairs = [(k, v, usual[k]) for k, v in value.items()] if isinstance(usual, Rates) else [("", value, usual)]
            for key, now, before in pairs:
                origin = about["origin"] if now == before else "changed by the user"
                rows.append((spec.name, key, now, about["unit"], origin, about["source"]))
        return pd.DataFrame(rows, columns=["field", "key", "value", "unit", "origin", "source"])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        values = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        values |= {name: dict(value) for name, value in values.items() if isinstance(value, Rates)}
        return values | {name: list(value) for name, value in values.items() if isinstance(value, tuple)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Assumptions:
        """Build assumptions from plain values; unknown names raise :class:`InputError` with the nearest ones."""
        return cls(**values)


def _number_problems(name: str, value: Any) -> list[str]:
    about = _ABOUT[name]
    low, high, whole = float(about["low"]), float(about["high"]), bool(about["whole"])
    if is_number(value) and low <= value <= high and (not whole or value == int(value)):
        return []
    kind = "a whole number" if whole else "a number"
    return [f"{name} == {value!r}, must be {kind} from {low:g} to {high:g} ({about['unit']})."]


def _rate_problems(name: str, given: object, default: Rates) -> list[str]:
    if not isinstance(given, Mapping):
        return [f"{name} must map names to shares, such as {{{next(iter(default))!r}: 0.1}}; got {given!r}."]
    unknown = [str(unknown_name(f"key of {name}", key, default)) for key in given if key not in default]
    return unknown + [
        f"{name}[{key!r}] == {value!r}, must be a number from 0 to 1."
        for key, value in given.items()
        if key in default and not (is_number(value) and 0 <= value <= 1)
    ]


def _are_whole(values: object) -> bool:
    listed = isinstance(values, (tuple, list))
    return listed and all(isinstance(k, int) and not isinstance(k, bool) for k in values)  # type: ignore[attr-defined]
