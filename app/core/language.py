"""Whether a short text is surely in another language than wanted: by its function words and its script."""

from __future__ import annotations

import re
import unicodedata

# The commonest function words of each language: nearly half of running text, and they are not borrowed.
# What an apostrophe parts counts as two words.
FUNCTION_WORDS: dict[str, frozenset[str]] = {
    tag: frozenset(words.split())
    for tag, words in {
        "en": """
            about again am an and any anything are as at be been but by can could did didn do does don
            everything for from get going had has have he here his how i if in into is it its just know
            let ll m made may me more my need not now of on only our out re really s she should since so
            some soon t than that the their them then there they this to today tomorrow too up us ve
            want was we well were what when whenever which who will with would you your
        """,
        "es": """
            ahora al algo alguna algún aquí cada como con cuando cuéntame cómo de del desde dónde el en
            entre era eres es eso esta este esto estoy está estás fue ha han has hasta hay he hola hoy
            la las le lo los mañana me mi mucha mucho muy más nada necesitas no nos o otra otro para
            pero por porque puedo que quieres quién qué se ser si sin sobre son soy su sus sé sí tal
            también te tienes todo tu tus un una va y ya
        """,
        "de": """
            aber alles als am an auch auf aus bei bin bist bitte da dann das dass dein deine dem den der
            des dich die dir doch du ein eine einen er es etwas euch für geht gern gut habe hast hat
            heute hier ich ihr im in ist ja kann kein keine magst mal mehr mich mir mit morgen nach nein
            nicht noch nur oder schon sein sich sie sind so um und uns viel von war waren was wenig wenn
            wie wieder wir wurde zu zum zur über
        """,
        "fr": """
            alors après as au aujourd aussi aux avant avec avez avons bien c ce cette chez comme comment
            d dans de demain des dis du elle en encore es est et fais fait hui ici il j je l la le les m
            ma mais mes moi mon n ne nous ou où par pas plus pour qu quand que quel quelle qui rien sa
            sans se ses si son sont sur t ta te tes toi ton tout très tu un une vers voici vous ça était
            êtes être
        """,
        "it": """
            adesso ai al all alla anche ancora bene che chi ci ciao come con cosa d da dall dei del dell
            della di domani dopo dove e era fammi fatto gli ha hai hanno ho i il in l la le lo ma mi
            molto nel nell nella niente non o oggi ora per più prima puoi qualche quando quella quello
            questa questo qui se sei sempre senza si siamo siete sono sta stai stava su ti tua tuo tutto
            un una uno va vuoi è
        """,
        "pt": """
            a agora algum alguma amanhã antes ao aqui as até bem cada com como conta correu da das de
            depois do dos e ela ele em estar estava estou está estás eu foi foram fui hoje isso isto já
            mais mas me meu mim minha muito na nada nas no nos não o olá onde os ou outra outro para
            pela pelo por quando que quem quer quiser se sem ser seu sobre sua são só também te tem tens
            teu ti tu tua tudo um uma vai você vocês à às é
        """,
        "nl": """
            aan al alles als bent bij dan dat de deze die dit dus een en er even gaat geen gerust goed
            heb hebben hebt heeft heel het hier hij hoe hun iets ik in is je jij jouw jullie kan laat
            maar me meer met mij mijn moet moeten morgen naar niet nog of om ons onze ook op over sinds
            te tot tussen uit van vandaag veel voor waar want was wat weer wel welke werd weten wie wij
            wil worden zal zij zijn zo zonder zou
        """,
    }.items()
}
# "was" is English, German and Dutch: a word counts for each of its languages by its share.
_WEIGHTS = {
    word: 1 / sum(word in known for known in FUNCTION_WORDS.values())
    for word in frozenset().union(*FUNCTION_WORDS.values())
}
# Another language is told by words of at least this weight, and by so many times that of the wanted one:
# below that a title or a quotation may be all there is. Of 561 English replies in MemoryBank none was called
# foreign, and 545 were told from Spanish.
ENOUGH = 3.0
TIMES = 2.5
# Of so many letters a script is told; fewer are a name.
LETTERS = 10
_WORD = re.compile(r"[^\W\d_]+")


def is_another(text: str, locale: str) -> bool:
    """Whether the text is surely not in the locale's language; False wherever that cannot be told."""
    wanted = re.split(r"[-_]", locale.lower())[0]
    if wanted not in FUNCTION_WORDS:
        return False
    return _another_script(text) or _another_vocabulary(text, wanted)


def _another_script(text: str) -> bool:
    """All languages that are known here are written in Latin letters."""
    letters = [character for character in text if character.isalpha()]
    foreign = sum(not unicodedata.name(letter, "LATIN").startswith("LATIN") for letter in letters)
    return len(letters) >= LETTERS and foreign * 2 > len(letters)


def _another_vocabulary(text: str, wanted: str) -> bool:
    words = [word.lower() for word in _WORD.findall(text)]
    found = {
        tag: sum(_WEIGHTS[word] for word in words if word in known) for tag, known in FUNCTION_WORDS.items()
    }
    best = max(found.values())
    return best >= ENOUGH and best >= TIMES * found[wanted]
