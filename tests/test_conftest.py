import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


def test_only_tests_that_look_at_pages_load_what_drives_a_browser() -> None:
    program = "import sys, tests.conftest; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split()

    assert "tests.conftest" in loaded
    assert [name for name in loaded if name.partition(".")[0] == "selenium"] == []
