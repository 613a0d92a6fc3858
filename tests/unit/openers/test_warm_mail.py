"""After ``warm`` the openers of mail and of encoded text need nothing from the disk."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

from tests.support.pictures import jpeg
from tests.unit.openers import test_mail, test_rtf, test_tnef

ROOT = Path(__file__).resolve().parents[3]

READ = """
import sys
from pathlib import Path
from assay.core.blob import MemoryBlob
from assay.core.opening import Member, OpenContext
from assay.openers.encoded import EncodedOpener
from assay.openers.mail import MailOpener
from assay.openers.mbox import MboxOpener
from assay.openers.rtf import RtfOpener
from assay.openers.tnef import TnefOpener

openers = {o.name: o for o in
           (EncodedOpener(), MailOpener(), MboxOpener(), RtfOpener(), TnefOpener())}
samples = [(path.name, path.read_bytes()) for path in sorted(Path(sys.argv[1]).iterdir())]
for opener in openers.values():
    opener.warm()


def sealed(event, arguments):
    if event in ("open", "import", "os.listdir", "os.scandir", "socket.__new__"):
        raise RuntimeError(f"{event} {arguments[0]} after the seal")


sys.addaudithook(sealed)
count = 0
for name, data in samples:
    for entry in openers[name.split("-")[0]].open(MemoryBlob(data), OpenContext()):
        if isinstance(entry, Member):
            entry.open().read()
            if entry.rendering is not None:
                entry.rendering().read()
            count += 1
print(count)
"""


def test_nothing_is_imported_or_opened_after_the_warm_up(tmp_path: Path) -> None:
    words = b"".join(
        b'--b\nContent-Type: image/jpeg; name="=?%s?Q?a=41?="\nContent-Transfer-Encoding: '
        b"%s\n\nQUJD\n" % (charset, coding)
        for charset in (b"koi8-u", b"windows-1251", b"gb2312", b"big5", b"utf-7", b"x-none", b"zip")
        for coding in (b"base64", b"quoted-printable", b"8bit", b"x-uuencode", b"x-yencode")
    )
    date = b"Date: Mon, 1 Jan 2024 00:00:00 EST\n"
    wide = f"data:image/jpeg;base64,{base64.b64encode(jpeg(1)).decode()}".encode("utf-16")
    samples = {
        "mail-codings": date + test_mail.by_hand(words),
        "mail-signed": test_mail.SAMPLES[2],
        "mbox-one": b"From a Mon Jan  1 00:00:00 2024\n" + date + b"\nhello\n",
        "tnef-one": test_tnef.SAMPLE,
        "rtf-one": test_rtf.SAMPLE,
        "encoded-wide": wide,
    }
    for name, data in samples.items():
        (tmp_path / name).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() == "46"
