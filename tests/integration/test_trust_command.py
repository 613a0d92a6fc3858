"""``assay trust`` as a person uses it: out of the box, with own lists, updated over loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.authority import CREATED_BY_AI, authority, picture, sign, signer
from tests.support.command import assay, by_path
from tests.support.trust_files import entities

ROOTS = [authority(f"Example Root {n}") for n in range(20)]
NEWER = "2026-09-30"
# A server in a process of its own: the network stays closed to the tests themselves.
_SERVER = """
import http.server, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "http://example.invalid/list.json")
            self.end_headers()
        else:
            super().do_GET()
    def log_message(self, *words):
        print(self.path, file=sys.stderr, flush=True)
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine; give its address."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with lists as a mirror would hold them."""
    found = tmp_path / "mirror"
    found.mkdir()
    (found / "list.json").write_bytes(entities(*ROOTS, issued=f"{NEWER}T00:00:00Z"))
    (found / "old.json").write_bytes(entities(*ROOTS, issued="2025-01-01T00:00:00Z"))
    (found / "page.html").write_text("<html>not found</html>")
    return found


def ls() -> dict[str, dict[str, object]]:
    done = assay("trust", "ls", "--json")
    assert done.code == 0, done.err
    return {row["name"]: row for row in done.rows}


def test_out_of_the_box_ls_shows_tier_role_date_and_digest() -> None:
    done = assay("trust", "ls")
    assert done.code == 0, done.err
    assert [line.split()[:4] for line in done.out.splitlines()] == [
        ["c2pa-trust-list", "official", "signer", "2026-08-21"],
        ["c2pa-tsa-trust-list", "official", "timestamp", "2026-08-21"],
        ["interim-allowed", "interim", "signer", "2026-01-01"],
        ["interim-anchors", "interim", "signer", "2026-01-01"],
        ["interim-timestamp", "interim", "timestamp", "2026-01-01"],
    ]
    assert all(row["shipped"] for row in ls().values())


def test_a_list_is_updated_from_a_server_that_was_named(folder: Path) -> None:
    with served(folder) as address:
        refused = assay("trust", "update", "--from", f"{address}/list.json")
        assert refused.code == 1  # it shares no anchor with the official list
        assert "drops 30 of 30 anchors" in refused.err
        assert ls()["c2pa-trust-list"]["date"] == "2026-08-21"
        done = assay("trust", "update", "--from", f"{address}/list.json", "--force")
        assert done.code == 0, done.err
        assert "+ C=NL,O=Example Root 7" in done.out
        assert "- CN=Google C2PA Root CA G3" in done.out
        row = ls()["c2pa-trust-list"]
        assert (row["date"], row["count"], row["shipped"]) == (NEWER, 20, False)
        older = assay("trust", "update", "--from", f"{address}/old.json")
        assert older.code == 0  # the same anchors: nothing to go back to
        assert ls()["c2pa-trust-list"]["date"] == NEWER


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("missing.json", "the server answers 404"),
        ("page.html", "holds no PEM certificate"),
        ("elsewhere", "https only"),
    ],
)
def test_what_a_server_should_not_give_changes_nothing(folder: Path, path: str, words: str) -> None:
    with served(folder) as address:
        done = assay("trust", "update", "--from", f"{address}/{path}")
    assert done.code == 1
    assert words in done.err
    assert all(row["shipped"] for row in ls().values())


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    done = assay("trust", "update", "--from", "http://127.0.0.1:1/list.json")
    assert done.code == 1
    assert "cannot be fetched" in done.err
    assert "--from FILE" in done.err


def test_update_without_a_source_is_a_usage_error() -> None:
    done = assay("trust", "update")
    assert done.code == 2
    assert "--download" in done.err


def test_a_case_keeps_its_lists_and_shows_tier_date_and_digest(
    folder: Path, tmp_path: Path
) -> None:
    evidence, case = tmp_path / "evidence", tmp_path / "case"
    evidence.mkdir()
    root = authority("Example Laboratory")
    made = sign(picture(), "image/jpeg", signer(root), [CREATED_BY_AI])
    (evidence / "made.jpg").write_bytes(made)
    pem = tmp_path / "laboratory.pem"
    pem.write_bytes(root.pem())
    done = assay("triage", evidence, "--case", case, "--trust", pem)
    assert done.code == 0, done.err
    row = by_path(case)["made.jpg"]
    assert (row["c2pa"]["tier"], row["c2pa"]["list"], row["lane"]) == ("operator", "operator", 4)

    pins = (case / "case.toml").read_text()
    assert pins.count("[[trust]]") == 6
    assert 'tier = "official"\ndate = "2026-08-21"' in pins
    report = (case / "exports" / "report.html").read_text()
    assert "Trust list (official, timestamp)" in report
    assert "c2pa-trust-list, of 2026-08-21: 30 certificates, SHA-256" in report
    assert "Trust list (operator, signer)</dt><dd>laboratory: 1 certificate, SHA-256" in report

    newer = json.loads((folder / "list.json").read_text())
    (folder / "list.json").write_text(json.dumps(newer))
    done = assay("trust", "update", "--from", folder / "list.json", "--force")
    assert done.code == 0, done.err
    again = assay("triage", evidence, "--case", case, "--trust", pem)
    assert again.code == 0, again.err  # the list that is named is the case's own
    assert (case / "case.toml").read_text() == pins
    other = tmp_path / "other.pem"
    other.write_bytes(ROOTS[0].pem())
    refused = assay("triage", evidence, "--case", case, "--trust", other)
    assert refused.code == 2
    assert "--upgrade" in refused.err
