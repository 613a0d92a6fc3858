"""What the manifests say together, and its level by DESIGN §5. Pure: facts in, level out.

Edit statements need no trust: doubt moves a file up. Statements that lower a file need all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assay.core.vocab import Level, Polarity
from assay.examiners._c2pa_manifest import Action, Ingredient, Manifest, Reading
from assay.examiners._c2pa_products import Product, Products
from assay.examiners._c2pa_tier import LISTED, Judged, Tier
from assay.trust.path import Standing

MAX_DEPTH = 32  # manifests in one chain of ingredients
_Rule = Callable[[Manifest], bool]

# Digital source types: cv.iptc.org/newscodes/digitalsourcetype and C2PA 2.2 §18.15.3
AI_MADE = "trainedAlgorithmicMedia"
_MACHINE_MADE = frozenset({AI_MADE, "algorithmicMedia", "trainedAlgorithmicData"})
_AI_CHANGED = frozenset({"compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"})
_CHANGED = frozenset(
    {"composite", "compositeCapture", "algorithmicallyEnhanced", "humanEdits", "minorHumanEdits"}
)
_CAPTURED = frozenset({"digitalCapture", "computationalCapture"})

# Actions that leave the picture as it is (C2PA 2.2 §18.15.2, table of actions). Any other one,
# known or not, is a change.
_NEUTRAL = frozenset(
    {
        "c2pa.created",
        "c2pa.opened",
        "c2pa.converted",
        "c2pa.transcoded",
        "c2pa.repackaged",
        "c2pa.published",
        "c2pa.watermarked",
        "c2pa.watermarked.bound",
        "c2pa.watermarked.unbound",
        "c2pa.edited.metadata",
    }
)
_TAKES_IN = frozenset({"c2pa.opened", "c2pa.placed"})  # a picture, listed or not


@dataclass(frozen=True, slots=True)
class Story:
    """The level of a file's credential, and why."""

    level: Level
    polarity: Polarity
    ai: bool  # says anywhere that a machine made it or a part of it
    text: str  # what it says, without who says it
    basis: str
    product: str = ""  # row of the table of products that stood in for a source type


_NOTHING = "It says neither that a machine made the picture nor that a camera did."
_S5 = (
    "Every manifest verifies to a listed anchor and every chain of ingredients begins with "
    "c2pa.created and trainedAlgorithmicMedia (C2PA 2.2; IPTC digital source type)."
)
_ROW = (
    " {name} writes no source type; that it only generates is the row of {since} to {until} in "
    "Assay's table of {table}: {source}"
)
_S3 = (
    "As a trusted credential, but a certificate's date has run out and no trusted time-stamp "
    "proves an earlier time (C2PA 2.2 §14; RFC 3161)."
)
_S1 = (
    "Anyone can sign such a statement; its signature does not lead to a listed anchor or the "
    "credential does not verify or is not complete (C2PA 2.2 §14)."
)
_E = "The credential records a change or an input picture (C2PA 2.2 §18.15, actions)."
_C3 = (
    "A listed signer states a capture by a camera, and no change after it "
    "(C2PA 2.2; IPTC digital source type)."
)
_N = "A credential without a statement on the origin is neutral (evidence policy, N)."


_NO_PRODUCTS = Products("")


def tell(reading: Reading, judged: Judged, products: Products = _NO_PRODUCTS) -> Story:
    """Return what the credential says and at which level.

    ``products`` is the table of those that only generate and write no source type.
    """
    chains = _Chains(reading, judged, products)
    manifests = list(reading.manifests.values())
    source_types = {term for m in manifests for term in m.source_types}
    rows = [row for m in manifests if (row := products.named_in(m))]
    ai = bool(rows or source_types & (_MACHINE_MADE | _AI_CHANGED))
    if why := _change(manifests, source_types, chains):
        return Story(Level.E, Polarity.EDITED, ai, why, _E)
    if ai:
        level, basis = Level.S1, _S1
        if chains.generated() and judged.tier in LISTED:
            level, basis = Level.S5, _S5
        elif chains.generated() and judged.tier is Tier.EXPIRED:
            level, basis = Level.S3, _S3
        if level is not Level.S1:
            basis += "".join(_row(row, products) for row in dict.fromkeys(rows))
        named = rows[0].name if rows else ""
        return Story(level, Polarity.SYNTHETIC, ai, "made by a machine", basis, named)
    captured = source_types & _CAPTURED
    if captured and judged.tier in LISTED and chains.captured():
        return Story(Level.C3, Polarity.CAMERA, ai, "captured by a camera", _C3)
    text = "captured by a camera, by an unproven statement" if captured else "no statement on AI"
    return Story(Level.N, Polarity.NONE, ai, text, _N if not captured else f"{_N} {_C3}")


def _row(row: Product, products: Products) -> str:
    return _ROW.format(
        name=row.name, since=row.since, until=row.until, table=products.date, source=row.source
    )


def _change(manifests: list[Manifest], source_types: set[str], chains: _Chains) -> str:
    """Return the statement of a change, "" where there is none."""
    if source_types & _AI_CHANGED:
        return "changed with AI (compositeWithTrainedAlgorithmicMedia)"
    if source_types & _MACHINE_MADE and source_types & _CAPTURED:
        return "states both a capture by a camera and the work of a machine"
    for manifest in manifests:
        change = _first_change(manifest)
        if change and not chains.covers(manifest):
            taken_in = media(manifest) or _takes_in_more_than_listed(manifest)
            words = "changed after it was taken in" if taken_in else "records an edit action"
            return f"{words} ({change})"
    for manifest in manifests:
        if _takes_in_more_than_listed(manifest):
            return "took in a picture that it does not list"
        for ingredient in media(manifest):
            if not chains.machine_made(ingredient) and not chains.proven_capture(ingredient):
                return f"names an input picture ({ingredient.relationship or 'ingredient'})"
    return ""


def _first_change(manifest: Manifest) -> str:
    for action in manifest.actions:
        if action.name not in _NEUTRAL:
            return action.name
    return next((term for term in manifest.source_types if term in _CHANGED), "")


def _born(manifest: Manifest, terms: frozenset[str]) -> bool:
    """Tell whether the first action creates the picture in one of these ways, from nothing."""
    first: Action | None = manifest.actions[0] if manifest.actions else None
    return first is not None and first.name == "c2pa.created" and first.source_type in terms


def _takes_in_more_than_listed(manifest: Manifest) -> bool:
    taken = sum(action.name in _TAKES_IN for action in manifest.actions)
    return taken > len(media(manifest))


def media(manifest: Manifest) -> tuple[Ingredient, ...]:
    """Return the ingredients that are, or could be, pictures, videos or sounds."""
    return tuple(i for i in manifest.ingredients if i.is_media)


class _Chains:
    """Where chains of media ingredients end. Cycles and endless chains end nowhere."""

    def __init__(self, reading: Reading, judged: Judged, products: Products) -> None:
        self._products = products
        self._manifests = reading.manifests
        self._judged = judged
        self._active = reading.active
        self._known: dict[tuple[_Rule, str], bool] = {}

    def generated(self, label: str | None = None) -> bool:
        """Every end is created by a machine, and every manifest leads to a listed anchor."""
        return self._ends(label or self._active, self._is_generated, ())

    def captured(self) -> bool:
        """Every end is created by a camera."""
        return self._ends(self._active, _is_captured, ())

    def machine_made(self, ingredient: Ingredient) -> bool:
        """Every end of it says in some way, proven or not, that a machine made it."""
        return self._ends(ingredient.manifest, self._is_machine_made, ())

    def proven_capture(self, ingredient: Ingredient) -> bool:
        """Every end of it is created by a camera, and every manifest is trusted."""
        return self._ends(ingredient.manifest, self._is_proven_capture, ())

    def _is_generated(self, manifest: Manifest) -> bool:
        proven = self._judged.standing(manifest.label) >= Standing.EXPIRED
        return proven and (bool(media(manifest)) or self._is_born_of_a_machine(manifest))

    def _is_born_of_a_machine(self, manifest: Manifest) -> bool:
        return _born(manifest, frozenset({AI_MADE})) or self._is_proven_product(manifest)

    def _is_proven_product(self, manifest: Manifest) -> bool:
        """Tell whether a row of the table stands in for the source type that is not written."""
        signed = self._judged.signatures.get(manifest.label)
        if signed is None or signed.at is None:
            return False
        return any(
            row.is_named_in(manifest) and row.is_proven_by(signed.anchor, signed.at)
            for row in self._products.rows
        )

    def _is_machine_made(self, manifest: Manifest) -> bool:
        stated = bool(set(manifest.source_types) & _MACHINE_MADE)
        return bool(media(manifest)) or stated or self._products.named_in(manifest) is not None

    def _is_proven_capture(self, manifest: Manifest) -> bool:
        return self._judged.standing(manifest.label) is Standing.TRUSTED and _is_captured(manifest)

    def covers(self, manifest: Manifest) -> bool:
        """Tell whether changes in this manifest touch machine-made pictures alone."""
        ingredients = media(manifest)
        if not ingredients:
            born = self._is_born_of_a_machine(manifest)
            return born and not _takes_in_more_than_listed(manifest)
        return not _takes_in_more_than_listed(manifest) and all(
            i.manifest is not None and self.generated(i.manifest) for i in ingredients
        )

    def _ends(self, label: str | None, rule: _Rule, above: tuple[str, ...]) -> bool:
        manifest = self._manifests.get(label) if label else None
        if manifest is None or manifest.label in above or len(above) >= MAX_DEPTH:
            return False
        known = self._known.get((rule, manifest.label))
        if known is None:  # remembered, since manifests may share ingredients
            known = rule(manifest) and not _takes_in_more_than_listed(manifest)
            known = known and all(
                self._ends(i.manifest, rule, (*above, manifest.label)) for i in media(manifest)
            )
            self._known[rule, manifest.label] = known
        return known


def _is_captured(manifest: Manifest) -> bool:
    return bool(media(manifest)) or _born(manifest, _CAPTURED)
