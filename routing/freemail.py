"""The freemail domains that an installation starts with; the list is edited in the admin."""

from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps

FREEMAIL = """
    126.com 163.com aol.com att.net bigpond.com bluewin.ch btinternet.com centrum.cz comcast.net cox.net email.cz
    email.de fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com
    hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it icloud.com inbox.lv inbox.ru interia.pl
    laposte.net libero.it list.ru live.com live.de live.fr live.nl mac.com mail.com mail.de mail.ee mail.ru me.com
    msn.com naver.com o2.pl onet.pl orange.fr outlook.com outlook.de outlook.es outlook.fr post.cz posteo.de
    proton.me protonmail.com qq.com rediffmail.com sapo.pt seznam.cz sfr.fr sina.com t-online.de telefonica.net
    telenet.be terra.com.br tiscali.it tlen.pl tutanota.com ukr.net uol.com.br verizon.net virgilio.it volny.cz
    wanadoo.fr web.de wp.pl yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it
    yandex.com yandex.ru zoho.com
""".split()  # noqa: SIM905 (a list would take ninety lines)


def seed(using: str, apps: Apps = installed, **signal: Any) -> None:
    """Fill an empty list; one that somebody edited is left alone. Connected to post_migrate.

    After a flush the signal names no registry.
    """
    try:
        model = apps.get_model("routing", "FreemailDomain")
    except LookupError:  # migrated back to before there was one
        return
    rows = model.objects.using(using)
    if not rows.exists():
        rows.bulk_create([model(domain=domain) for domain in FREEMAIL], ignore_conflicts=True)
