"""The seal holds at every level for what that level promises, and says what would raise it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assay.core.vocab import SealLevel
from assay.sandbox import landlock, platform, report, seccomp
from assay.sandbox.selftest import ALLOWED, ATTEMPTS, BLOCKED

linux_only = pytest.mark.skipif(
    not platform.has_fork_server(), reason="seals exist on Linux only, or the fallback is forced"
)
needs_landlock = pytest.mark.skipif(
    landlock.abi() == 0, reason="this kernel has no Landlock (Linux 5.13)"
)
needs_seccomp = pytest.mark.skipif(
    not seccomp.available(), reason="libseccomp is not installed (package libseccomp2)"
)


@linux_only
@needs_landlock
@needs_seccomp
def test_the_full_seal_blocks_every_attempt() -> None:
    found = report.check()

    assert found.level is SealLevel.FULL
    assert found.attempts == {attempt.name: BLOCKED for attempt in ATTEMPTS}
    assert (found.leaks, found.missing, found.hints) == ((), (), ())


@linux_only
@needs_landlock
def test_landlock_alone_keeps_the_files_and_its_report_is_honest() -> None:
    found = report.check(SealLevel.LANDLOCK)

    assert found.level is SealLevel.LANDLOCK
    assert {found.attempts[name] for name in ("open", "write", "list", "exec")} == {BLOCKED}
    assert found.attempts["fork"] == ALLOWED
    assert found.sound


@linux_only
@needs_seccomp
def test_seccomp_alone_blocks_every_attempt() -> None:
    found = report.check(SealLevel.SECCOMP)

    assert found.level is SealLevel.SECCOMP
    assert set(found.attempts.values()) == {BLOCKED}


@linux_only
@needs_landlock
def test_without_libseccomp_the_level_falls_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = "raise RuntimeError('Unable to find libseccomp')\n"  # what pyseccomp does itself
    (tmp_path / "pyseccomp.py").write_text(broken)
    monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path))

    found = report.check()

    assert found.level is SealLevel.LANDLOCK
    assert found.missing == ("seccomp: libseccomp is not installed",)
    assert found.sound


def test_the_fallback_limits_memory_and_says_how_to_leave_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(platform.SANDBOX_VARIABLE, "process")

    found = report.check()

    assert found.level is SealLevel.PROCESS
    assert found.hints == (report.FORCED,)
    assert found.attempts["open"] == ALLOWED
    assert platform.WINDOWS or found.attempts["memory"] == BLOCKED


@pytest.mark.parametrize("forced", ["", "process"])
def test_workers_import_nothing_from_the_folder_being_examined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forced: str
) -> None:
    monkeypatch.setenv(platform.SANDBOX_VARIABLE, forced)
    (tmp_path / "json.py").write_text("import os; os._exit(66)\n")
    monkeypatch.chdir(tmp_path)

    assert report.check().attempts


def test_hints_name_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "LINUX", True)
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    monkeypatch.setattr(seccomp, "available", lambda: False)
    assert report.hints() == (report.NO_LANDLOCK, report.NO_SECCOMP)

    monkeypatch.setattr(platform, "LINUX", False)

    assert report.hints() == (report.NO_LINUX,)
