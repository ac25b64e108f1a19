"""The one-way rule: triage -> routing -> crm, each library behind one door, no import hidden in a function."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# package: the apps of ours that it may import
MAY_IMPORT = {
    "inbox_router": set(),
    "crm": {"inbox_router"},
    "routing": {"inbox_router", "crm"},
    "triage": {"inbox_router", "crm", "routing"},
}
DOORS = ("services", "models")  # the modules by which another app is entered
# library: the only modules that may import it, packages included
ONLY_IN = {
    "imapclient": "triage.mailbox",
    "litellm": "triage.classifiers.llm",
    "slack_sdk": "routing.slack",
    "gspread": "crm.sheets",
    "pymap": "triage.mailbox.embedded",
    "environ": "inbox_router.environment",
}
# These choose an implementation by a setting; what the other one weighs (seconds, 150 MB) nobody should pay.
LATE = {"triage.classifiers", "crm.mirror"}
# Reads the settings; the other two only pass on what a library takes from nowhere else.
ENVIRONMENT = {"inbox_router.environment", "inbox_router.wsgi", "triage.classifiers.llm.api"}


@dataclass(frozen=True)
class Import:
    """One imported module, the module that imports it, and whether it does so inside a function."""

    by: str
    what: str
    late: bool

    def __str__(self) -> str:
        return f"{self.by} imports {self.what}{' in a function' if self.late else ''}"


def source_files() -> Iterator[tuple[str, Path]]:
    """Each module of the product, by its dotted name."""
    for package in MAY_IMPORT:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "migrations" not in parts:
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def late_nodes(tree: ast.AST) -> set[ast.AST]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {inner for function in functions for inner in ast.walk(function)}


def imports_of(module: str, source: str) -> Iterator[Import]:
    tree = ast.parse(source)
    late = late_nodes(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(module, alias.name, node in late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: imports are absolute"
            # `from crm import services` names a module, `from crm.services import add` a thing in one
            yield from (Import(module, f"{node.module}.{alias.name}", node in late) for alias in node.names)


def package(name: str) -> str:
    return name.partition(".")[0]


def within(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def violation(found: Import) -> str:
    """What is wrong with an import; empty if nothing is."""
    source, target = package(found.by), package(found.what)
    door = ONLY_IN.get(target)
    if door and not within(found.by, door):
        return f"{found}: only {door} may"
    if target not in MAY_IMPORT:
        return ""
    if target != source:
        if target not in MAY_IMPORT[source]:
            return f"{found}: the way is triage -> routing -> crm"
        if target != "inbox_router" and found.what.split(".")[1] not in DOORS:
            return f"{found}: enter another app by its services or models"
    started_by_django = found.by == f"{source}.apps"  # models are not there yet when it is imported
    if found.late and found.by not in LATE and not started_by_django:
        return f"{found}: put it at the top; if that makes a cycle, mend the cycle"
    return ""


def test_the_imports_go_one_way_and_through_the_doors():
    found = [one for module, path in source_files() for one in imports_of(module, path.read_text())]
    assert len(found) > 100
    assert [wrong for one in found if (wrong := violation(one))] == []


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("crm.services", "from routing.models import Pool", "the way is"),
        ("inbox_router.delivery", "import crm.models", "the way is"),
        ("routing.services", "from crm import sheets", "services or models"),
        ("triage.stages.act", "from routing.rotation import choose", "services or models"),
        ("triage.stages.fetch", "import imapclient", "only triage.mailbox may"),
        ("crm.models", "def f():\n    from crm import sheets", "put it at the top"),
        ("triage.stages.classify", "def f():\n    import litellm", "only triage.classifiers.llm may"),
    ],
)
def test_each_violation_is_found(module, source, complaint):
    assert [complaint in violation(one) for one in imports_of(module, source)] == [True]


def test_settings_are_read_in_one_place_only():
    reading = re.compile(r"\bos\.(environ|getenv)\b|from os import.*\b(environ|getenv)\b")
    readers = {module for module, path in source_files() if reading.search(path.read_text())}
    assert readers <= ENVIRONMENT


def test_no_signals_pass_between_our_own_apps():
    defining = re.compile(r"^from django\.dispatch import|^import django\.dispatch|\bSignal\(\)", re.MULTILINE)
    assert [module for module, path in source_files() if defining.search(path.read_text())] == []


def test_no_module_is_too_long_to_read():
    lengths = {module: len(path.read_text().splitlines()) for module, path in source_files()}
    assert {module: length for module, length in lengths.items() if length > 350} == {}


def test_no_function_is_too_long_to_read():
    functions = [
        (module, node)
        for module, path in source_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [f"{module}.{node.name}" for module, node in functions if node.end_lineno - node.lineno >= 60] == []


def test_no_module_has_a_name_that_says_nothing():
    nothing = {"utils", "util", "helpers", "helper", "base", "manager", "managers", "handler", "handlers", "misc"}
    assert [module for module, _ in source_files() if module.rpartition(".")[2] in nothing] == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-uv.lock"])
def test_a_lock_file_pins_by_hash_and_names_no_host_and_no_path(lock):
    text = (ROOT / lock).read_text()
    pins = re.findall(r"^([\w.-]+)==\S+( ; .*)? \\\n    --hash=sha256:", text, re.MULTILINE)
    assert pins
    assert len(pins) == len(re.findall(r"^\w", text, re.MULTILINE))
    assert not re.search(r"://|^-|(?<![\w.])/\w|#", text, re.MULTILINE)
