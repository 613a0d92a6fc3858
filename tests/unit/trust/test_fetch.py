"""The one download: what comes over the wire is bounded in size and time, and whole or refused."""

from __future__ import annotations

import io
import itertools
import urllib.request
from http.client import HTTPMessage
from typing import Any

import pytest

from assay.core.errors import PolicyError
from assay.trust import fetch
from assay.trust.anchors import MAX_FILE

URL = "https://example.org/list.json"


class Body(io.BytesIO):
    """An answer as ``http.client`` gives it: ``length`` is what its head promises."""

    def __init__(self, data: bytes, missing: int = 0) -> None:
        super().__init__(data)
        self.length = len(data) + missing
        self.given = 0

    def read1(self, size: int | None = -1) -> bytes:
        return self.read(min(size or 0, 1000))

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        self.given += len(piece)
        return piece


def answering(monkeypatch: pytest.MonkeyPatch, body: Body) -> None:
    class Opener:
        def open(self, *_: Any, **__: Any) -> Body:
            return body

    monkeypatch.setattr(urllib.request, "build_opener", lambda *_: Opener())


def test_a_whole_answer_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, Body(b"x" * 5000))
    assert fetch.download(URL) == b"x" * 5000


def test_an_answer_that_breaks_off_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, Body(b"x" * 5000, missing=1))
    with pytest.raises(PolicyError, match="breaks off"):
        fetch.download(URL)


def test_a_huge_answer_is_read_no_further_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    body = Body(b"x" * (MAX_FILE + 5000))
    answering(monkeypatch, body)
    with pytest.raises(PolicyError, match="larger than 4 MiB"):
        fetch.download(URL)
    assert body.given == MAX_FILE + 1


def test_a_server_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0, 20)
    monkeypatch.setattr(fetch, "monotonic", lambda: next(clock), raising=False)
    body = Body(b"x" * 100_000)
    answering(monkeypatch, body)
    with pytest.raises(PolicyError, match="no end within"):
        fetch.download(URL)
    assert body.given < 100_000


def test_a_redirect_leads_neither_to_http_nor_to_this_machine() -> None:
    redirects = fetch._SafeRedirects()
    asked = urllib.request.Request(URL)
    for to in ("http://example.org/", "https://127.0.0.1/list", "https://localhost/list"):
        with pytest.raises(PolicyError):
            redirects.redirect_request(asked, io.BytesIO(), 302, "", HTTPMessage(), to)
