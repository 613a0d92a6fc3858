"""Load before the seal what libraries would load later: after it nothing can be imported.

Each examiner is run once on its own examples, which also fills caches; the tables below name what
no example reaches. A missing entry shows as a recorded crash with ModuleNotFoundError.
"""

from __future__ import annotations

import codecs
import encodings
import importlib
import pkgutil

from assay.core.blob import MemoryBlob
from assay.core.contract import Examiner, accepts
from assay.core.facts import Sha256
from assay.engine.stage import run_examiner
from assay.engine.view import Shared

_MODULES = (
    "_strptime",  # datetime.strptime imports it at the first call
    "cryptography.hazmat.backends.openssl.backend",
    "cryptography.hazmat.primitives.asymmetric.ec",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.asymmetric.padding",
    "traceback",
    "xml.etree.ElementTree",
    "zoneinfo",
)
_WHOLE = 1 << 26  # bytes; examples are small


def warm_modules() -> None:
    """Import what the table names and every text encoding of the standard library."""
    for name in _MODULES:
        importlib.import_module(name)
    for module in pkgutil.iter_modules(encodings.__path__):
        try:
            codecs.lookup(module.name)
        except LookupError:
            continue  # a helper module, or a codec of another platform


def warm_examiners(examiners: dict[str, Examiner]) -> None:
    """Run every examiner, prepared already, on its own examples; results are thrown away."""
    for examiner in examiners.values():
        for sample in examiner.examples():
            shared = Shared(MemoryBlob(sample.data), _WHOLE, sample.media_type)
            shared.sha256 = Sha256("0" * 64)
            for earlier in examiners.values():
                info = earlier.info
                if info.name in examiner.info.after and accepts(
                    info.media_types, sample.media_type
                ):
                    shared.observations += run_examiner(earlier, shared, "")[0]
            run_examiner(examiner, shared, "")
