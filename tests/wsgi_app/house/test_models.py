import errno
import os
import re
from pathlib import Path

import pytest

from tests.packs import CONTENTS, ZOO, described_pack, in_terminal, put, use_catalogue
from wsgi_app.base.config import Config, load_config
from wsgi_app.base.errors import PackError
from wsgi_app.house import models

COPY_ANEW = "Copy it anew from where the pack came from; `porteiro models use NAME` takes another pack."


def with_pack(config: Config, pack: str | Path) -> Config:
    return load_config({"PORTEIRO_DATA": str(config.data), "PORTEIRO_PACK": str(pack)})


def chosen(config: Config) -> tuple[str, Path]:
    pack, folder = models.chosen_pack(config)
    return pack.name, folder


def test_the_shipped_catalogue_can_be_read() -> None:
    assert {"embedded", "zoo"} <= models.catalogue().keys()
    for name, pack in models.catalogue().items():
        assert pack.name == name
        assert all(re.fullmatch(r"[0-9a-f]{64}", network.sha256) for network in pack.networks)


def test_without_a_choice_the_shipped_pack_is_in_force(shipped: Path, config: Config) -> None:
    put(shipped, "detector.onnx", "embedded.onnx")
    put(config.data / "models" / "zoo", *ZOO)
    assert chosen(config) == ("embedded", shipped)


def test_a_shipped_pack_that_was_altered_is_told_and_nothing_else_is_taken(
    shipped: Path, config: Config
) -> None:
    put(config.data / "models" / "zoo", *ZOO)
    put(shipped, "detector.onnx", "embedded.onnx")
    (shipped / "embedded.onnx").write_bytes(CONTENTS["embedded.onnx"][:-1])
    with pytest.raises(PackError) as altered:
        models.chosen_pack(config)
    assert in_terminal(altered.value) == (
        f"{shipped / 'embedded.onnx'} is not the file that pack 'embedded' describes (its sha256 differs). "
        f"{COPY_ANEW}"
    )


def test_the_owners_choice_goes_before_the_shipped_pack(shipped: Path, config: Config) -> None:
    put(shipped, "detector.onnx", "embedded.onnx")
    put(config.data / "models" / "other", "detector.onnx", "other.onnx")
    models.choose(config, "other")
    assert chosen(config) == ("other", config.data / "models" / "other")
    models.choose(config, "embedded")
    assert chosen(config) == ("embedded", shipped)


def test_the_setting_goes_before_the_owners_choice(shipped: Path, config: Config) -> None:
    put(shipped, "detector.onnx", "embedded.onnx")
    put(config.data / "models" / "zoo", *ZOO)
    put(config.data / "models" / "other", "detector.onnx", "other.onnx")
    models.choose(config, "other")
    assert chosen(with_pack(config, "zoo")) == ("zoo", config.data / "models" / "zoo")


def test_a_folder_may_be_chosen_that_holds_a_known_packs_files(
    shipped: Path, config: Config, tmp_path: Path
) -> None:
    folder = put(tmp_path / "stick", "detector.onnx", "other.onnx")
    models.choose(config, str(folder))
    assert chosen(config) == ("other", folder)
    assert chosen(with_pack(config, folder)) == ("other", folder)


def test_a_folder_may_bring_its_own_description(shipped: Path, config: Config, tmp_path: Path) -> None:
    folder = put(tmp_path / "stick", "detector.onnx", "other.onnx")
    (folder / "models.toml").write_text(described_pack("other").replace("packs.other", "packs.mine"))
    assert chosen(with_pack(config, folder)) == ("mine", folder)


def test_a_chosen_pack_must_be_whole(shipped: Path, config: Config) -> None:
    folder = config.data / "models" / "zoo"
    with pytest.raises(PackError) as missing:
        models.chosen_pack(with_pack(config, "zoo"))
    assert in_terminal(missing.value) == (
        f"PORTEIRO_PACK='zoo': {folder / 'detector.onnx'} is missing. {COPY_ANEW}"
    )
    put(folder, *ZOO)
    (folder / "zoo.onnx").write_bytes(b"altered")
    with pytest.raises(PackError) as altered:
        models.chosen_pack(with_pack(config, "zoo"))
    assert in_terminal(altered.value) == (
        f"PORTEIRO_PACK='zoo': {folder / 'zoo.onnx'} is not the file that pack 'zoo' describes (its sha256 "
        f"differs). {COPY_ANEW}"
    )


def test_an_unknown_pack_is_refused_with_the_known_ones(shipped: Path, config: Config) -> None:
    with pytest.raises(PackError) as unknown:
        models.chosen_pack(with_pack(config, "zooo"))
    assert in_terminal(unknown.value) == (
        "PORTEIRO_PACK='zooo': 'zooo' is neither a known pack (embedded, zoo, other) nor a folder."
    )


def test_what_is_no_pack_cannot_be_chosen_and_the_earlier_choice_stays(
    shipped: Path, config: Config, tmp_path: Path
) -> None:
    put(config.data / "models" / "zoo", *ZOO)
    models.choose(config, "zoo")
    for name in ("zooo", str(put(tmp_path / "stick", "detector.onnx"))):
        with pytest.raises(PackError):
            models.choose(config, name)
    assert chosen(config)[0] == "zoo"


def test_a_choice_that_cannot_be_written_whole_leaves_the_earlier_one(
    shipped: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(config.data / "models" / "zoo", *ZOO)
    models.choose(config, "zoo")

    def is_full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", is_full)
    with pytest.raises(OSError, match="No space left"):
        models.choose(config, "other")

    assert chosen(config)[0] == "zoo"
    assert {path.name for path in (config.data / "models").iterdir()} == {"chosen", "zoo"}


def test_a_chosen_folder_is_found_from_any_place(
    shipped: Path, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(tmp_path / "stick", "detector.onnx", "other.onnx")
    monkeypatch.chdir(tmp_path)
    models.choose(config, "stick")
    monkeypatch.chdir("/")
    assert chosen(config) == ("other", folder)


def test_a_folder_without_a_pack_is_refused_with_what_one_consists_of(
    shipped: Path, config: Config, tmp_path: Path
) -> None:
    folder = put(tmp_path / "stick", "detector.onnx")
    with pytest.raises(PackError, match=r"^pack:incomplete .*zoo: detector\.onnx, zoo\.onnx"):
        models.chosen_pack(with_pack(config, folder))


def test_a_pack_that_shares_is_whole_with_the_shipped_file_and_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Config
) -> None:
    shipped = put(tmp_path / "shipped", "detector.onnx", "embedded.onnx")
    use_catalogue(monkeypatch, shipped, described_pack("embedded"), described_pack("zoo", shares=True))
    put(config.data / "models" / "zoo", "zoo.onnx")
    assert chosen(with_pack(config, "zoo")) == ("zoo", config.data / "models" / "zoo")
    (shipped / "detector.onnx").write_bytes(b"altered")
    with pytest.raises(PackError) as altered:
        models.chosen_pack(with_pack(config, "zoo"))
    assert in_terminal(altered.value) == (
        f"PORTEIRO_PACK='zoo': {shipped / 'detector.onnx'} is not the file that pack 'zoo' describes (its "
        f"sha256 differs). {COPY_ANEW}"
    )
