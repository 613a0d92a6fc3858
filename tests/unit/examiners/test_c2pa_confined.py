"""Both credential readers stay quiet: no file, no socket, no prompt, nothing written."""

from __future__ import annotations

import os
import pty
import resource
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from assay.core.contract import Settings
from assay.core.vocab import Level
from assay.examiners import _c2pa_second as second
from assay.examiners._c2pa_sample import signed_sample
from assay.examiners.c2pa import C2paExaminer
from tests.support.authority import (
    CREATED_BY_AI,
    TIME_STAMPING,
    authority,
    picture,
    sign,
    signer,
    stamped,
)
from tests.support.views import make_view

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")


def ready() -> C2paExaminer:
    examiner = C2paExaminer()
    examiner.prepare(Settings(evaluation_date="2026-06-01"))
    return examiner


def levels(examiner: C2paExaminer) -> list[str]:
    view = make_view(examiner, signed_sample(), "image/jpeg")
    return [f"{o.kind}:{o.level}:{o.value.get('detail', '')}" for o in examiner.examine(view)]


WANTED = [f"c2pa:{Level.S1}:"]


def leave(work: Callable[[], object], write: int) -> NoReturn:
    try:
        os.write(write, repr(work()).encode())
    finally:
        os._exit(0)


def test_a_forked_worker_that_can_open_nothing_examines_as_before() -> None:
    examiner = ready()
    stamped_view = make_view(examiner, with_time_stamp(), "image/jpeg")
    for view in (stamped_view, make_view(examiner, signed_sample(), "image/jpeg")):
        view.walk()  # the walker is not what is tested here
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))  # no file, no socket, from any library
        leave(lambda: (levels(examiner), len(list(examiner.examine(stamped_view)))), write)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as answer:
        assert answer.read() == repr((WANTED, 1))


def with_time_stamp() -> bytes:
    """Return a picture whose credential takes every branch: chain, token, both readers."""
    clock = signer(authority("TSA"), "TSU", uses=(TIME_STAMPING,))
    signed = sign(picture(), "image/jpeg", signer(authority()), [CREATED_BY_AI])
    return stamped(signed, datetime(2024, 6, 1, tzinfo=UTC), clock)


def test_a_terminal_is_no_reason_to_ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    examiner = ready()
    read, write = os.pipe()
    child, terminal = pty.fork()
    if child == 0:
        leave(lambda: (os.isatty(0) and os.isatty(1), levels(examiner)), write)
    os.close(write)
    with os.fdopen(read) as answer:
        assert answer.read() == repr((True, WANTED))
    os.waitpid(child, 0)
    assert shown(terminal) == b""
    assert list(tmp_path.iterdir()) == []


def shown(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # nothing was written before the child closed its side
        return b""
    finally:
        os.close(terminal)


def test_telemetry_and_online_mode_are_off_and_the_configuration_is_private() -> None:
    levels(ready())
    folder = Path(os.environ["ENCYPHER_C2PA_CONFIG_DIR"])
    assert os.environ["ENCYPHER_C2PA_TELEMETRY"] == "off"
    assert os.environ["ENCYPHER_C2PA_ONLINE"] == "off"
    assert not folder.exists()  # made, removed, and not written again
    assert not folder.is_relative_to(Path.home())


def test_the_second_reader_is_never_given_a_path_nor_online_mode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import encypher_c2pa

    calls: list[tuple[tuple[object, ...], dict[str, object]]] = []
    real = encypher_c2pa.verify

    def spy(*args: object, **kwargs: object) -> object:
        calls.append((args, kwargs))
        return real(*args, **kwargs)

    monkeypatch.setattr(encypher_c2pa, "verify", spy)
    levels(ready())
    assert calls
    for args, kwargs in calls:
        assert isinstance(args[0], bytes)
        assert kwargs["online"] is False
        assert "telemetry" not in kwargs  # naming it would write a preference


def test_a_second_reader_that_fails_is_a_finding_that_leaves_the_check_incomplete(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(second, "MAX_SIZE", 10)
    assert levels(ready())[0].startswith("finding:N:the file is larger than")


def test_an_unknown_format_gives_no_second_opinion() -> None:
    second.prepare()
    opinion = second.ask(signed_sample(), "image/x-nikon-nef", datetime(2026, 6, 1, tzinfo=UTC))
    assert isinstance(opinion, second.NoOpinion)
