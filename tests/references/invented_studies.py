"""Studies of one or a few invented claims, as short as a test can write them."""

from __future__ import annotations

from references.reading import checked

from lupus_kit import audit, published


def claim(name: str = "a", **keys: object) -> dict[str, object]:
    """A claim with the keys given."""
    given = {"id": name, "endpoint": f"endpoint {name}", "arms": ["drug", "placebo"], "reported": ["18/29", "9/30"]}
    return given | keys


def study(*claims: dict[str, object], n: tuple[int | None, int | None] = (30, 30), **keys: object) -> published.Study:
    """A study of two arms."""
    arms = [
        {"name": arm} | ({} if total is None else {"n": total})
        for arm, total in zip(("drug", "placebo"), n, strict=True)
    ]
    return published.study_from_claims(
        {"study": {"key": "k", "title": "An invented trial", "alpha": 0.05} | keys, "arm": arms, "claim": list(claims)}
    )


def lines(*claims: dict[str, object], **keys: object) -> dict[tuple[str, str], audit.CheckedValue]:
    """The checked values of a study of these claims."""
    return checked(audit.check(study(*claims, **keys)))
