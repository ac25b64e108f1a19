"""The README tells the truth. `python -m tests.test_docs` writes its table of settings anew from .env.example."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.test_checks import PRODUCTION
from tests.test_settings import manage

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- settings: written by `python -m tests.test_docs` -->\n", "<!-- end of settings -->\n"
OURS = ("crm", "routing", "triage", "inbox_router")


def settings_table() -> str:
    """The settings of .env.example, each with the comment above it, group by group."""
    rows = ["| setting | what it is | example or default |", "| --- | --- | --- |"]
    comment = ""
    for line in (ROOT / ".env.example").read_text().splitlines():
        if group := re.fullmatch(r"# --- (.*?) -+", line):
            rows.append(f"| | **{group[1]}** | |")
        elif setting := re.fullmatch(r"#?(\w+)=(.*)", line):
            rows.append(f"| `{setting[1]}` | {comment} | {f'`{setting[2]}`' if setting[2] else ''} |")
        else:
            comment = line.removeprefix("# ")
    return "\n".join(rows) + "\n"


def commands() -> dict[str, str]:
    found = get_commands()
    return {name: app if isinstance(app, str) else app.name for name, app in found.items()}


def test_the_readme_lists_the_settings_of_the_example_file():
    table = README.read_text().partition(BEGIN)[2].partition(END)[0]
    assert table.strip() == settings_table().strip()


def test_every_command_that_the_readme_names_exists():
    named = set(re.findall(r"manage\.py (\w+)", README.read_text()))
    assert len(named) > 5
    assert named - commands().keys() == set()


def test_every_command_of_ours_is_in_the_readme():
    listed = re.findall(r"^\| `manage\.py (\w+)", README.read_text(), re.MULTILINE)
    assert {name for name, app in commands().items() if app in OURS} - set(listed) == set()


def test_every_target_of_make_that_the_readme_names_exists():
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:`|^)make ([a-z-]+)", README.read_text(), re.MULTILINE)
    assert set(named) <= set(targets)


def test_every_file_that_the_readme_names_exists():
    named = re.findall(r"`((?:triage|routing|crm|inbox_router|tests|\.ci)/[\w./]+)`", README.read_text())
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_team_file_in_the_readme_can_be_loaded(tmp_path):
    (example,) = re.findall(r"```toml\n(.*?)```", README.read_text(), re.DOTALL)
    (tmp_path / "team.toml").write_text(example)
    assert manage(tmp_path, "migrate", "--verbosity=0").returncode == 0
    result = manage(tmp_path, "load_team", str(tmp_path / "team.toml"))
    assert result.returncode == 0, result.stderr


def test_the_readme_documents_the_settings_that_pass_the_deployment_check():
    text = README.read_text()
    assert [name for name in PRODUCTION if not re.search(rf"^{name}=", text, re.MULTILINE)] == []


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", ".env.example", "Makefile"])
def test_no_document_has_a_line_that_is_too_wide_to_read(name):
    wide = [line for line in (ROOT / name).read_text().splitlines() if len(line) > 140 and not line.startswith("|")]
    assert wide == []


def write_settings_table() -> None:
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(before + BEGIN + settings_table() + END + rest.partition(END)[2])


if __name__ == "__main__":
    write_settings_table()
