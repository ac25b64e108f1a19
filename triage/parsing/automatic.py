# ruff: noqa: RUF001 (words of many languages)
"""Mail that a machine wrote in answer to another mail, or about it: never answered, never assigned.

RFC 3834 and RFC 3464 name the signals; many programs send only some of them. A subject alone never decides.
Newsletters and notifications (Auto-Submitted: auto-generated) are not meant here: they may be invoices, or the
forms on one's own site.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from triage.parsing.headers import Headers, content_type
from triage.parsing.threads import message_ids

AUTO_REPLY = "auto-reply"
OUT_OF_OFFICE = "out-of-office"
BOUNCE = "bounce"
DELIVERY_REPORT = "delivery-report"
CALENDAR = "calendar"
READ_RECEIPT = "read-receipt"
REPORTS = (BOUNCE, DELIVERY_REPORT, READ_RECEIPT)

_TEXT_LIMIT = 2000  # characters of the text that are looked at

_DAEMON = re.compile(
    r"^(?:mailer-daemon|mail-daemon|postmaster|mailerdaemon|maildaemon|mdaemon|bounces?)(?:[+=._-][^@]*)?@|^microsoftexchange[0-9a-f]{32}@",
    re.IGNORECASE,
)
_UNDELIVERED = re.compile(
    r"undeliver|undelivered|delivery (?:status notification|failure|has failed|failed|incomplete|problem)|failure notice|returned mail|mail delivery (?:failed|system|failure|error)|message not delivered|could not be delivered|wasn't delivered|non remis|unzustellbar|nicht zugestellt|zustellung|fehlgeschlagen"
    r"|non recapitabile|mancato recapito|no (?:se )?(?:ha )?(?:podido|pudo) entreg|no entregad|não (?:foi )?entreg|não entregue|onbestelbaar|niet (?:bezorgd|afgeleverd)|niedostarczon|nie dostarczon|nedoručiteln|nedoručen|kan inte levereras|kunne ikke leveres|ikke leveret|toimittaminen epäonnistui|teslim edilemedi|kézbesíthetetlen|не доставлен|недоставлен|не удалось доставить|退信|无法投递|無法傳遞|配信不能|配信できませんでした|배달되지|échec de (?:la )?(?:remise|distribution)",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"delay|warning|still (?:being )?(?:trying|retried)|verzöger|verspät|retard|en attente|retras|demora|ritard|atraso|vertrag|opóźnion|zpožděn|försen|forsink|viiväst|gecik|késlelt|задерж|延迟|延遲|遅延|지연",
    re.IGNORECASE,
)
_DELIVERED = re.compile(
    r"^\W*(?:delivered|zugestellt|übermittelt|remis|distribué|entregado|entregue|consegnato|relayed|successful mail delivery|delivery (?:receipt|report))\b|\(success\)|weitergeleitet|has been successfully",
    re.IGNORECASE,
)
_READ = re.compile(
    r"^\W*(?:read(?: receipt)?|gelesen|lu|lue|leído|leída|letto|lida?|gelezen|przeczytano|přečteno|läst|læst|lest|luettu|okundu|olvasott|прочитано|прочтено|已读|已讀|既読|開封済み|개봉|return receipt|lesebestätigung|not read|ungelesen gelöscht|nicht gelesen|deleted|disposition notification)\s*(?:\(displayed\))?\s*[:：-]",
    re.IGNORECASE,
)
_ABSENT_SUBJECT = re.compile(
    r"^\W*(?:\[[^\]]*\]\s*)?(?:out[ -]of[ -](?:the[ -])?office|ooo\b|o\.o\.o|on (?:vacation|holiday|leave|maternity)|away from|currently away|vacation|abwesen|abwesenheit|ich bin .{0,20}(?:abwesend|nicht im)|nicht im (?:büro|haus)|im urlaub|urlaub|außer haus|absen[ct]e?|absent|en congé|congés|absence du bureau|hors du bureau"
    r"|fuera de (?:la )?oficina|ausen(?:te|cia)|vacaciones|fuori (?:sede|ufficio)|assente|assenza|in ferie|fora do escrit[óo]rio|ausência|férias|afwezig|niet aanwezig|met vakantie|poza biurem|nieobecno|urlop|mimo kancelář|nepřítomnost|dovolená|frånvaro|frånvarande|ej på kontoret|semester|fravær|ikke på kontoret|ferie|poissa|lomalla"
    r"|ofis dışında|izindeyim|házon kívül|távol|отсутству|в отпуске|нет на месте|вне офиса|外出|不在|休假|休暇|부재|휴가|εκτός γραφείου|απουσία|מחוץ למשרד|خارج المكتب|absență|în concediu)",
    re.IGNORECASE,
)
_AUTOMATIC_SUBJECT = re.compile(
    r"^\W*(?:\[[^\]]*\]\s*)?(?:auto(?:matic|mated|matische|matisk|matisch|maattinen)?[ -]?(?:re(?:ply|sponse|sponder)|svar|antwoord|antwort|reply|svare|vastaus)|automatisch(?:e|es)? antwort|réponse automatique|respuesta automática|risposta automatica|resposta automática|automatisch antwoord|autom\. ?antwort|automatisk svar|automatiskt svar|automaattinen vastaus|automatická odpověď|automatická odpoveď"
    r"|odpowiedź automatyczna|autoodpowiedź|autoodpověď|otomatik (?:yanıt|cevap)|automatikus (?:válasz|üzenet)|автоматический ответ|автоответ|автоматична відповідь|自动(?:回复|答复)|自動(?:回覆|返信|応答)|자동 ?(?:회신|응답)|αυτόματη απάντηση|תשובה אוטומטית|رد تلقائي|răspuns automat|ตอบกลับอัตโนมัติ)",
    re.IGNORECASE,
)
_ABSENT_TEXT = re.compile(
    r"out of (?:the )?office|on (?:annual |parental |maternity |sick )?(?:leave|vacation|holiday)|away from (?:the|my) (?:office|desk)|limited access to (?:my )?e-?mail|(?:return|back|be back) (?:to|in|at) (?:the )?office|i(?:'m| am)(?: currently)? away|no longer (?:work|with)|nicht im (?:büro|haus)|nicht (?:am|an meinem) (?:arbeitsplatz|platz)|abwesend|im urlaub|außer haus|nicht erreichbar|wieder (?:da|erreichbar|im büro|für sie)"
    r"|absente?s? (?:du bureau|jusqu|du |de )|suis (?:actuellement )?(?:absent|en congé)|en congés?|hors du bureau|fuera de (?:la |mi )?oficina|estaré (?:ausente|fuera)|de vacaciones|fuori (?:sede|ufficio)|sono (?:assente|in ferie|fuori)|sarò assente|fora do escrit|de férias|estarei ausente|estou ausente|afwezig|niet (?:op kantoor|aanwezig)|met vakantie|poza biurem|nieobecn|na urlopie|mimo kancelář|na dovolené|nepřítom"
    r"|inte på kontoret|på semester|tjänstledig|ikke på kontoret|på ferie|ikke til stede|poissa|lomalla|en ole paikalla|ofis dışında|izinde|szabadság|házon kívül|távol|в отпуске|отсутствую|отсутству|буду отсутствовать|nieobecna|不在|外出|休假|休暇|出差|夏季休業|부재|휴가|εκτός γραφείου|άδεια|בחופשה|לא במשרד|خارج المكتب|إجازة|în concediu|concediu",
    re.IGNORECASE,
)
_RECEIVED_TEXT = re.compile(
    r"(?:have|has|we(?:'ve)?|been) (?:successfully )?received|received your (?:message|e-?mail|request|inquiry|enquiry|mail|ticket)|(?:ticket|case|request|support request)\b.{0,40}(?:created|opened|received|registered|logged|assigned)|this is an auto(?:matic|mated)|automatically generated|auto-?generated|do not reply|will (?:get back|respond|reply|contact you)"
    r"|automatisch (?:erzeugt|generiert|erstellt|versendet)|automatische (?:antwort|nachricht|e-?mail|eingangsbestätigung)|eingangsbestätigung|(?:anfrage|nachricht|e-?mail|mail|schreiben|anliegen).{0,40}(?:erhalten|eingegangen)|melden uns|bien reçu|avons (?:bien )?reçu|accusé de réception|hemos recibido|acuse de recibo|abbiamo ricevuto|ricevuto (?:la )?(?:sua|tua|vostra)|recebemos|hebben .{0,30}ontvangen|ontvangstbevestiging|otrzymali|potwierdz|přijali|obdrželi|har (?:mottagit|modtaget|mottatt)|olemme vastaanottaneet|aldık|ulaşmıştır|megkaptuk"
    r"|получили|получено|зарегистрирован|已收到|收到(?:您|你)|受け付け|受付|受信(?:いた)?しま|お問い合わせ(?:いただき|を)|접수|받았습니다|λάβαμε|קיבלנו|استلمنا|تلقينا|am primit",
    re.IGNORECASE,
)
_TICKET_SUBJECT = re.compile(
    r"[\[(#][^\])]{0,20}(?:ticket|case|request|req|inc|sr|anfrage|vorgang|demande|solicitud|chamado|zgłoszenie|požadavek|ärende|sag|обращени|заявк|工单|チケット)?[\s:#_-]*[A-Z]{0,6}-?\d{2,}|\b(?:ticket|case|request|vorgang|anfrage)\b.{0,15}\d{3,}|received|eingangsbestätigung|accusé|confirmation|bestätigung|acknowledg",
    re.IGNORECASE,
)
_QMAIL = re.compile(
    r"hi\. this is the qmail-send program|i'm afraid i wasn't able to deliver|this message was created automatically by mail delivery software|this is the mail (?:system|delivery system) at host|the following address(?:es)? failed|could not be delivered|permanent (?:fatal )?errors?",
    re.IGNORECASE,
)
_REPLY_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-autoreply-from",
    "x-mail-autoreply",
    "x-vacation",
    "x-zendesk-autoreply",
    "x-ms-exchange-autoreply",
)
_ACTION = re.compile(r"^action\s*:\s*(failed|delayed|delivered|relayed|expanded)", re.IGNORECASE | re.MULTILINE)
_CALENDAR_METHOD = re.compile(
    r"^METHOD:(REQUEST|REPLY|CANCEL|COUNTER|DECLINECOUNTER|REFRESH)\s*$", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class Signals:
    """What tells automatic mail: `status` is the text of a delivery status, `calendar` that of invitations."""

    headers: Headers
    author: str
    subject: str
    text: str
    status: str = ""
    calendar: str = ""
    attached: tuple[str, ...] = ()

    @property
    def report(self) -> str:
        """The report-type of a multipart/report (RFC 6522), else ""."""
        kind, params = content_type(self.headers.text("content-type"))
        return params.get("report-type", "unnamed").lower() if kind == "multipart/report" else ""

    @property
    def submitted(self) -> str:
        return self.headers.text("auto-submitted").partition(";")[0].strip().lower()

    @property
    def has_empty_path(self) -> bool:
        return self.headers.has("return-path") and self.headers.text("return-path").strip() in {"<>", "< >", ""}

    @property
    def opening(self) -> str:
        return self.text[:_TEXT_LIMIT]


def kind_of(signals: Signals) -> str:
    """Name the kind of automatic mail, or "" for mail that a person, or a sender of news or forms, wrote."""
    return _report(signals) or _calendar(signals) or _answer(signals)


def _report(signals: Signals) -> str:
    if signals.report in {"disposition-notification", "feedback-report"}:
        return READ_RECEIPT if signals.report == "disposition-notification" else DELIVERY_REPORT
    if signals.report in {"delivery-status", "unnamed"} or signals.status:
        return _delivery(signals)
    if signals.headers.has("x-failed-recipients"):
        return BOUNCE
    machine = _DAEMON.match(signals.author) or signals.has_empty_path
    if machine and (_UNDELIVERED.search(signals.subject) or _QMAIL.search(signals.opening)):
        return DELIVERY_REPORT if _DELAYED.search(signals.subject) else BOUNCE
    if _DAEMON.match(signals.author) and (_DELAYED.search(signals.subject) or _DELIVERED.search(signals.subject)):
        return DELIVERY_REPORT
    if _READ.match(signals.subject) and (
        signals.has_empty_path or "auto" in signals.submitted or signals.headers.has("x-auto-response-suppress")
    ):
        return READ_RECEIPT
    return ""


def _delivery(signals: Signals) -> str:
    """A bounce if delivery to anybody failed; else a report that it is late or done."""
    actions = {action.lower() for action in _ACTION.findall(signals.status)}
    if actions:
        return BOUNCE if "failed" in actions else DELIVERY_REPORT
    is_fine = _DELAYED.search(signals.subject) or _DELIVERED.search(signals.subject)
    return DELIVERY_REPORT if is_fine else BOUNCE


def _calendar(signals: Signals) -> str:
    kind, params = content_type(signals.headers.text("content-type"))
    if kind == "text/calendar" and params.get("method", "request").lower() != "publish":
        return CALENDAR
    if _CALENDAR_METHOD.search(signals.calendar):
        return CALENDAR
    is_message = "calendarmessage" in signals.headers.text("content-class").lower()
    return CALENDAR if is_message or "text/calendar" in signals.attached else ""


def _answer(signals: Signals) -> str:
    absent_subject = _ABSENT_SUBJECT.match(signals.subject)
    subject = absent_subject or _AUTOMATIC_SUBJECT.match(signals.subject)
    absent_text = _ABSENT_TEXT.search(signals.opening)
    if _is_replied(signals) or (subject and (_supports(signals) or absent_text)):
        return OUT_OF_OFFICE if absent_subject or absent_text else AUTO_REPLY
    if absent_text and signals.submitted == "auto-generated" and signals.headers.has("in-reply-to"):
        return OUT_OF_OFFICE
    is_acknowledged = (
        _supports(signals) and _TICKET_SUBJECT.search(signals.subject) and _RECEIVED_TEXT.search(signals.opening)
    )
    if is_acknowledged or (subject and _RECEIVED_TEXT.search(signals.opening)):
        return AUTO_REPLY
    return ""


def _is_replied(signals: Signals) -> bool:
    """Whether the headers alone say that a machine answered."""
    headers = signals.headers
    if signals.submitted in {"auto-replied", "auto-notified"}:
        return True
    if headers.text("precedence").strip().lower() in {"auto_reply", "auto-reply", "autoreply"}:
        return True
    loop = headers.has("x-ms-exchange-inbox-rules-loop") and "auto" in signals.submitted
    return (
        loop
        or any(headers.has(name) for name in _REPLY_HEADERS)
        or "autoresponder" in headers.text("x-postmessageclass").lower()
    )


def _supports(signals: Signals) -> bool:
    """Whether the headers make a machine likely, without saying that it answered."""
    headers = signals.headers
    bulk = headers.text("precedence").strip().lower() in {"bulk", "junk"} and not headers.has("list-unsubscribe")
    suppressed = headers.text("x-auto-response-suppress").strip().lower() not in {"", "none"}
    return signals.has_empty_path or signals.submitted == "auto-generated" or suppressed or bulk


def bounced_ids(enclosed: Iterable[Headers], headers: Headers, text: str) -> tuple[str, ...]:
    """The Message-IDs of the mail that a report is about: of the returned headers, else of what it refers to."""
    returned = [identity for block in enclosed for identity in message_ids(block.text("message-id"))]
    if not returned:
        lines = re.findall(r"^[ \t>]*message-id:\s*(<[^<>\s]{1,255}>)", text, re.IGNORECASE | re.MULTILINE)
        returned = lines or message_ids(headers.text("in-reply-to")) or message_ids(headers.text("references"))[-1:]
    return tuple(dict.fromkeys(returned))[:10]
