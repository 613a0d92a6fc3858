"""A hook of mkdocs: puts what the program itself says into the pages, so that it cannot drift.

A line ``<!-- assay: NAME -->`` in a page is replaced by the output of ``PARTS[NAME]``. Run by hand,
``python docs/gen_cli.py NAME`` prints a part.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields

os.environ.setdefault("TYPER_USE_RICH", "0")  # read when typer is imported: plain help texts
WIDTH = 90  # characters of a help text

_MARK = re.compile(r"^<!-- assay: ([a-z-]+) -->$", re.MULTILINE)
_GROUPS = ("export", "lists", "trust")


def commands() -> str:
    """Return a section with the ``--help`` of every command."""
    from typer.testing import CliRunner

    from assay.cli.main import app

    runner = CliRunner(env={"COLUMNS": str(WIDTH), "TERMINAL_WIDTH": str(WIDTH)})

    def help_of(words: tuple[str, ...]) -> str:
        done = runner.invoke(app, [*words, "--help"], prog_name="assay")
        if done.exit_code:
            raise RuntimeError(f"assay {' '.join(words)} --help: {done.output}")
        return "\n".join(line.rstrip() for line in done.output.strip().splitlines())

    names = [(), *_names(help_of(()), help_of)]
    return "\n".join(
        f"## {' '.join(('assay', *words))}\n\n```text\n{help_of(words)}\n```\n" for words in names
    )


def _names(root: str, help_of: Callable[[tuple[str, ...]], str]) -> Iterator[tuple[str, ...]]:
    for name in _listed(root):
        yield (name,)
        if name in _GROUPS:
            yield from ((name, inner) for inner in _listed(help_of((name,))))


def _listed(text: str) -> list[str]:
    """Return the names in the ``Commands:`` section of a help text."""
    section = re.split(r"^Commands:$", text, flags=re.MULTILINE)[1]
    return re.findall(r"^  ([a-z]+)(?:  |$)", section, flags=re.MULTILINE)


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |"]
    lines.append("|" + "---|" * lines[0].count(" | ") + "---|")
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def levels() -> str:
    from assay.verdict.policy import shipped_policy

    rows = shipped_policy().levels.items()
    return table(
        ("level", "words in reports", "what forging it costs", "what would strengthen it"),
        (
            (
                f"**{level.value}**",
                row.words,
                row.forge or "does not apply",
                row.strengthen or "does not apply",
            )
            for level, row in rows
        ),
    )


def origin_rules() -> str:
    from assay.verdict.policy import shipped_policy

    rules = shipped_policy().origins
    return table(
        ("", "rule", "conditions", "origin"),
        (
            (number, f"`{rule.code}`", _conditions(rule), f"*{rule.origin.value}*")
            for number, rule in enumerate(rules, 1)
        ),
    )


def lane_rules() -> str:
    from assay.verdict.policy import shipped_policy

    return table(
        ("", "rule", "conditions", "lane"),
        (
            (
                number,
                f"`{rule.code}`",
                _conditions(rule),
                "its scheme's table" if rule.decided else _lane(rule.lane),
            )
            for number, rule in enumerate(shipped_policy().lanes, 1)
        ),
    )


def _lane(lane: object) -> str:
    return str(int(lane)) if isinstance(lane, int) else "inventory"


def _conditions(rule: object) -> str:
    """Return the conditions of a rule as its file writes them."""
    said = []
    for row in fields(rule):  # type: ignore[arg-type]
        value = getattr(rule, row.name)
        if row.name in ("code", "origin", "sentence", "source", "lane") or not value:
            continue
        if isinstance(value, frozenset):
            value = " or ".join(sorted(value))
        if row.name in ("camera", "ai"):
            value = f"{value} or stronger"
        said.append(f"`{row.name}`" if value is True else f"`{row.name}` = {value}")
    return ", ".join(said) or "none: takes what is left"


def scale() -> str:
    from assay.verdict.policy import shipped_policy

    low = 1.0
    rows = []
    for below, words in shipped_policy().scale:
        bounds = f"{low:,.0f} and more" if below == float("inf") else f"{low:,.0f}–{below:,.0f}"
        rows.append((bounds, words))
        low = below
    return table(("likelihood ratio", "words"), rows)


def categories() -> str:
    from assay.verdict.scheme import shipped_scheme

    rows = shipped_scheme().categories.values()
    return table(("category", "title", "lane"), ((c.id, c.title, int(c.lane)) for c in rows))


def findings() -> str:
    from assay.core.findings import KINDS

    return table(
        ("word", "sentence", "something was not read"),
        ((f"`{k.flag}`", k.text, "yes" if k.incomplete else "") for k in KINDS.values()),
    )


def kinds_decoded() -> str:
    from assay.media.decode import _FORMATS

    by_decoder: dict[str, list[str]] = {}
    for media_type, form in _FORMATS.items():
        decoder = {"JPEG": "simplejpeg (libjpeg-turbo)", "HEIF": "pi-heif (libheif)"}.get(form)
        by_decoder.setdefault(decoder or "Pillow", []).append(f"`{media_type}`")
    return table(("decoder", "media types"), ((d, ", ".join(t)) for d, t in by_decoder.items()))


def kinds_opened() -> str:
    from assay.openers.registry import all_openers

    rows = []
    for opener in all_openers():
        types = opener.media_types
        shown = "every kind that no other takes" if types == ("*/*",) else _types(types)
        rows.append((f"`{opener.name}`", shown))
    return table(("opener", "media types"), rows)


def kinds_closed() -> str:
    from assay.engine.abilities import not_opened

    return table(
        ("kind", "media types"), ((label, _types(types)) for label, types in not_opened().items())
    )


def kinds_without_pictures() -> str:
    from assay.media.kinds import NO_PICTURES

    return _by_label(NO_PICTURES)


def _by_label(labels: Mapping[str, str]) -> str:
    grouped: dict[str, list[str]] = {}
    for media_type, label in labels.items():
        grouped.setdefault(label, []).append(media_type)
    return table(("kind", "media types"), ((k, _types(types)) for k, types in grouped.items()))


def _types(types: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in types)


def limits() -> str:
    """Return every limit with the number that the code has now."""
    from assay.core.opening import Limits
    from assay.engine import plan, run, stage
    from assay.media import gather, tiff, xmp
    from assay.media.decode_planes import PIXEL_LIMIT
    from assay.openers import ziplock
    from assay.sandbox.platform import WorkerLimits

    box, worker = Limits(), WorkerLimits()
    mib, gib = 1 << 20, 1 << 30
    timeout = f"{plan.SECONDS_BASE:g} s and {plan.SECONDS_PER_MB:g} s more for each MiB"
    rows: tuple[tuple[str, str, str], ...] = (
        ("containers in containers", f"{box.depth} levels", "`nesting_limit`"),
        ("members of one top-level file", f"{box.members:,}", "`count_limit`"),
        ("one member", f"{box.member_size // mib} MiB", "`size_limit`"),
        ("all members of one top-level file", f"{box.total_size // gib} GiB", "`total_limit`"),
        (
            "expansion of one member",
            f"{box.ratio} times, once it is larger than {box.ratio_floor // mib} MiB",
            "`decompression_bomb`",
        ),
        ("pixels of one picture", f"{PIXEL_LIMIT:,}", "`pixel_limit`"),
        (
            "a file that is examined whole",
            f"{plan.WHOLE_FILE // mib} MiB; larger ones are digested in pieces",
            "`size_limit`",
        ),
        ("one compressed text", f"{gather.MAX_TEXT // mib} MiB inflated", "`metadata_bomb`"),
        (
            "all compressed texts of a file",
            f"{gather.MAX_INFLATED // mib} MiB inflated",
            "`metadata_bomb`",
        ),
        ("metadata kept of a file", f"{gather.MAX_KEPT // mib} MiB", "`metadata_bomb`"),
        ("segments, chunks, boxes of a file", f"{gather.MAX_STEPS:,}", "`malformed`"),
        ("one EXIF value", f"{tiff.MAX_VALUE // mib} MiB", "`metadata_bomb`"),
        ("one XMP packet", f"{xmp.MAX_PACKET // mib} MiB", "`metadata_bomb`"),
        ("observations of one check on one file", f"{stage.MAX_OBSERVATIONS:,}", "`count_limit`"),
        ("observations of one check on one frame", f"{stage.MAX_OF_FRAME:,}", "`count_limit`"),
        ("passwords tried on one AES archive", f"{ziplock.MAX_TRIES:,}", "`encrypted`"),
        ("wall time of one content", timeout, "failure `timeout`"),
        ("memory of one worker", f"{worker.memory // gib} GiB", "failure `memory`"),
        (
            "crashes of one check on one content",
            f"{run.CRASHES}, then it is left out there",
            "failure `crash`",
        ),
        (
            "workers that one top-level file may end",
            f"{run.DEATHS}, then it is given up",
            "failure `crash`",
        ),
    )
    return table(("what", "limit", "what you see"), rows)


PARTS: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "levels": levels,
    "origin-rules": origin_rules,
    "lane-rules": lane_rules,
    "scale": scale,
    "categories": categories,
    "findings": findings,
    "kinds-decoded": kinds_decoded,
    "kinds-opened": kinds_opened,
    "kinds-closed": kinds_closed,
    "kinds-without-pictures": kinds_without_pictures,
    "limits": limits,
}


def on_page_markdown(markdown: str, **_: object) -> str:
    """Fill the marks of a page; called by mkdocs."""
    return _MARK.sub(lambda found: PARTS[found.group(1)](), markdown)


if __name__ == "__main__":
    print(PARTS[sys.argv[1]]())
