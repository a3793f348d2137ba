"""Claims files: the printed numbers of any paper, in one TOML file or one csv file.

A claims file is data. Nothing in it is executed, and it opens no file but csv files that stand beside it.
"""

import tomllib
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.files import read_bytes, read_text
from lupus_kit.published.claims.claim_reader import CLAIM_KEYS
from lupus_kit.published.claims.lines import key_lines
from lupus_kit.published.claims.problems import COLUMN_OF, Entry, Problems, csv_rows, in_csv, of_csv
from lupus_kit.published.claims.problems import Path as Keys
from lupus_kit.published.claims.study_reader import STUDY_KEYS, build
from lupus_kit.published.study import Study

#: A paper has some hundred numbers; what is larger than this is something else.
LARGEST = 2_000_000
_CLAIMS = "a claims file of one paper"


def study_from_claims(data: Mapping[str, Any], name: str = "the claims") -> Study:
    """Make a study from claims in memory, laid out as in a claims file.

    Parameters
    ----------
    data : mapping
        What ``tomllib`` would return for the file: ``format``, ``study``, ``arm``, ``claim``.
    name : str
        What to call the claims in messages.

    Returns
    -------
    Study
        With ``remarks`` on what was read with a word of explanation.

    Raises
    ------
    InputError
        Every problem at once, each with its key.

    See Also
    --------
    load_claims, claims_toml

    Examples
    --------
    >>> study = study_from_claims(
    ...     {
    ...         "study": {"key": "example", "title": "An invented trial"},
    ...         "arm": [{"name": "drug", "n": 30}, {"name": "placebo", "n": 30}],
    ...         "claim": [
    ...             {"id": "a", "endpoint": "response", "arms": ["drug", "placebo"], "reported": ["50%", "20%"], "p": ".03"}
    ...         ],
    ...     }
    ... )
    >>> study.records[0].p, study.remarks[0]
    ('0.03', 'the claims, key study.alpha: no alpha is given: 0.05, two-sided, is used.')
    """
    if not isinstance(data, Mapping):
        raise InputError(f"{name}: {type(data).__name__} given; expected a table of keys such as study and claim.")
    problems = Problems(lambda path: f"{name}, key {_dotted(path)}{_which(data, path)}")
    return build(name, data, problems)


def load_claims(path: str | Path) -> Study:
    """Load a claims file.

    Parameters
    ----------
    path : str or pathlib.Path
        A ``.toml`` file, a ``.csv`` file, or a folder with ``study.toml``.

    Returns
    -------
    Study
        With ``remarks`` on what was read with a word of explanation.

    Raises
    ------
    InputError
        The file cannot be read; or every problem in it at once, each with its line and key.

    See Also
    --------
    load, studies, related, claims_toml

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> text = '''
    ... [study]
    ... key = "example2020"
    ... title = "An example"
    ... [[claim]]
    ... id = "response"
    ... endpoint = "response"
    ... arms = ["drug", "placebo"]
    ... reported = ["53.3%", "30.0%"]
    ... n = [30, 30]
    ... p = "0.067"
    ... '''
    >>> with TemporaryDirectory() as folder:
    ...     written = Path(folder, "paper.toml").write_text(text, encoding="utf-8")
    ...     study = load_claims(Path(folder, "paper.toml"))
    >>> study.records[0].p
    '0.067'
    """
    place = Path(path)
    if place.is_dir():
        if not place.joinpath("study.toml").is_file():
            raise InputError(f"study.toml is missing in {place}: it holds the citation, the arms and the claims.")
        return _from_toml(place.joinpath("study.toml"))
    if place.name.lower().endswith(".csv"):
        return _from_csv(place)
    return _from_toml(place)


def _read(place: Path) -> str:
    """Return the text of a file that is small enough to be a claims file."""
    text = read_text(lambda: read_bytes(place, LARGEST, _CLAIMS), place.name)
    if not text.strip():
        raise InputError(f"{place.name} is empty, it holds no row and no key: lupus-kit audit --new writes a template.")
    return text.replace("\r\n", "\n")


def _parse(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InputError(f"{name} cannot be read: brackets are nested too deeply for a claims file.") from None
    except ValueError as error:
        raise InputError(f"{name} is not TOML that can be read: {str(error).rstrip('.')}.") from None


def _from_toml(place: Path) -> Study:
    name, text = place.name, _read(place)
    try:
        lines = key_lines(text)
    except InputError as error:
        raise InputError(f"{name}, {error}") from None
    raw = _parse(text, name)
    problems = Problems(lambda path: _located(name, raw, path, lines))

    def open_beside(file: str) -> str:
        if Path(file).name != file or "\\" in file or not file.endswith(".csv"):
            raise InputError(f"{file!r} must be the plain name of a csv file in the same folder.")
        return _read(place.with_name(file))

    more: list[tuple[Keys, Mapping[str, Any]]] = []
    study_table = raw.get("study")
    if isinstance(study_table, Mapping) and "claims" in study_table:
        file = Entry(study_table, ("study",), problems, tuple(study_table)).text("claims")
        try:
            rows = _claim_rows(open_beside(file), problems_of := of_csv(file))
            problems.found += problems_of.found
            more = [((file, line), row) for line, row in rows]
        except InputError as error:
            problems.found.append(str(error))
    return build(name, raw, problems, more, open_beside)


def _dotted(path: Keys) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)


def _which(raw: Mapping[str, Any], path: Keys) -> str:
    """Name the claim a path leads into."""
    try:
        claim = raw[str(path[0])][path[1]] if len(path) > 1 and path[0] == "claim" else {}
        name = claim.get("id")
    except (KeyError, IndexError, TypeError, AttributeError):
        return ""
    return f" ({name})" if isinstance(name, str) and name else ""


def _located(name: str, raw: Mapping[str, Any], path: Keys, lines: Mapping[Keys, int]) -> str:
    """Say where a path stands: the line of the key, or of the nearest table around it."""
    if path and isinstance(path[0], str) and path[0].endswith(".csv"):
        return in_csv(path[0], path[1:])
    found = [lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines]
    line = f"line {found[0]}, " if found else ""
    return f"{name}, {line}key {_dotted(path)}{_which(raw, path)}"


# ------------------------------------------------------------------ csv

#: Columns of a csv file of claims: the keys of a claim, and the two sides of those that have two.
_PLAIN = tuple(key for key in CLAIM_KEYS if key not in (*COLUMN_OF, "strata"))
COLUMNS = (*_PLAIN, "reported_p", *(f"{name}_{side}" for name in COLUMN_OF.values() for side in "ab"))
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}
_NEEDED = ("id", "endpoint", "arm_a", "reported_a")


def _from_csv(place: Path) -> Study:
    """Read a csv file of claims; lines before the header that begin with # say the rest, in TOML."""
    name, text = place.name, _read(place)
    lines = text.split("\n")
    head = [line.removeprefix("#").strip() for line in takewhile(lambda line: line.startswith("#"), lines)]
    said = _parse("\n".join(head), name)
    problems = Problems(lambda path: _csv_place(name, path))
    Entry(said, ("study",), problems, (*(key for key in STUDY_KEYS if key != "claims"), "arms"))
    stem = name.rpartition(".")[0]
    for key in ("key", "title"):
        if key not in said:
            problems.remark(("study", key), f"no {key} is given: {stem!r}, the name of the file, is used.")
    arms = said.pop("arms", None)
    raw: dict[str, Any] = {"study": {"key": stem, "title": stem, **said}}
    if isinstance(arms, Mapping):
        raw["arm"] = [{"name": arm} | ({} if n == 0 else {"n": n}) for arm, n in arms.items()]
    elif arms is not None:
        problems.add(("study", "arms"), f'{arms!r} must be such as arms = {{ "drug" = 30, "placebo" = 30 }}.')
    rows = _claim_rows("\n".join(lines[len(head) :]), problems, len(head))
    return build(name, raw, problems, [((line,), row) for line, row in rows])


def _csv_place(name: str, path: Keys) -> str:
    if path and isinstance(path[0], int):
        return in_csv(name, path)
    return f"{name}, key {_dotted(path[1:]) if path[:1] == ('study',) else _dotted(path)}"


def _claim_rows(text: str, problems: Problems, before: int = 0) -> list[tuple[int, Mapping[str, Any]]]:
    """Turn each row of a csv text, which follows ``before`` lines, into the keys of one claim."""
    rows = csv_rows(text, _wrong_header, problems, before)
    found: list[tuple[int, Mapping[str, Any]]] = [(line, _claim_keys(row)) for line, row in rows]
    if not found and not problems.found:
        problems.add((before + 1,), "holds no claim: add at least one row.")
    return found


def _wrong_header(names: list[str]) -> Iterator[object]:
    yield from (unknown_name("column", name, COLUMNS) for name in names if name not in COLUMNS)
    if missing := [name for name in _NEEDED if name not in names]:
        yield f"column {', '.join(missing)} is missing."


def _claim_keys(row: Mapping[str, str]) -> dict[str, Any]:
    cells = {key: value.strip() for key, value in row.items()}
    claim: dict[str, Any] = {key: cells[key] for key in _PLAIN if cells.get(key)}
    if cells.get("reported_p"):
        claim["p"] = cells["reported_p"]
    for key in ("order", "both", "items"):
        if claim.get(key, "").isdecimal() and len(claim[key]) < 10:
            claim[key] = int(claim[key])
    for flag in {"as_printed", "confirmed"} & claim.keys():
        claim[flag] = _FLAGS.get(claim[flag].lower(), claim[flag])
    sides = ("a", "b") if cells.get("arm_b") or cells.get("visit_b") else ("a",)
    for key, name in COLUMN_OF.items():
        listed = [cells.get(f"{name}_{side}", "") for side in sides]
        if key in ("arms", "visits"):
            listed = [value for value in listed if value]
        if any(listed):
            claim[key] = listed
    return claim
