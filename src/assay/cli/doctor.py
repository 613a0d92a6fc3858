"""``assay doctor``: what this installation can do, and how to raise it."""

from __future__ import annotations

import typer

from assay.cli import options as opt


def doctor(*, json: opt.JsonOption = False) -> None:
    """Test the worker seal and list examiners, openers, trust lists and policy.

    Exit 1 where the seal leaks what its level promises to stop.
    """
    from assay import __version__
    from assay.cli.output import emit, plain
    from assay.core.vocab import SealLevel
    from assay.engine.registry import installed
    from assay.media.kinds import HOLDS_PICTURES
    from assay.openers.registry import all_openers
    from assay.sandbox import report
    from assay.trust.lists import installed as trust_lists
    from assay.verdict.policy import shipped_policy

    seal = report.check()
    examiners = [e.info for e in installed()]
    openers = all_openers()
    opened = {kind for opener in openers for kind in opener.media_types}
    closed = sorted({label for kind, label in HOLDS_PICTURES.items() if kind not in opened})
    policy = shipped_policy()
    if json:
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
                "openers": {opener.name: opener.version for opener in openers},
                "not_opened": closed,
                "trust": [{"name": t.name, "role": t.role.value} for t in trust_lists()],
                "policy": {"version": policy.version, "digest": policy.digest},
            }
        )
        raise typer.Exit(0 if seal.sound else 1)
    plain(f"assay {__version__}, Python {_python()}, {_platform()}")
    best = " (the strongest)" if seal.level is SealLevel.FULL else ""
    plain(f"\nworker seal: {seal.level.value}{best}")
    for name, outcome in seal.attempts.items():
        plain(f"  {name:<16} {outcome}")
    for words in seal.leaks:
        plain(f"  NOT STOPPED: {words}")
    for hint in (*seal.missing, *seal.hints):
        plain(f"  to raise it: {hint}")
    plain("\nexaminers: " + ", ".join(f"{info.name} {info.version}" for info in examiners))
    plain("openers:   " + ", ".join(f"{o.name} {o.version}" for o in openers))
    plain("kinds that can hold pictures and are not opened yet: " + "; ".join(closed))
    rows = trust_lists()
    plain("trust lists: " + (", ".join(t.name for t in rows) if rows else "none installed"))
    plain(f"policy:    version {policy.version}, SHA-256 {policy.digest[:16]}…")
    raise typer.Exit(0 if seal.sound else 1)


def _python() -> str:
    import platform

    return platform.python_version()


def _platform() -> str:
    import platform

    return f"{platform.system()} {platform.release()} {platform.machine()}"
