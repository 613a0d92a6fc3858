"""Trust lists as others publish them, made in memory."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.authority import Identity


def entities(
    *authorities: Identity,
    issued: str = "2026-09-30T00:00:00Z",
    scheme: str = "C2PA Trust List",
    withdrawn: Iterable[Identity] = (),
) -> bytes:
    """Return a list of trusted entities (ETSI TS 119 602) as the C2PA writes it."""
    rows = [_entity(one, "trusted") for one in authorities]
    rows += [_entity(one, "withdrawn") for one in withdrawn]
    about = {
        "LoTEVersionIdentifier": 1,
        "SchemeName": [{"lang": "en", "value": scheme}],
        "ListIssueDateTime": issued,
    }
    root = {"LoTE": {"ListAndSchemeInformation": about, "TrustedEntitiesList": rows}}
    return json.dumps(root).encode()


def _entity(one: Identity, status: str) -> dict[str, object]:
    der = base64.b64encode(one.certificate.public_bytes(Encoding.DER)).decode()
    service = {
        "ServiceDigitalIdentity": {"X509Certificates": [{"val": der}]},
        "ServiceStatus": f"http://c2pa.org/conformance/trust-list/{status}",
    }
    return {"TrustedEntityServices": [{"ServiceInformation": service}]}
