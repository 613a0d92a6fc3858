"""What ComfyUI node classes do to a picture, as tables: loaders, inputs, sizes, outputs.

Source of the core classes: comfyanonymous/ComfyUI, nodes.py and comfy_extras/ (GPL-3: facts only).
A class in no table is unknown: what leads through it stays unresolved, never assumed harmless.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# --- input pictures (DESIGN §5, level E) -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Means:
    """A pattern of class names and what such a node says about the picture."""

    pattern: re.Pattern[str]
    statement: str


# Loaders of weights whose names hold "image" or "video", and no loader of pictures.
_WEIGHTS = re.compile(
    r"checkpoint|ckpt|lora|vae.?loader|clip|text.?encoder|t5|model.?(loader|select)"
    r"|load.?(\w*)model$|unet|hypernetwork",
    re.I,
)
# First match wins. Community classes by their common names.
_MEANS = (
    Means(
        re.compile(
            r"load.{0,40}(image|img|mask|video|photo|picture|frames|gif)"
            r"|(image|img|mask|video|photo|picture).{0,40}(load|from.?(url|path|clipboard|file))"
            r"|(image|img|mask|latent|video).?input|webcam|capture|loadlatent|etn_loadmask|screen.?share"
            r"|painternode|krita.?canvas|get.?image.?from",
            re.I,
        ),
        "image loader",
    ),
    Means(
        re.compile(r"inpaint|outpaint|setlatentnoisemask|lanpaint|brushnet|powerpaint", re.I),
        "inpaint node",
    ),
    Means(re.compile(r"mask", re.I), "mask node"),
    Means(
        re.compile(
            r"reactor|face.?swap|roop|instant.?id|pulid|photo.?maker|face.?id|ecomid"
            r"|live.?portrait|infinite.?you",
            re.I,
        ),
        "face-swap or face-reference node",
    ),
    Means(re.compile(r"ip.?adapter", re.I), "IP-Adapter"),
    Means(
        re.compile(
            r"control.?net|t2i.?adapter|control.?lora.?apply|fun.?control|vace|diffsynth", re.I
        ),
        "control picture",
    ),
    Means(
        re.compile(
            r"unclip|clip.?vision.?encode|style.?model.?apply|reference|redux|kontext"
            r"|image.?edit|edit.?image|instructpix|ip2p|images?.?stitch|subject.?to",
            re.I,
        ),
        "reference picture",
    ),
    Means(
        re.compile(
            r"image.?to.?(image|video)|img.?2.?(img|vid)|imgtovideo|video.?to.?video"
            r"|animate.?to|i2v|v2v|first.?last.?frame|start.?image|s2v",
            re.I,
        ),
        "image-to-image mode",
    ),
)
VAE_ENCODE = re.compile(r"vae.{0,20}encode|encode.{0,20}vae", re.I)
_BENIGN = frozenset({  # classes that a pattern above would take for something else
    "ImageOnlyCheckpointLoader", "ImageOnlyCheckpointSave", "SaveAnimatedWEBP", "SaveAnimatedPNG",
    "UpscaleModelLoader", "ControlNetLoader", "DiffControlNetLoader", "StyleModelLoader",
    "CLIPVisionLoader", "IPAdapterModelLoader",
    "PhotoMakerLoader", "unCLIPCheckpointLoader",
})  # fmt: skip


@lru_cache(maxsize=4096)
def statement_of(name: str) -> str:
    """Return what a node class says about an input picture, or ''."""
    name = name[:100]
    if name in _BENIGN:
        return ""
    loader = _MEANS[0].pattern.search(name)
    if (
        loader
        and _WEIGHTS.search(name)
        and not re.match(r"(?i)(vhs_)?load(image|mask|video)", name)
    ):
        return ""
    return next((row.statement for row in _MEANS if row.pattern.search(name)), "")


def is_loader(name: str) -> bool:
    """Tell whether a node class loads a picture from outside the graph."""
    return statement_of(name) == "image loader"


# --- the chain of sizes ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """A node that makes an empty latent (or a plain picture): where a chain of sizes begins."""

    name: str
    grid: int  # pixels per latent cell; sides are rounded down to it


STARTS = {
    row.name: row
    for row in (
        Start("EmptyLatentImage", 8),
        Start("EmptySD3LatentImage", 8),
        Start("EmptyFlux2LatentImage", 16),
        Start("EmptyQwenImageLayeredLatentImage", 8),
        Start("EmptyHunyuanImageLatent", 32),
        Start("EmptyHunyuanLatentVideo", 8),
        Start("EmptyMochiLatentVideo", 8),
        Start("EmptyCosmosLatentVideo", 8),
        Start("EmptyLTXVLatentVideo", 32),
        Start("EmptyChromaRadianceLatentImage", 1),
    )
}


@dataclass(frozen=True, slots=True)
class Step:
    """A node on the chain: the input it takes the picture or latent from, and what it does."""

    name: str
    source: str  # name of the input that the chain follows
    does: str = "keep"  # "keep", "resize", "factor", "model", "megapixels"
    grid: int = 1  # the result is rounded down to it


STEPS = {
    row.name: row
    for row in (
        # samplers
        Step("KSampler", "latent_image"),
        Step("KSamplerAdvanced", "latent_image"),
        Step("SamplerCustom", "latent_image"),
        Step("SamplerCustomAdvanced", "latent_image"),
        # latents
        Step("LatentUpscale", "samples", "resize", 8),
        Step("LatentUpscaleBy", "samples", "factor", 8),
        Step("LatentFromBatch", "samples"),
        Step("RepeatLatentBatch", "samples"),
        Step("LatentMultiply", "samples"),
        Step("LatentBatchSeedBehavior", "samples"),
        Step("VAEDecode", "samples"),
        Step("VAEDecodeTiled", "samples"),
        Step("VAEEncode", "pixels", "keep", 8),
        Step("VAEEncodeTiled", "pixels", "keep", 8),
        # pictures
        Step("ImageScale", "image", "resize"),
        Step("ImageScaleBy", "image", "factor"),
        Step("ImageScaleToTotalPixels", "image", "megapixels"),
        Step("ImageUpscaleWithModel", "image", "model"),
        Step("ImageSharpen", "image"),
        Step("ImageBlur", "image"),
        Step("ImageQuantize", "image"),
        Step("ImageInvert", "image"),
        Step("ImageFromBatch", "image"),
        Step("RepeatImageBatch", "image"),
        Step("CreateVideo", "images"),
    )
}


@dataclass(frozen=True, slots=True)
class Output:
    """A node that writes a file: its input, and the media types it writes (None: any)."""

    name: str
    source: str
    media_types: tuple[str, ...] | None


_VIDEO = ("video/mp4", "video/quicktime", "video/webm", "video/x-matroska")
OUTPUTS = {
    row.name: row
    for row in (
        Output("SaveImage", "images", ("image/png", "image/apng")),
        Output("PreviewImage", "images", ("image/png", "image/apng")),
        Output("SaveImageWebsocket", "images", ("image/png", "image/apng")),
        Output("SaveAnimatedPNG", "images", ("image/png", "image/apng")),
        Output("SaveAnimatedWEBP", "images", ("image/webp",)),
        Output("SaveWEBM", "images", ("video/webm", "video/x-matroska")),
        Output("SaveVideo", "video", _VIDEO),
        Output("VHS_VideoCombine", "images", (*_VIDEO, "image/gif", "image/webp")),
        Output("SwarmSaveImageWS", "images", None),
        Output("Image Save", "images", None),
        Output("SaveImageExtended", "images", None),
    )
}

# --- classes that carry no picture of their own ------------------------------------------------

# Weights, conditioning, noise, schedules and plain values: known to bring no picture in.
NEUTRAL = frozenset({
    "ECHOCheckpointLoaderSimple",  # Tensor.Art's own
    "CheckpointLoaderSimple", "CheckpointLoader", "UNETLoader", "UnetLoaderGGUF", "CLIPLoader",
    "CLIPLoaderGGUF", "DualCLIPLoader", "DualCLIPLoaderGGUF", "TripleCLIPLoader",
    "QuadrupleCLIPLoader", "VAELoader", "LoraLoader", "LoraLoaderModelOnly", "UpscaleModelLoader",
    "ImageOnlyCheckpointLoader", "DiffusersLoader", "HypernetworkLoader",
    "CLIPTextEncode", "CLIPTextEncodeSDXL", "CLIPTextEncodeSDXLRefiner", "CLIPTextEncodeSD3",
    "CLIPTextEncodeFlux", "CLIPTextEncodeHunyuanDiT", "CLIPTextEncodePixArtAlpha",
    "CLIPTextEncodeLumina2", "CLIPTextEncodeHiDream", "CLIPSetLastLayer", "T5TokenizerOptions",
    "ConditioningCombine", "ConditioningConcat", "ConditioningAverage", "ConditioningSetArea",
    "ConditioningSetAreaPercentage", "ConditioningSetAreaStrength", "ConditioningSetTimestepRange",
    "ConditioningZeroOut", "FluxGuidance", "FluxDisableGuidance", "LTXVConditioning",
    "SD_4XUpscale_Conditioning_NoImage", "StableCascade_StageB_Conditioning",
    "ModelSamplingDiscrete", "ModelSamplingContinuousEDM", "ModelSamplingContinuousV",
    "ModelSamplingStableCascade", "ModelSamplingSD3", "ModelSamplingAuraFlow", "ModelSamplingFlux",
    "ModelSamplingLTXV", "RescaleCFG", "CFGNorm", "CFGZeroStar", "SkipLayerGuidanceSD3",
    "SkipLayerGuidanceDiT", "UNetTemporalAttentionMultiply", "FreeU", "FreeU_V2", "HyperTile",
    "PatchModelAddDownscale", "PerpNeg", "PerturbedAttentionGuidance", "SelfAttentionGuidance",
    "SAG", "TomePatchModel", "ModelMergeSimple", "ModelMergeBlocks", "ModelMergeAdd",
    "ModelMergeSubtract", "CLIPMergeSimple", "VideoLinearCFGGuidance", "DifferentialDiffusion",
    "BasicGuider", "CFGGuider", "DualCFGGuider", "PerpNegGuider", "RandomNoise", "DisableNoise",
    "KSamplerSelect", "SamplerEulerAncestral", "SamplerLMS", "SamplerDPMPP_2M_SDE",
    "SamplerDPMPP_SDE", "SamplerDPMPP_3M_SDE", "SamplerDPMPP_2S_Ancestral", "SamplerLCMUpscale",
    "SamplerEulerCFGpp", "SamplerDPMAdaptative", "SamplerER_SDE", "BasicScheduler",
    "KarrasScheduler", "ExponentialScheduler", "PolyexponentialScheduler", "LaplaceScheduler",
    "VPScheduler", "BetaSamplingScheduler", "SDTurboScheduler", "AlignYourStepsScheduler",
    "GITSScheduler", "LTXVScheduler", "Flux2Scheduler", "OptimalStepsScheduler", "SplitSigmas",
    "SplitSigmasDenoise", "FlipSigmas", "PrimitiveNode", "PrimitiveInt", "PrimitiveFloat",
    "PrimitiveString", "PrimitiveStringMultiline", "PrimitiveBoolean", "Note", "MarkdownNote",
    "Reroute",
})  # fmt: skip


def is_known(name: str) -> bool:
    """Tell whether a class is in one of the tables."""
    return name in NEUTRAL or name in STARTS or name in STEPS or name in OUTPUTS
