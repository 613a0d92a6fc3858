"""Mailboxes: every message is the bytes between two separators, whichever writer made them."""

from __future__ import annotations

import mailbox
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.blob import MemoryBlob
from assay.core.errors import NotApplicable
from assay.core.opening import Member, OpenContext
from assay.openers.mail import MailOpener
from assay.openers.mbox import MboxOpener
from tests.support.members import Contents, contents, damaged, keeps_the_contract
from tests.support.pictures import jpeg

LINE = b"From a@example.org Mon Jan  1 00:00:00 2024\n"


def read(data: bytes) -> Contents:
    return contents(MboxOpener(), data, timezone="UTC")


def mail(number: int, picture: bytes = b"") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "a@example.org"
    message["To"] = "b@example.org"
    message["Subject"] = f"note {number}"
    message.set_content(f"hello {number}\n\nFrom the beginning: words\n")
    if picture:
        message.add_attachment(picture, maintype="image", subtype="jpeg", filename="a.jpg")
    return message


def test_two_thousand_messages_and_their_attachments(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box")
    pictures = [jpeg(number, (24, 18)) for number in range(20)]
    for number in range(2000):
        box.add(mail(number, pictures[number % 20]))
    box.flush()
    expected = [box.get_bytes(key) for key in box.keys()]  # noqa: SIM118 - its iterator is not its keys
    entries = MboxOpener().open(MemoryBlob((tmp_path / "box").read_bytes()), OpenContext())
    stored = []
    for entry in entries:
        assert isinstance(entry, Member)
        assert entry.open is not None
        stored.append(entry.open().read())
    assert stored == expected
    for number, data in enumerate(stored):
        assert contents(MailOpener(), data).data["a.jpg"] == pictures[number % 20]


def test_names_places_and_times() -> None:
    first = read(LINE + b"To: b\n\none\n\n" + LINE + b"To: b\n\ntwo\n").members[0]
    assert (first.name, first.locator) == ("message 1", f"bytes {len(LINE)}-{len(LINE) + 11}")
    assert (first.times[0].raw, first.times[0].zone) == ("Mon Jan  1 00:00:00 2024", "assumed UTC")
    assert first.times[0].utc == "2024-01-01T00:00:00Z"


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_every_line_end(ending: bytes) -> None:
    data = (LINE + b"To: b\n\none\n\n" + LINE + b"To: b\n\ntwo\n").replace(b"\n", ending)
    assert list(read(data).data.values()) == [
        b"To: b\n\none\n".replace(b"\n", ending),
        b"To: b\n\ntwo\n".replace(b"\n", ending),
    ]


def test_words_that_begin_with_from_split_nothing() -> None:
    body = b"To: b\n\nFrom here on\nall is well\n\nFrom there too\nno field\n>From quoted\n"
    assert list(read(LINE + body).data.values()) == [body]


def test_a_dated_separator_needs_no_empty_line_and_an_undated_one_does() -> None:
    data = (
        LINE + b"To: b\n\none\nFrom - Tue Jan 02 00:00:00 2024\nTo: b\n\ntwo\n\nFrom x\nTo: c\n\n3"
    )
    assert len(read(data).members) == 3
    assert len(read(LINE + b"To: b\n\none\nFrom x\nTo: c\n").members) == 1


def test_a_byte_order_mark_hides_no_message() -> None:
    data = b"\xef\xbb\xbf" + LINE + b"To: b\n\none\n"
    (member,) = read(data).members
    assert member.locator == f"bytes {len(LINE) + 3}-{len(data)}"


def test_quoted_lines_are_given_as_stored() -> None:
    assert b">From x" in read(LINE + b"To: b\n\n>From x\n").data["message 1"]


def test_what_is_no_mailbox_is_not_applicable() -> None:
    with pytest.raises(NotApplicable):
        read(b"From here on\nall is well\n")


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 600),
    st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 255)), max_size=6),
)
def test_damage_never_raises_past_the_contract(cut: int, flips: list[tuple[int, int]]) -> None:
    data = (LINE + b"To: b\n\none\n\n") * 12
    keeps_the_contract(MboxOpener(), damaged(data, cut, flips))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_no_byte_but_separators_is_lost(bodies: list[bytes]) -> None:
    data = b"".join(LINE + b"To: b\n\n" + body + b"\n\n" for body in bodies)
    whole = b"".join(read(data).data.values())
    assert len(whole) >= len(data) - (len(LINE) + 3) * len(read(data).members)
