"""``assay doctor``: what this installation can do, and whether it gives known answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import options as opt
from assay.core.errors import AssayError, UsageError

if TYPE_CHECKING:
    from assay.sandbox.report import SealReport


def doctor(
    *,
    validate: Annotated[
        bool,
        typer.Option("--validate", help="Run files whose answers are known; write a record of it."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="With --validate: the record, .html; a .json goes beside it.",
            show_default="a dated name here",
        ),
    ] = None,
    operator: opt.OperatorOption = "",
    json: opt.JsonOption = False,
) -> None:
    """Test the worker seal; list readers, openers, kinds not opened, trust lists and policy.

    Exit 1 where the seal leaks what its level promises to stop, where a reader is missing, and
    with --validate where any answer differs from the known one.
    """
    if validate:
        _validate(output, operator, as_json=json)
    if output is not None or operator:
        raise UsageError("-o and --operator go with --validate", hint="add --validate")
    _examine(as_json=json)


def _examine(*, as_json: bool) -> None:
    from assay import __version__
    from assay.cli.output import emit, plain
    from assay.engine.abilities import not_opened, readers
    from assay.sandbox import report
    from assay.trust.lists import installed as trust_lists
    from assay.verdict.policy import shipped_policy

    libraries = readers()
    missing = [reader for reader in libraries if reader.version is None]
    try:
        from assay.engine.registry import installed
        from assay.openers.registry import all_openers

        examiners = [examiner.info for examiner in installed()]
        openers, closed = all_openers(), not_opened()
        seal = report.check()
    except ImportError as error:
        names = ", ".join(reader.name for reader in missing) or str(error.name)
        raise AssayError(
            f"this installation is not complete: {names} is missing",
            hint="install again from requirements.lock, or from a bundle",
        ) from error
    policy, trust = shipped_policy(), trust_lists()
    code = 0 if seal.sound and not missing else 1
    if as_json:
        emit(
            {
                "assay": __version__,
                "python": _python(),
                "platform": _platform(),
                "seal": {
                    "level": seal.level.value,
                    "sound": seal.sound,
                    "attempts": dict(seal.attempts),
                    "leaks": list(seal.leaks),
                    "missing": list(seal.missing),
                    "hints": list(seal.hints),
                },
                "examiners": {info.name: info.version for info in examiners},
                "readers": {reader.name: reader.version for reader in libraries},
                "openers": {opener.name: opener.version for opener in openers},
                "not_opened": closed,
                "trust": [
                    {
                        "name": t.name,
                        "tier": t.tier,
                        "role": t.role.value,
                        "date": t.date,
                        "count": t.count,
                        "sha256": t.source_sha256,
                    }
                    for t in trust
                ],
                "policy": {"version": policy.version, "digest": policy.digest},
            }
        )
        raise typer.Exit(code)
    plain(f"assay {__version__}, Python {_python()}, {_platform()}")
    _show_seal(seal)
    plain("\nexaminers: " + ", ".join(f"{info.name} {info.version}" for info in examiners))
    plain("openers:   " + ", ".join(f"{o.name} {o.version}" for o in openers))
    there = [f"{reader.name} {reader.version}" for reader in libraries if reader.version]
    plain("readers:   " + ", ".join(there))
    for reader in missing:
        plain(f"  MISSING, so not read: {reader.reads}; {reader.hint}")
    plain("\nkinds that can hold pictures and are not opened yet:")
    for label, types in sorted(closed.items()):
        plain(f"  {label}: {', '.join(types)}")
    plain("\ntrust lists: " + (", ".join(t.name for t in trust) if trust else "none installed"))
    plain(f"policy:    version {policy.version}, SHA-256 {policy.digest[:16]}…")
    raise typer.Exit(code)


def _show_seal(seal: SealReport) -> None:
    from assay.cli.output import plain
    from assay.core.vocab import SealLevel

    best = " (the strongest)" if seal.level is SealLevel.FULL else ""
    plain(f"\nworker seal: {seal.level.value}{best}")
    for name, outcome in seal.attempts.items():
        plain(f"  {name:<16} {outcome}")
    for words in seal.leaks:
        plain(f"  NOT STOPPED: {words}")
    for hint in (*seal.missing, *seal.hints):
        plain(f"  to raise it: {hint}")


def _validate(output: Path | None, operator: str, *, as_json: bool) -> None:
    from assay.engine.ahead import head_start

    with head_start() as ahead:
        from assay.cli.output import emit, plain, stderr
        from assay.engine.session import default_operator
        from assay.validation import record
        from assay.validation.run import validate

        html, target = record.places(output)
        with stderr.status("examining files whose answers are known"):
            outcome = validate(ahead)
    made = record.describe(outcome, operator or default_operator())
    written = record.write(made, html, target)
    if as_json:
        emit({**made, "html": str(written.html), "json": str(written.json)})
    else:
        for line in record.differences(outcome):
            plain(f"DIFFERS  {line}")
        good = sum(check.passed for check in outcome.checks)
        plain(
            f"{made['result']}: {good} of {len(outcome.checks)} checks as expected, "
            f"{made['values_compared']} values compared, {made['values_different']} different"
        )
        plain(f"worker seal: {outcome.seal.level.value}")
        plain(f"record: {written.html}")
        plain(f"data:   {written.json}, SHA-256 {written.sha256}")
    raise typer.Exit(0 if outcome.passed else 1)


def _python() -> str:
    import platform

    return platform.python_version()


def _platform() -> str:
    import platform

    return f"{platform.system()} {platform.release()} {platform.machine()}"
