"""Finding the adapter by content, and opening packed lists."""

from __future__ import annotations

import contextlib
import gzip
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.core.errors import SourceError, UsageError
from assay.lists.adapters.registry import ADAPTERS, adapter, open_list, recognise
from assay.lists.model import Adapter
from tests.support.list_files import (
    Read,
    damaged,
    md5,
    media,
    ncmec,
    ncmec_image,
    nsrl_database,
    nsrl_insert,
    nsrl_row,
    sha256,
    vics,
)

SAMPLES = {
    "vics": vics([media(1)]),
    "ncmec": ncmec(ncmec_image(1)),
    "csv": f"MD5,Name\n{md5(1)},a\n".encode(),
    "plain": f"# list\n{md5(1)}\n".encode(),
    "nsrl": nsrl_insert(nsrl_row(1)).encode(),
}


def opened(path: Path, **options: str) -> Read:
    return Read(open_list(path, options))


@pytest.mark.parametrize("name", SAMPLES)
def test_each_format_is_found_by_its_content_under_any_name(name: str, tmp_path: Path) -> None:
    for other in ("x.json", "x.xml", "x.csv", "x.sql", "x"):
        found = recognise(SAMPLES[name], other)
        assert found is not None
        assert found.name == name
    (tmp_path / "x").write_bytes(SAMPLES[name])
    assert opened(tmp_path / "x").md5s == [md5(1)]


def test_every_adapter_keeps_the_protocol() -> None:
    assert all(isinstance(one, Adapter) for one in ADAPTERS)
    assert {one.name for one in ADAPTERS} == set(SAMPLES)
    assert adapter("vics").name == "vics"
    with pytest.raises(UsageError):
        adapter("nothing")


@pytest.mark.parametrize("name", SAMPLES)
def test_packed_lists_are_read_through(name: str, tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(SAMPLES[name]))
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("folder")
        archive.writestr("folder/inner", SAMPLES[name])
    assert opened(tmp_path / "x.gz").md5s == [md5(1)]
    assert opened(tmp_path / "x.zip").md5s == [md5(1)]


def test_a_large_packed_list_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(vics([media(number) for number in range(2000)])))
    assert len(opened(tmp_path / "x.gz").entries) == 2000


@pytest.mark.parametrize("suffix", ["gz", "zip"])
def test_a_packed_database_is_unpacked_and_removed_again(tmp_path: Path, suffix: str) -> None:
    database = nsrl_database(tmp_path / "rds.db", [nsrl_row(1)])
    packed = tmp_path / f"rds.{suffix}"
    if suffix == "gz":
        packed.write_bytes(gzip.compress(database.read_bytes()))
    else:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(database, "rds.db")
    assert [entry.sha256 for entry in opened(packed).entries] == [sha256(1)]
    assert opened(database).entries[0].sha256 == sha256(1)


def test_the_one_list_among_the_files_of_a_zip_is_taken_and_the_rest_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("delta.sql", SAMPLES["nsrl"])
        archive.writestr("hashes.txt", f"{md5(9)}  delta.sql\n")
        archive.writestr("readme.txt", "words")
    result = opened(tmp_path / "x.zip")
    assert result.md5s == [md5(1)]
    assert "read from delta.sql; not read: hashes.txt, readme.txt" in result.notes


def test_a_zip_with_several_lists_asks_to_be_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.json", SAMPLES["vics"])
        archive.writestr("b.csv", SAMPLES["csv"])
    with pytest.raises(UsageError, match=r"2 of its 2 files are lists: a\.json, b\.csv"):
        open_list(tmp_path / "x.zip")


def test_a_cut_gz_keeps_what_came_before_and_says_so(tmp_path: Path) -> None:
    data = gzip.compress(vics([media(number) for number in range(5000)]))
    (tmp_path / "x.gz").write_bytes(data[: len(data) // 2])
    result = opened(tmp_path / "x.gz")
    assert len(result.entries) > 1000
    assert "the packed file is damaged" in result.reasons


def test_a_trap_that_unpacks_without_measure_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.lists.adapters.registry._FREE_RATIO", 1 << 20)
    (tmp_path / "x.gz").write_bytes(gzip.compress(f"{md5(1)}\n".encode() + b" " * (8 << 20)))
    result = opened(tmp_path / "x.gz")
    assert result.md5s == [md5(1)]
    assert "unpacks to more than 200 times its size" in result.reasons


def test_an_unknown_file_is_an_error_that_names_the_formats(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"just words")
    with pytest.raises(UsageError) as caught:
        open_list(tmp_path / "x.json")
    assert "vics, nsrl, ncmec, csv, plain" in caught.value.hint
    (tmp_path / "list").write_bytes(b"md5 12\n")
    assert "md5 has 2" in opened(tmp_path / "list", format="plain").reasons


PACKED = io.BytesIO()
with zipfile.ZipFile(PACKED, "w", zipfile.ZIP_DEFLATED) as made:
    made.writestr("a", SAMPLES["vics"])


@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(st.one_of(damaged(gzip.compress(SAMPLES["vics"], mtime=0)), damaged(PACKED.getvalue())))
def test_damage_to_a_packed_list_is_an_error_or_a_refusal(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "x").write_bytes(raw)
    with contextlib.suppress(SourceError, UsageError):
        opened(tmp_path / "x")
