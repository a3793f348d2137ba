"""The words that tie numbers to arms, keep them apart, or leave it in doubt."""

from __future__ import annotations

import re

VERSUS = r"(?:v\.?|vs\.?|versus|as\s+compared\s+(?:with|to)|compared\s+(?:with|to)|against|than(?:\s+in|\s+with)?)"
BETWEEN_VALUES = re.compile(
    rf"^[\s,;()/-]*(?:[a-z-]+\s+){{0,3}}?(?:(?:patients|participants|subjects|of\s+patients|"
    rf"points)[\s,]*)?\(?\s*(?P<word>and|{VERSUS}|,|;)?[\s,(]*(?:and\s+)?(?:only\s+|just\s+)?$",
    re.IGNORECASE,
)
VERSUS_AT_END = re.compile(
    rf"\b{VERSUS}[\s,(]*(?:(?:only|just|with|in)\s+)?$|,\s*(?:whereas|while)\s+(?:only\s+)?$", re.IGNORECASE
)
BETWEEN_ARMS = re.compile(
    rf"^\s*(?:groups?|arms?|recipients|patients|participants)?[\s,)]*(?:and|or|{VERSUS}|,)?[\s,(]*(?:and\s+|"
    rf"or\s+)?(?:than\s+)?(?:in\s+|with\s+|for\s+|on\s+|to\s+|of\s+|among\s+)?(?:the\s+|those\s+in\s+the\s+|"
    rf"those\s+receiving\s+|patients\s+(?:on|in|receiving)\s+)*$",
    re.IGNORECASE,
)
LISTED_ARMS = re.compile(
    r"^\s*(?:groups?|arms?)?\s*(?:,\s*(?:and\s+|or\s+)?|\s(?:and|or)\s+|/|\+)(?:the\s+|in\s+|"
    r"with\s+)*$",
    re.IGNORECASE,
)
LINK = (
    r"(?:in|with|for|of|on|to|among|from|by|under|after|receiving|received|receive|taking|given|using|"
    r"assigned\s+to|treated\s+with|randomi[sz]ed\s+to|allocated\s+to|who\s+(?:received|took|were\s+given|"
    r"underwent)|underwent|undergoing)"
)
#: A number followed by the arm: the last words before the arm are a preposition, "in the", "of those receiving".
FORWARD = re.compile(
    rf"(?:^|.*[\s(),]){LINK}\s+(?:the\s+|those\s+|patients\s+|participants\s+|subjects\s+|women\s+|men\s+|"
    rf"children\s+|individuals\s+|adults\s+|people\s+|who\s+|were\s+|had\s+|been\s+|"
    rf"randomi[sz]ed\s+|randomly\s+|an?\s+|daily\s+|weekly\s+|oral\s+|intravenous\s+|subcutaneous\s+|"
    rf"once-daily\s+|once-weekly\s+|combined\s+|{LINK}\s+)*(?:(?!and\b|or\b|than\b|not\b|no\b|without\b|"
    rf"other\b)[a-z-]+\s+){{0,2}}$",
    re.IGNORECASE | re.DOTALL,
)
BREAKS = re.compile(
    rf"[;]|\b(?:whereas|while|but|{VERSUS}|respectively)\b|\band\s+(?:in|with|for|among|of)\s|"
    rf",\s*(?:and\s+)?(?:in|among|for)\s+(?:the|those)\s",
    re.IGNORECASE,
)
TIGHT_BACK = re.compile(
    r"^\s*(?:(?:groups?|arms?|recipients|patients|participants|therapy|treatment|alone|had|was|"
    r"were)\s*)*[\s,:(=]*(?:n\s*=\s*)?$",
    re.IGNORECASE,
)
BACK_BREAKS = re.compile(rf"[;]|\b(?:{VERSUS}|whereas|while|respectively)\b|\d\s*%", re.IGNORECASE)
DOUBT = re.compile(r"\b(?:baseline|from|subgroup|placebo-subtracted)\b", re.IGNORECASE)
RESPECTIVELY = re.compile(r"\brespectively\b", re.IGNORECASE)
COORDINATED = re.compile(r"(?<=\w)[\s,]+(?:and|or)\s", re.IGNORECASE)
#: What else two numbers may compare: the sexes, two visits, subgroups.
OTHER_SIDES = re.compile(
    r"\b(?:than|baseline|before|between|women|men|males?|females?|subgroups?|without|younger|older|seropositive|"
    r"seronegative|responders|non-?responders|"
    r"white|black|smokers|high-risk|low-risk)\b",
    re.IGNORECASE,
)
VISITS = re.compile(
    r"\b(?:weeks|months|days|years|visits)\s+\d+\s*(?:,|and|or)|\d\s+and\s+\d+[\s-]+(?:weeks?|months?|"
    r"days?|years?)|\b(?:week|month|day|year)\s+\d+\s+and\s+(?:(?:at\s+)?(?:week|month|day|year)\s+)?\d",
    re.IGNORECASE,
)
GAP = 130
#: "Compared with A, B had more events (5% vs 7%)": the order of the numbers need not be that of the arms.
TURNED = re.compile(
    r"\b(?:compared\s+(?:with|to)|in\s+comparison\s+(?:with|to)|relative\s+to|in\s+contrast\s+(?:to|with)|unlike|versus|vs\.?|than(?:\s+in|\s+with|\s+on)?|over)"
    r"\s+(?:the\s+|those\s+|patients\s+|participants\s+|receiving\s+|in\s+|on\s+|given\s+|assigned\s+to\s+)*$",
    re.IGNORECASE,
)
