"""Every way in which a paper prints a number, in one table, and the numbers of a text found by it."""

import html
import re
import tomllib
from dataclasses import dataclass
from importlib import resources

_FILE = resources.files("lupus_kit.audit.reading").joinpath("words.toml").read_text(encoding="utf-8")
#: The lists of ``words.toml``, each as the alternatives of a pattern.
WORDS = {name: f"(?:{'|'.join(words.split())})".replace("_", " ") for name, words in tomllib.loads(_FILE).items()}
#: Signs that journals and PDFs use, each brought to one sign of the same length: every place stays where it was.
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u200b\ufeff\t", " "),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\u2014\u2015", ","),  # a dash between clauses is no sign before a number
        **dict(zip("⩽≦⩾≧＜＞＝％﹪×¼·∙•‧⋅・µ[]{}“”‘’", "≤≤≥≥<>=%%x=......μ()()\"\"''", strict=True)),
    }
)  # fmt: skip
_ENTITY = re.compile(r"&(?:[a-z]{2,8}|#\d{2,5});")
_LINE_END = re.compile(r"\b([A-Za-z]{2,})- ?\n ?([a-z]{2,})")
_UNITS, _TENS = (WORDS[name][3:-1].split("|") for name in ("units", "tens"))
_VALUES = {word: i for i, word in enumerate(_UNITS)} | {word: 10 * i for i, word in enumerate(_TENS, 2)}
_LETTERS = (
    rf"(?i:\b(?:(?:{WORDS['tens']})(?:[-\s](?:{'|'.join(_UNITS[1:10])}))?|{'|'.join(reversed(_UNITS))})\b(?!-[a-z]))"
)

#: A number: 1,234 or 12.5 or .05; digits are bounded and never given back, so that no text makes a pattern slow.
_N = r"(?>\d{1,3}(?:,\d{3}){1,3}(?![\d,])(?:\.\d{1,9})?|\d{1,12}(?:\.\d{1,9})?|\.\d{1,9})"
#: The same with a sign; a hyphen behind a number or a word is none.
_S = rf"(?:(?<![\w.)])[-+] ?)?{_N}"
_INT = r"(?>\d{1,3}(?:,\d{3}){1,3}(?!\d)|\d{1,9})(?![\d]|[.,]\d)"
_PCT = r"\s?(?:%|per\s?cent(?!age|ile))"
_RANGE = rf"{_S}\s?%?\s?(?:-|,|;|to|and)\s?{_S}"
_CI = (
    r"(?:(?:95|90|99|97\.5)\s?(?:%|per\s?cent)\s?)?\(?(?:two-sided |bayesian )?"
    r"(?:CIs?|CrI|confidence (?:interval|limit)s?|credible intervals?)\b"
)
_UNIT = (
    r"(?:mg|g|kg|μg|mcg|ug|ng|ml|mL|dl|dL|l|L|IU|U|units?|mmol|Gy|cGy|mm|cm|m2|kcal|kJ|mmHg|Hz|MBq|million|MIU)\b"
    r"(?:/[\w.]{1,6}){0,3}"
)
_TIMES = r"(?:days?|weeks?|wks?|months?|mos?|years?|yrs?|hours?|hrs?|h|minutes?|mins?|seconds?)\b"
_COUNTED = r"(?:patients?|women|men|subjects|participants|cases)"
_RATIO = (
    r"(?:(?:adjusted |crude |unadjusted |common |pooled )?(?:odds|hazards?|risk|rate|relative|incidence rate|likelihood)"
    r"[ -](?:ratios?|risks?)|relative hazards?|[ac]?OR|[as]?HR|[ac]?RR|IRR"
    r"|(?:absolute |mean |risk |rate |between-group |treatment )*(?:differences?))(?:\s?\((?:OR|HR|RR|IRR|RD|ARD|ARR)\))?"
)
_SHIFT = rf"(?:(?:relative|absolute|significant|further|mean|greater|lower) )?{WORDS['shifts']}\b"
_MORE_THAN = (
    r"(?:[<>≤≥]\s?(?:or ?)?(?:[=/] ?)?|>/=|</=|\b(?:at least|at most|more than|less than|greater than|fewer than|lower than"
    r"|higher than|exceeding|below|above|up to|over|under) (?:an? |or equal to )?)"
)
_V = r"(?:v\.?|vs\.?|versus|and|or|,|compared (?:with|to))"

#: What a number can be, in the order in which it is tried, each in every spelling. ``percent``, ``fraction`` and ``count``
#: may be results of an arm; the others are kept apart.
TABLE: dict[str, tuple[str, ...]] = {
    "register": (r"\b(?:NCT|ISRCTN|ACTRN|UMIN|EudraCT|ChiCTR|doi)[\w:./-]*\d[\w./-]*",),
    "p": (
        r"\b[Pp](?:\s?-?\s?(?:values?|trend|interaction))?(?:\s?\([^()]{1,20}\))?\s?(?:of|was|were|is|,|:|for \w+)?\s?"
        rf"(?:(?:[=<>≤≥]\s{{0,5}}|less than |greater than )+|(?<=of )|(?<=was )|(?<=[,:]) ?){_N}(?!\d|{_PCT})"
        r"(?:\s?x\s?10\s?(?:\^|\*\*)?-?\d{1,3})?",
        r"\b[Pp]\s?=?\s?[nN]\.?[sS]\.?\b",
        r"(?<=[(;,] )NS\b|(?<=[(;,])NS\b",
    ),
    "effect": (
        rf"\b{_RATIO}(?:(?:,|:|=| of| was| for [^\d;.()]{{1,60}}?(?:,|:|=| was| of)?)\s?=?)?\s?\(?{_S}(?:{_PCT})?"
        r"(?:\s?(?:percentage points?|points?))?"
        rf"(?:[,;]?\s?\(?(?:{_CI})[^\d\n]{{0,12}}{_RANGE}{_PCT}?|\s?\({_RANGE}%?(?=\)))?",
    ),
    "interval": (
        rf"(?:{_CI})[^\d\n]{{0,20}}{_RANGE}(?:{_PCT})?",
        rf"(?<=\(){_S}%?(?:-|\sto\s|\s-\s){_S}%?(?=[);,])",
        rf"{_N}%?\s?(?:-|to)\s?{_N}{_PCT}",
    ),
    "level": (
        rf"{_N}{_PCT}\s?\(?(?:CIs?|confidence|credible|power|statistical|significance|level|limits|LOA)\b",
        rf"\b(?:power|alpha|significance|level)\s(?:of|was|=)\s{_N}{_PCT}?|α\s?=\s?{_N}",
    ),
    "mean": (rf"{_S}\s?(?:±|\+/-|\+-)\s?{_N}%?", rf"{_S}%?\s?\((?:SDs?|SEM?)[ :=,]{{1,2}}{_N}%?"),
    "size": (rf"\b[nN]\s?=\s?{_INT}(?!\s?/\s?\d|{_PCT})",),
    "fraction": (
        rf"(?:{_INT}|{_LETTERS})\s?(?:/\s?|{_COUNTED}? ?(?:out )?of (?:the |a total of )?){_INT}(?!{_PCT}|\s?{_TIMES}|/)",
    ),
    "threshold": (
        rf"{_MORE_THAN}{_N}(?:{_PCT}|\s?-?{_UNIT}|\s?{_TIMES}|)",
        rf"{_N}{_PCT}\s(?:or|and) (?:more|less|greater|higher|lower|above|over)\b",
    ),
    "change": (
        rf"(?:\bby (?:about |approximately |an? (?:mean|average|median) (?:of )?)?|{_SHIFT} (?:of|by|was|were|in \w+ of)"
        rf" (?:about |approximately )?){_N}{_PCT}",
        rf"(?<![A-Za-z])[-+]{_N}{_PCT}(?! of| (?:or|vs?\.?) |\s?\(\d+(?:/| of )\d)",
        rf"{_N}{_PCT}\s?(?:\([^()]{{0,60}}\) ?)?{_SHIFT}(?! in the| than| with| among| patients| rate)",
        rf"\ban? {_N}{_PCT}\s{_SHIFT}",
        rf"\bfrom {_N}{_PCT}?(?:\s?\([^()]{{0,40}}\))? to {_N}{_PCT}",
    ),
    "dose": (
        rf"\b(?:\d[\d.,]{{0,8}}|of)\s?(?:ml|mL|mg|g|l|L|μg)? of {_N}{_PCT}",
        rf"{_N}{_PCT}\s{WORDS['solutions']}",
        rf"{_N}\s?-?\s?(?:x\s?10\s?\d{{1,2}}\s?)?{_UNIT}",
    ),
    "time": (
        rf"{_N}(?:\s?-\s?|\s?to\s?|\sor\s|\sand\s)?(?:{_N})?\s?-?\s?{_TIMES}",
        rf"\b(?:days?|weeks?|months?|years?|visits?|cycles?) {_INT}(?:(?:, | and |,? or |-| to ){_INT}(?!{_PCT}))*(?!{_PCT})",
        # A year; but "1950 (65%) of 3000" and "(65%) of 2000" count patients.
        rf"(?<!\) of )\b(?:19|20)\d\d\b(?!{_PCT}|/|\s?\([\d.]+{_PCT}\) of\b)",
    ),
    "name": (
        rf"(?<![\w.])[A-Za-z]+[-+]?(?!\d[\d.,]*{_PCT})\d[\w/-]*",
        r"(?<![\w.])(?:[Gg]rades?|[Pp]hases?|[Ss]tages?|[Gg]roups?|[Cc]lass|[Tt]ypes?|[Aa]rms?|ACR|PASI|SRI|[Tt]able|[Cc]ohort)"
        rf"[ -]?\d[\d/-]*(?![\d.]*{_PCT}| \()",
        r"(?<![\w.])\d+(?:(?:st|nd|rd|th|-fold|-arm|-way|-point|-item)\b|(?::\d+)+|-[A-Za-z][\w-]*|[A-Za-z]\w*)",
    ),
    "percent": (
        rf"(?:{_N}|{_LETTERS}){_PCT}",
        rf"(?<![\d,])\d{{1,2}},\d{{1,2}}{_PCT}",
        # "40 v 25%" and "21, 17 and 19%": the sign stands once, behind the last.
        rf"(?<![\d-]){_N}(?=(?:\s?\(\d+/\d+\))?(?:,? {_N}){{0,6}},?\s?{_V} {_N}{_PCT})",
    ),
    "count": (
        rf"(?<![\d,./-]){_INT}(?![-/]\d)",
        _LETTERS,
        r"\b[Nn]o\b(?= (?:[a-z-]+ ){1,3}(?:was|were|in|with|on|occurred)\b| patients?\b)",
    ),
    "number": (_N,),
}
#: What makes "by 16%" a change and not a share: "fell by 16%", but "was reached by 16%".
_CHANGED = re.compile(
    r"(?i)\b(?:f[ae]ll|r[io]se|reduc|increas|decreas|declin|diminish|improv|lower|higher|chang|drop|gain|los[et]|gr[eo]w|rais|worsen)"
)
#: Words that make a percentage a mean or a change, and words that keep it a share of patients.
_OF_MEANS = re.compile(
    r"(?i)(?:\b(?:means?|median|average|weight loss|adherence|compliance)\b[^;.()]*"
    r"|\b(?:changes?|reductions?|decreases?|increases?)\b[^;.()]*\b(?:was|were|with|and|versus|vs|v)\s[^;.()]*"
    r"|\b(?:increased|decreased|fell|rose|declined|dropped|grew|improved)\s)$"
)
_OF_SHARES = re.compile(rf"(?i)\b{WORDS['shares']}\b")
_FINDER = re.compile("|".join(f"(?P<{kind}>{'|'.join(spellings)})" for kind, spellings in TABLE.items()))


@dataclass(frozen=True)
class Number:
    """A number where it stands: a slice of the text, and what it is (a kind of :data:`TABLE`)."""

    start: int
    end: int
    kind: str


def plain(source: str) -> str:
    """Bring the signs of a text to one spelling; every number stays at its place.

    Words that a hyphen parts at the end of a line are joined, with the hyphen where the text has the word with it.

    Examples
    --------
    >>> plain("55·2 % [P ¼ 0.06], P &lt; 0.001")
    '55.2 % (P = 0.06), P <    0.001'
    """
    text = _ENTITY.sub(lambda m: html.unescape(m[0]).ljust(len(m[0])), source).translate(_SIGNS)
    whole = set(re.findall(r"\b[A-Za-z]+-[a-z]+", text))

    def joined(match: re.Match[str]) -> str:
        sign = "-" if f"{match[1]}-{match[2]}" in whole or match[1].lower() in _TENS else ""
        return f"{match[1]}{sign}{match[2]}".ljust(len(match[0]))

    return _LINE_END.sub(joined, text)


def find_numbers(text: str) -> list[Number]:
    """Find every number of a text in the spelling of :func:`plain`.

    Examples
    --------
    >>> [(text[n.start : n.end], n.kind) for text in ["At week 12, 55.2% v 30% (p = < 0.05)"] for n in find_numbers(text)]
    [('week 12', 'time'), ('55.2%', 'percent'), ('30%', 'percent'), ('p = < 0.05', 'p')]
    """
    found = []
    for match in _FINDER.finditer(text):
        start, end = match.span()
        kind = match.lastgroup or ""
        if kind == "change" and match[0].startswith("by ") and not _CHANGED.search(text, max(0, start - 100), start):
            start, kind = start + re.search(r"[\d.]", match[0]).start(), "percent"  # type: ignore[union-attr]
        elif kind == "percent" and _OF_MEANS.search(text[max(0, start - 90) : start]):
            clause = re.split(r"[;.()]", text[max(0, start - 150) : start])[-1]
            kind = kind if _OF_SHARES.search(clause) or text.startswith(" of ", end) else "change"
        found.append(Number(start, end, kind))
    return found


def value_of(printed: str) -> str:
    """Return the digits of a number as printed or in letters, without a percent sign and separators of thousands.

    Examples
    --------
    >>> [value_of(one) for one in ("1,234", ".5%", "40,0 %", "twenty-one", "no")]
    ['1234', '0.5', '40.0', '21', '0']
    """
    digits = re.sub(r"(?i)\s*(?:%|per\s?cent).*", "", printed).strip().lower()
    if digits[:1].isalpha():
        return str(sum(_VALUES.get(word, 0) for word in re.split(r"[-\s]+", digits)))
    if re.fullmatch(r"\d{1,2},\d{1,2}", digits):
        digits = digits.replace(",", ".")
    return re.sub(r"^(-?)\.", r"\g<1>0.", digits.replace(",", "").replace(" ", ""))
