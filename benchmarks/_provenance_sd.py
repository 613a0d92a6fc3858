"""Reads generation records with sd-parsers; run by the Python of its own environment.

Needs nothing of Assay. Takes a JSON list of paths from stdin; writes what was read of each.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    from sd_parsers import ParserManager  # type: ignore[import-not-found, unused-ignore]
    from sd_parsers.extractors import (  # type: ignore[import-not-found, unused-ignore]
        Eagerness,
    )

    manager = ParserManager(eagerness=Eagerness.EAGER)
    rows: dict[str, object] = {}
    for path in json.load(sys.stdin):
        try:
            found = manager.parse(path)
        except Exception as error:
            rows[path] = {"error": type(error).__name__}
            continue
        if found is not None:
            rows[path] = {
                "tool": str(found.generator.value),
                "seed": [
                    str(s.parameters["seed"]) for s in found.samplers if "seed" in s.parameters
                ],
                "sampler": [s.name for s in found.samplers if s.name],
                "model": [m.name for m in found.models if m.name],
            }
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
