"""The regular expressions of numbers in abstracts, one small piece each.

Every pattern begins at a digit or a fixed word and every repetition in it is bounded, so that the time to read a
text grows with its length and not faster. They are written for the one spelling of
:func:`lupus_kit.audit.reading.spellings.plain`: round brackets only, points in decimals, plain hyphens.
"""

import re

from lupus_kit.audit.reading.spellings import INT, NUM, SIGNED, regex, words

PATIENTS = words("patients")
#: Things that can be counted as having happened.
EVENTS = words("events")


def _table(*rows: tuple[str, str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, regex(pattern)) for kind, pattern in rows)


#: Up to three lower-case words, as in "914 randomised elderly patients".
_FEW = r"(?:[A-Za-z][\w'-]{0,30} ){0,3}?"
_OPEN, _CLOSE = r"\s*\(\s*", r"\s*\)"
_PCT = rf"(?P<percent>{NUM})\s*%"
_EUROPEAN = r"(?P<percent>\d{1,2},\d{1,2})\s*%"
_COUNT, _N = rf"(?P<count>{INT})", rf"(?P<n>{INT})"
_OF = r"\s*(?:/|(?:out )?of(?: (?:the|all|a total of|those))?\s)\s*"
_LEVEL = r"(?P<level>\d\d(?:\.\d+)?)\s*%?"
_INTERVAL = (
    r"(?:C\.?I\.?|confidence (?:interval|limits?)|(?:Bayesian )?(?:Cr\.?I|credible interval)|credible interval)s?"
)
_UNIT = rf"(?:\s*{words('units')})?"
#: "95% CI", "95% confidence interval (CI)", "CI 95%", with what may stand before the lower limit.
CI_WORDS = (
    rf"(?:{_LEVEL}[\s-]*(?:two-sided |2-sided )?{_INTERVAL}(?:\s*\({_INTERVAL}\))?|"
    rf"C\.?I\.?\s*{_LEVEL.replace('level', 'level2')})[\s:,=(]*(?:(?:of|from|was|is|ranged? from) )?[\s(]*"
)
_LIMITS = rf"(?P<low>{SIGNED}){_UNIT}\s*(?:to|-|,|;|and)\s*(?P<high>[-+]?\s?{NUM}){_UNIT}"
_RATIO = (
    r"(?:(?:proportional )?odds[\s-]ratios?|(?:relative[\s-]risks?|risk[\s-]ratios?|rate[\s-]ratios?|"
    r"incidence[\s-]ratios?|hazards?[\s-]ratios?|prevalence[\s-]ratios?|win[\s-]ratios?|response[\s-]ratios?|"
    r"mean[\s-]ratios?|ratios? of (?:\w+ ){1,3}?means?)|\b(?:a|c|s|adj\.?\s?)?(?:OR|HR|RR|IRR|SHR|sHR|PR)s?\b)"
)
_DIFFERENCE = (
    r"(?:(?:absolute |relative )?(?:risk|rate) reductions?|differences?|\b(?:RD|ARR|ARD|MD|SMD|LSMD|WMD)\b|"
    "treatment effects?)"
)
_ADJUSTED = words("adjustments")
#: What may stand between the name of an effect and its estimate: words, no digits and no end of a clause.
_AT = (
    rf"(?:[^\d().;%]{{0,60}}?\b(?:at|by|after|over|in|during|through|from) {NUM}[\s-](?:weeks?|months?|days?|"
    r"years?|hours?)\b)?"
)
_BETWEEN = rf"(?:\s*\([A-Za-z]{{1,6}}\))?{_AT}[^\d().;%]{{0,90}}?[\s,:=(]*"
_BETWEEN_RATIO = (
    r"(?:\s*\([A-Za-z]{1,6}\))?(?: (?:for|of|in|with|versus|vs\.?) [^\d().;%]{1,80}?)?[\s,:=(]*(?:(?:of|was|"
    r"were|is) )?[\s(]*"
)
#: An effect with its interval. The name of the effect comes first.
EFFECT_RATIO = regex(
    rf"(?P<type>{_ADJUSTED}{{0,2}}{_RATIO}){_BETWEEN_RATIO}(?P<estimate>{SIGNED})(?:[\s,;:(]*{CI_WORDS}|"
    rf"\s*\(\s*){_LIMITS}"
)
EFFECT_DIFFERENCE = regex(
    f"(?P<type>{_ADJUSTED}{{0,2}}(?:absolute |mean |risk |rate |treatment |between-group |median |least-squares |"
    rf"LS |group ){{0,3}}{_DIFFERENCE}){_BETWEEN}(?P<estimate>{SIGNED})(?P<unit>{_UNIT})(?:[\s,;:(]*{CI_WORDS}|"
    rf"\s*\(\s*){_LIMITS}"
)
#: The same without an interval.
RATIO_ALONE = regex(rf"(?P<type>{_ADJUSTED}{{0,2}}{_RATIO}){_BETWEEN_RATIO}(?P<estimate>{NUM})(?![\d.]*\s*%)")
DIFFERENCE_ALONE = regex(
    f"(?P<type>(?:(?:absolute|mean|risk|rate|treatment|between-group|adjusted) ){{0,3}}(?:{_DIFFERENCE}|Δ))(?: "
    rf"(?:of|was|between (?:the )?(?:\d )?(?:groups|arms)(?: was)?))?[\s,:=]*(?P<estimate>{SIGNED})(?P<unit>{_UNIT}"
    ")"
)
#: An estimate whose kind is said elsewhere: "16.3 percentage points (95% CI, 6.3 to 26.3)", "1.83 (95% CI 1.3-2.6)".
ESTIMATE_INTERVAL = regex(rf"(?P<estimate>{SIGNED})(?P<unit>{_UNIT})[\s,;:(]*{CI_WORDS}{_LIMITS}")
RANGES = _table(
    #: "1.83 (1.30-2.59)": an effect when one was named before in the sentence, a median and its quartiles otherwise.
    ("estimate with a range",
        rf"(?P<estimate>{SIGNED})(?P<unit>{_UNIT})\s*\(\s*(?:IQR|interquartile range|"
        rf"range)?[\s,:]*{_LIMITS}\s*(?=[),;])"),
    ("interval", f"{CI_WORDS}{_LIMITS}"),
    ("confidence level", rf"{_LEVEL}[\s-]*{_INTERVAL}"),
)  # fmt: skip
_P_NAME = (
    r"(?P<adjective>(?:\b(?:overall|(?:two|one|2|1)[\s-](?:sided|tailed)|(?:multiplicity-|covariate-)?adjusted|"
    r"unadjusted|nominal|both|all|log-?rank|Fisher'?s?(?: exact)?|interaction|trend|exact)[\s,]+){0,3})"
    r"(?<![\w-])(?P<name>[Pp])(?P<sub>[_\s-]?(?:interaction|trend|noninferiority|non-inferiority|superiority|"
    r"heterogeneity|int|adj|adjusted|nominal))?(?:[\s-]?values?)?(?P<for>\s*(?:for|of) (?:the )?(?:interaction|trend|"
    "heterogeneity|non-?inferiority|superiority|difference|all|both|the comparison|comparison|each|overall|"
    "between-group)(?: (?:comparisons?|differences?))?)?"
)
_RELATION = (
    r"(?P<relation>=|<|>|≤|≥|(?:was|were|is|of|being)?\s*(?:equal to|less than|below|greater than|more than|at "
    "most)|was|were|of|is|:|,)?"
)
_P_NUMBER = (
    r"(?P<value>(?:0?[.,]\d+|[01](?:\.0+)?(?!\s*[x\d.]))|(?P<mantissa>\d(?:\.\d+)?)\s*(?:x\s*10\s*\^?\s*(?P<power>"
    r"[-]\s*\d{1,3})|[eE](?P<power2>-\d{1,3})))"
)
#: A p-value; what it is for may stand before or after it.
P_VALUE = regex(
    rf"(?-i:{_P_NAME}\s*{_RELATION}\s*{_P_NUMBER}(?![\d%])(?P<after>\s*(?:,\s*)?\(?(?:for|by) (?:the )?(?:tests? (?:of|"
    r"for) )?(?:interaction|trend|heterogeneity|non-?inferiority|superiority|both|all|each|either)\b(?: (?:\d\b|"
    r"comparisons?|doses?|groups?|differences?|of these|outcomes|end\s?points)){0,2})?)"
)
#: "P = .02 and .03", "p<0.001, 0.02": what follows a p-value without a letter of its own.
P_MORE = regex(rf"(?-i:(?:\s*,?\s*and |\s*,\s*)(?P<relation>=|<|>|≤|≥)?\s*{_P_NUMBER}(?![\d%]))")
P_NS = regex(
    rf"(?-i:{_P_NAME}\s*(?:=|:|,|was|is)?\s*(?P<ns>NS\b|n\.s\.|not significant|ns\b)|"
    r"(?P<alone>(?<=[(,;\s])(?:NS|n\.s\.)(?=[),;.])))"
)
#: Shares of patients, the richest form first. Groups: percent, count, n.
SHARES = _table(
    ("percent (count/n)",
        rf"{_PCT}\s*(?:{_FEW}{PATIENTS}\s*)?{_OPEN}(?:n\s*=\s*)?{_COUNT}{_OF}{_N}\s*{_FEW}{PATIENTS}?(?:\s*[;,]\s*(?:"
        f"{CI_WORDS})?{_LIMITS})?{_CLOSE}"),
    ("percent (count/n)", rf"{_PCT}\s*[,;]\s*{_COUNT}\s*/\s*{_N}"),
    ("percent (count/n)", f"{_EUROPEAN}{_OPEN}{_COUNT}{_OF}{_N}{_CLOSE}"),
    ("count/n (percent)", rf"{_COUNT}{_OF}{_N}\s*{_FEW}(?:{PATIENTS}\s*)?{_OPEN}{_PCT}{_CLOSE}?"),
    ("count/n (percent)", rf"{_COUNT}\s*/\s*{_N}\s*[,;=]\s*{_PCT}"),
    ("count/n (percent)", rf"{_COUNT}{_OF}{_N}\s*{_FEW}(?:{PATIENTS}\s*)?{_OPEN}{_EUROPEAN}{_CLOSE}"),
    ("count (percent) of n", rf"{_COUNT}\s*{_FEW}(?:{PATIENTS}\s*)?{_OPEN}{_PCT}{_CLOSE}{_OF}{_N}(?!\s*%)"),
    ("percent (count) of n", rf"{_PCT}{_OPEN}(?:n\s*=\s*)?{_COUNT}(?:\s*{PATIENTS})?{_CLOSE}{_OF}{_N}(?!\s*%)"),
    ("count (percent)",
        rf"(?:n\s*=\s*)?{_COUNT}\s*(?:{_FEW}{PATIENTS}\s*)?{_OPEN}{_PCT}(?!\s*(?:CI|confidence|CrI|credible))"),
    ("count (percent)", rf"(?<=\()(?:n\s*=\s*)?{_COUNT}(?:\s*{PATIENTS})?\s*[,;]\s*{_PCT}(?=\s*\))"),
    ("count (percent)", f"{_COUNT}{_OPEN}{_EUROPEAN}{_CLOSE}"),
    ("percent (count)", rf"{_PCT}{_OPEN}(?:n\s*=\s*)?{_COUNT}(?:\s*{PATIENTS})?{_CLOSE}"),
    ("percent of n", rf"{_PCT} of (?:the )?{_N}(?=\s*{_FEW}{PATIENTS})"),
    ("count/n", rf"(?<![\w/.]){_COUNT}\s*/\s*{_N}(?![\w/]|\.\d)"),
    ("count/n",
        rf"{_COUNT}\s*(?:{PATIENTS} )?(?:out )?of (?:the |all )?{_N}(?=\s*(?:{_FEW}{PATIENTS}|in\b|with\b|on\b|"
        r"receiving\b|who\b|and\b|v(?:ersu)?s?\b|[),;]))"),
    ("percent", _EUROPEAN),
    ("percent", _PCT),
)  # fmt: skip
#: "47.8 v 31.5%": one sign for two or three numbers.
SHARED_SIGN = regex(
    rf"(?P<first>{NUM})(?P<link>\s*(?:,?\s*and|vs?\.?|versus|compared (?:with|to)|,)\s*)(?=(?:{NUM}\s*,?\s*(?:and|"
    rf",)\s*)?{NUM}\s*%)"
)
MEAN_SD = regex(
    rf"(?P<mean>{SIGNED}){_UNIT}\s*(?:±\s*(?P<sd>{NUM})|\(\s*±?\s*(?:(?P<which>S\.?[DE]\.?M?|standard (?:deviation|"
    rf"error))[\s,:=]*)±?\s*(?P<sd2>{NUM}){_UNIT}\s*\))"
)
_MONTH = rf"{words('months')}\.?"
_TIME_UNIT = "(?:weeks?|wks?|months?|mos?|days?|years?|yrs?|hours?|hrs?|h|minutes?|min)"
_NUMBERS = rf"{NUM}(?:(?:\s*,\s*(?:and )?| (?:and|or|to|through) |\s*-\s*){NUM}){{0,5}}"
#: What follows a visit is not a percent sign, a total or a bracket with a percentage.
_NOT_A_RESULT = r"(?![\d%]|\.\d)(?!\s*(?:%|/|\(\d|of (?:the )?\d|patients|participants))"
#: Numbers that are no result, each with what it is. Order matters: the first that fits keeps the digits.
EARLY = _table(
    ("address", r"https?://\S{1,300}|\bwww\.\S{1,200}|\bdoi:?\s?\S{1,200}|\b10\.\d{4,6}/\S{1,200}"),
    ("registration number",
        rf"\b{words('registries')}[\s:-]?[A-Za-z]{{0,8}}[\d][\w/-]{{2,30}}|\b(?:19|20)\d\d-\d{{5,6}}-\d\d\b|(?:trial|"
        r"registration|grant|protocol|ethics) (?:registration )?(?:number|no\.?)s?,? \S{1,40}"),
    ("date",
        rf"(?-i:\b\d{{1,2}} {_MONTH}\s*,?\s*(?:19|20)\d\d|\b{_MONTH} (?:\d{{1,2}}(?:st|nd|rd|th)?\s*,?\s*)?(?:(?:19|"
        rf"20)\d\d)?(?<=\d)(?!\d)|\b\d{{1,2}} {_MONTH}(?= and| to)|\b\d{{1,2}}/\d{{1,2}}/(?:19|20)\d\d\b|\b(?:19|"
        r"20)\d\d-\d\d-\d\d\b)"),
    ("level of significance",
        rf"\bP(?:[\s-]values?)?\s*(?:<|≤|=|of|less than|below|\s){{1,3}}\s*{NUM} (?:or less )?(?:was|were|is|"
        r"being)?\s*(?:considered|regarded|deemed|defined|taken|indicat|denot)\w*|(?:alpha|α|significance(?: "
        rf"level)?|type I error)(?: \w+){{0,3}}?\s*(?:=|of|at|was|<)?\s*{NUM}(?:\s*%)?|{NUM}\s*%? (?:two-sided |"
        "one-sided )?significance(?: level)?"),
    ("power of the plan", rf"{NUM}\s*% (?:statistical )?power|(?:statistical )?power (?:of|was|=)\s*{NUM}\s*%"),
    ("margin",
        "(?:margin|threshold|limit)s?(?: (?:of|was|for non-?inferiority|set at|was set "
        rf"at)){{0,3}}[\s,:=]*{SIGNED}{_UNIT}|{NUM}{_UNIT}[\s-]+(?:non-?inferiority )?margin"),
    ("ratio of allocation",
        r"(?<![\d.])\d{1,2}(?:\s?:\d{1,2}|\s:\s\d{1,2}){1,4}(?!\d|\.\d|\s*[%(/])|\b\d-to-\d(?:-to-\d)?\b|"
        r"\b\d to \d ratio"),
    ("visit",
        rf"\b(?:weeks|wks|months|days|years|visits|hours|cycles)\s{_NUMBERS}{_NOT_A_RESULT}|\b(?:weeks?|wk|months?|"
        rf"days?|years?|visits?|hours?|cycles?)[\s-]{NUM}(?:\s*(?:-|to|through)\s*{NUM})?(?!\s*(?:%|/\s*\d|of (?:the "
        r")?\d))"),
    ("name",
        r"(?<![\w.])(?:[A-Za-z][A-Za-z]*[-/]?\d[\w+]*(?:[-/]\w+)*)(?<!\))|"
        rf"\b{words('numbered')}[\s-](?:\d{{1,2}}[a-c]?(?:\s*(?:-|to|or|and|/|"
        r",)\s*\d{1,2}[a-c]?){0,3})(?![\d.,]*[\d%])"),
    ("name",
        rf"(?-i:\b{words('scores')}[\s-]\d{{1,3}}(?![\d.]*\s*%))"),
    ("name", r"(?-i:(?<![\w.,])\d{1,3}-[A-Za-z][\w-]*)"),
)  # fmt: skip
#: Those that are looked for before means and their spreads.
AGES_AND_RATES = _table(
    ("age",
        r"\b(?:aged?|ages)(?: (?:of|was|between|from|at least|range[d]?|"
        rf"≥))*[\s:,(=≥>]*{_NUMBERS}(?:\s*\(\s*±?\s*{NUM}\s*\))?(?:\s*(?:years?|yrs?|months?|weeks?)(?: (?:of age|"
        rf"old|or (?:older|more|over|younger)))?)?|{_NUMBERS}[\s-]*(?:years?|months?|weeks?)[\s-]+(?:of age(?: or "
        r"(?:older|younger))?|olds?\b|or older)"),
    ("rate",
        rf"{NUM}(?:\s*(?:events?|cases?|deaths?|attacks?|patients?|exacerbations?|infections?))?\s*(?:%\s*per "
        rf"(?:year|annum|month)|per {NUM}\s*(?:[a-z]+[\s-]){{0,2}}[a-z]+|/\s*{NUM}\s*(?:patient|person)[\s-]\w+|per "
        r"(?:patient|person|participant|woman|child)(?:[\s-]\w+)?|(?:events?|exacerbations?|attacks?|"
        r"relapses?)?\s*(?:per|/|a) (?:year|month|week|day)\b)"),
)  # fmt: skip
#: Those that are looked for after means and their spreads.
LATE = _table(
    ("dose or quantity",
        rf"(?-i:(?<![\w.]){NUM}(?:\s*(?:-|to|and|or|,\s*(?:and|or))\s*{NUM}){{0,3}}[\s-]*(?:(?:million|"
        rf"x\s*10\s*\^?\d+) )?{words('quantities')}(?![A-Za-z])(?:\s?(?:/|per)\s?{words('denominators')})*)"),
    ("dose or quantity", rf"{NUM} million (?:IU|units?|international units?)|{NUM}\s*°\s?C"),
    ("time", rf"(?<![\w.]){_NUMBERS}[\s-]*{_TIME_UNIT}(?![\w-])(?:'s?)?"),
    ("time", rf"(?<![\w.]){NUM}-(?:week|month|day|year|hour|minute|wk|yr)s?\b"),
    ("threshold",
        "(?:at least(?: an?)?|≥|≤|at most|up to|no more than|a minimum of|(?:greater|more|less|fewer|lower|higher) "
        rf"than(?: or equal to)?|above|below|exceeding)\s*{NUM}(?:[\s-]*(?:%|points?|grades?|units?|"
        rf"log))?(?!\s*(?:\(|of \d))|(?<![Pp\s=])[<>]\s*{NUM}\s*%?|{NUM}\s*%? or (?:more|greater|higher|less|lower|"
        rf"fewer|better|above|below)\b|{NUM}-(?:points?|grade|fold|log)\b|{NUM}%-\w+"),
    ("spread", rf"(?-i:\b(?:SD|SE|SEM|IQR)\b[\s,:=(]*{NUM}(?:\s*(?:-|to|,)\s*{NUM})?|±\s*{NUM})"),
    ("scale",
        r"(?:scale|score|scores|range|ranges|ranging|scored|rated)s?[\s,:=(]*(?:of|on|from|is|"
        rf"was)?\s*{SIGNED}\s*(?:to|-|and)\s*{NUM}(?:\s*points?)?|{NUM}-(?:item|joint|point|minute|metre|meter|lead|"
        r"valent|center|centre|country|site)\b"),
    ("number of sites",
        rf"(?:at|in|from|across|of) {INT} (?:[a-z]+ ){{0,3}}{words('sites')}\b"),
    ("number of groups", r"\b[2-9] (?:[a-z]+ )?(?:groups?|arms?|trials?|studies|doses?|regimens?|co-?primary)\b"),
)  # fmt: skip
#: Percentages that are changes or shares of something else than patients.
CHANGE_AFTER = regex(rf"\s*(?:relative |absolute |greater |mean |risk )*{words('changes')}\b")
CHANGE_BEFORE = regex(rf"\b{words('changed')} by\s*$")
#: "n=30", and a number that nothing else has read.
SIZE = regex(rf"\bn\s*=\s*(?P<n>{INT})")
BARE = regex(rf"(?<![\w.,])(?P<count>{INT})(?![\w]|\.\d|\s*[/%])")
LONG = regex(r"\d{10,}")
DECIMAL = regex(r"(?:(?<![\w.])[-+])?(?:\d[\d,]*+\.?\d*|\.\d+)")
NO_EVENT = regex(
    rf"(?-i:(?<![\w-])(?:(?:[Nn]o|zero|0) (?P<what>(?:[A-Za-z-]+ ){{0,4}}?{EVENTS})\b|"
    r"[Nn]one\b(?= (?:in|of|with|on|among|for|were|was|occurred)\b)))"
)
