"""What a sentence claims that only code may say: a verdict, or that something was started or decided; and secrets."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_APPROACHES: Final[Mapping[str, str]] = {
    "distill": r"distil|destill|destil|蒸馏|蒸留|дистилл",
    "fine_tune": r"fine.?tun|finetun|feinabstimm|nachtrainier|affinage|affiner|ajuste fino|afinar|微调|微調整|дообуч",
    "rag": r"rag\b|retrieval|检索|検索拡張",
    "prompt": r"prompt|提示词|プロンプト|промпт",
}
_APPROACH: Final = "|".join(f"(?P<{name}>{pattern})" for name, pattern in _APPROACHES.items())
_CUE: Final = (
    r"verdict|recommendation|i(?:'d| would)? recommend|we(?:'d| would)? recommend|you should|you need to|you must|"
    r"i(?:'d| would)? (?:go|suggest|choose|pick|advise)|"
    r"my advice|best (?:option|choice|approach|way|bet|fit)|right (?:option|choice|approach|way|answer)|"
    r"(?:the )?(?:rules|core|answers?) (?:say|says|give|gives|choose|chooses|is)|go (?:with|for)|"
    r"urteil|empfehlung|ich empfehle|wir empfehlen|ihr solltet|sie sollten|du solltest|am besten|"
    r"je recommande|je conseille|recommandation|vous devriez|recomiendo|recomendación|veredicto|deberíais|deberían|"
    r"raccomando|consiglio|verdetto|raccomandazione|polecam|werdykt|rekomendacja|zalecam|ik raad|aanbeveling|"
    r"recomendo|recomendação|рекомендую|вердикт|我建议|我推荐|建议|推荐|结论|お勧め|おすすめ|結論"
)
_FILLER: Final = (
    r"to|a|an|the|your|is|are|would|be|now|still|stays|remains|using|use|doing|do|going|go|for|with|start|by|first|"
    r"clearly|definitely|here|of|that|you|ist|sind|wäre|eine?n?|das|die|der|zu|mit|auf|für|le|la|les|el|de|un|une|una|"
    r"est|es|sería|serait|è|di|che|jest|to|provisional|final|settled|um|em|het|op|en|是|：|这是"  # noqa: RUF001  # wide colon
)
_TOLD: Final = re.compile(
    rf"(?<!\w)(?:{_CUE})(?:[\s*_“”\"'«„:：—–\-→().,=>]|\b(?:{_FILLER})\b|是){{0,14}}?(?:{_APPROACH})",  # noqa: RUF001  # dashes
    re.IGNORECASE,
)
_TOLD_BEHIND: Final = re.compile(
    rf"\b(?:{_APPROACH})\w*(?: a| the)?(?: \w+)?[\s*_\"”]+(?:is|would be|ist|wäre|est|es|è)[\s*_]+"
    r"(?:the|your|my|our|das|die|der|le|la|el)?\s*(?:verdict|recommendation|recommended|right|best|urteil|richtige|beste|"
    r"empfehlung|recommand|bonne|mejor|veredicto|verdetto)",
    re.IGNORECASE,
)
# "Whether a distilled model is the right thing" tells nothing.
_LEFT_OPEN: Final = re.compile(r"\b(?:whether|if|ob|si|se|czy)(?:\s+\w+)?\s+\Z", re.IGNORECASE)

_DONE: Final = (
    r"started|launched|kicked off|triggered|approved|cancell?ed|stopped|deployed|scheduled|queued|ordered|bought|"
    r"paid for|submitted|resumed|deleted|begun|spun up"
)
_THING: Final = (
    r"runs?|training|fine-?tuning|distillation|job|index|indexing|build|pipeline|proposal|request|deployment|gpus?|batch|"
    r"process|it|them|everything"
)
_STATE: Final = (
    r"(?P<running>running|under ?way|in progress|live)|(?P<started>started|launched|kicked off|triggered|begun|queued|"
    r"scheduled)|(?P<approved>approved)|(?P<cancelled>cancell?ed|stopped)|(?P<done>finished|completed|deployed|done)"
)
_BY_ITSELF: Final = re.compile(
    r"\b(?:i|we)(?:['’]ve| have| just| already|['’]m| am)*(?: now| just| already)? "  # noqa: RUF001  # typographic
    rf"(?:{_DONE}|starting|launching|kicking off|approving|cancell?ing)\s+(?:\w+\s+){{0,4}}?(?:{_THING})\b|"
    r"\b(?:ich|wir) (?:habe|haben) (?:\S+ ){1,6}?(?:gestartet|genehmigt|freigegeben|abgebrochen|angestoßen|bestellt)|"
    r"\bj['’]ai (?:bien |déjà )?(?:lancé|démarré|approuvé|annulé)|"  # noqa: RUF001  # as above
    r"\bhe (?:iniciado|lanzado|aprobado|cancelado|arrancado)|\bho (?:avviato|approvato|lanciato)|"
    r"\b(?:uruchomił[ae]m|zatwierdził[ae]m)|我已(?:经)?(?:启动|批准|开始)",
    re.IGNORECASE,
)
_OF_RUN: Final = re.compile(
    r"\b(?:run|training|fine-?tuning|distillation|job|index(?:ing)?|build|deployment|proposal|request)\b(?:\s+\S+){0,3}?\s+"
    rf"(?:is|are|was|were|has been|have been|got)(?: now| already| just| being)*\s+(?:{_STATE})\b",
    re.IGNORECASE,
)
_OF_RUN_ELSEWHERE: Final = re.compile(
    r"\b(?:lauf|training|index|job|destillation)\b(?: \S+){0,3}? (?:wurde|ist|läuft)(?: \S+){0,3}? ?"
    r"(?P<running>gestartet|genehmigt|freigegeben|jetzt|bereits)|"
    r"\b(?:entraînement|exécution|index)\b (?:est|a été) (?:lancé|démarré|approuvé|en cours)e?|"
    r"\b(?:entrenamiento|ejecución|índice)\b (?:está en marcha|ha sido (?:iniciad|aprobad)[oa]|ha comenzado)",
    re.IGNORECASE,
)
_NOT_SO: Final = re.compile(
    r"\b(?:not|never|no|none|nothing|nobody|without|cannot|until|unless|once|when|if|whether|before|after|as soon as|"
    r"while|"
    r"nicht|kein\w*|nie|nichts|wenn|sobald|bevor|falls|ob|pas|aucun\w*|jamais|rien|si|quand|avant|nada|ningun\w*|nunca|"
    r"cuando|hasta|nie)\b|n['’]t\b",  # noqa: RUF001  # typographic
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(r"[,;:—–]\s|[.!?]\s")  # noqa: RUF001  # dashes

_SECRETS: Final = re.compile(
    r"sk-ant-[\w-]{6,}|\bsk-[A-Za-z0-9_-]{20,}|\bxox[a-z]-[\w-]{6,}|\bxapp-[\w-]{6,}|\bpostgres(?:ql)?(?:\+\w+)?://\S*|"
    r"\b[a-z][a-z0-9+.-]*://[^\s/@:]+:[^\s/@]+@\S*|-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|"
    r"\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bhf_[A-Za-z0-9]{20,}|\bAIza[\w-]{30,}|"
    r"\beyJ[\w-]{8,}\.[\w-]{8,}|\bbearer\s+[\w.~+/-]{20,}|"
    r"(?<![\w+/=-])(?=[\w+/=-]*[a-z])(?=[\w+/=-]*[A-Z])(?=[\w+/=-]*\d)[A-Za-z0-9+/=_-]{40,}",
    re.IGNORECASE,
)
_LEFT_OUT: Final = "[left out: it looks like a key]"
_LOWER_OR_MIXED: Final = re.compile(r"(?=.*[a-z])(?=.*[A-Z])")
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff*`]")


def told_verdict(sentence: str) -> str | None:
    """Return the approach that a sentence tells as the verdict, or None: "prompt", "rag", "fine_tune" or "distill"."""
    return next(iter(told_verdicts(sentence)), None)


def told_verdicts(sentence: str) -> Iterable[str]:
    """Yield every approach that a sentence tells as the verdict."""
    for pattern in (_TOLD, _TOLD_BEHIND):
        for match in pattern.finditer(sentence):
            if pattern is _TOLD_BEHIND and _LEFT_OPEN.search(sentence, 0, match.start()):
                continue
            yield next(name for name, text in match.groupdict().items() if text)


def claimed_act(sentence: str, standing: str) -> str | None:
    """Return the words in which a sentence claims that something was started or decided, where nothing says so.

    Args:
        sentence: What is to be said.
        standing: What code says of runs and proposals; a state named there may be told.
    """
    if sentence.rstrip().endswith("?"):
        return None
    for match in _BY_ITSELF.finditer(sentence):
        if not _is_denied(sentence, match):
            return match.group()
    told = standing.lower()
    for pattern in (_OF_RUN, _OF_RUN_ELSEWHERE):
        for match in pattern.finditer(sentence):
            if not _is_denied(sentence, match) and not _stands(match, told):
                return match.group()
    return None


def secret(text: str) -> str | None:
    """Return what kind of thing looks like a key or another way in, never the thing itself."""
    match = _SECRETS.search(_INVISIBLE.sub("", text))
    return "something that looks like a key" if match is not None and _is_key(match.group()) else None


def without_secrets(text: str) -> str:
    """Return a text with what looks like a key or another way in left out."""
    return _SECRETS.sub(lambda match: _LEFT_OUT if _is_key(match.group()) else match.group(), text)


def _is_key(found: str) -> bool:
    # Only a long token of both cases is none of code's own hashes.
    is_long_token = re.fullmatch(r"[A-Za-z0-9+/=_-]{40,}", found) is not None
    return not is_long_token or "-" in found[:8] or _LOWER_OR_MIXED.match(found) is not None


def _stands(match: re.Match[str], told: str) -> bool:
    state = next((name for name, text in match.groupdict().items() if text), "running")
    same = {
        "running": ("running",),
        "started": ("queued", "running", "started", "done", "finished"),
        "approved": ("approved", "running", "queued"),
        "cancelled": ("cancelled", "canceled", "stopped"),
        "done": ("done", "finished", "succeeded"),
    }
    return any(re.search(rf"\b{word}\b", told) for word in same[state])


def _is_denied(sentence: str, match: re.Match[str]) -> bool:
    """Return whether the clause denies what it names, or makes it a condition."""
    start = max((each.end() for each in _CLAUSE.finditer(sentence, 0, match.start())), default=0)
    return _NOT_SO.search(sentence, start, match.end()) is not None
