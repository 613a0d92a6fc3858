"""The other readers of the same slots: sd-parsers, ExifTool, and c2pa-python by itself."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import venv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assay.core.facts import Observation
from assay.examiners.exif import shortened
from benchmarks._provenance_reading import Read

SD_PARSERS = "0.6"  # MIT
FOLDER = Path(__file__).resolve().parent / ".cache" / "sdparsers-venv"
_EXIF = {
    "Make": ("IFD0:Make", "IFD0:Make"),
    "Model": ("IFD0:Model", "IFD0:Model"),
    "DateTimeOriginal": ("Exif:DateTimeOriginal", "ExifIFD:DateTimeOriginal"),
    "Software": ("IFD0:Software", "IFD0:Software"),
}
_XMP = {
    "XMP DigitalSourceType": ("Iptc4xmpExt:DigitalSourceType", "XMP-iptcExt:DigitalSourceType"),
    "XMP DigitalSourceFileType": (
        "Iptc4xmpExt:DigitalSourceFileType",
        "XMP-iptcExt:DigitalSourceFileType",
    ),
}

Slots = Mapping[str, Sequence[str]]  # slot -> what was read, any of which may agree


class PeerMissingError(Exception):
    """The peer could not be had here; its text says why."""


@dataclass(slots=True)
class Agreement:
    """One slot over all files."""

    peer: str
    slot: str
    agree: int = 0
    ours_only: list[str] = field(default_factory=list)  # files
    peer_only: list[str] = field(default_factory=list)
    differ: list[tuple[str, str, str]] = field(default_factory=list)  # file, ours, the peer's

    @property
    def both(self) -> int:
        return self.agree + len(self.differ)


def compare(peer: str, ours: Mapping[str, Slots], theirs: Mapping[str, Slots]) -> list[Agreement]:
    """Compare slot by slot; files that neither reads are left out.

    Lists agree where one holds all of the other: a graph has several samplers, and each reader
    names those that it follows.
    """
    slots = dict.fromkeys(s for side in (ours, theirs) for row in side.values() for s in row)
    rows = []
    for slot in slots:
        row = Agreement(peer, slot)
        for name in sorted(ours.keys() | theirs.keys()):
            left, right = ours.get(name, {}).get(slot, ()), theirs.get(name, {}).get(slot, ())
            if left and right:
                if set(left) <= set(right) or set(right) <= set(left):
                    row.agree += 1
                else:
                    row.differ.append((name, " | ".join(left), " | ".join(right)))
            elif left:
                row.ours_only.append(name)
            elif right:
                row.peer_only.append(name)
        rows.append(row)
    return rows


# -- sd-parsers ------------------------------------------------------------------------------------


def build_sd(folder: Path = FOLDER) -> Path:
    """Return the Python of an environment that has sd-parsers, made at the first call."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    try:
        if not python.exists():
            venv.EnvBuilder(with_pip=True).create(folder)
        if _run([python, "-c", "import sd_parsers"]).returncode:
            done = _run([python, "-m", "pip", "install", "-q", f"sd-parsers=={SD_PARSERS}"])
            if done.returncode:
                raise PeerMissingError(done.stderr.strip().splitlines()[-1])
    except OSError as error:
        raise PeerMissingError(str(error)) from error
    return python


def by_sd(python: Path, paths: Mapping[str, Path]) -> dict[str, Slots]:
    """Return what sd-parsers reads, most thorough setting; files that it refuses are left out."""
    script = Path(__file__).with_name("_provenance_sd.py")
    order = json.dumps([str(path) for path in paths.values()])
    done = _run([python, "-P", script], order)
    if done.returncode:
        raise PeerMissingError(done.stderr.strip()[-300:])
    rows, names = json.loads(done.stdout), {str(path): name for name, path in paths.items()}
    return {
        names[path]: {
            "tool": [row["tool"]],
            "seed": row["seed"],
            "sampler": row["sampler"],
            "model": row["model"],
        }
        for path, row in rows.items()
        if "tool" in row
    }


def records(files: Iterable[Read]) -> dict[str, Slots]:
    """Return the same of what we read."""
    found: dict[str, Slots] = {}
    for file in files:
        rows = [o.value for o in file.observations if o.kind == "generator"]
        if rows:
            found[file.name] = {
                slot: list(dict.fromkeys(_texts(row.get(key) for row in rows)))
                for slot, key in (("tool", "tool"), ("seed", "seed"), ("sampler", "sampler"),
                                  ("model", "models"))
            }  # fmt: skip
    return found


def _texts(values: Iterable[object]) -> Iterable[str]:
    for value in values:
        for part in value if isinstance(value, list) else [value]:
            if part not in (None, ""):
                yield str(part)


# -- ExifTool --------------------------------------------------------------------------------------


def exiftool_version() -> str:
    """Return ExifTool's version. Raises PeerMissingError where it is not installed."""
    if shutil.which("exiftool") is None:
        raise PeerMissingError("no exiftool on this machine")
    return _run(["exiftool", "-ver"]).stdout.strip()


def by_exiftool(folder: Path) -> dict[str, Slots]:
    asked = [f"-{theirs}" for _, theirs in (*_EXIF.values(), *_XMP.values())]
    done = _run(["exiftool", "-j", "-n", "-G1", "-r", *asked, folder])
    found: dict[str, Slots] = {}
    for row in json.loads(done.stdout):
        name = Path(row["SourceFile"]).relative_to(folder).as_posix()
        slots = {
            slot: list(_texts([row.get(theirs)])) for slot, (_, theirs) in (_EXIF | _XMP).items()
        }
        found[name] = {slot: _stripped(values) for slot, values in slots.items()}
    return found


def fields(files: Iterable[Read]) -> dict[str, Slots]:
    """Return the same fields as the examiner ``exif`` shows them; of several blocks the first."""
    return {file.name: dict(_fields(file.observations)) for file in files}


def _fields(observations: Sequence[Observation]) -> Iterable[tuple[str, list[str]]]:
    for slots, kind, part in ((_EXIF, "exif", "tags"), (_XMP, "xmp", "properties")):
        blocks = [o.value[part] for o in observations if o.kind == kind]
        for slot, (key, _) in slots.items():
            values = [b[key] for b in blocks if isinstance(b, dict) and key in b]
            yield slot, _stripped(_texts(values[:1]))


def _stripped(values: Iterable[str]) -> list[str]:
    return [shortened(text) for value in values if (text := value.strip("\0 "))]


# -- c2pa-python by itself -------------------------------------------------------------------------

INTACT = {"Valid": "verifies", "Trusted": "verifies", "Invalid": "does not verify"}
_TIERS_INTACT = {"official", "interim", "operator", "expired", "untrusted"}


def by_c2pa(folder: Path, files: Iterable[Read], lists: Path) -> dict[str, Slots]:
    """Return what the library says by itself, told of the official lists and kept off the net."""
    import c2pa

    anchors = (lists / "c2pa-trust-list.pem", lists / "c2pa-tsa-trust-list.pem")
    trust = {
        "trust_anchors": "\n".join(path.read_text() for path in anchors),
        "trust_config": (lists / "store.cfg").read_text(),
    }
    verify = {"remote_manifest_fetch": False, "ocsp_fetch": False}
    context = c2pa.Context.from_dict({"verify": verify, "trust": trust})
    found: dict[str, Slots] = {}
    for file in files:
        data = (folder / file.name).read_bytes()
        try:
            reader = c2pa.Reader.try_create(file.media_type, io.BytesIO(data), context=context)
            if reader is None:
                continue
            with reader:
                report = json.loads(reader.json())
                state = str(reader.get_validation_state())
        except (c2pa.C2paError, ValueError, TypeError):
            continue
        active = report["manifests"][report["active_manifest"]]
        infos = active.get("claim_generator_info") or [{}]
        named = f"{infos[0].get('name', '')} {infos[0].get('version', '')}".strip()
        found[file.name] = {
            "integrity": [INTACT.get(state, state)],
            "trusted": ["yes" if state == "Trusted" else "no"],
            "manifests": [str(len(report["manifests"]))],
            "claim generator": [named or str(active.get("claim_generator", ""))],
        }
    return found


def credentials(files: Iterable[Read]) -> dict[str, Slots]:
    """Return the same of what we say."""
    found: dict[str, Slots] = {}
    for file in files:
        for value in (o.value for o in file.observations if o.kind == "c2pa"):
            if value["manifests"]:
                tier = str(value["tier"])
                found[file.name] = {
                    "integrity": ["verifies" if tier in _TIERS_INTACT else "does not verify"],
                    "trusted": ["yes" if tier == "official" else "no"],
                    "manifests": [str(len(value["manifests"]))],  # type: ignore[arg-type]
                    "claim generator": [str(value["generator"])],
                }
    return found


def _run(
    command: Sequence[str | Path], given: str | None = None
) -> subprocess.CompletedProcess[str]:
    arguments = [str(part) for part in command]
    return subprocess.run(arguments, input=given, capture_output=True, text=True, check=False)
