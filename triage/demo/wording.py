"""Words of made-up mails, in some languages."""

from random import Random

SUBJECTS = {
    "en": ("Quote for ball valves", "Bearings, second request", "Invoice", "Spring order", "Delivery of couplings"),
    "de": ("Anfrage für Wälzlager", "Angebot über Drehteile", "Rechnung", "Lieferung der Kupplungen"),
    "fr": ("Demande de prix, roulements", "Facture", "Pièces usinées"),
    "cs": ("Poptávka pružin", "Faktura", "Objednávka ložisek"),
    "ja": ("見積依頼 バルブ", "請求書", "ベアリングの納期について"),
}
WORDS = {
    "en": "we need pieces stainless steel delivery week drawing attached price offer valve bearing pump seal pressure "
    "nominal diameter thread quantity please confirm order customer machine spare part regards thank sample",
    "de": "wir benötigen Stück Edelstahl Lieferung Woche Zeichnung Anhang Preis Angebot Ventil Lager Pumpe Dichtung "
    "Druck Nennweite Gewinde Menge bitte bestätigen Auftrag Kunde Maschine Ersatzteil Grüße Danke Muster für",
    "fr": "nous avons besoin pièces acier inoxydable livraison semaine dessin joint prix offre vanne roulement pompe "
    "pression diamètre filetage quantité merci confirmer commande client machine rechange échantillon",
    "cs": "potřebujeme kusů nerez dodání týden výkres příloha cena nabídka ventil ložisko čerpadlo těsnění tlak "
    "průměr závit množství prosím potvrďte objednávka zákazník stroj náhradní díl děkuji vzorek",
    "ja": "お世話になっております 見積をお願いいたします 数量 納期 図面を添付します ステンレス ポンプ 軸受 "
    "圧力 よろしくお願いします",
}
SENTENCES = 12
LENGTH = 9  # words of a sentence


def body(random: Random, language: str) -> str:
    """The text of a mail: some sentences with a number of pieces and a part number each."""
    words = WORDS[language].split()
    sentences = (" ".join(random.choices(words, k=LENGTH)) for _ in range(SENTENCES))
    return "\n".join(f"{said} {random.randrange(5000)} M{random.randrange(100_000)}." for said in sentences)


def company(number: int) -> str:
    """The name of a made-up company, as it stands in its domain."""
    first = ("nordic", "alpen", "moravia", "atlas", "delta", "orion", "baltic", "castor", "linden", "marble")
    second = ("pumps", "drives", "valves", "tools", "springs", "motors", "castings", "seals", "gears", "welding")
    return f"{first[number % 10]}-{second[number // 10 % 10]}-{number // 100}"
