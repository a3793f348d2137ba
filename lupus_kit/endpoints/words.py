"""The words of ``words.toml``, by section."""

from lupus_kit.core.templates import toml_beside

WORDS: dict[str, dict[str, str]] = toml_beside(__file__, "words.toml")
