"""The regular expressions of numbers in abstracts, one small piece each.

Every pattern begins at a digit or a fixed word and every repetition in it is bounded, so that the time to read a
text grows with its length and not faster. They are written for the one spelling of
:func:`lupus_kit.audit.reading.words.numerals.plain`: round brackets only, points in decimals, plain hyphens.
"""

from __future__ import annotations

import re

from lupus_kit.audit.reading.words.numerals import INT, NUM, SIGNED

PATIENTS = (
    r"(?:patients?|participants?|subjects?|persons?|people|individuals?|women|men|children|infants?|adults?|"
    r"neonates?|recipients?|volunteers?|adolescents?|girls|boys|mothers|pregnancies|veterans|residents|students|"
    r"smokers|eyes|knees|hips|teeth|lesions|implants|cases|events?|respondents|cycles|procedures|births)"
)
#: Up to three lower-case words, as in "914 randomised elderly patients".
_FEW = r"(?:[A-Za-z][\w'-]{0,30}\s+){0,3}?"
_OPEN, _CLOSE = r"\s*\(\s*", r"\s*\)"
_PCT = rf"(?P<percent>{NUM})\s*%"
_EUROPEAN = r"(?P<percent>\d{1,2},\d{1,2})\s*%"
_COUNT, _N = rf"(?P<count>{INT})", rf"(?P<n>{INT})"
_OF = r"\s*(?:/|(?:out\s+)?of(?:\s+(?:the|all|a\s+total\s+of|those))?\s)\s*"
_LEVEL = r"(?P<level>\d\d(?:\.\d+)?)\s*%?"
_INTERVAL = (
    r"(?:C\.?I\.?|confidence\s+(?:interval|limits?)|(?:Bayesian\s+)?(?:Cr\.?I|credible\s+interval)|"
    r"credible\s+interval)s?"
)
_UNIT = (
    r"(?:\s*(?:%|percentage[\s-]points?|percent|points?|pp|mm\s?Hg|mmol(?:/|\s+per\s+)(?:l|mol)|mg/d[lL]|kg|g|cm|"
    r"mm|m|"
    r"days?|weeks?|months?|years?|hours?|minutes?|min|h|events?|units?|mL|letters?|metres?|meters?))?"
)
#: "95% CI", "95% confidence interval (CI)", "CI 95%", with what may stand before the lower limit.
CI_WORDS = (
    rf"(?:{_LEVEL}[\s-]*(?:two-sided\s+|2-sided\s+)?{_INTERVAL}(?:\s*\({_INTERVAL}\))?|"
    rf"C\.?I\.?\s*{_LEVEL.replace('level', 'level2')})"
    r"[\s:,=(]*(?:(?:of|from|was|is|ranged?\s+from)\s+)?[\s(]*"
)
_LIMITS = rf"(?P<low>{SIGNED}){_UNIT}\s*(?:to|-|,|;|and)\s*(?P<high>[-+]?\s?{NUM}){_UNIT}"

_RATIO = (
    r"(?:(?:proportional\s+)?odds[\s-]ratios?|(?:relative[\s-]risks?|risk[\s-]ratios?|rate[\s-]ratios?|"
    r"incidence[\s-]ratios?|hazards?[\s-]ratios?|"
    r"prevalence[\s-]ratios?|win[\s-]ratios?|response[\s-]ratios?|mean[\s-]ratios?|"
    r"ratios?\s+of\s+(?:\w+\s+){1,3}?means?)|"
    r"\b(?:a|c|s|adj\.?\s?)?(?:OR|HR|RR|IRR|SHR|sHR|PR)s?\b)"
)
_DIFFERENCE = (
    r"(?:(?:absolute\s+|relative\s+)?(?:risk|rate)\s+reductions?|differences?|\b(?:RD|ARR|ARD|MD|SMD|LSMD|WMD)\b|"
    r"treatment\s+effects?)"
)
_ADJUSTED = (
    r"(?:(?:un)?adjusted\s+|crude\s+|common\s+|pooled\s+|stratified\s+|estimated\s+|subdistribution\s+|"
    r"subdistribution-|cause-specific\s+|incidence\s+|incident\s+)"
)
#: What may stand between the name of an effect and its estimate: words, no digits and no end of a clause.
_AT = (
    rf"(?:[^\d().;%]{{0,60}}?\b(?:at|by|after|over|in|during|through|from)\s+{NUM}[\s-](?:weeks?|months?|days?|"
    rf"years?|hours?)\b)?"
)
_BETWEEN = rf"(?:\s*\([A-Za-z]{{1,6}}\))?{_AT}[^\d().;%]{{0,90}}?[\s,:=(]*"
_BETWEEN_RATIO = (
    r"(?:\s*\([A-Za-z]{1,6}\))?(?:\s+(?:for|of|in|with|versus|vs\.?)\s+[^\d().;%]{1,80}?)?[\s,:=(]*(?:(?:of|was|"
    r"were|is)\s+)?[\s(]*"
)

#: An effect with its interval. The name of the effect comes first.
EFFECT_RATIO = re.compile(
    rf"(?P<type>{_ADJUSTED}{{0,2}}{_RATIO}){_BETWEEN_RATIO}(?P<estimate>{SIGNED})(?:[\s,;:(]*{CI_WORDS}|"
    rf"\s*\(\s*){_LIMITS}",
    re.IGNORECASE,
)
EFFECT_DIFFERENCE = re.compile(
    rf"(?P<type>{_ADJUSTED}{{0,2}}(?:absolute\s+|mean\s+|risk\s+|rate\s+|treatment\s+|between-group\s+|median\s+|"
    rf"least-squares\s+|LS\s+|group\s+)"
    rf"{{0,3}}{_DIFFERENCE}){_BETWEEN}(?P<estimate>{SIGNED})(?P<unit>{_UNIT})(?:[\s,;:(]*{CI_WORDS}|"
    rf"\s*\(\s*){_LIMITS}",
    re.IGNORECASE,
)
#: The same without an interval.
RATIO_ALONE = re.compile(
    rf"(?P<type>{_ADJUSTED}{{0,2}}{_RATIO}){_BETWEEN_RATIO}(?P<estimate>{NUM})(?![\d.]*\s*%)", re.IGNORECASE
)
DIFFERENCE_ALONE = re.compile(
    r"(?P<type>(?:(?:absolute|mean|risk|rate|treatment|between-group|adjusted)\s+){0,3}"
    rf"(?:{_DIFFERENCE}|Δ))(?:\s+(?:of|was|between\s+(?:the\s+)?(?:\d\s+)?(?:groups|"
    rf"arms)(?:\s+was)?))?[\s,:=]*(?P<estimate>{SIGNED})(?P<unit>{_UNIT})",
    re.IGNORECASE,
)
#: An estimate whose kind is said elsewhere: "16.3 percentage points (95% CI, 6.3 to 26.3)", "1.83 (95% CI 1.3-2.6)".
ESTIMATE_INTERVAL = re.compile(rf"(?P<estimate>{SIGNED})(?P<unit>{_UNIT})[\s,;:(]*{CI_WORDS}{_LIMITS}", re.IGNORECASE)
#: "1.83 (1.30-2.59)": an effect when one was named before in the sentence, a median and its quartiles otherwise.
ESTIMATE_RANGE = re.compile(
    rf"(?P<estimate>{SIGNED})(?P<unit>{_UNIT})\s*\(\s*(?:IQR|interquartile\s+range|"
    rf"range)?[\s,:]*{_LIMITS}\s*(?=[),;])",
    re.IGNORECASE,
)
INTERVAL_ALONE = re.compile(rf"{CI_WORDS}{_LIMITS}", re.IGNORECASE)
CI_LEVEL = re.compile(rf"{_LEVEL}[\s-]*{_INTERVAL}", re.IGNORECASE)

_P_NAME = (
    r"(?P<adjective>(?:\b(?:overall|(?:two|one|2|1)[\s-](?:sided|tailed)|(?:multiplicity-|covariate-)?adjusted|"
    r"unadjusted|nominal|both|all|log-?rank|Fisher'?s?(?:\s+exact)?|"
    r"interaction|trend|exact)[\s,]+){0,3})"
    r"(?<![\w-])(?P<name>[Pp])(?P<sub>[_ -]?(?:interaction|trend|noninferiority|non-inferiority|superiority|"
    r"heterogeneity|int|adj|adjusted|nominal))?"
    r"(?:[\s-]?values?)?(?P<for>\s*(?:for|of)\s+(?:the\s+)?(?:interaction|trend|heterogeneity|non-?inferiority|"
    r"superiority|difference|all|both|the\s+comparison|comparison|each|overall|between-group)"
    r"(?:\s+(?:comparisons?|differences?))?)?"
)
_RELATION = (
    r"(?P<relation>=|<|>|≤|≥|(?:was|were|is|of|being)?\s*(?:equal\s+to|less\s+than|below|greater\s+than|more\s+than|"
    r"at\s+most)|was|were|of|is|:|,)?"
)
_P_NUMBER = (
    r"(?P<value>(?:0?[.,]\d+|[01](?:\.0+)?(?!\s*[x\d.]))|"
    r"(?P<mantissa>\d(?:\.\d+)?)\s*(?:x\s*10\s*\^?\s*(?P<power>[-]\s*\d{1,3})|[eE](?P<power2>-\d{1,3})))"
)
#: A p-value; what it is for may stand before or after it.
P_VALUE = re.compile(
    rf"{_P_NAME}\s*{_RELATION}\s*{_P_NUMBER}(?![\d%])(?P<after>\s*(?:,\s*)?\(?(?:for|"
    rf"by)\s+(?:the\s+)?(?:tests?\s+(?:of|for)\s+)?(?:interaction|trend|heterogeneity|non-?inferiority|"
    r"superiority|both|all|each|either)\b(?:\s+(?:\d\b|comparisons?|doses?|groups?|differences?|of\s+these|"
    r"outcomes|end\s?points)){0,2})?"
)
P_NS = re.compile(
    rf"{_P_NAME}\s*(?:=|:|,|was|is)?\s*(?P<ns>NS\b|n\.s\.|not\s+significant|ns\b)|"
    rf"(?P<alone>(?<=[(,;\s])(?:NS|n\.s\.)(?=[),;.]))"
)
#: "P = .02 and .03", "p<0.001 and p=0.02" without its own letter.
P_MORE = re.compile(rf"(?:\s*,?\s*and\s+|\s*,\s*)(?P<relation>=|<|>|≤|≥)?\s*{_P_NUMBER}(?![\d%])")

#: Shares of patients, the richest form first. Groups: percent, count, n.
SHARES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (form, re.compile(pattern, re.IGNORECASE))
    for form, pattern in (
        ("percent (count/n)", rf"{_PCT}\s*(?:{_FEW}{PATIENTS}\s*)?{_OPEN}(?:n\s*=\s*)?{_COUNT}{_OF}{_N}\s*{_FEW}{PATIENTS}?"
            rf"(?:\s*[;,]\s*(?:{CI_WORDS})?{_LIMITS})?{_CLOSE}"),
        ("percent (count/n)", rf"{_PCT}\s*[,;]\s*{_COUNT}\s*/\s*{_N}"),
        ("percent (count/n)", rf"{_EUROPEAN}{_OPEN}{_COUNT}{_OF}{_N}{_CLOSE}"),
        ("count/n (percent)", rf"{_COUNT}{_OF}{_N}\s*{_FEW}(?:{PATIENTS}\s*)?{_OPEN}{_PCT}{_CLOSE}?"),
        ("count/n (percent)", rf"{_COUNT}\s*/\s*{_N}\s*[,;=]\s*{_PCT}"),
        ("count/n (percent)", rf"{_COUNT}{_OF}{_N}\s*{_FEW}(?:{PATIENTS}\s*)?{_OPEN}{_EUROPEAN}{_CLOSE}"),
        ("count (percent) of n", rf"{_COUNT}\s*{_FEW}(?:{PATIENTS}\s*)?{_OPEN}{_PCT}{_CLOSE}{_OF}{_N}(?!\s*%)"),
        ("percent (count) of n", rf"{_PCT}{_OPEN}(?:n\s*=\s*)?{_COUNT}(?:\s*{PATIENTS})?{_CLOSE}{_OF}{_N}(?!\s*%)"),
        ("count (percent)",
            rf"(?:n\s*=\s*)?{_COUNT}\s*(?:{_FEW}{PATIENTS}\s*)?{_OPEN}{_PCT}(?!\s*(?:CI|confidence|CrI|"
            rf"credible))"),
        ("count (percent)", rf"(?<=\()(?:n\s*=\s*)?{_COUNT}(?:\s*{PATIENTS})?\s*[,;]\s*{_PCT}(?=\s*\))"),
        ("count (percent)", rf"{_COUNT}{_OPEN}{_EUROPEAN}{_CLOSE}"),
        ("percent (count)", rf"{_PCT}{_OPEN}(?:n\s*=\s*)?{_COUNT}(?:\s*{PATIENTS})?{_CLOSE}"),
        ("percent of n", rf"{_PCT}\s+of\s+(?:the\s+)?{_N}(?=\s*{_FEW}{PATIENTS})"),
        ("count/n", rf"(?<![\w/.]){_COUNT}\s*/\s*{_N}(?![\w/]|\.\d)"),
        ("count/n",
            rf"{_COUNT}\s*(?:{PATIENTS}\s+)?(?:out\s+)?of\s+(?:the\s+|all\s+)?{_N}(?=\s*(?:{_FEW}{PATIENTS}|"
            rf"in\b|with\b|on\b|receiving\b|who\b|and\b|v(?:ersu)?s?\b|[),;]))"),
        ("percent", _EUROPEAN),
        ("percent", _PCT),
    )
)  # fmt: skip
#: "47.8 v 31.5%": one sign for two or three numbers.
SHARED_SIGN = re.compile(
    rf"(?P<first>{NUM})(?P<link>\s*(?:,?\s*and|vs?\.?|versus|compared\s+(?:with|to)|"
    rf",)\s*)(?=(?:{NUM}\s*,?\s*(?:and|,)\s*)?{NUM}\s*%)",
    re.IGNORECASE,
)
MEAN_SD = re.compile(
    rf"(?P<mean>{SIGNED}){_UNIT}\s*(?:±\s*(?P<sd>{NUM})|\(\s*±?\s*(?:(?P<which>S\.?[DE]\.?M?|"
    rf"standard\s+(?:deviation|error))[\s,:=]*)±?\s*(?P<sd2>{NUM}){_UNIT}\s*\))",
    re.IGNORECASE,
)

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_TIME_UNIT = r"(?:weeks?|wks?|months?|mos?|days?|years?|yrs?|hours?|hrs?|h|minutes?|min)"
_NUMBERS = rf"{NUM}(?:(?:\s*,\s*(?:and\s+)?|\s+(?:and|or|to|through)\s+|\s*-\s*){NUM}){{0,5}}"
#: What follows a visit is not a percent sign, a total or a bracket with a percentage.
_NOT_A_RESULT = r"(?![\d%]|\.\d)(?!\s*(?:%|/|\(\d|of\s+(?:the\s+)?\d|patients|participants))"
#: Numbers that are no result, each with what it is. Order matters: the first that fits keeps the digits.
OTHERS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, flags))
    for kind, pattern, flags in (
        ("address", r"https?://\S{1,300}|\bwww\.\S{1,200}|\bdoi:?\s?\S{1,200}|\b10\.\d{4,6}/\S{1,200}", re.I),
        ("registration number",
            r"\b(?:NCT|ISRCTN|ChiCTR|ACTRN|UMIN|jRCT|JPRN|DRKS|NTR|NL|CTRI|PACTR|IRCT|KCT|TCTR|PROSPERO|CRD|"
            r"RBR)"
            r"[\s:-]?[A-Za-z]{0,8}[\d][\w/-]{2,30}|\b(?:19|20)\d\d-\d{5,6}-\d\d\b|(?:trial|registration|grant|"
            r"protocol|ethics)\s+(?:registration\s+)?(?:number|no\.?)s?,?\s+\S{1,40}", re.I),
        ("date",
            rf"\b\d{{1,2}}\s+{_MONTH}\s*,?\s*(?:19|20)\d\d|\b{_MONTH}\s+(?:\d{{1,2}}(?:st|nd|rd|"
            rf"th)?\s*,?\s*)?(?:(?:19|20)\d\d)?(?<=\d)(?!\d)|\b\d{{1,2}}\s+{_MONTH}(?=\s+and|\s+to)|"
            r"\b\d{1,2}/\d{1,2}/(?:19|20)\d\d\b|\b(?:19|20)\d\d-\d\d-\d\d\b", 0),
        ("age",
            rf"\b(?:aged?|ages)(?:\s+(?:of|was|between|from|at\s+least|range[d]?|"
            rf"≥))*[\s:,(=≥>]*{_NUMBERS}(?:\s*\(\s*±?\s*{NUM}\s*\))?(?:\s*(?:years?|yrs?|months?|"
            rf"weeks?)(?:\s+(?:of\s+age|old|or\s+(?:older|more|over|younger)))?)?|"
            rf"{_NUMBERS}[\s-]*(?:years?|months?|weeks?)[\s-]+(?:of\s+age(?:\s+or\s+(?:older|younger))?|olds?\b|"
            rf"or\s+older)", re.I),
        ("level of significance",
            rf"\bP(?:[\s-]values?)?\s*(?:<|≤|=|of|less\s+than|below|"
            rf"\s){{1,3}}\s*{NUM}\s+(?:or\s+less\s+)?(?:was|were|is|being)?\s*(?:considered|regarded|deemed|"
            rf"defined|taken|indicat|denot)\w*|(?:alpha|α|significance(?:\s+level)?|"
            rf"type\s+I\s+error)(?:\s+\w+){{0,3}}?\s*(?:=|of|at|was|<)?\s*{NUM}(?:\s*%)?|"
            rf"{NUM}\s*%?\s+(?:two-sided\s+|one-sided\s+)?significance(?:\s+level)?", re.I),
        ("power of the plan",
            rf"{NUM}\s*%\s+(?:statistical\s+)?power|(?:statistical\s+)?power\s+(?:of|was|"
            rf"=)\s*{NUM}\s*%", re.I),
        ("margin",
            rf"(?:margin|threshold|limit)s?(?:\s+(?:of|was|for\s+non-?inferiority|set\s+at|"
            rf"was\s+set\s+at)){{0,3}}[\s,:=]*{SIGNED}{_UNIT}|{NUM}{_UNIT}[\s-]+(?:non-?inferiority\s+)?margin", re.I),
        ("ratio of allocation",
            r"(?<![\d.])\d{1,2}(?:\s?:\d{1,2}|\s:\s\d{1,2}){1,4}(?!\d|\.\d|\s*[%(/])|\b\d-to-\d(?:-to-\d)?\b|"
            r"\b\d\s+to\s+\d\s+ratio", re.I),
        ("rate",
            rf"{NUM}(?:\s*(?:events?|cases?|deaths?|attacks?|patients?|exacerbations?|"
            rf"infections?))?\s*(?:%\s*per\s+(?:year|annum|month)|per\s+{NUM}\s*(?:[a-z]+[\s-]){{0,2}}[a-z]+|"
            rf"/\s*{NUM}\s*(?:patient|person)[\s-]\w+|"
            r"per\s+(?:patient|person|participant|woman|child)(?:[\s-]\w+)?|(?:events?|exacerbations?|attacks?|"
            r"relapses?)?\s*(?:per|/|a)\s+(?:year|month|week|day)\b)", re.I),
        ("dose or quantity",
            rf"(?<![\w.]){NUM}(?:\s*(?:-|to|and|or|,\s*(?:and|or))\s*{NUM}){{0,3}}[\s-]*(?:(?:million|"
            rf"x\s*10\s*\^?\d+)\s+)?(?:mg|μg|mcg|ug|ng|pg|g|kg|mL|ml|dL|L|l|IU|MIU|MU|kU|U|units?|mmol|μmol|nmol|"
            rf"mol|mEq|mm\s?Hg|"
            r"kPa|Gy|cGy|MBq|kcal|kJ|cm|mm|km|m2|μm|nm|Hz|bpm|mGy|ppm|drops|tablets?|capsules?|"
            r"mg/kg)(?![A-Za-z])(?:\s?(?:/|per)\s?(?:kg|m2|m|day|d|dL|dl|L|l|mL|ml|mol|mmol|h|hour|week|kilogram|"
            r"square\s+metre|square\s+meter|month|min|g|mg|1\.73\s?m2?))*", 0),
        ("dose or quantity", rf"{NUM}\s+million\s+(?:IU|units?|international\s+units?)|{NUM}\s*°\s?C", re.I),
        ("visit", rf"\b(?:weeks|wks|months|days|years|visits|hours|cycles)\s{_NUMBERS}{_NOT_A_RESULT}|"
            rf"\b(?:weeks?|wk|months?|days?|years?|visits?|hours?|cycles?)[\s-]{NUM}(?:\s*(?:-|to|"
            rf"through)\s*{NUM})?(?!\s*(?:%|/\s*\d|of\s+(?:the\s+)?\d))", re.I),
        ("time", rf"(?<![\w.]){_NUMBERS}[\s-]*{_TIME_UNIT}(?![\w-])(?:'s?)?", re.I),
        ("time", rf"(?<![\w.]){NUM}-(?:week|month|day|year|hour|minute|wk|yr)s?\b", re.I),
        ("threshold",
            rf"(?:at\s+least(?:\s+an?)?|≥|≤|at\s+most|up\s+to|no\s+more\s+than|a\s+minimum\s+of|(?:greater|"
            rf"more|less|fewer|lower|higher)\s+than(?:\s+or\s+equal\s+to)?|above|below|exceeding)"
            rf"\s*{NUM}(?:[\s-]*(?:%|points?|grades?|units?|log))?(?!\s*(?:\(|of\s+\d))|"
            rf"(?<![Pp\s=])[<>]\s*{NUM}\s*%?|{NUM}\s*%?\s+or\s+(?:more|greater|higher|less|lower|fewer|better|"
            rf"above|below)\b|{NUM}-(?:points?|grade|fold|log)\b|{NUM}%-\w+", re.I),
        ("spread", rf"\b(?:SD|SE|SEM|IQR)\b[\s,:=(]*{NUM}(?:\s*(?:-|to|,)\s*{NUM})?|±\s*{NUM}", 0),
        ("scale",
            rf"(?:scale|score|scores|range|ranges|ranging|scored|rated)s?[\s,:=(]*(?:of|on|from|is|"
            rf"was)?\s*{SIGNED}\s*(?:to|-|and)\s*{NUM}(?:\s*points?)?|{NUM}-(?:item|joint|point|minute|metre|"
            rf"meter|lead|valent|center|centre|country|site)\b", re.I),
        ("name",
            r"(?<![\w.])(?:[A-Za-z][A-Za-z]*[-/]?\d[\w+]*(?:[-/]\w+)*)(?<!\))|\b(?:phase|type|grades?|stages?|"
            r"class|version|level|table|figure|appendix|part|step|criteria|criterion|dose level|quartile|cohort|"
            r"study|trial|group|arm|Gleason|ECOG|CTCAE|DSM|ICD)"
            r"[\s-](?:\d{1,2}[a-c]?(?:\s*(?:-|to|or|and|/|,)\s*\d{1,2}[a-c]?){0,3})(?![\d.,]*[\d%])", re.I),
        ("name",
            r"\b(?:PASI|ACR|EASI|SRI|DAS|BASDAI|ASAS|HAQ|SF|QLQ|PHQ|GAD|BICLA|SLEDAI|IGA|NYHA|HiSCR|MADRS|HAM|"
            r"ADAS|EDSS|EQ)[\s-]\d{1,3}(?![\d.]*\s*%)", 0),
        ("name", r"(?<![\w.,])\d{1,3}-[A-Za-z][\w-]*", 0),
        ("number of sites",
            rf"(?:at|in|from|across|of)\s+{INT}\s+(?:[a-z]+\s+){{0,3}}(?:sites?|cent(?:er|re)s?|hospitals?|"
            rf"countries|clinics|units|practices|ICUs|villages|schools)\b", re.I),
        ("number of groups",
            r"\b[2-9]\s+(?:[a-z]+\s+)?(?:groups?|arms?|trials?|studies|doses?|regimens?|"
            r"co-?primary)\b", re.I),
    )
)  # fmt: skip
#: Percentages that are changes or shares of something else than patients.
CHANGE_AFTER = re.compile(
    r"\s*(?:relative\s+|absolute\s+|greater\s+|mean\s+|risk\s+)*(?:reductions?|increases?|improvements?|"
    r"decreases?|declines?|lower|higher|greater|less|more|"
    r"weight\s+loss|changes?|relative|power|inhibition)\b",
    re.IGNORECASE,
)
CHANGE_BEFORE = re.compile(
    r"\b(?:reduced|increased|lowered|decreased|fell|rose|improved|higher|lower|greater|declined|"
    r"dropped|risk|rates?)\s+by\s*$",
    re.IGNORECASE,
)
