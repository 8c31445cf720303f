"""What owners read of the settings is made from them, and can be taken as it stands."""

import re
import subprocess
from pathlib import Path

import pytest

from wsgi_app.base.config import SETTINGS, load_config
from wsgi_app.base.documents import DOCUMENTS
from wsgi_app.base.settings import Setting

ENV_FILE, TABLE = DOCUMENTS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_files_of_the_checkout_are_those_that_the_settings_make(path: Path) -> None:
    assert path.read_bytes() == DOCUMENTS[path]().encode(), "make settings"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_each_setting_is_explained_in_a_few_lines_with_its_default(setting: Setting) -> None:
    blocks = ENV_FILE.read_text(encoding="utf-8").split("\n\n")
    block = next(block for block in blocks if f"#{setting.key}=" in block)
    *explanation, default, line = block.strip().splitlines()

    assert 1 <= len(explanation) <= 2
    assert default == f"# Default: {setting.default_in_words}."
    assert line == f"#{setting.key}={setting.example}"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_each_setting_has_a_row_that_says_whether_it_opens_the_house(setting: Setting) -> None:
    rows = TABLE.read_text(encoding="utf-8").splitlines()
    (row,) = (row for row in rows if row.startswith(f"| `{setting.key}="))

    assert row.count("|") == 4
    assert ("**opens**" in row) is setting.opens


def shell_environment(script: str) -> dict[str, str]:
    """What a shell has in its environment after a script."""
    output = subprocess.check_output(["/bin/sh", "-ec", f"{script}; env"], env={}, text=True)
    return dict(line.split("=", 1) for line in output.splitlines() if line.startswith("PORTEIRO_"))


def test_the_file_changes_nothing_as_it_is_shipped() -> None:
    assert shell_environment(f"set -a; . '{ENV_FILE}'; set +a") == {}


def test_every_line_of_the_file_can_be_taken_as_it_stands(tmp_path: Path) -> None:
    everything = tmp_path / "porteiro.env"
    everything.write_text(re.sub(r"(?m)^#(?=PORTEIRO_)", "", ENV_FILE.read_text(encoding="utf-8")))
    environment = shell_environment(f"set -a; . '{everything}'; set +a")
    (tmp_path / "nose.onnx").touch()
    environment["PORTEIRO_NOSE_MODEL"] = str(tmp_path / "nose.onnx")
    environment["PORTEIRO_LAB_FILES"] = str(tmp_path)

    assert set(environment) == {setting.key for setting in SETTINGS}
    assert load_config(environment).threshold == 0.55
