"""An open case with everything that it pins: checks, policy, schemes, trust. Made once, then fixed.

A case never changes its mind silently: what is installed now is compared with what is pinned, and
work is refused where they differ, until ``assay run --upgrade`` has shown what would move.
"""

from __future__ import annotations

import datetime
import getpass
import socket
import uuid
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from assay import __version__
from assay.core.contract import Settings
from assay.core.errors import CaseError, UsageError
from assay.core.facts import Placement, Sha256, Verdict
from assay.core.jsonvalue import Json, JsonObject
from assay.core.opening import Limits
from assay.core.vocab import CostClass, Lane
from assay.engine import trusting
from assay.engine.cameras import camera_options
from assay.engine.checks import Check, Pinned, checks_of
from assay.engine.editions import editions_of
from assay.engine.plan import SECONDS_BASE, Plan, make_plan
from assay.engine.prior import Priors, open_priors, remember
from assay.engine.registry import installed
from assay.media.kinds import FIRST_LOOK
from assay.sources.filters import Filters
from assay.store.case import Case, is_unfinished
from assay.store.pins import Pins, TrustPin
from assay.store.records import Bundle
from assay.verdict.policy import Policy, load_policy, parse_policy, shipped_policy_bytes
from assay.verdict.scheme import Scheme, load_scheme, parse_scheme, shipped_scheme_bytes
from assay.verdict.signals import ItemFacts

ALL_PASSES = (int(CostClass.DIGEST), int(CostClass.COSTLY))


@dataclass(frozen=True, slots=True)
class CaseOptions:
    """What is decided when a case is made, and then stays."""

    timezone: str | None = None
    evaluation_date: str | None = None  # ISO date; None = today
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    since: str | None = None
    trust: tuple[Path, ...] = ()  # PEM lists of signers
    trust_timestamp: tuple[Path, ...] = ()
    policy: Path | None = None
    scheme: Path | None = None  # an agency's category scheme; None = the shipped neutral one
    frames: int | None = None  # sampled of a moving picture; None = FIRST_LOOK


@dataclass(frozen=True, slots=True)
class Judged:
    """One item with its facts and what follows from them."""

    bundle: Bundle
    facts: ItemFacts
    verdict: Verdict
    placement: Placement


class Session:
    """A case, open for reading or writing, with its pinned settings at hand."""

    def __init__(self, case: Case) -> None:
        self.case = case
        settings = case.settings
        self.settings: JsonObject = settings
        self.policy: Policy = parse_policy(str(settings["policy"]).encode(), "the case's policy")
        self.schemes_text: list[str] = []
        self.schemes: dict[str, Scheme] = {}
        self._take_schemes(settings)
        self.checks = tuple(Check.from_wire(_table(row)) for row in _list(settings["checks"]))
        self.pinned = self.pinned_with(settings)
        self.priors = Priors()  # other cases that are shown beside this one, never applied

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.priors.close()
        self.case.close()

    @property
    def lanes_of(self) -> dict[tuple[str, str], Lane]:
        return {
            (scheme.name, category.id): category.lane
            for scheme in self.schemes.values()
            for category in scheme.categories.values()
        }

    def use_priors(self, given: Sequence[Path] = (), *, keep_for: str = "") -> list[str]:
        """Show what prior cases say: those given, and those that this case remembers.

        ``keep_for`` is the operator in whose name those given are remembered. Returns a sentence
        for each one that cannot be shown; raises CaseError where one that was given cannot.
        """
        self.priors.close()
        self.priors = open_priors(given, self.settings, self.case.folder)
        if keep_for and given:
            remember(self.case, self.priors, keep_for)
            self.settings = self.case.settings
        return self.priors.notices

    def lists_pinned(self) -> None:
        """Take note that the lists of the case are other ones now (``matching``)."""
        self.settings = self.case.settings
        self.pinned = self.pinned_with(self.settings)

    def schemes_pinned(self) -> None:
        """Take note that the case has other category schemes now."""
        self.settings = self.case.settings
        self._take_schemes(self.settings)
        self.pinned = self.pinned_with(self.settings)

    def _take_schemes(self, settings: JsonObject) -> None:
        self.schemes_text = [str(text) for text in _list(settings["schemes"])]
        found = [parse_scheme(text.encode(), "the case's scheme") for text in self.schemes_text]
        self.schemes = {scheme.name: scheme for scheme in found}

    def pinned_with(self, settings: JsonObject) -> Pinned:
        """Return the checks of the case with the lists that other settings pin."""
        return Pinned(self.checks, self.lanes_of, editions_of(settings))

    # -- work ----------------------------------------------------------------------------------

    def plan(
        self,
        passes: tuple[int, int] = ALL_PASSES,
        passwords: tuple[bytes, ...] = (),
        seconds: float = SECONDS_BASE,
    ) -> Plan:
        """Return the plan of this case with the installed examiners."""
        pins = self.case.pins
        options = self.settings["options"]
        assert isinstance(options, Mapping)
        return make_plan(
            installed(),
            Settings(
                evaluation_date=pins.evaluation_date,
                timezone=pins.timezone,
                options={str(k): v for k, v in options.items() if isinstance(v, Mapping)},
            ),
            limits=Limits(**dict(pins.limits)),
            passwords=passwords,
            passes=passes,
            seconds=seconds,
            attempt=self.attempt(passwords),
            frames=self.frames,
        )

    @property
    def frames(self) -> int:
        """How many frames this case samples of a moving picture."""
        return int(str(self.settings.get("frames", FIRST_LOOK)))

    def attempt(self, passwords: tuple[bytes, ...]) -> int:
        """Return the number of a try with passwords: that of the custody event before it."""
        head = self.case.reader.head()
        return head.seq if passwords and head is not None else 0

    def drift(self, plan: Plan) -> list[str]:
        """Name every difference between what is installed and what the case pins."""
        pinned = {c.name: c for c in self.checks}
        now = {c.name: c for c in checks_of(plan)}
        rows = []
        for name in sorted({*pinned, *now}):
            old, new = pinned.get(name), now.get(name)
            if old is None and new is not None:
                rows.append(f"examiner {name} {new.version} is installed and not part of the case")
            elif new is None and old is not None:
                rows.append(f"examiner {name} {old.version} is part of the case and not installed")
            elif old is not None and new is not None and old.version != new.version:
                rows.append(f"examiner {name} is {new.version}, the case pins {old.version}")
            elif old != new:
                rows.append(f"examiner {name} {old.version if old else ''} has other settings")
        return rows

    def require_no_drift(self, plan: Plan) -> None:
        """Raise CaseError where work would mix versions."""
        rows = self.drift(plan)
        if rows:
            raise CaseError(
                f"{self.case.folder}: made with other checks than are installed now: {rows[0]}"
                + (f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""),
                hint="see every lane change first with: assay run --upgrade --case "
                f"{self.case.folder}",
            )

    def filters(self) -> Filters:
        pins = self.case.pins
        return Filters.of(pins.include, pins.exclude, pins.since)

    # -- reading -------------------------------------------------------------------------------

    def judged(self, shas: Sequence[Sha256]) -> Iterator[Judged]:
        """Yield stored verdicts and placements with the facts that they rest on, in given order."""
        bundles = self.case.reader.facts_of(shas)
        for bundle in bundles.values():
            if bundle.verdict is None or bundle.placement is None:
                continue
            yield Judged(bundle, self.pinned.facts(bundle), bundle.verdict, bundle.placement)


def default_operator() -> str:
    """Return user@host, the name that custody events carry unless --operator gives another."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def create(folder: Path, options: CaseOptions, operator: str) -> Session:
    """Make a case with what is installed now; raises CaseError, UsageError, PolicyError."""
    now = datetime.datetime.now(datetime.UTC)
    evaluation_date = options.evaluation_date or now.date().isoformat()
    _check_dates(options, evaluation_date)
    policy_bytes = policy_of(options)
    policy = parse_policy(policy_bytes, str(options.policy or "the shipped policy"))
    trust_options, trust = trust_of(options)
    examiner_options = {**trust_options, **camera_options()}
    settings = Settings(evaluation_date, options.timezone, examiner_options)
    frames = options.frames or FIRST_LOOK
    checks = checks_of(make_plan(installed(), settings, frames=frames))
    pins = Pins(
        case_id=str(uuid.uuid4()),
        created=now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        assay_version=__version__,
        policy_version=policy.version,
        policy_digest=policy.digest,
        evaluation_date=evaluation_date,
        timezone=options.timezone,
        examiners={c.name: c.version for c in checks},
        configs={c.name: c.config for c in checks},
        trust=trust,
        limits=asdict(Limits()),
        include=options.include,
        exclude=options.exclude,
        since=options.since,
    )
    stored: dict[str, Json] = {
        "checks": [check.to_wire() for check in checks],
        "policy": policy_bytes.decode("utf-8"),
        "schemes": [scheme_of(options).decode("utf-8")],
        "options": examiner_options,
        "frames": frames,
    }
    return Session(Case.create(folder, pins, actor=operator, settings=stored))


def policy_of(options: CaseOptions) -> bytes:
    """Return the bytes of the policy file named, or of the shipped one; raises PolicyError."""
    if options.policy is None:
        return shipped_policy_bytes()
    load_policy(options.policy)
    return options.policy.read_bytes()


def scheme_of(options: CaseOptions) -> bytes:
    """Return the bytes of the scheme file named, or of the shipped one; raises PolicyError."""
    if options.scheme is None:
        return shipped_scheme_bytes()
    load_scheme(options.scheme)
    return options.scheme.read_bytes()


def trust_of(options: CaseOptions) -> tuple[dict[str, JsonObject], tuple[TrustPin, ...]]:
    """Return the examiner options and pins of the installed lists and those named."""
    return trusting.trust_with(trusting.Named(options.trust, options.trust_timestamp))


def _check_dates(options: CaseOptions, evaluation_date: str) -> None:
    for name, value in (("--evaluation-date", evaluation_date), ("--since", options.since)):
        try:
            if value is not None:
                datetime.date.fromisoformat(value)
        except ValueError:
            raise UsageError(f"{name} {value!r} is not a date", hint="write YYYY-MM-DD") from None
    if options.timezone is not None:
        try:
            zoneinfo.ZoneInfo(options.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            raise UsageError(
                f"--timezone {options.timezone!r} is not known", hint="for example Europe/Amsterdam"
            ) from None


def require_same(session: Session, options: CaseOptions) -> None:
    """Raise UsageError where options differ from what the case has fixed."""
    pins = session.case.pins
    given = {
        "--timezone": (options.timezone, pins.timezone),
        "--evaluation-date": (options.evaluation_date, pins.evaluation_date),
        "--since": (options.since, pins.since),
        "--include": (options.include or None, pins.include),
        "--exclude": (options.exclude or None, pins.exclude),
    }
    for name, (wanted, fixed) in given.items():
        if wanted is not None and wanted != fixed:
            raise UsageError(
                f"{name} is fixed in this case as {fixed or 'not set'}",
                hint="make another case for another choice",
            )
    if options.frames is not None and options.frames != session.frames:
        raise UsageError(
            f"--frames is fixed in this case as {session.frames}",
            hint="assay run --upgrade --frames N looks at more of every moving picture",
        )
    if options.policy is not None and policy_of(options).decode() != session.settings["policy"]:
        raise UsageError(
            "--policy differs from the policy of this case",
            hint="assay run --upgrade --policy FILE shows what would move",
        )
    if options.scheme is not None and scheme_of(options).decode() not in session.schemes_text:
        raise UsageError(
            "--scheme differs from the scheme of this case",
            hint="make another case for another scheme",
        )
    if trusting.unknown_to(pins.trust, trusting.Named(options.trust, options.trust_timestamp)):
        raise UsageError(
            "--trust names a list that this case does not have",
            hint="assay run --upgrade --trust FILE shows what would move",
        )


def open_session(folder: Path, *, write: bool = False) -> Session:
    """Open an existing case; raises CaseError, CaseBusyError."""
    return Session(Case.open(folder, write=write))


def is_case(folder: Path) -> bool:
    """Tell whether a folder holds a case; one that was never finished being made is none."""
    found = (folder / "case.toml").is_file() or (folder / "case.db").is_file()
    return found and not is_unfinished(folder)


def _list(value: Json) -> Sequence[Json]:
    assert isinstance(value, Sequence)
    return value


def _table(value: Json) -> Mapping[str, Json]:
    assert isinstance(value, Mapping)
    return value


def passwords_from(path: Path | None) -> tuple[bytes, ...]:
    """Read passwords, one a line, as bytes; raises UsageError naming the file."""
    if path is None:
        return ()
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}", hint="give a readable password file"
        ) from None
    return tuple(dict.fromkeys(line for line in lines if line))
