"""A test whose server is not installed is skipped with a word about it; where servers are required, it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(("required", "outcome", "status"), [("", "SKIPPED", 0), ("1", "ERROR", 1)])
def test_a_test_without_its_server_says_which_package_brings_it(tmp_path, required, outcome, status):
    test = "tests/test_storage.py::test_the_scheduler_uses_redis_when_its_url_is_set"
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        env={"PATH": str(tmp_path), "HOME": os.environ.get("HOME", ""), "REQUIRE_SERVERS": required},
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert result.returncode == status, result.stderr
    assert outcome in result.stdout
    assert "redis is not installed: apt-get install redis-server" in result.stdout
