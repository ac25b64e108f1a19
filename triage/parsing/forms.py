# ruff: noqa: RUF001 (words of many languages)
"""Contact forms: who sends them, and the fields they put into the text of a mail."""

import re

from triage.parsing.addresses import normalised

# Services that mail a form's answers, and portals that pass on inquiries; by the domain they send from.
SERVICES = {
    "123formbuilder.com": "123FormBuilder",
    "alibaba.com": "Alibaba",
    "basin.email": "Basin",
    "carrd.co": "Carrd",
    "cognitoforms.com": "Cognito Forms",
    "directindustry.com": "DirectIndustry",
    "europages.com": "Europages",
    "facebookmail.com": "Facebook Lead Ads",
    "fillout.com": "Fillout",
    "formbold.com": "FormBold",
    "formcarry.com": "formcarry",
    "formresponses.netlify.com": "Netlify Forms",
    "formspark.io": "Formspark",
    "formspree.io": "Formspree",
    "formstack.com": "Formstack",
    "forms.google.com": "Google Forms",
    "formsubmit.co": "FormSubmit",
    "forwardforms.com": "Forward Forms",
    "getform.io": "Getform",
    "hsforms.com": "HubSpot",
    "hubspot.com": "HubSpot",
    "hubspotemail.net": "HubSpot",
    "indiamart.com": "IndiaMART",
    "jimdo.com": "Jimdo",
    "jotform.com": "Jotform",
    "kompass.com": "Kompass",
    "leadpages.net": "Leadpages",
    "made-in-china.com": "Made-in-China",
    "netlify.com": "Netlify Forms",
    "paperform.co": "Paperform",
    "shopify.com": "Shopify",
    "shopifyemail.com": "Shopify",
    "squarespace.com": "Squarespace",
    "squarespace.info": "Squarespace",
    "strikingly.com": "Strikingly",
    "tally.so": "Tally",
    "thomasnet.com": "Thomasnet",
    "typeform.com": "Typeform",
    "unbounce.com": "Unbounce",
    "web3forms.com": "Web3Forms",
    "webflow.com": "Webflow",
    "webflow.io": "Webflow",
    "weebly.com": "Weebly",
    "wix.com": "Wix",
    "wix-forms.com": "Wix",
    "wixforms.com": "Wix",
    "wlw.com": "wlw",
    "wlw.de": "wlw",
    "wpforms.com": "WPForms",
    "wufoo.com": "Wufoo",
    "zohoforms.com": "Zoho Forms",
}

_YOUR = r"(?:your|ihre?|deine?|votre|tu|su|il tuo|la tua|seu|sua|uw|je|twój|twoje?|váš|vaše|din|ditt|ваше?|ваш[аи]?|contact|customer|sender'?s?)?[\s_-]*"
_LABELS = {
    "email": r"(?:e-?mail|mail|email-?\s?id)(?:[\s_-]*(?:address|adresse?|addresse|id|-adresse))?|(?:work|business|company|reply)[\s_-]?e-?mail"
    r"|correo(?: electr[óo]nico)?|dirección de (?:correo|e-?mail)|courriel|adresse[\s_-]?(?:e-?)?mail|adresse électronique|indirizzo[\s_-](?:e-?)?mail|posta elettronica"
    r"|endereço de e-?mail|e-?mailadres|adres e-?mail|e-?mailov[áa] adresa|e-?post(?:adress[e]?)?|sähköposti(?:osoite)?|e-?posta(?: adresi)?|e-?mail[\s-]?cím|почта|эл\.? ?почта|электронная почта|e-?mail адрес"
    r"|电子邮[箱件]|邮箱(?:地址)?|電子郵件|電郵|メールアドレス|メール|이메일(?: 주소)?|البريد الإلكتروني|דוא\"?ל|אימייל|อีเมล|ηλεκτρονικό ταχυδρομείο",
    "first": r"first[\s_-]?name|given[\s_-]?name|vorname|prénom|nombre de pila|primeiro nome|voornaam|imię|jméno|krstné meno|förnamn|fornavn|etunimi|keresztnév|имя",
    "last": r"last[\s_-]?name|sur[\s_-]?name|family[\s_-]?name|nachname|familienname|nom de famille|apellidos?|cognome|sobrenome|apelido|achternaam|nazwisko|příjmení|priezvisko|efternamn|efternavn|etternavn|sukunimi|soyad[ıi]?|vezetéknév|фамилия",
    "name": r"(?:full[\s_-]?)?name|names|contact[\s_-]?(?:person|name)|vor-? ?und nachname|ansprechpartner(?:in)?|nom(?: complet| et prénom)?|nom et prénom|prénom et nom|nombre(?: completo| y apellidos?)?|nome(?: completo| e cognome)?|naam"
    r"|imię i nazwisko|jméno a příjmení|meno|namn|navn|nimi|ad[ıi]?(?: ve)? soyad[ıi]?|ad soyad|isim|név|teljes név|фио|имя и фамилия|контактное лицо|姓名|您的姓名|名前|お名前|氏名|ご担当者名|이름|성함|الاسم|שם|שם מלא|ชื่อ|όνομα|ονοματεπώνυμο|nume",
    "company": r"company(?:[\s_-]?name)?|organi[sz]ation|firma|unternehmen|firmenname|société|entreprise|empresa|azienda|società|bedrijf|bedrijfsnaam|företag|virksomhed|yritys|şirket|cég|компания|организация|公司|公司名称|会社名|貴社名|회사명?|الشركة|εταιρεία",
    "phone": r"(?:tele)?phone(?:[\s_-]?(?:number|no\.?))?|mobile|tel\.?|telefon(?:nummer)?|téléphone|tel[ée]fono|telefone|telefoon(?:nummer)?|puhelin|телефон|电话|手机|電話(?:番号)?|전화(?:번호)?|الهاتف|טלפון|τηλέφωνο",
    "message": r"(?:message|comments?|inquiry|enquiry|question|details|project|request|nachricht|anfrage|mitteilung|kommentar|message body|demande|mensaje|consulta|comentarios?|messaggio|richiesta|mensagem|bericht|vraag|wiadomość|treść(?: wiadomości)?|zpráva|meddelande|besked|melding|viesti|mesaj(?:ınız)?|üzenet|сообщение|вопрос|留言|信息|内容|メッセージ|お問い合わせ内容|ご用件|문의 ?내용|메시지|الرسالة|הודעה|μήνυμα|mesaj)(?:\s*body|text)?",
    "from": r"from|von|de|da|van|od",
}
_LABEL = re.compile("|".join(f"(?P<{kind}>{_YOUR}(?:{words}))" for kind, words in _LABELS.items()), re.IGNORECASE)
_LINE = re.compile(
    r"^[\s*•·\-–>|#\d.]{0,8}\**([^:：=|*]{2,50}?)\s*[*✱]?\s*\**\s*(?:\((?:required|optional|pflichtfeld|obligatoire)\))?\s*(?:[:：=|]|\?)\**\s*(.*)$"
)
_LINES = 200  # a form's fields stand at the top or the bottom; more lines than this are text


def form_fields(text: str) -> dict[str, str]:
    """Read the fields of a form in `text`: email, name, first, last, company, phone, message, as far as they are there.

    A field is "Label: value" on a line, or a label on one line and its value on the next. The first of a kind counts.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    lines = lines if len(lines) <= _LINES else lines[: _LINES // 2] + lines[-_LINES // 2 :]
    fields: dict[str, str] = {}
    for number, line in enumerate(lines):
        label, value = _split(line[:500])
        kind = _kind(label)
        following = lines[number + 1][:500] if number + 1 < len(lines) else ""
        if kind and not value and not _kind(_split(following)[0]):
            value = following
        if kind and value and kind not in fields:
            fields[kind] = value
    return fields


def _split(line: str) -> tuple[str, str]:
    match = _LINE.match(line)
    return (match[1].strip(), match[2].strip()) if match else (line.strip(" *:•-#✱"), "")


def _kind(label: str) -> str:
    match = _LABEL.fullmatch(label[:60]) if 1 < len(label) <= 60 else None
    return match.lastgroup or "" if match else ""


def form_sender(text: str) -> tuple[str, str]:
    """Return (name, address) of who filled in the form in `text`; two empty strings if `text` is no form."""
    fields = form_fields(text)
    address = normalised(fields.get("email", "")) or normalised(fields.get("from", ""))
    if not address or len(fields) < 2:
        return "", ""
    name = f"{fields.get('first', '')} {fields.get('last', '')}".strip() or fields.get("name", "")
    return name or fields.get("from", "").partition("<")[0].strip(" \"'"), address
