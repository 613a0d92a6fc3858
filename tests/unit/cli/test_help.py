"""The help: grouped, complete and light."""

from __future__ import annotations

import subprocess
import sys

from typer.testing import CliRunner

from assay.cli.main import app

HEAVY = ("rich", "numpy", "sqlalchemy", "jinja2", "PIL", "c2pa")


def test_every_command_stands_under_a_heading_with_its_first_sentence_whole() -> None:
    text = CliRunner().invoke(app, ["--help"]).output

    assert "Others:" not in text
    for heading in ("Main job:", "Case, step by step:", "Look:", "Set up and check:"):
        assert heading in text
    listed = text.partition("Commands:")[2]
    for command in app.registered_commands:
        assert f"\n  {command.name} " in listed
    assert "..." not in listed


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from assay.cli.main import app\n"
        "app(['triage', '--help'], standalone_mode=False)\n"
        "app(['--help'], standalone_mode=False)\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"
