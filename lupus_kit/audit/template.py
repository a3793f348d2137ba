"""The claims file that ``lupus-kit audit --new`` writes: every key explained, with an invented example."""

from importlib import resources


def template() -> str:
    """Return a commented claims file to fill in.

    Returns
    -------
    str
        TOML text with an invented trial; it loads and audits as it stands.

    Examples
    --------
    >>> template().splitlines()[0]
    '# A claims file: the printed numbers of one paper, for lupus-kit audit FILE.'
    """
    return resources.files("lupus_kit.audit").joinpath("template.toml").read_text(encoding="utf-8")
