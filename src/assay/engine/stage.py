"""Run one examiner on one file and turn whatever happens into observations or a Failure."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from assay.core.contract import Examiner
from assay.core.errors import Encrypted, LimitReached, Malformed, NotApplicable
from assay.core.facts import Failure, Observation
from assay.core.jsonvalue import canonical
from assay.core.vocab import FailureReason
from assay.engine.view import FileView, Shared

# Of one examiner on one file, and on each sampled frame; hostile input must not flood a case.
MAX_OBSERVATIONS = 1000
MAX_OF_FRAME = 100
MAX_VALUE = 1 << 20  # bytes of one observation's value as canonical JSON


def run_examiner(
    examiner: Examiner, shared: Shared, config: str
) -> tuple[list[Observation], Failure | None]:
    """Return what an examiner saw and, where it did not finish, why."""
    view = FileView(shared, examiner.info, config)
    seen: list[Observation] = []
    try:
        with suppress(NotApplicable):
            _take(examiner.examine(view), seen)
        if examiner.info.frames:
            for frame in shared.moving().frames():
                view = FileView(shared, examiner.info, config, frame)
                with suppress(NotApplicable):
                    _take(examiner.examine(view), seen, MAX_OF_FRAME)
        return seen, None
    except NotApplicable:
        return seen, None
    except LimitReached as error:
        seen.append(view.finding(error.flag, detail=str(error)))
        reason, detail = FailureReason.LIMIT, str(error)
    except Malformed as error:
        reason, detail = FailureReason.MALFORMED, str(error)
    except Encrypted as error:
        reason, detail = FailureReason.ENCRYPTED, str(error)
    except MemoryError:
        reason, detail = FailureReason.MEMORY, "the worker's memory limit was reached"
    except OSError as error:
        reason, detail = FailureReason.UNREADABLE, str(error)
    except Exception as error:
        reason, detail = FailureReason.CRASH, f"{type(error).__name__}: {error}"
    return seen, failure(shared, examiner.info.name, examiner.info.version, reason, detail, config)


def _take(
    observations: Iterable[Observation], seen: list[Observation], most: int = MAX_OBSERVATIONS
) -> None:
    for number, observation in enumerate(observations):
        if number >= most:
            raise LimitReached(f"more than {most} observations", flag="count_limit")
        if len(canonical(observation.value)) > MAX_VALUE:
            raise LimitReached(
                f"an observation larger than {MAX_VALUE} bytes", flag="metadata_bomb"
            )
        seen.append(observation)


def failure(
    shared: Shared,
    examiner: str,
    version: str,
    reason: FailureReason,
    detail: str,
    config: str = "",
    *,
    stage: str = "examine",
    attempts: int = 1,
) -> Failure:
    """Return the record of a check that did not finish on this file."""
    return Failure(
        item=shared.sha256,
        examiner=examiner,
        version=version,
        stage=stage,
        reason=reason,
        detail=" ".join(detail.split())[:500],
        attempts=attempts,
        config=config,
    )
