"""The search of the handbook: sections of its pages, and an index of their words made in advance.

A page opened from disk may not read other files as data, so the index is a script that sets one variable.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser

#: How much more a word in a heading counts than one in the text.
_HEADING_WEIGHT = 12
_HEADINGS = {"h1", "h2", "h3"}
_UNREAD = {"script", "style"}
#: How a folded part begins that is not searched: a search must not give an answer away.
ANSWERS = ("Solution", "For the facilitator")
_BLOCKS = {"p", "div", "li", "tr", "pre", "td", "th", "h4", "h5", "br"}
_WORD = re.compile(r"[^\W_]+(?:[.\-'][^\W_]+)*")


@dataclass(frozen=True)
class Section:
    """What stands below one heading.

    Parameters
    ----------
    page : str
        File name of the page.
    anchor : str
        Id of the heading; empty for what stands above the first.
    level : int
        1 for the page's title, 2 and 3 below it.
    heading : str
        The heading as plain text.
    text : str
        Everything below it, as plain text in one line.
    """

    page: str
    anchor: str
    level: int
    heading: str
    text: str


class _Reader(HTMLParser):
    """Cut a page at its headings."""

    def __init__(self) -> None:
        super().__init__()
        self.cut: list[tuple[str, int, list[str], list[str]]] = [("", 1, [], [])]
        self._unread: list[str] = []
        # For each folded part that is open here: whether it holds an answer, known once its summary is read.
        self._folded: list[bool] = []
        self._summary: list[str] | None = None
        self._in_heading = False
        self._in_mark = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag in _UNREAD:
            self._unread.append(tag)
        elif tag == "details":
            self._folded.append(False)
        elif tag == "summary":
            self._summary = []
        elif tag in _HEADINGS and named.get("id") and not self._unread:
            self.cut.append((str(named["id"]), int(tag[1]), [], []))
            self._in_heading = True
        elif tag == "a" and "anchor-link" in (named.get("class") or ""):
            self._in_mark = True
        elif tag in _BLOCKS:
            self._write(" ")
        elif tag == "img" and named.get("alt"):
            self._write(f" {named['alt']} ")

    def handle_endtag(self, tag: str) -> None:
        if self._unread and tag == self._unread[-1]:
            self._unread.pop()
        elif tag == "details" and self._folded:
            self._folded.pop()
        elif tag == "summary" and self._summary is not None:
            if self._folded:
                self._folded[-1] = "".join(self._summary).strip().startswith(ANSWERS)
            self._summary = None
        elif tag in _HEADINGS:
            self._in_heading = False
        elif tag == "a":
            self._in_mark = False
        elif tag in _BLOCKS:
            self._write(" ")

    def handle_data(self, data: str) -> None:
        if self._summary is not None:
            self._summary.append(data)
        if not self._in_mark:
            self._write(data)

    def _write(self, text: str) -> None:
        if not self._unread and not any(self._folded):
            _, _, heading, below = self.cut[-1]
            (heading if self._in_heading else below).append(text)


def sections(page: str, article: str) -> list[Section]:
    """Cut an article into its sections.

    Parameters
    ----------
    page : str
        File name of the page that holds it.
    article : str
        HTML whose headings have ids.

    Returns
    -------
    list of Section
        In reading order; folded answers and code of the page itself are left out.

    Examples
    --------
    >>> text = "<h2 id='x'>Two arms</h2><p>Placebo.</p><details><summary>Solution</summary>16</details>"
    >>> [(one.heading, one.text) for one in sections("a.html", text)]
    [('Two arms', 'Placebo. Solution')]
    """
    reader = _Reader()
    reader.feed(article)
    reader.close()
    found = [
        Section(page, anchor, level, " ".join("".join(head).split()), " ".join("".join(text).split()))
        for anchor, level, head, text in reader.cut
    ]
    return [one for one in found if one.heading or one.text]


def words(text: str) -> list[str]:
    """Split a text into words that can be compared: small letters, no accents, plain hyphens.

    Examples
    --------
    >>> words("SRI-4 at week 12: p = 0.052, Söder's")
    ['sri-4', 'at', 'week', '12', 'p', '0.052', "soder's"]
    """
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return _WORD.findall(plain.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("\N{NON-BREAKING HYPHEN}", "-"))


def index(found: Iterable[Section], titles: dict[str, str]) -> str:
    """Write the index as a script.

    Parameters
    ----------
    found : iterable of Section
        The sections of all pages.
    titles : dict of str to str
        The title of each page by its file name.

    Returns
    -------
    str
        JavaScript that sets ``window.LUPUS_SEARCH``: ``sections``, a list of ``[page, anchor, title, heading,
        text]``, and ``words``, which maps each word to ``[place, weight, place, weight, ...]``.
    """
    kept = list(found)
    places: dict[str, list[int]] = {}
    for place, section in enumerate(kept):
        weights = Counter(words(section.text))
        for word in words(section.heading):
            weights[word] += _HEADING_WEIGHT
        for word, weight in weights.items():
            places.setdefault(word, []).extend((place, weight))
    rows = [[one.page, one.anchor, titles[one.page], one.heading, one.text] for one in kept]
    data = json.dumps(
        {"sections": rows, "words": dict(sorted(places.items()))}, ensure_ascii=False, separators=(",", ":")
    )
    # "</script" inside a text would end the script where the page is read as HTML.
    return "window.LUPUS_SEARCH=" + data.replace("</", "<\\/") + ";\n"
