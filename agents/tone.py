"""How a nudge must not sound: loud, like a form, pressing, blaming, selling, or as if it knew how things went.

Each pattern holds for English, Spanish, German, French and Portuguese, and only for the draft's own words: what the
facts hold may be said. A draft that is refused for nothing costs a second attempt, so only plain cases are here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from agents.contract import Candidate
from agents.drafts import without_facts

EXCLAMATIONS_AT_MOST = 1

_FORM = re.compile(
    r"""
      \b(?:dear\ (?:user|customer)|(?:kind|best|warm)\ regards|yours\ (?:sincerely|faithfully)
        |at\ your\ earliest\ convenience|(?:current\ )?status\ (?:update|of)|regarding\ the\ subject
        |please\ (?:reply|answer)\ with|(?:we|i)\ (?:have|was|were)\ (?:been\ )?informed\ that)\b
    | \b(?:estimad[oa]s?|atentamente|un\ cordial\ saludo|saludos\ cordiales|nos\ ponemos\ en\ contacto|responda\ con
        |(?:nos|me)\ (?:han|ha)\ (?:informado|comunicado)\ (?:de\ )?que)\b
    | \b(?:sehr\ geehrte[rs]?|mit\ freundlichen\ grüßen|(?:viele|beste|liebe)\ grüße|hiermit|nach\ dem\ status
        |(?:bitte\ )?antworten\ sie\ mit|(?:uns|mir)\ (?:wurde\ )?mitgeteilt)\b
    | \b(?:cordialement|veuillez|madame,\ monsieur|répondez\ par|on\ (?:nous|m['’])\ ?a\ informée?s?)\b
    | \b(?:prezad[oa]s?|atenciosamente|com\ os\ melhores\ cumprimentos|responda\ com|fo(?:mos|i)\ informad[oa]s?)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MACHINERY = re.compile(
    r"\b(?:intents?|nudges?|follow_up|re_engagement|according\ to\ my\ (?:plan|notes|records|reminder)|my\ reminder)\b",
    re.IGNORECASE | re.VERBOSE,
)
_BLAME = re.compile(
    r"""
      \byou\ (?:still\ |never\ )?(?:haven['’]t|have\ not|didn['’]t|did\ not|never)\ (?:\w+\ ){0,2}?
        (?:answer\w*|repl\w+|writ\w+|wrote|told|tell|respond\w*)
    | \byou\ (?:have\ been|['’]ve\ been)\ silent\b
    # Whoever is missed, or told that they forgot, owes something.
    | \b(?:we|i)\ miss(?:ed)?\ you\b | \b(?:you|have\ you)\ forg[eo]t(?:ten)?\ (?:me|us|about\ (?:me|us))\b
    | \b(?:te\ echamos|te\ echo|te\ hemos\ echado)\ de\ menos\b | \bte\ extrañ(?:o|amos)\b
    | \b(?:nos|me)\ ha(?:s|yas)\ olvidado\b
    | \b(?:wir\ vermissen|ich\ vermisse)\ dich\b | \bhast\ (?:du\ )?(?:uns|mich)\ vergessen\b
    | \btu\ (?:nous|me)\ manques\b | \bsentimos\ (?:a\ )?tua\ falta\b
    | \b(?:no\ me\ has|todavía\ no\ (?:me\ )?has|aún\ no\ (?:me\ )?has)\ (?:contestado|respondido|escrito|dicho)\b
    | \bhast\ du\ (?:\w+\ ){0,2}?nicht\ (?:geantwortet|geschrieben|gemeldet)\b
    | \btu\ (?:ne\ )?m['’]as\ (?:pas|jamais|toujours\ pas)\ (?:répondu|écrit|dit)\b
    | \b(?:não|ainda\ não)\ (?:me\ )?(?:respondeste|respondeu|escreveste|escreveu)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PRESSURE = re.compile(
    r"""
      \b(?:(?:answer|reply|act|buy|order|decide)\ (?:now|today|immediately|at\ once)|cannot\ wait\ any\ longer
        |before\ it['’]?s\ too\ late|you\ must\b|buy\ a\b|last\ chance)
    | \b(?:responde|contesta|compra|decide)\ (?:ya|ahora|de\ inmediato)\b | \bno\ puede\ esperar\b
    | \b(?:antworte|kaufe?|entscheide)\ (?:dich\ )?(?:sofort|jetzt|umgehend)\b | \bduldet\ keinen\ aufschub\b
    | \b(?:réponds|achète|décide)\ (?:vite|maintenant|tout\ de\ suite)\b
    | \b(?:responde|compra|decide)\ (?:já|agora|imediatamente)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SELLING = re.compile(
    r"\d\s?%|\b(?:discount|premium|upgrad\w+|shall\ i\ order|special\ offer|descuento|rabatt|sonderangebot|promotion"
    r"|desconto)\b",
    re.IGNORECASE | re.VERBOSE,
)
# follow_up and its like never know an outcome: whoever congratulates has made one up.
_KNOWS = re.compile(
    r"""
      \b(?:congrat\w*|(?:so\ )?(?:wonderful|great|glad|happy|sorry|pleased)\ (?:to\ hear\ )?that)\b
    | \b(?:enhorabuena|felicidades|felicitaciones|me\ alegr[oa]\ (?:mucho\ )?(?:de\ )?que|qué\ (?:bien|pena)\ que)\b
    | \b(?:glückwunsch|glückwünsche|gratul\w+|(?:schön|toll|schade|wunderbar),?\ dass|tut\ mir\ leid,\ dass)\b
    | \b(?:félicitations|bravo|(?:content|contente|ravie?|désolée?)\ que)\b
    | \b(?:parabéns|que\ (?:bom|pena)\ que|(?:fico|estou)\ (?:feliz|contente)\ (?:por|que))\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CLOCK = re.compile(
    r"""
      \b\d{1,2}[:.h]\d{2}\b
    | \b\d{1,2}\s?(?:[ap]\.?m\b|uhr\b|heures\b|horas\b)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")


def problems(text: str, candidate: Candidate, *, knows_how_it_went: bool = True) -> list[str]:
    """What a person would mind in these words, as short instructions for the next attempt."""
    own = without_facts(text, candidate.facts)
    return list(_found(own, knows_how_it_went=knows_how_it_went))


def _found(own: str, *, knows_how_it_went: bool) -> Iterator[str]:
    if own.count("!") > EXCLAMATIONS_AT_MOST or any(_is_picture(character) for character in own):
        yield "write quietly: no emoji, one exclamation mark at most"
    if _FORM.search(own):
        yield "write as a friend would: no form, no salutation, no signature"
    if _MACHINERY.search(own):
        yield "say nothing of plans, reminders or how this works"
    if _BLAME.search(own):
        yield "do not hold a silence against the person"
    if _PRESSURE.search(own):
        yield "do not press or tell the person what to do"
    if _SELLING.search(own):
        yield "do not sell anything"
    if not knows_how_it_went and _KNOWS.search(own):
        yield "you do not know how it went: ask, or leave room for any answer"
    if not knows_how_it_went and _CLOCK.search(own):
        yield "leave out the hour: the facts have none like it"


def counts_the_silence(text: str, candidate: Candidate) -> list[str]:
    """Days of silence in numbers sound like a reproach."""
    own = without_facts(text, {key: fact for key, fact in candidate.facts.items() if key == "name"})
    return ["say nothing of how long it has been in numbers"] if _DIGIT.search(own) else []


def _is_picture(character: str) -> bool:
    return unicodedata.category(character) == "So" and character not in "°©®™"
