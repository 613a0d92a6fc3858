"""Fixtures for every test; the network is closed to all of them."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


class NetworkBlockedError(RuntimeError):
    """A test tried to leave the machine."""


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every internet socket; local (AF_UNIX) ones carry the worker pool."""
    real = socket.socket

    class Guarded(real):  # type: ignore[valid-type,misc]
        def __init__(self, family: int = -1, *args: Any, **kwargs: Any) -> None:
            if family not in (getattr(socket, "AF_UNIX", None),) and not kwargs.get("fileno"):
                raise NetworkBlockedError(f"network access in a test: family {family}")
            super().__init__(family, *args, **kwargs)

    monkeypatch.setattr(socket, "socket", Guarded)


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the user's own lists and settings out of the tests."""
    monkeypatch.setenv("ASSAY_HOME", os.fspath(tmp_path_factory.mktemp("assay-home")))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The benign test media beside the repository; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"shared test media not found at {SHARED}")
    return SHARED
