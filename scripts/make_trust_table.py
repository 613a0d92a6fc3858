"""Make the table of trust anchors that Assay ships, from copies of the published PEM files.

    python scripts/make_trust_table.py FOLDER

FOLDER holds ``c2pa-trust-list.pem``, ``c2pa-tsa-trust-list.pem`` (c2pa-org/conformance-public),
``interim_anchors.pem`` and ``interim_allowed.pem`` (the frozen interim list). The table holds
facts about them and none of the certificates.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from assay.trust.anchors import Anchor, Role, anchors_of, load_pem
from assay.trust.listfile import INTERIM, OFFICIAL, TrustList, named, to_json

TARGET = Path(__file__).parents[1] / "src" / "assay" / "trust" / "data" / "anchors.json"
OFFICIAL_DATE, INTERIM_DATE = "2026-08-21", "2026-01-01"
OFFICIAL_SOURCE = "github.com/c2pa-org/conformance-public at 7dbff51, trust-list/"
INTERIM_SOURCE = "github.com/contentauth/c2pa-conformance-tool at 0915f05, public/trust/"

List = tuple[TrustList, tuple[Anchor, ...]]


def main(folder: Path) -> None:
    """Write the table and say what is in it."""
    lists = [
        official(folder / "c2pa-trust-list.pem", Role.SIGNER),
        official(folder / "c2pa-tsa-trust-list.pem", Role.TIMESTAMP),
        *interim_anchors(folder / "interim_anchors.pem"),
        interim_allowed(folder / "interim_allowed.pem"),
    ]
    TARGET.write_text(dump(lists), encoding="utf-8", newline="\n")
    for entry, _ in lists:
        print(f"{entry.name:<24} {entry.tier:<8} {entry.role.value:<9} {entry.count:>3}")


def dump(lists: Sequence[List]) -> str:
    """Return the table as JSON with one anchor a line, so that a change shows as lines."""
    parts = []
    for entry, anchors in lists:
        row = dict(to_json(entry, anchors))
        rows = row.pop("anchors")
        assert isinstance(rows, list)
        head = json.dumps(row, sort_keys=True)[:-1]
        lines = ",\n".join(json.dumps(r, sort_keys=True, separators=(",", ":")) for r in rows)
        parts.append(f'{head}, "anchors": [\n{lines}]}}')
    return '{"lists": [\n' + ",\n".join(parts) + "\n]}\n"


def official(path: Path, role: Role) -> List:
    """Return one of the two official lists."""
    anchors = load_pem(path, name=OFFICIAL, role=role)
    source = OFFICIAL_SOURCE + path.name.upper().replace(".PEM", ".pem")
    return named(anchors, path.stem, OFFICIAL, role, OFFICIAL_DATE, path.read_bytes(), source)


def interim_anchors(path: Path) -> list[List]:
    """Return the interim authorities in the two roles that one file mixes."""
    data = path.read_bytes()
    by_role: dict[Role, list[Anchor]] = {Role.SIGNER: [], Role.TIMESTAMP: []}
    for certificate in x509.load_pem_x509_certificates(data):
        role = role_of(certificate)
        pem = certificate.public_bytes(Encoding.PEM)
        by_role[role] += anchors_of(pem, str(path), name=INTERIM, role=role)
    names = {Role.SIGNER: "interim-anchors", Role.TIMESTAMP: "interim-timestamp"}
    source = INTERIM_SOURCE + path.name
    return [
        named(anchors, names[role], INTERIM, role, INTERIM_DATE, data, source)
        for role, anchors in by_role.items()
    ]


def role_of(authority: x509.Certificate) -> Role:
    """Tell what an authority of the mixed file vouches for: by its uses, else by its name.

    One time-stamp authority (GlobalSign G4) states no use; its name says what it is.
    """
    try:
        uses = authority.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        stamps = ExtendedKeyUsageOID.TIME_STAMPING in list(uses)
    except x509.ExtensionNotFound:
        stamps = "timestamping" in authority.subject.rfc4514_string().lower()
    return Role.TIMESTAMP if stamps else Role.SIGNER


def interim_allowed(path: Path) -> List:
    """Return the single certificates that the interim list allows, by their hashes."""
    found = load_pem(path, name=INTERIM, role=Role.SIGNER)
    leaves = [Anchor.leaf(a.sha256, Role.SIGNER, INTERIM) for a in found]
    name, source = "interim-allowed", INTERIM_SOURCE + path.name
    return named(leaves, name, INTERIM, Role.SIGNER, INTERIM_DATE, path.read_bytes(), source)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
