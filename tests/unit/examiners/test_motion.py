"""The motion examiner: what it says, and what the pixel examiners make of its frames."""

from __future__ import annotations

from assay.core.blob import MemoryBlob
from assay.core.facts import Observation, Sha256
from assay.core.findings import INCOMPLETE
from assay.core.vocab import FailureReason
from assay.engine.stage import run_examiner
from assay.engine.view import Shared
from assay.examiners.motion import MotionExaminer
from assay.examiners.pdq import PdqExaminer
from assay.media.decode_samples import SAMPLES as STILLS
from tests.support.clips import animation, clip, mp4, track


def shared(data: bytes, media_type: str) -> Shared:
    found = Shared(MemoryBlob(data), 1 << 26, media_type)
    found.sha256 = Sha256("0" * 64)
    return found


def examined(data: bytes, media_type: str) -> tuple[Observation | None, dict[str, str]]:
    """Return the motion observation and the findings by flag; fails on a failure."""
    seen, failure = run_examiner(MotionExaminer(), shared(data, media_type), "")
    assert failure is None
    motion = [o for o in seen if o.kind == "motion"]
    findings = {str(o.value["flag"]): str(o.value["detail"]) for o in seen if o.kind == "finding"}
    return (motion[0] if motion else None), findings


def test_a_video_says_what_it_is_and_which_frames_were_looked_at() -> None:
    motion, findings = examined(clip("mp4", "mp4v", tuple(range(40))), "video/mp4")
    assert motion is not None
    value = dict(motion.value)
    sampled = value.pop("sampled")
    assert isinstance(sampled, list)
    assert len(sampled) == 16
    assert sampled[0] == {"index": 0, "time": 0.0}
    assert value.pop("decoder", "").startswith("OpenCV")  # type: ignore[union-attr]
    assert value == {
        "container": "mp4",
        "codec": "mp4v",
        "width": 64,
        "height": 48,
        "declared_frames": 40,
        "counted_frames": 40,
        "duration": 4.0,
        "complete": False,
        "pages": False,
        "sound": False,
        "sound_only": False,
    }
    assert findings == {"frames_sampled": "16 of 40 frames"}


def test_motion_and_sound_stay_unexamined_even_where_every_frame_was_seen() -> None:
    motion, findings = examined(clip("avi", "MJPG"), "video/x-msvideo")
    assert motion is not None
    assert motion.value["complete"] is True
    assert findings == {"frames_sampled": "12 of 12 frames"}


def test_equal_frames_are_looked_at_once() -> None:
    _, findings = examined(clip("mkv", "FFV1", (3,) * 30), "video/x-matroska")
    assert findings == {"frames_sampled": "1 of 30 frames; the others equal them"}


def test_pages_that_were_all_seen_need_no_word() -> None:
    motion, findings = examined(animation("TIFF", range(3)), "image/tiff")
    assert motion is not None
    assert motion.value["pages"] is True
    assert findings == {}


def test_a_still_picture_is_passed_over_in_silence() -> None:
    for media_type, data in STILLS:
        if media_type != "image/jpeg":
            assert examined(data, media_type) == (None, {})


def test_sound_alone_is_named() -> None:
    motion, findings = examined(mp4(track(b"soun", b"mp4a")), "video/mp4")
    assert motion is not None
    assert motion.value["sound_only"] is True
    assert findings == {"frames_sampled": "there is sound alone"}


def test_a_video_that_does_not_decode_is_a_failure_and_an_incomplete_finding() -> None:
    data = mp4(track(b"vide", b"avc1"))
    for examiner in (MotionExaminer(), PdqExaminer()):
        seen, failure = run_examiner(examiner, shared(data, "video/mp4"), "")
        assert failure is not None
        assert failure.reason is FailureReason.MALFORMED
        if isinstance(examiner, MotionExaminer):
            assert [o.value["flag"] for o in seen] == ["frames_unread"]
    assert "frames_unread" in INCOMPLETE


def test_each_sampled_frame_is_hashed_with_its_time() -> None:
    seen, failure = run_examiner(PdqExaminer(), shared(clip(), "video/x-msvideo"), "")
    assert failure is None
    assert [o.locator for o in seen][:3] == [
        "frame 0, time 0.000 s",
        "frame 1, time 0.100 s",
        "frame 2, time 0.200 s",
    ]
    assert len({o.value["hash"] for o in seen}) == len(seen) == 12
    assert {o.value["plane"] for o in seen} == {"RGB"}


def test_the_file_itself_is_hashed_before_its_frames() -> None:
    seen, _ = run_examiner(PdqExaminer(), shared(animation("GIF", range(3)), "image/gif"), "")
    assert [o.locator for o in seen] == [
        "",
        "frame 0, time 0.000 s",
        "frame 1, time 0.000 s",
        "frame 2, time 0.000 s",
    ]
    assert seen[0].value["hash"] == seen[1].value["hash"]
