"""The plan of a run: which checks, which settings and limits. Travels to workers as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from assay.core.contract import Examiner, ExaminerInfo, Settings, accepts
from assay.core.jsonvalue import Json, JsonObject, digest_of
from assay.core.opening import Limits
from assay.core.vocab import CostClass, Need
from assay.media.kinds import FIRST_LOOK, can_move

WHOLE_FILE = 256 << 20  # bytes a worker reads whole; larger files are digested in pieces
SECONDS_BASE = 20.0  # wall seconds for one file, plus SECONDS_PER_MB for each MiB (DESIGN §6)
SECONDS_PER_MB = 2.0
STILL, MOVING = "application/octet-stream", "video/mp4"  # for settings that depend on the kind


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides what is run on a file, and nothing about where it lies."""

    examiners: tuple[ExaminerInfo, ...]
    settings: Settings
    limits: Limits = field(default_factory=Limits)
    whole_file: int = WHOLE_FILE
    passwords: tuple[bytes, ...] = ()
    passes: tuple[int, int] = (CostClass.DIGEST, CostClass.COSTLY)
    seconds: float = SECONDS_BASE
    attempt: int = 0  # counts tries with other passwords; 0 = none given
    frames: int = FIRST_LOOK  # frames sampled of a moving picture
    # asked for every file, and a table of anchors is long: digests are kept
    _digests: dict[tuple[str, bool], str] = field(
        init=False, default_factory=dict, compare=False, repr=False
    )

    def config(self, name: str, media_type: str) -> str:
        """Return the digest of the settings that an examiner uses; a change re-runs it alone.

        How many frames are sampled concerns files that can move, and no others.
        """
        key = name, can_move(media_type)
        if key not in self._digests:
            self._digests[key] = self._config(name, media_type)
        return self._digests[key]

    def _config(self, name: str, media_type: str) -> str:
        info = self.info(name)
        value: dict[str, Json] = {key: getattr(self.settings, key) for key in info.reads}
        options = self.settings.options.get(name)
        if options:
            value["options"] = options
        looks = info.frames or Need.FRAMES in info.needs
        if looks and self.frames != FIRST_LOOK and can_move(media_type):
            value["frames"] = self.frames
        return digest_of(value)[:16] if value else ""

    def configs(self, media_type: str = STILL) -> dict[str, str]:
        return {info.name: self.config(info.name, media_type) for info in self.examiners}

    def info(self, name: str) -> ExaminerInfo:
        return next(info for info in self.examiners if info.name == name)

    def applicable(self, media_type: str) -> tuple[ExaminerInfo, ...]:
        """Return the examiners of all passes that accept a media type, in order."""
        return tuple(info for info in self.examiners if accepts(info.media_types, media_type))

    def in_passes(self, info: ExaminerInfo) -> bool:
        return self.passes[0] <= info.cost <= self.passes[1]

    def opener_config(self) -> str:
        """Return the digest of what openers depend on: limits, and which try with passwords it is.

        Nothing of the passwords goes in: a digest of a short list could be guessed.
        """
        return digest_of({"limits": _limits(self.limits), "attempt": self.attempt})[:16]

    def digest(self) -> str:
        """Return what decides whether a file that was taken to its end needs another look."""
        checks: list[Json] = [
            [info.name, info.version, self.config(info.name, STILL), self.config(info.name, MOVING)]
            for info in self.examiners
            if self.in_passes(info)
        ]
        # Most commands make no plan, and the openers cost them a third of a second.
        from assay.openers.registry import all_openers

        openers: list[Json] = [[o.name, o.version] for o in all_openers()]
        limits = _limits(self.limits)
        return digest_of({"checks": checks, "openers": openers, "limits": limits})[:16]

    def to_wire(self) -> JsonObject:
        return {
            "examiners": [info.name for info in self.examiners],
            "configs": self.configs(),
            "moving_configs": self.configs(MOVING),
            "frames": self.frames,
            "evaluation_date": self.settings.evaluation_date,
            "timezone": self.settings.timezone,
            "options": dict(self.settings.options),
            "limits": _limits(self.limits),
            "whole_file": self.whole_file,
            "passwords": [p.hex() for p in self.passwords],
            "opener_config": self.opener_config(),
            "seconds": self.seconds,
        }


def _limits(limits: Limits) -> dict[str, Json]:
    return dict(asdict(limits))


def make_plan(
    examiners: Sequence[Examiner],
    settings: Settings,
    *,
    limits: Limits | None = None,
    passwords: tuple[bytes, ...] = (),
    passes: tuple[int, int] = (CostClass.DIGEST, CostClass.COSTLY),
    seconds: float = SECONDS_BASE,
    attempt: int = 0,
    frames: int = FIRST_LOOK,
) -> Plan:
    """Return the plan for the installed examiners."""
    return Plan(
        examiners=tuple(e.info for e in examiners),
        settings=settings,
        limits=limits or Limits(),
        passwords=passwords,
        passes=passes,
        seconds=seconds,
        attempt=attempt,
        frames=frames,
    )


def seconds_for(size: int, base: float = SECONDS_BASE) -> float:
    """Return the wall time that one file of ``size`` bytes may take."""
    return base + SECONDS_PER_MB * size / (1 << 20)


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """The plan as a worker reads it back from the wire."""

    examiners: tuple[str, ...]
    configs: Mapping[str, str]
    settings: Settings
    limits: Limits
    whole_file: int
    passwords: tuple[bytes, ...]
    opener_config: str
    seconds: float
    moving_configs: Mapping[str, str]
    frames: int

    def config(self, name: str, media_type: str) -> str:
        table = self.moving_configs if can_move(media_type) else self.configs
        return table.get(name, "")

    @classmethod
    def from_wire(cls, wire: JsonObject) -> WorkerPlan:
        options = wire["options"]
        configs = wire["configs"]
        limits = wire["limits"]
        names = wire["examiners"]
        passwords = wire["passwords"]
        assert isinstance(options, Mapping)
        moving = wire["moving_configs"]
        assert isinstance(configs, Mapping)
        assert isinstance(moving, Mapping)
        assert isinstance(limits, Mapping)
        assert isinstance(names, Sequence)
        assert isinstance(passwords, Sequence)
        zone = wire["timezone"]
        return cls(
            examiners=tuple(str(name) for name in names),
            configs={str(k): str(v) for k, v in configs.items()},
            settings=Settings(
                evaluation_date=str(wire["evaluation_date"]),
                timezone=str(zone) if zone is not None else None,
                options={str(k): v for k, v in options.items() if isinstance(v, Mapping)},
            ),
            limits=Limits(**{str(k): int(str(v)) for k, v in limits.items()}),
            whole_file=int(str(wire["whole_file"])),
            passwords=tuple(bytes.fromhex(str(p)) for p in passwords),
            opener_config=str(wire["opener_config"]),
            seconds=float(str(wire["seconds"])),
            moving_configs={str(k): str(v) for k, v in moving.items()},
            frames=int(str(wire["frames"])),
        )
