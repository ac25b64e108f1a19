"""What is filled into templates: people, companies, places, numbers, dates and links that do not exist."""

import random

FIRST = [
    "Anna",
    "Tom",
    "Priya",
    "Marek",
    "Lucia",
    "Henrik",
    "Fatima",
    "George",
    "Sakura",
    "Pavel",
    "Ingrid",
    "Carlos",
    "Mei",
    "Ahmed",
    "Chloe",
    "Viktor",
    "Elif",
    "Nina",
    "Raj",
    "Olga",
    "Peter",
    "Laura",
    "Sven",
    "Julia",
    "Kwame",
    "David",
    "Amelie",
    "Bogdan",
    "Irina",
    "Jorge",
]
LAST = [
    "Lindqvist",
    "Marsh",
    "Iyer",
    "Kowal",
    "Ferrero",
    "Olsen",
    "Haddad",
    "Brown",
    "Tanaka",
    "Horak",
    "Dahl",
    "Vega",
    "Zhou",
    "Nasser",
    "Laurent",
    "Petrov",
    "Demir",
    "Novotna",
    "Shah",
    "Ivanova",
    "Keller",
    "Santos",
    "Berger",
    "Mensah",
    "Cole",
    "Popescu",
    "Varga",
    "Horvat",
    "Smith",
    "Jensen",
]
STEMS = [
    "Nordwind",
    "Alfatec",
    "Blueline",
    "Kestrel",
    "Hartmann",
    "Meridian",
    "Solvia",
    "Orion",
    "Pinewood",
    "Delta",
    "Castello",
    "Vertex",
    "Lumen",
    "Granit",
    "Helix",
    "Polaris",
    "Rivera",
    "Stellar",
    "Tectum",
    "Unifix",
]
ENDINGS = ["GmbH", "Ltd", "Inc.", "S.A.", "s.r.o.", "Oy", "AB", "B.V.", "Group", "LLC", "Sp. z o.o.", "Kft.", ""]
CITIES = [
    "Lyon",
    "Leeds",
    "Graz",
    "Brno",
    "Porto",
    "Malmo",
    "Ghent",
    "Turin",
    "Bilbao",
    "Krakow",
    "Aarhus",
    "Izmir",
    "Boston",
    "Toronto",
    "Dublin",
    "Tampere",
    "Zagreb",
    "Austin",
    "Cork",
    "Nairobi",
]
TOPICS = ["remote work", "cyber security", "energy prices", "supply chains", "machine learning", "branding",
          "data protection", "e-commerce", "circular economy", "lean production", "service", "tax law"]  # fmt: skip
SITES = [
    "https://{stem}.example/{n}",
    "www.{stem}.example",
    "https://news.{stem}.example/r?u={num}",
    "http://t.{stem}.example/c/{num}",
]
BAD_SITES = [
    "http://{stem}-secure{n}.example/login",
    "https://bit.example/{num}",
    "http://{num}.{stem}.top.example/verify.php",
    "hxxp://{stem}{n}.example",
]
FREE = [
    "gmail.com",
    "hotmail.com",
    "outlook.com",
    "yahoo.com",
    "gmx.net",
    "web.de",
    "icloud.com",
    "mail.com",
    "proton.me",
    "orange.fr",
    "libero.it",
    "wp.pl",
    "seznam.cz",
]


def slots(lists: dict[str, list[str]], chance: random.Random) -> dict[str, str]:
    """A value for every slot, the language's own lists first."""
    values = {name: chance.choice(options) for name, options in lists.items()}
    stem, number = chance.choice(STEMS).lower(), str(chance.randint(2, 60) * chance.choice((1, 5, 10, 25, 100)))
    made = {
        "first": chance.choice(lists.get("firsts", FIRST)),
        "last": chance.choice(lists.get("lasts", LAST)),
        "stem": stem,
        "company": f"{stem.title()} {chance.choice(ENDINGS)}".strip(),
        "domain": f"{stem}{chance.choice(['', '-group', 'tec', '24', '.co'])}.example",
        "city": chance.choice(lists.get("cities", CITIES)),
        "topic": chance.choice(lists.get("topics", TOPICS)),
        "n": number,
        "num": str(chance.randint(1000, 999999)),
        "pct": str(chance.choice((5, 10, 15, 20, 25, 30, 40, 50, 60, 70))),
        "year": str(chance.randint(2016, 2031)),
    }
    made |= {
        "name": f"{made['first']} {made['last']}",
        "free": chance.choice(FREE),
        "phone": f"+{chance.randint(1, 98)} {chance.randint(100, 999)} {chance.randint(10000, 9999999)}",
        "date": chance.choice(("{d}.{m}.", "{d}.{m}.{y}", "{d}/{m}/{y}", "{y}-{m:02}-{d:02}", "{d}/{m}")).format(
            d=chance.randint(1, 28), m=chance.randint(1, 12), y=made["year"]
        ),
        "amount": _amount(chance, chance.randint(12, 48000)),
        "amount_big": _amount(chance, chance.randint(1, 90) * 250_000),
        "vat": f"{chance.choice(['DE', 'ATU', 'FR', 'NL', 'IT', 'GB', 'PL', 'ESB'])}{chance.randint(10**7, 10**9)}",
        "iban": f"{chance.choice(['DE', 'FR', 'GB', 'NL', 'PL'])}{chance.randint(10, 99)} {chance.randint(1000, 9999)} {chance.randint(1000, 9999)} {chance.randint(1000, 9999)}",  # noqa: E501
    }
    made["link"] = chance.choice(SITES).format(stem=stem, n=number, num=made["num"])
    made["badlink"] = chance.choice(BAD_SITES).format(stem=stem, n=number, num=made["num"])
    made["mail"] = f"{made['first']}.{made['last']}@{made['domain']}".lower()
    return made | values


def _amount(chance: random.Random, amount: int) -> str:
    number = chance.choice(
        (f"{amount:,}", f"{amount:,}".replace(",", "."), f"{amount}", f"{amount}.50", f"{amount},90")
    )
    currency = chance.choice(("EUR", "USD", "€", "$", "GBP", "CHF", "£"))
    return chance.choice((f"{number} {currency}", f"{currency} {number}", f"{currency}{number}"))
