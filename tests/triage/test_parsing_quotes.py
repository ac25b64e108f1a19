# ruff: noqa: RUF001 (letters of many alphabets are meant)
"""What is new in a mail: without quotes and signature, with what is forwarded."""

import pytest

from triage.mailbox.mails import FetchedMail, TextPart
from triage.parsing import parse


def new_text(text: str, subject: str = "Re: pumps") -> str:
    part = TextPart("text/plain", "utf-8", "8bit", text.encode(), False)
    header = f"From: Anna Weiss <anna@kunde.example>\nSubject: {subject}\n".encode()
    return parse(FetchedMail(7, 1000, frozenset(), None, header, (part,), ())).new_text


ANSWER = "Yes, please send five.\n\nAnna"
QUOTES = {
    "gmail": "On Mon, Mar 2, 2026 at 4:15 PM Tom Baker <tom@acme.example> wrote:\n\n> Shall I?\n> Tom",
    "gmail wrapped": "On Mon, Mar 2, 2026 at 4:15 PM Tom Baker - Acme Pumps <\ntom@acme.example> wrote:\n\n> Shall I?",
    "gmail html": "On Mon, 2 Mar 2026 at 16:15, Tom <tom@acme.example> wrote:\n\nShall I?\n\nTom",
    "apple german": "Am 02.03.2026 um 16:15 schrieb Tom <tom@acme.example>:\n\n> Soll ich?",
    "gmail german": "Am Mo., 2. März 2026 um 16:15 Uhr schrieb Tom <tom@acme.example>:\n\nSoll ich?",
    "gmail french": "Le lun. 2 mars 2026 à 16:15, Tom <tom@acme.example> a écrit :\n\n> Dois-je ?",
    "gmail spanish": "El lun, 2 mar 2026 a las 16:15, Tom (<tom@acme.example>) escribió:\n\n> ¿Lo envío?",
    "gmail italian": "Il giorno lun 2 mar 2026 alle ore 16:15 Tom <tom@acme.example> ha scritto:\n\n> Mando?",
    "gmail portuguese": "Em seg., 2 de mar. de 2026 às 16:15, Tom <tom@acme.example> escreveu:\n\n> Envio?",
    "gmail dutch": "Op ma 2 mrt 2026 om 16:15 schreef Tom <tom@acme.example>:\n\n> Zal ik?",
    "gmail polish": "pon., 2 mar 2026 o 16:15 Tom <tom@acme.example> napisał(a):\n\n> Czy wysłać?",
    "gmail swedish": "Den mån 2 mars 2026 kl 16:15 skrev Tom <tom@acme.example>:\n\n> Ska jag?",
    "gmail russian": "пн, 2 мар. 2026 г. в 16:15, Tom <tom@acme.example>:\n\n> Послать?",
    "gmail turkish": "Tom <tom@acme.example>, 2 Mar 2026 Pzt, 16:15 tarihinde şunu yazdı:\n\n> Göndereyim mi?",
    "gmail japanese": "2026年3月2日(月) 16:15 Tom <tom@acme.example> さんは書きました:\n\n> 送りますか",
    "gmail chinese": "Tom <tom@acme.example> 于2026年3月2日周一 16:15写道：\n\n> 要吗？",
    "outlook english": "________________________________\nFrom: Tom <tom@acme.example>\nSent: Mon, Mar 2, 2026\n"
    "To: Anna\nSubject: Offer\n\nShall I?",
    "outlook german": "Von: Tom <tom@x.example>\nGesendet: 2. März 2026\nAn: Anna\nBetreff: Angebot\n\nSoll ich?",
    "outlook french": "De : Tom <tom@acme.example>\nEnvoyé : lundi 2 mars 2026\nÀ : Anna\nObjet : Devis\n\nDois-je ?",
    "outlook spanish": "De: Tom\nEnviado el: lunes, 2 de marzo de 2026 16:15\nPara: Anna\nAsunto: Oferta\n\n¿Lo envío?",
    "outlook czech": "Od: Tom\nOdesláno: pondělí 2. března 2026 16:15\nKomu: Anna\nPředmět: Nabídka\n\nMám?",
    "outlook finnish": "Lähettäjä: Tom\nLähetetty: 2. maaliskuuta 2026\nVastaanottaja: Anna\nAihe: Tarjous\n\nVai?",
    "outlook chinese": "发件人: Tom\n发送时间: 2026年3月2日 16:15\n收件人: Anna\n主题: 报价\n\n要吗？",
    "outlook korean": "보낸 사람: Tom\n보낸 날짜: 2026년 3월 2일\n받는 사람: Anna\n제목: 견적\n\n보낼까요?",
    "outlook express": "----- Original Message -----\nFrom: Tom\nSubject: Offer\n\nShall I?",
    "german original": "-----Ursprüngliche Nachricht-----\nVon: Tom\nGesendet: heute\nAn: Anna\n\nSoll ich?",
}


@pytest.mark.parametrize("program", QUOTES)
def test_the_quoted_mail_below_an_answer_is_split_off(program: str) -> None:
    assert new_text(f"{ANSWER}\n\n{QUOTES[program]}\n") == ANSWER


def test_answers_below_and_between_quotes_stay() -> None:
    text = "On Mon, 2 Mar 2026 at 16:15, Tom <t@acme.example> wrote:\n> How many?\n\nFive.\n\n> When?\n\nIn May.\n"
    assert new_text(text) == "Five.\n\n\nIn May."


@pytest.mark.parametrize(
    "text",
    [
        "Hello Tom,\nFrom: Hamburg\nTo: Oslo\nplease quote the freight.",
        "We wrote on 2 March 2026:\nno answer so far, please quote.",
        "Subject: pumps\n\nI need pumps.",
        "> all of it is quoted\n> by a broken program",
    ],
)
def test_a_text_that_only_looks_like_a_quote_is_kept(text: str) -> None:
    assert new_text(text) == text


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAnna Weiss\nEinkauf, Kunde GmbH\nTel. 030 555 0100",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Get Outlook for iOS<https://aka.example/o>",
    ],
)
def test_a_signature_is_split_off(signature: str) -> None:
    assert new_text(f"Five please.\n\n{signature}\n") == "Five please."


@pytest.mark.parametrize(
    "closing", ["Best regards", "Mit freundlichen Grüßen", "Cordialement,", "Saludos", "С уважением,"]
)
def test_a_closing_and_the_name_stay_and_the_rest_of_the_signature_goes(closing: str) -> None:
    text = f"Five please.\n\n{closing}\nAnna Weiss\n\nKunde GmbH\nMusterstr. 1\nTel. 030 555 0100\n"
    assert new_text(text) == f"Five please.\n\n{closing}\nAnna Weiss"


def test_thanks_at_the_top_is_no_signature() -> None:
    text = "Thanks!\n\n" + "\n".join(f"Item {number}: five pieces" for number in range(30))
    assert new_text(text) == text


@pytest.mark.parametrize(
    ("subject", "marker"),
    [
        ("Fwd: pumps", "---------- Forwarded message ---------"),
        ("pumps", "Begin forwarded message:"),
        ("Pumpen", "Anfang der weitergeleiteten Nachricht:"),
        ("WG: Pumpen", ""),
        ("TR : pompes", "________________________________"),
    ],
)
def test_a_forwarded_inquiry_is_kept_without_what_it_quotes(subject: str, marker: str) -> None:
    inquiry = "We need five pumps.\n\nCarl"
    block = "From: Carl <carl@x.example>\nDate: Mon, 2 Mar 2026 16:15\nSubject: pumps\nTo: Anna"
    text = f"For you.\n\n{marker}\n{block}\n\n{inquiry}\n\nOn 1 March 2026, Anna <a@b.example> wrote:\n> old\n"
    new = new_text(text, subject)
    assert new.startswith("For you.")
    assert new.endswith(inquiry)
    assert "old" not in new
