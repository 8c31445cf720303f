from io import StringIO
from pathlib import Path

from rich.console import Console

from tests.owners import listed
from tests.packs import CONTENTS, EMBEDDER_BYTES, described_pack, put
from wsgi_app.commands.comparison import Listed, file_lines, table_of
from wsgi_app.vision.packs import Pack, read_packs

TERMINAL, PIPE = 80, 1000  # columns


def pack_of(tmp_path: Path, *, summary: str = "for doors", rough_bytes: int | None = None) -> Pack:
    described = described_pack("zoo", rough_bytes=rough_bytes).replace("the zoo pack", summary)
    (tmp_path / "models.toml").write_text(described)
    return read_packs(tmp_path / "models.toml")["zoo"]


def lines(*packs: Listed, width: int, with_times: bool = True) -> list[str]:
    """The table as it is shown, without its legend."""
    console = Console(file=StringIO(), width=width)
    console.print(table_of(packs, with_times=with_times, is_narrow=width == TERMINAL))
    assert isinstance(console.file, StringIO)
    shown = [line.rstrip() for line in console.file.getvalue().splitlines()]
    return shown[: shown.index("")]


def test_a_terminal_of_80_columns_gets_two_lines_of_headings_and_folds_what_a_pack_is_for(
    tmp_path: Path,
) -> None:
    pack = pack_of(tmp_path, summary="for doors that are seldom used, and for bells")
    assert lines(Listed(pack, tmp_path, "not here", is_here=False), width=TERMINAL) == [
        "                 TAR   TAR",
        "Pack  State     1e-3  1e-4  Threshold   MB  ms  For what (licences)",
        "zoo   not here     -     -      0.400  0.9   -  for doors that are seldom used,",
        "                                                and for bells (MIT)",
    ]


def test_another_program_gets_one_line_for_each_pack(tmp_path: Path) -> None:
    pack = pack_of(tmp_path, summary="for [red]doors[/red]\\n" * 12)
    headings, *rows = lines(
        *[Listed(pack, tmp_path, "here", is_here=False)] * 2, width=PIPE, with_times=False
    )
    assert headings.split("  ")[-1] == "For what (licences)"
    assert [row.count("for [red]doors[/red]") for row in rows] == [12, 12]


def test_what_is_here_has_its_real_size_and_its_times(tmp_path: Path) -> None:
    pack = pack_of(tmp_path, rough_bytes=2_500_000)
    folder = put(tmp_path / "zoo", "detector.onnx", "zoo.onnx")
    here = Listed(pack, folder, "here", is_here=True, milliseconds=(2.04, 13.96))
    absent = Listed(pack, folder, "not here", is_here=False)
    assert listed("\n".join(lines(here, absent, width=PIPE)))[1:] == [
        ["zoo", "here", "-", "-", "0.400", f"{EMBEDDER_BYTES / 1e6:.1f}", "2.0 + 14.0", "for doors (MIT)"],
        ["zoo", "not here", "-", "-", "0.400", "~2.5", "-", "for doors (MIT)"],
    ]


def test_a_file_is_described_with_its_terms_and_its_maker(tmp_path: Path) -> None:
    assert file_lines(pack_of(tmp_path, rough_bytes=2_500_000)) == [
        "zoo",
        f"    detector.onnx, {len(CONTENTS['detector.onnx']):,} bytes, MIT, made up for this test",
        "    zoo.onnx, about 2,500,000 bytes, MIT, made up for this test",
    ]
