# ruff: noqa: RUF001 (look-alike punctuation of other scripts is meant)
"""Forwards by colleagues, as mail programs write them in many languages; and who makes nobody a sender so."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from triage.parsing import ParsedMail, fetched_from_bytes, parse

INQUIRY = "Hello,\nplease quote 40 pumps.\nCarla\n"
CARLA = "Carla Kunde <carla@kunde.example>"
TOM = "Tom Baker <tom.baker@acme.example>"
EVE = "Eve <eve@evil.example>"
OUTLOOK = {  # language: labels of From, Sent, To, Subject, and the prefix of the subject
    "English": ("From", "Sent", "To", "Subject", "FW"),
    "German": ("Von", "Gesendet", "An", "Betreff", "WG"),
    "French": ("De", "Envoyé", "À", "Objet", "TR"),
    "Spanish": ("De", "Enviado", "Para", "Asunto", "RV"),
    "Italian": ("Da", "Inviato", "A", "Oggetto", "I"),
    "Dutch": ("Van", "Verzonden", "Aan", "Onderwerp", "FW"),
    "Polish": ("Od", "Wysłano", "Do", "Temat", "PD"),
    "Portuguese": ("De", "Enviada em", "Para", "Assunto", "ENC"),
    "Swedish": ("Från", "Skickat", "Till", "Ämne", "VB"),
    "Danish": ("Fra", "Sendt", "Til", "Emne", "VS"),
    "Finnish": ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe", "VL"),
    "Czech": ("Od", "Odesláno", "Komu", "Předmět", "FW"),
    "Hungarian": ("Feladó", "Elküldve", "Címzett", "Tárgy", "TOV"),
    "Greek": ("Από", "Στάλθηκε", "Προς", "Θέμα", "ΠΡΘ"),
    "Turkish": ("Kimden", "Gönderildi", "Kime", "Konu", "İLT"),
    "Russian": ("От", "Отправлено", "Кому", "Тема", "FW"),
    "Japanese": ("差出人", "送信日時", "宛先", "件名", "転送"),
    "Chinese": ("发件人", "发送时间", "收件人", "主题", "转发"),
    "Korean": ("보낸 사람", "보낸 날짜", "받는 사람", "제목", "FW"),
}
GMAIL = {  # language: what stands between the dashes, and the label of From
    "English": ("Forwarded message", "From"),
    "German": ("Weitergeleitete Nachricht", "Von"),
    "French": ("Message transféré", "De"),
    "Spanish": ("Mensaje reenviado", "De"),
    "Italian": ("Messaggio inoltrato", "Da"),
    "Dutch": ("Doorgestuurd bericht", "Van"),
    "Polish": ("Wiadomość przekazana dalej", "Od"),
    "Portuguese": ("Mensagem encaminhada", "De"),
    "Swedish": ("Vidarebefordrat meddelande", "Från"),
    "Danish": ("Videresendt besked", "Fra"),
    "Finnish": ("Edelleenlähetetty viesti", "Lähettäjä"),
    "Japanese": ("転送されたメッセージ", "差出人"),
    "Chinese": ("转发的邮件", "发件人"),
}
APPLE = {  # language: its first line, and the labels of From, Subject, Date, To
    "English": ("Begin forwarded message:", "From", "Subject", "Date", "To"),
    "German": ("Anfang der weitergeleiteten Nachricht:", "Von", "Betreff", "Datum", "An"),
    "French": ("Début du message réexpédié :", "De", "Objet", "Date", "À"),
    "Spanish": ("Inicio del mensaje reenviado:", "De", "Asunto", "Fecha", "Para"),
    "Italian": ("Inizio messaggio inoltrato:", "Da", "Oggetto", "Data", "A"),
    "Dutch": ("Begin doorgestuurd bericht:", "Van", "Onderwerp", "Datum", "Aan"),
    "Polish": ("Początek przekazywanej wiadomości:", "Od", "Temat", "Data", "Do"),
    "Portuguese": ("Início da mensagem reencaminhada:", "De", "Assunto", "Data", "Para"),
    "Swedish": ("Vidarebefordrat brev:", "Från", "Ämne", "Datum", "Till"),
    "Danish": ("Start på videresendt besked:", "Fra", "Emne", "Dato", "Til"),
    "Finnish": ("Välitetty viesti alkaa:", "Lähettäjä", "Aihe", "Päiväys", "Vastaanottaja"),
    "Czech": ("Začátek přeposílané zprávy:", "Od", "Předmět", "Datum", "Komu"),
    "Hungarian": ("Továbbított üzenet kezdete:", "Feladó", "Tárgy", "Dátum", "Címzett"),
    "Turkish": ("İletilen ileti başlangıcı:", "Kimden", "Konu", "Tarih", "Kime"),
    "Japanese": ("転送されたメッセージ:", "差出人", "件名", "日付", "宛先"),
    "Chinese": ("下面是被转发的邮件：", "发件人", "主题", "日期", "收件人"),
}
THUNDERBIRD = {  # language: what stands between the dashes, and the labels of Subject, Date, From, To
    "English": ("Forwarded Message", "Subject", "Date", "From", "To"),
    "German": ("Weitergeleitete Nachricht", "Betreff", "Datum", "Von", "An"),
    "French": ("Message transféré", "Sujet", "Date", "De", "Pour"),
    "Spanish": ("Mensaje reenviado", "Asunto", "Fecha", "De", "Para"),
    "Italian": ("Messaggio Inoltrato", "Oggetto", "Data", "Mittente", "A"),
    "Dutch": ("Doorgestuurd bericht", "Onderwerp", "Datum", "Van", "Aan"),
    "Polish": ("Treść przekazanej wiadomości", "Temat", "Data", "Nadawca", "Adresat"),
    "Portuguese": ("Mensagem encaminhada", "Assunto", "Data", "De", "Para"),
    "Swedish": ("Vidarebefordrat meddelande", "Ämne", "Datum", "Från", "Till"),
}


def read(text: str, subject: str = "Fwd: Pumps", author: str = TOM, header: str = "") -> ParsedMail:
    """A mail to the shared inbox, read."""
    head = f"From: {author}\nTo: sales@acme.example\nSubject: {subject}\nDate: Mon, 2 Mar 2026 08:10:11 +0100\n{header}"
    raw = f"{head}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{text}"
    return parse(fetched_from_bytes(raw.encode()), company_domains=["acme.example"])


def outlook(language: str, writer: str = CARLA) -> str:
    sender, sent, to, subject, _ = OUTLOOK[language]
    head = f"{sender}: {writer}\n{sent}: 2. 3. 2026 14:03\n{to}: {TOM}\n{subject}: Pumps"
    return f"FYI\n\n________________________________\n{head}\n\n{INQUIRY}"


def gmail(sender: str = "From", said: str = "Forwarded message", writer: str = CARLA, text: str = INQUIRY) -> str:
    head = f"{sender}: {writer}\nDate: Mon, 2 Mar 2026 at 14:03\nSubject: Pumps\nTo: <tom.baker@acme.example>"
    return f"---------- {said} ---------\n{head}\n\n\n{text}"


def apple(language: str, quoted: bool) -> str:
    begin, sender, subject, date, to = APPLE[language]
    lines = f"{sender}: {CARLA}\n{subject}: Pumps\n{date}: 2. 3. 2026 14:03:11\n{to}: {TOM}\n\n{INQUIRY}".split("\n")
    return begin + "\n\n" + "\n".join(f"> {line}".rstrip() if quoted else line for line in lines)


def thunderbird(language: str) -> str:
    said, subject, date, sender, to = THUNDERBIRD[language]
    head = f"{subject}: \tPumps\n{date}: \tMon, 2 Mar 2026\n{sender}: \t{CARLA}\n{to}: \ttom.baker@acme.example"
    return f"-------- {said} --------\n{head}\n\n\n{INQUIRY}"


def forwards() -> Iterator[tuple[str, str, str]]:
    """What it is, its subject, its text."""
    for language, labels in OUTLOOK.items():
        yield f"Outlook {language}", f"{labels[4]}: Pumps", outlook(language)
        yield (
            f"Outlook {language}, mailto",
            f"{labels[4]}: Pumps",
            outlook(language, "Carla [mailto:carla@kunde.example]"),
        )
        yield f"Outlook {language}, address alone", f"{labels[4]}: Pumps", outlook(language, "carla@kunde.example")
    for language, (said, label) in GMAIL.items():
        yield f"Gmail {language}", "Fwd: Pumps", gmail(label, said)
        yield f"Gmail {language}, own words above", "Pumps", f"Please take care.\n\n{gmail(label, said)}"
    for language in APPLE:
        yield f"Apple Mail {language}", "Pumps", apple(language, quoted=False)
        yield f"Apple Mail {language}, quoted", "Fwd: Pumps", apple(language, quoted=True)
    for language in THUNDERBIRD:
        yield f"Thunderbird {language}", "Fwd: Pumps", thunderbird(language)


@pytest.mark.parametrize(("subject", "text"), [one[1:] for one in forwards()], ids=[one[0] for one in forwards()])
def test_whom_a_colleague_forwards_is_the_sender(subject: str, text: str) -> None:
    mail = read(text, subject)
    assert (mail.sender_address, mail.sender_doubt) == ("carla@kunde.example", "")
    assert mail.sender_evidence.startswith("forwarded by tom.baker@acme.example")
    assert "quote 40 pumps" in mail.new_text


FORM = "Name: Carla Kunde\nEmail: carla@kunde.example\nMessage: We need pumps.\n"
FAKE = "Email: eve@evil.example\nName: Eve\n"
WEBSITE, FORMSPREE = "Website <web@acme.example>", "Formspree <noreply@formspree.io>"
OTTO = "Reply-To: Otto <otto@other.example>\n"


@dataclass(frozen=True)
class Case:
    """A mail, who is taken for its sender, and whether a person is asked about that."""

    mail: ParsedMail
    sender: str
    doubt: bool = False


CASES = {
    "an outsider forwards": Case(read(gmail(), author=EVE), "eve@evil.example"),
    "an outsider with our name": Case(
        read(gmail(), author='"Tom Baker tom.baker@acme.example" <eve@evil.example>'), "eve@evil.example", True
    ),
    "an outsider whose replies come to us": Case(
        read(gmail(), author=EVE, header="Reply-To: tom.baker@acme.example\n"), "eve@evil.example"
    ),
    "a domain that begins like ours": Case(
        read(gmail(), author="Tom <tom@acme.example.evil.test>"), "tom@acme.example.evil.test"
    ),
    "a domain that ends like ours": Case(read(gmail(), author="Tom <tom@xacme.example>"), "tom@xacme.example"),
    "our domain, forged": Case(
        read(gmail(), header="Authentication-Results: mx.acme.example; dmarc=fail\n"), "tom.baker@acme.example", True
    ),
    "our domain, forged, with a result of their own below": Case(
        read(gmail(), header="Authentication-Results: mx; dmarc=fail\nAuthentication-Results: mx; dmarc=pass\n"),
        "tom.baker@acme.example",
        True,
    ),
    "a forward of a colleague's forward": Case(
        read(gmail(writer="Ann <ann@acme.example>", text=f"see below\n\n{gmail()}")), "carla@kunde.example"
    ),
    "a forward of what a customer forwarded": Case(
        read(gmail(text=f"see below\n\n{gmail(writer='Zed <zed@other.example>')}")), "carla@kunde.example"
    ),
    "a forward of a colleague's own mail": Case(read(gmail(writer="Ann <ann@acme.example>")), "tom.baker@acme.example"),
    "a forward of mail to the shared inbox itself": Case(
        read(gmail(writer="sales@acme.example")), "tom.baker@acme.example"
    ),
    "a forward with the mail in an attached picture": Case(
        read("See the attached request."), "tom.baker@acme.example", True
    ),
    "a forward that tells the writer by an attribution only": Case(
        read(f"FYI\n\nOn Mon, Mar 2, 2026 at 8:00 PM {CARLA} wrote:\n\n> Need 40 pumps\n"),
        "tom.baker@acme.example",
        True,
    ),
    "a forwarded mail of a form service": Case(
        read(gmail(writer="no-reply@formspree.io", text=FORM)), "carla@kunde.example"
    ),
    "a forwarded mail of our own form": Case(
        read(gmail(writer="Website <wordpress@acme.example>", text=FORM)), "carla@kunde.example"
    ),
    "a forwarded mail of a robot": Case(
        read(gmail(writer="noreply@portal.example", text="A visitor wants pumps.")), "noreply@portal.example", True
    ),
    "a forwarded form with two addresses": Case(
        read(gmail(writer="no-reply@formspree.io", text=FORM + FAKE)), "carla@kunde.example", True
    ),
    "our form": Case(read(FORM, "Contact form", WEBSITE), "carla@kunde.example"),
    "our form, replies to somebody else": Case(read(FORM, "Contact form", WEBSITE, OTTO), "otto@other.example", True),
    "our form, a field written into the message": Case(
        read(FORM + FAKE, "Contact form", WEBSITE), "carla@kunde.example", True
    ),
    "our form, a field written in before the fields": Case(
        read(f"Message: Hi\n{FAKE}{FORM}", "Contact form", WEBSITE), "eve@evil.example", True
    ),
    "our form, a field written in, and Reply-To": Case(
        read(FAKE + FORM, "Contact form", WEBSITE, "Reply-To: carla@kunde.example\n"), "carla@kunde.example"
    ),
    "a service, replies to somebody else": Case(read(FORM, "New form", FORMSPREE, OTTO), "otto@other.example", True),
    "a service, forged": Case(
        read(FORM, "New form", FORMSPREE, "Authentication-Results: mx; dmarc=fail\n"), "noreply@formspree.io", True
    ),
    "a domain that begins like a service's": Case(
        read(FORM, "New form", "noreply@formspree.io.evil.example"), "noreply@formspree.io.evil.example", True
    ),
    "an unknown robot with fields": Case(
        read(FORM, "Contact form", "wordpress@random.example"), "wordpress@random.example", True
    ),
    "an unknown robot, replies to somebody else than the fields name": Case(
        read(FORM, "Contact form", "wordpress@random.example", OTTO), "otto@other.example", True
    ),
    "a person who writes like a form": Case(read(FORM, "Contact form", EVE), "eve@evil.example"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_a_text_says_of_its_writer_is_believed_only_of_our_people_and_of_known_forms(case: Case) -> None:
    assert (case.mail.sender_address, bool(case.mail.sender_doubt)) == (case.sender, case.doubt)
