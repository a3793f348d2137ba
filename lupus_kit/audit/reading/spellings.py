"""Every way in which a paper prints a number, in one table, and the numbers of a text found by it."""

import re
from dataclasses import dataclass

#: Signs that journals and PDFs use, each brought to one sign of the same length: every place stays where it was.
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u200b\ufeff\t", " "),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\u2014\u2015", ","),  # a dash between clauses is no sign before a number
        **dict(zip("⩽≦⩾≧＜＞＝％﹪×¼·∙•‧⋅・µ[]{}“”‘’", "≤≤≥≥<>=%%x=......μ()()\"\"''", strict=True)),
    }
)  # fmt: skip
_ENTITY = re.compile(r"&(?:lt|gt|le|ge|nbsp|thinsp|middot|plusmn|ndash|mdash|minus|#60|#62|#160|#183);")
_ENTITIES = dict(
    zip("lt gt le ge nbsp thinsp middot plusmn ndash mdash minus #60 #62 #160 #183".split(), "<>≤≥  .±---<> .", strict=True)
)  # fmt: skip
_LINE_END = re.compile(r"\b([A-Za-z]{2,})- ?\n ?([a-z]{2,})")

_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VALUES = {word: i for i, word in enumerate(_UNITS)} | {word: 10 * i for i, word in enumerate(_TENS, 2)}
_LETTERS = rf"\b(?:(?:{'|'.join(_TENS)})(?:[-\s](?:{'|'.join(_UNITS[1:10])}))?|{'|'.join(reversed(_UNITS))})\b(?!-[a-z])"

#: A number: 1,234 or 12.5 or .05; digits are bounded and never given back, so that no text makes a pattern slow.
_N = r"(?>\d{1,3}(?:,\d{3}){1,3}(?![\d,])(?:\.\d{1,9})?|\d{1,12}(?:\.\d{1,9})?|\.\d{1,9})"
_S = rf"(?:(?<![\w.)])[-+] ?)?{_N}"
_INT = r"(?>\d{1,3}(?:,\d{3}){1,3}(?!\d)|\d{1,9})(?![\d]|[.,]\d)"
_PCT = r"\s?(?:%|per\s?cent(?!age|ile))"
_TO = r"\s?%?\s?(?:-|,|;|to|and)\s?"
_CI = r"(?:(?:95|90|99|97\.5)\s?(?:%|per\s?cent)\s?)?\(?(?:two-sided |bayesian )?(?:CIs?|Crl|confidence (?:interval|limit)s?|credible intervals?)\b"
_UNIT = r"(?:mg|g|kg|µg|μg|mcg|ug|ng|ml|mL|dl|dL|l|L|IU|U|units?|mmol|Gy|cGy|mm|cm|m2|kcal|kJ|mmHg|Hz|MBq|million|MIU)\b(?:/[\w.]{1,6}){0,3}"
_TIMES = r"(?:days?|weeks?|wks?|months?|mos?|years?|yrs?|hours?|hrs?|h|minutes?|mins?|seconds?)\b"
_SHIFT = (
    r"(?:relative |absolute |significant |further |mean |greater |lower )?(?:reductions?|increases?|decreases?|decline|drop|improvement|gain|loss of|"
    r"lower|higher|greater|less|fewer|more|shorter|longer|difference|faster|slower|change)\b"
)

#: What a number can be, in the order in which it is tried. ``percent``, ``fraction`` and ``count`` may be results of an
#: arm; everything above them is kept apart.
TABLE: tuple[tuple[str, str], ...] = (
    ("register", r"\b(?:NCT|ISRCTN|ACTRN|UMIN|EudraCT|ChiCTR|doi)[\w:./-]*\d[\w./-]*"),
    ("p", rf"\b(?:P|p)(?:\s?-?\s?(?:values?|trend|interaction))?(?:\s?\([^()]{{1,20}}\))?\s?(?:of|was|were|is|,|:|for \w+)?\s?(?:(?:[=<>≤≥]\s?|less than |greater than )+|(?<=of )|(?<=was )|(?<=[,:]) ?){_N}(?:\s?x\s?10\s?(?:\^|\*\*)?-?\d{{1,3}})?"),
    ("p", r"\b[Pp]\s?=?\s?n\.?s\.?\b|(?<=[(;,] )NS\b|(?<=[(;,])NS\b"),
    ("effect", rf"\b(?:(?:adjusted |crude |unadjusted |common |pooled )?(?:odds|hazards?|risk|rate|relative|incidence rate|likelihood)[ -](?:ratios?|risks?)|relative hazards?|[ac]?OR|[as]?HR|[ac]?RR|IRR|(?:absolute |mean |risk |rate |between-group |treatment )*(?:differences?))(?:\s?\((?:OR|HR|RR|IRR|RD|ARD|ARR)\))?(?:(?:,|:|=| of| was| for [^\d;.()]{{1,60}}?(?:,|:|=| was| of)?)\s?=?)?\s?\(?{_S}(?:{_PCT})?(?:\s?(?:percentage points?|points?))?(?:[,;]?\s?\(?(?:{_CI})[^\d\n]{{0,12}}{_S}{_TO}{_S}{_PCT}?|\s?\({_S}{_TO}{_S}%?(?=\)))?"),
    ("interval", rf"(?:{_CI})[^\d\n]{{0,20}}{_S}{_TO}{_S}(?:{_PCT})?"),
    ("interval", rf"(?<=\(){_S}%?(?:-|\sto\s|\s-\s){_S}%?(?=[);,])|{_N}%?\s?(?:-|to)\s?{_N}{_PCT}"),
    ("level", rf"{_N}{_PCT}\s?\(?(?:CIs?|confidence|credible|power|statistical|significance|level|limits|LOA)\b|\b(?:power|alpha|significance|level)\s(?:of|was|=)\s{_N}{_PCT}?|α\s?=\s?{_N}"),
    ("mean", rf"{_S}\s?(?:±|\+/-|\+-)\s?{_N}%?|{_S}%?\s?\((?:SDs?|SEM?)[ :=,]{{1,2}}{_N}%?"),
    ("size", rf"\b[nN]\s?=\s?{_INT}(?!\s?/\s?\d|{_PCT})"),
    ("fraction", rf"(?:{_INT}|{_LETTERS})\s?(?:/\s?|(?:patients?|women|men|subjects|participants|cases)? ?(?:out )?of (?:the |a total of )?){_INT}(?!{_PCT}|\s?{_TIMES}|/)"),
    ("threshold", rf"(?:[<>≤≥]\s?(?:or ?)?(?:[=/] ?)?|>/=|</=|\b(?:at least|at most|more than|less than|greater than|fewer than|lower than|higher than|exceeding|below|above|up to|over|under) (?:an? |or equal to )?){_N}(?:{_PCT}|\s?-?{_UNIT}|\s?{_TIMES}|)|{_N}{_PCT}\s(?:or|and) (?:more|less|greater|higher|lower|above|over)\b"),
    ("change", rf"(?:\bby (?:about |approximately |an? (?:mean|average|median) (?:of )?)?|{_SHIFT} (?:of|by|was|were|in \w+ of) (?:about |approximately )?|(?<![A-Za-z])[-+]){_N}{_PCT}(?! of| (?:or|vs?\.?) )|{_N}{_PCT}\s?(?:\([^()]{{0,60}}\) ?)?{_SHIFT}(?! in the| than| with| among| patients| rate)|\bfrom {_N}{_PCT}?(?:\s?\([^()]{{0,40}}\))? to {_N}{_PCT}"),
    ("dose", rf"\b(?:\d[\d.,]{{0,8}}|of)\s?(?:ml|mL|mg|g|l|L|μg)? of {_N}{_PCT}|{_N}{_PCT}\s(?:\w+caine|saline|solution|cream|gel|ointment|lotion|dextrose|glucose|sucrose|alcohol|ethanol|oxygen|hydro\w+|chlorhexidine|povidone\w*|dose\b|\w+(?:azole|icin|ycin|mide|sone|olone|uracil)\b)"),
    ("dose", rf"{_N}\s?-?\s?(?:x\s?10\s?\d{{1,2}}\s?)?{_UNIT}"),
    ("time", rf"{_N}(?:\s?-\s?|\s?to\s?|\sor\s|\sand\s)?(?:{_N})?\s?-?\s?{_TIMES}|\b(?:days?|weeks?|months?|years?|visits?|cycles?) {_INT}(?:(?:, | and |,? or |-| to ){_INT}(?!{_PCT}))*(?!{_PCT})|\b(?:19|20)\d\d\b(?!{_PCT}|/)"),
    ("name", rf"(?<![\w.])(?:[A-Za-z]+[-+]?(?!\d[\d.,]*{_PCT})\d[\w/-]*|(?:[Gg]rades?|[Pp]hases?|[Ss]tages?|[Gg]roups?|[Cc]lass|[Tt]ypes?|[Aa]rms?|ACR|PASI|SRI|[Tt]able|[Cc]ohort)[ -]?\d[\d/-]*(?![\d.]*{_PCT}| \()|\d+(?:st|nd|rd|th|-fold|-arm|-way|-point|-item)\b|\d+(?::\d+)+|\d+-[A-Za-z][\w-]*|\d+[A-Za-z]\w*)"),
    ("percent", rf"(?:{_N}|{_LETTERS}){_PCT}|(?<![\d,])\d{{1,2}},\d{{1,2}}{_PCT}|(?<![\d-]){_N}(?=(?:,? {_N}){{0,6}},?\s?(?:v\.?|vs\.?|versus|and|or|,|compared (?:with|to)) {_N}{_PCT})"),
    ("count", rf"(?<![\d,./-]){_INT}(?![-/]\d)|{_LETTERS}|\bno\b(?= \w+ (?:was|were|in|with|on|occurred)|\s\w+s\b)"),
    ("number", rf"{_S}"),
)  # fmt: skip
_FINDER = re.compile(
    "|".join(f"(?P<k{i}>{pattern})" for i, (_, pattern) in enumerate(TABLE))
)
_KINDS = tuple(kind for kind, _ in TABLE)


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
    text = _ENTITY.sub(lambda m: _ENTITIES[m[0][1:-1]].ljust(len(m[0])), source.translate(_SIGNS))
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
    return [Number(*m.span(), _KINDS[int(m.lastgroup[1:])]) for m in _FINDER.finditer(text) if m.lastgroup]


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
