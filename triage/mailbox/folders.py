"""Which folder plays which part: by its SPECIAL-USE attribute (RFC 6154), else by its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The folders we work with. INBOX is the watched folder, whatever its name."""

    INBOX = "Inbox"
    DRAFTS = "Drafts"
    SENT = "Sent"
    TRASH = "Trash"
    ARCHIVE = "Archive"


Folder = Role | str  # a role, or the path of a folder


@dataclass(frozen=True)
class Listed:
    """A folder as LIST tells of it; `delimiter` separates the steps of its path."""

    path: str
    attributes: frozenset[str]  # in lower case
    delimiter: str

    @property
    def name(self) -> str:
        """The last step of the path, for comparing."""
        return self._steps()[2].casefold()

    @property
    def parent(self) -> str:
        """All steps before the last, for comparing."""
        return self._steps()[0].casefold()

    def _steps(self) -> tuple[str, str, str]:
        return self.path.rpartition(self.delimiter) if self.delimiter else ("", "", self.path)


ATTRIBUTES = {Role.DRAFTS: "\\drafts", Role.SENT: "\\sent", Role.TRASH: "\\trash", Role.ARCHIVE: "\\archive"}

# What mail programs and providers call them in the languages of their users, in lower case.
NAMES = {
    Role.DRAFTS: (
        "drafts", "draft", "entwürfe", "brouillons", "borradores", "bozze", "concepten", "rascunhos", "rascunho",
        "utkast", "kladder", "luonnokset", "kopie robocze", "wersje robocze", "szkice", "koncepty", "rozepsané",
        "piszkozatok", "ciorne", "черновики", "чернетки", "taslaklar", "πρόχειρα", "下書き", "草稿", "草稿箱",
        "임시보관함",
    ),
    Role.SENT: (
        "sent", "sent items", "sent mail", "sent messages", "gesendet", "gesendete objekte", "gesendete elemente",
        "gesendete", "envoyés", "éléments envoyés", "messages envoyés", "enviados", "elementos enviados", "enviadas",
        "itens enviados", "posta inviata", "inviata", "inviati", "verzonden", "verzonden items", "verzonden berichten",
        "skickat", "skickade", "sendt", "sendte elementer", "lähetetyt", "wysłane", "elementy wysłane", "odeslané",
        "odeslaná pošta", "odoslané", "elküldött", "elküldött elemek", "trimise", "отправленные", "надіслані",
        "gönderilmiş öğeler", "gönderilenler", "απεσταλμένα", "送信済み", "送信済みアイテム", "已发送", "已发送邮件",
        "寄件備份", "보낸편지함",
    ),
    Role.TRASH: (
        "trash", "deleted", "deleted items", "deleted messages", "bin", "papierkorb", "gelöscht", "gelöschte objekte",
        "gelöschte elemente", "corbeille", "éléments supprimés", "papelera", "elementos eliminados", "cestino",
        "posta eliminata", "prullenbak", "verwijderde items", "lixo", "lixeira", "itens excluídos", "papperskorgen",
        "papirkurv", "slettede elementer", "roskakori", "kosz", "elementy usunięte", "koš", "odstraněná pošta",
        "kuka", "törölt elemek", "coș de gunoi", "корзина", "удаленные", "кошик", "çöp kutusu", "silinmiş öğeler",
        "κάδος απορριμμάτων", "ゴミ箱", "削除済みアイテム", "已删除", "已删除邮件", "垃圾桶", "휴지통",
    ),
    Role.ARCHIVE: (
        "archive", "archives", "archiv", "archivo", "archivio", "archief", "arquivo", "arquivo morto", "arkiv",
        "arkisto", "archiwum", "archív", "archívum", "arhivă", "архив", "архів", "arşiv", "αρχείο", "アーカイブ",
        "归档", "보관함",
    ),
}  # fmt: skip


# A folder that only has the right name counts where mail programs put such folders, not deep among a team's own.
PARENTS = ("", "inbox", "[gmail]", "[google mail]")


def playing(role: Role, folders: Sequence[Listed]) -> str | None:
    """The path of the folder that plays a part, or None."""
    usable = [folder for folder in folders if not folder.attributes & {"\\noselect", "\\nonexistent"}]
    marked = [folder for folder in usable if ATTRIBUTES[role] in folder.attributes]
    named = [folder for folder in usable if folder.name in NAMES[role] and folder.parent in PARENTS]
    named.sort(key=lambda folder: (PARENTS.index(folder.parent), NAMES[role].index(folder.name)))
    # Gmail has no archive: mail is archived by moving it to "All Mail". Elsewhere \All may be a view, not a folder.
    gmail = [folder for folder in usable if "\\all" in folder.attributes and folder.parent in PARENTS[2:]]
    found = marked or named or (gmail if role is Role.ARCHIVE else [])
    return found[0].path if found else None


def path_for(name: str, folders: Sequence[Listed]) -> str:
    """Where to create a folder: below INBOX where the server keeps all its folders there, else at the top."""
    others = [folder for folder in folders if folder.path.upper() != "INBOX"]
    nested = bool(others) and all(folder.path.upper().startswith(f"INBOX{folder.delimiter}") for folder in others)
    return f"INBOX{others[0].delimiter}{name}" if nested else name
