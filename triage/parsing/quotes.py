# ruff: noqa: RUF001 (words of many languages)
"""What is new in a mail: without the quoted reply and the signature, but with a forwarded inquiry.

Line by line and linear in time, so that no mail can make it slow.
"""

import re
from dataclasses import dataclass

LINE_LIMIT = 500  # characters of a line that are looked at
_DEPTH = 3  # forwards within forwards that are followed

_LABELS = {
    "from": "from|von|de|da|van|od|от|från|fra|frá|lähettäjä|kimden|gönderen|feladó|από|expéditeur|afzender|nadawca|"
    "odesílatel|odosielateľ|mittente|remitente|remetente|afsender|avsändare|avsender|发件人|寄件者|寄件人|差出人|"
    "送信元|보낸 사람|보낸사람|מאת|من|від|pošiljatelj|de la|expeditor|saatja|nuo|dari|ใน|จาก",
    "to": "to|an|à|a|para|per|aan|till|til|kime|kenelle|vastaanottaja|címzett|do|komu|кому|προς|收件人|宛先|받는 사람|"
    "받는사람|אל|إلى|destinataire|destinatario|către|kam|prima",
    "date": "date|sent|datum|gesendet|envoyé|envoyé le|enviado|enviado el|enviada|enviada em|fecha|data|inviato|verzonden|"
    "wysłano|odesláno|skickat|sendt|dato|lähetetty|päivämäärä|päiväys|tarih|gönderme tarihi|küldve|dátum|"
    "отправлено|дата|ημερομηνία|发送时间|发送日期|日期|時間|寄件日期|日時|送信日時|보낸 날짜|날짜|תאריך|التاريخ|data trimiterii|trimis",
    "subject": "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|temat|předmět|predmet|ämne|emne|aihe|konu|tárgy|тема|"
    "θέμα|主题|主旨|件名|제목|נושא|الموضوع|subiect",
}
_LABEL = {
    kind: re.compile(rf"^[\s*_>]*(?:{words})\s?\*?\s?[:：]\*?\s*(.*)$", re.IGNORECASE)
    for kind, words in _LABELS.items()
}

_FORWARD = re.compile(
    r"^\W*(?:(?:begin |start of )?forwarded (?:message|mail|e-?mail)|(?:anfang der )?weitergeleitete\s?(?:r |n )?(?:nachricht|e-?mail|mail)"
    r"|message transf[ée]r[ée]|début du message (?:transf[ée]r[ée]|réexpédié)|mensaje reenviado|inicio del mensaje reenviado"
    r"|mensagem (?:encaminhada|reencaminhada)|início da mensagem (?:encaminhada|reencaminhada)"
    r"|messaggio inoltrato|inizio messaggio inoltrato|doorgestuurd bericht|begin doorgestuurd bericht|wiadomość przekazana|przekazana wiadomość|początek przekazywanej wiadomości"
    r"|přeposlaná zpráva|videresendt (?:meddelelse|besked|melding)|vidarebefordrat (?:meddelande|brev)|vidarebefordrade brevet"
    r"|välitetty viesti|iletilen (?:ileti|mesaj)|yönlendirilmiş ileti|továbbított (?:üzenet|levél)|пересылаемое сообщение|начало переадресованного сообщения"
    r"|пересланное сообщение|转发的?(?:邮件|郵件|信息)|轉寄的?郵件|転送(?:された)?メッセージ|전달된 메[일시]지?|mesaj redirecționat|προωθημένο μήνυμα)\s*(?:[-–—_:：*>].*|от .*)?$",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"^\s*[-_–—*=]{2,}\s*(?:original (?:message|mail|email)|reply message|ursprüngliche (?:nachricht|e-?mail)|original-?\s?nachricht"
    r"|message d['’]origine|message original|mensaje original|mensagem original|messaggio originale|oorspronkelijk bericht"
    r"|wiadomość oryginalna|oryginalna wiadomość|původní (?:zpráva|e-mail)|ursprungligt meddelande|oprindelig meddelelse|opprinnelig melding"
    r"|alkuperäinen viesti|orijinal (?:ileti|mesaj)|özgün ileti|eredeti üzenet|исходное сообщение|первоначальное сообщение"
    r"|原始(?:邮件|郵件|信息)|原信|元のメッセージ|원본 메[일시]지?|mesaj original)\s*[-_–—*=]{2,}",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r"\b(?:wrote|writes|schrieb|a écrit|écrit|escribió|escribio|ha scritto|scrisse|escreveu|schreef|napisał(?:\(a\))?|napsala?|napísala?"
    r"|skrev|kirjoitti|yazdı|şunu yazdı|írta|написала?|пишет|пише|έγραψε|a scris|rašė|kirjutas|menulis)\b|写道|寫道|(?:が|は)?書きました|のメール|님이 작성|작성|כתב|كتب|نوشت",
    re.IGNORECASE,
)
_DATED = re.compile(r"\d{1,4}[./年-]\s?\d{1,2}|\d{1,2}[:.]\d{2}|\b(?:19|20)\d\d\b|@")
_SENT_FROM = re.compile(
    r"^\W*(?:sent (?:from|via) (?:my |outlook|mail|yahoo|proton|samsung|the )|get outlook for|von meinem .{2,40} gesendet|gesendet (?:von|mit|über) (?:meine|mail|outlook|der)"
    r"|diese nachricht wurde von meinem|envoyé (?:de|depuis) mon|envoyé à partir de|enviado desde mi|enviado do meu|inviato da(?:l mio)? "
    r"|verzonden vanaf mijn|verstuurd vanaf mijn|wysłane z |skickat från min|sendt fra min|lähetetty .{1,20}(?:puhelimesta|iphonesta)|odesláno z |iphone'umdan|отправлено с |发自我的|從我的|iPhoneから送信|나의 iphone에서)",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"^\W*(?:(?:best|kind|warm|with kind|with best|many|warmest|with warm)?\s*(?:regards|wishes|thanks)|(?:yours )?(?:sincerely|faithfully|truly)(?: yours)?|cheers|thank you|thanks(?: in advance| a lot| so much)?|br|rgds"
    r"|(?:mit )?(?:freundlichen?|besten?|vielen|herzlichen?|lieben?|schönen?|viele|herzliche|liebe|schöne|beste|sonnigen?)\s+(?:gr[uü](?:ß|ss)(?:e|en)?(?: aus .{2,30}| nach .{2,30})?|dank(?: im voraus)?)|mfg|lg|vg|hochachtungsvoll"
    r"|(?:bien )?cordialement|(?:meilleures|sincères) salutations|salutations(?: distinguées)?|bien à vous|merci(?: d['’]avance)?"
    r"|(?:un )?(?:cordial|atento|afectuoso)\s+saludo|saludos(?: cordiales)?|(?:muchas )?gracias|atentamente|un saludo"
    r"|(?:cordiali|distinti|migliori) saluti|(?:un )?saluti|cordialmente|grazie(?: mille)?"
    r"|(?:com os melhores )?cumprimentos|atenciosamente|att|obrigad[oa]|(?:met )?(?:vriendelijke|hartelijke) groet(?:en)?|mvg|groeten"
    r"|z poważaniem|pozdrawiam|s pozdravem|s pozdravom|(?:med )?v[äe]nlig(?:a)? h[äi]ls(?:ning|en)(?:ar)?|med venlig hilsen|mvh|hilsen|ystävällisin terveisin|terveisin"
    r"|saygılarımla|iyi çalışmalar|üdvözlettel|tisztelettel|cu (?:stimă|respect)|με εκτίμηση|с уважением|с найкращими побажаннями|з повагою|此致|敬礼|祝好|谢谢|よろしくお願い(?:いた)?します|敬具|以上|감사합니다|드림"
    r")\W*$",
    re.IGNORECASE,
)
_SIGNATURE_LINES = 18  # a signature is short; a closing word further up belongs to the text
_LAST_LINE = 70  # characters of the line below a closing that may be the writer's name


@dataclass(frozen=True)
class Block:
    """The header of a quoted or forwarded mail in the text: lines [start, end) and what its fields say."""

    start: int
    end: int
    fields: dict[str, str]


def new_text(text: str, forwarded: bool = False) -> str:
    """Return what the writer of this mail wrote, and what it forwards; all of `text` if that leaves nothing.

    `forwarded` says that the subject calls it a forward, so that a block of headers starts the inquiry and no quote.
    """
    lines = [line[:LINE_LIMIT] for line in text.split("\n")]
    kept = _new(lines, forwarded, _DEPTH)
    return "\n".join(kept).strip() or text


def forwarded_block(text: str, forwarded: bool = False) -> tuple[Block, str] | None:
    """Find the first forwarded mail in `text`: its header block and the text below it. See `new_text`."""
    lines = [line[:LINE_LIMIT] for line in text.split("\n")]
    cut = _first_cut(lines, forwarded)
    if cut is None or not cut[1]:
        return None
    block = _block(lines, cut[0])
    return (block, "\n".join(lines[block.end :])) if block else None


def _new(lines: list[str], forwarded: bool, depth: int) -> list[str]:
    cut = _first_cut(lines, forwarded)
    if cut is None:
        return without_signature(_unquoted(lines))
    start, is_forward = cut
    own = without_signature(_unquoted(lines[:start]))
    if not is_forward or not depth:
        return own
    block = _block(lines, start)
    end = block.end if block else start + 1
    inner = [re.sub(r"^(?:> ?)+", "", line) for line in lines[end:]] if _is_quoted(lines[end:]) else lines[end:]
    return [*own, "", *lines[start:end], *_new(inner, False, depth - 1)]


def _first_cut(lines: list[str], forwarded: bool) -> tuple[int, bool] | None:
    """Find where another mail begins: (line, whether it is forwarded); None if there is none."""
    for number, line in enumerate(lines):
        if _FORWARD.match(line):
            return number, True
        if _ORIGINAL.match(line):
            return number, forwarded or _nothing_above(lines, number)
        if _LABEL["from"].match(line) and not line.startswith(">") and _block(lines, number):
            return number, forwarded or _nothing_above(lines, number)
        if (end := _attribution(lines, number)) and not _is_quoted(lines[end : end + 3]):
            return number, False
    return None


def _nothing_above(lines: list[str], number: int) -> bool:
    return not any(re.search(r"\w", line) for line in lines[:number])


def _block(lines: list[str], start: int) -> Block | None:
    """Read the lines "From: … Sent: … To: … Subject: …" at or shortly below `start`."""
    fields: dict[str, str] = {}
    first = end = start
    for number in range(start, min(start + 14, len(lines))):
        found = next(((kind, match) for kind, label in _LABEL.items() if (match := label.match(lines[number]))), None)
        if found and found[0] not in fields:
            first = first if fields else number
            fields[found[0]] = found[1][1].strip()
            end = number + 1
        elif fields and not lines[number].strip(" >") and len(fields) >= 3:
            break
        elif not fields and number > start + 3:
            return None
    return Block(first, end, fields) if "from" in fields and len(fields) >= 3 else None


def _attribution(lines: list[str], number: int) -> int:
    """The line after "On …, … wrote:", which mail programs wrap over up to three lines; 0 if there is none here."""
    if not lines[number].strip(" >"):
        return 0
    joined = ""
    for end in range(number, min(number + 3, len(lines))):
        joined = f"{joined} {lines[end].strip()}"
        if joined.rstrip().endswith((":", "：")):
            return end + 1 if len(joined) < LINE_LIMIT and _WROTE.search(joined) and _DATED.search(joined) else 0
    return 0


def _is_quoted(lines: list[str]) -> bool:
    """Whether the first line that says anything is quoted by ">"."""
    return next((line.lstrip().startswith(">") for line in lines if line.strip()), False)


def _unquoted(lines: list[str]) -> list[str]:
    """Drop quoted lines and the attribution above them; answers written below or between stay."""
    kept: list[str] = []
    number = 0
    while number < len(lines):
        if lines[number].lstrip().startswith(">"):
            number += 1
        elif end := _attribution(lines, number):
            number = end
        else:
            kept.append(lines[number])
            number += 1
    return kept


def without_signature(lines: list[str]) -> list[str]:
    """Cut the signature: below "-- ", or below a closing and the name, or a phone's advertisement."""
    for number, line in enumerate(lines):
        if (line.rstrip() == "--" and number) or _SENT_FROM.match(line):
            return lines[:number]
        if _CLOSING.match(line) and number and sum(map(bool, map(str.strip, lines[number:]))) <= _SIGNATURE_LINES:
            return lines[: _after_name(lines, number + 1)]
    return lines


def _after_name(lines: list[str], start: int) -> int:
    """The line after the name that follows a closing."""
    for number in range(start, min(start + 3, len(lines))):
        if lines[number].strip():
            return number + 1 if len(lines[number]) <= _LAST_LINE else number
    return len(lines)
