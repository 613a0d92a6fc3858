"""The command line's root: registers the commands, turns errors into one sentence and a code.

Exit codes: 0 done · 1 failed · 2 usage · 3 done, but some items could not be examined (they are
listed) · 130 interrupted (what was finished is kept; the same command continues).
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from assay import __version__
from assay.cli.help_ import Headed
from assay.core.errors import AssayError, ExitCode

INTERRUPTED = 130

app = typer.Typer(
    name="assay",
    cls=Headed,
    rich_markup_mode=None,  # plain help texts: the imports of rich would double their time
    help="Find the files that could show a real person who needs help, and say on what evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 failed, 2 usage, 3 done but some items could not be examined.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"assay {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Hold the options that stand before every command."""


def _register() -> None:
    from assay.cli import (
        add,
        bundle,
        decide,
        doctor,
        export,
        hash_,
        init,
        inspect_,
        links,
        lists,
        merge,
        queue,
        relocate,
        report,
        run,
        show,
        triage,
        trust,
        verify,
    )

    app.command("triage", rich_help_panel="Main job")(triage.triage)
    for name, command in (("init", init.init), ("add", add.add), ("run", run.run)):
        app.command(name, rich_help_panel="Case, step by step")(command)
    for name, look in (
        ("queue", queue.queue),
        ("show", show.show),
        ("links", links.links),
        ("inspect", inspect_.inspect),
        ("hash", hash_.hash_files),
    ):
        app.command(name, rich_help_panel="Look")(look)
    app.command("decide", rich_help_panel="Work")(decide.decide)
    app.command("merge", rich_help_panel="Work")(merge.merge)
    app.command("relocate", rich_help_panel="Work")(relocate.relocate)
    app.command("report", rich_help_panel="Hand over")(report.report)
    app.add_typer(export.app, name="export", rich_help_panel="Hand over")
    app.add_typer(lists.app, name="lists", rich_help_panel="Set up and check")
    app.add_typer(trust.app, name="trust", rich_help_panel="Set up and check")
    app.command("verify", rich_help_panel="Set up and check")(verify.verify)
    app.command("doctor", rich_help_panel="Set up and check")(doctor.doctor)
    app.command("bundle", rich_help_panel="Set up and check")(bundle.bundle)


_register()


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        code = app(standalone_mode=False)
        if code == INTERRUPTED:  # what Typer makes of Ctrl-C
            _interrupted()
    except AssayError as error:
        _say(f"assay: {error.message}")
        if error.hint:
            _say(f"  {error.hint}")
        code = int(error.exit_code)
    except KeyboardInterrupt:
        code = _interrupted()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = int(ExitCode.DONE)
    except Exception as error:
        code = _click_error(error)
    sys.exit(code if isinstance(code, int) else 0)


def _click_error(error: Exception) -> int:
    """Show a usage error of the option parser as such; let everything else be a crash."""
    show = getattr(error, "show", None)
    code = getattr(error, "exit_code", None)
    if callable(show) and isinstance(code, int):
        show()
        return int(ExitCode.USAGE) if code == 2 else code
    if type(error).__name__ == "Abort":  # Ctrl-C at a question
        return _interrupted()
    raise error


def _interrupted() -> int:
    _say("assay: interrupted; what was finished is kept, the same command continues")
    return INTERRUPTED


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
