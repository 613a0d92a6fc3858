"""What each image generator writes down, as texts under their keys: one small function per tool.

Written from each tool's own source or documentation (named beside it in ``generators``), never
copied from a file. Every function takes the picture's size and gives a record without input.
"""

from __future__ import annotations

import json
from typing import Any

Size = tuple[int, int]
Texts = dict[str, str]
SEED = 1234
DIGEST = "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa"


def a1111(size: Size, more: str = "") -> Texts:
    width, height = size
    return {
        "parameters": "a lighthouse at noon <lora:calm:0.8>\nNegative prompt: blurry\n"
        f"Steps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, Seed: {SEED}, "
        f"Size: {width}x{height}, Model hash: {DIGEST[:10]}, Model: base, VAE: soft.pt, "
        f'Lora hashes: "calm: 0123456789ab"{more}'
    }


def forge(size: Size) -> Texts:
    return a1111(size, ", Version: f2.0.1v1.10.1-previous-659-gc055f2d4")


def reforge(size: Size) -> Texts:
    return a1111(size, ", Version: f1.0.0v2-v1.10.1RC-latest-2164")


def forge_neo(size: Size) -> Texts:
    return a1111(size, ", Version: neo")


def sdnext(size: Size) -> Texts:
    return a1111(size, ", App: SD.Next, Version: 8b1b6a5")


def comfy_graph(size: Size) -> dict[str, Any]:
    node = {
        "1": ("CheckpointLoaderSimple", {"ckpt_name": "base.safetensors"}),
        "2": ("EmptyLatentImage", {"width": size[0], "height": size[1], "batch_size": 1}),
        "3": ("CLIPTextEncode", {"text": "a lighthouse at noon", "clip": ["1", 1]}),
        "4": ("CLIPTextEncode", {"text": "blurry", "clip": ["1", 1]}),
        "5": ("KSampler", {"seed": SEED, "steps": 20, "cfg": 7.5, "sampler_name": "euler",
                           "scheduler": "normal", "denoise": 1.0, "model": ["1", 0],
                           "positive": ["3", 0], "negative": ["4", 0],
                           "latent_image": ["2", 0]}),
        "6": ("VAEDecode", {"samples": ["5", 0], "vae": ["1", 2]}),
        "7": ("SaveImage", {"images": ["6", 0], "filename_prefix": "ComfyUI"}),
    }  # fmt: skip
    return {key: {"class_type": name, "inputs": inputs} for key, (name, inputs) in node.items()}


def comfyui(size: Size) -> Texts:
    editor = {"nodes": [{"id": 5, "type": "KSampler", "widgets_values": [SEED]}], "links": []}
    return {"prompt": json.dumps(comfy_graph(size)), "workflow": json.dumps(editor)}


def comfyui_webp(size: Size) -> Texts:
    graph = comfy_graph(size)
    graph["7"] = {"class_type": "SaveAnimatedWEBP", "inputs": {"images": ["6", 0], "fps": 6}}
    return {"Model": f"prompt:{json.dumps(graph)}", "Make": 'workflow:{"nodes": []}'}


def comfyui_comment(size: Size) -> Texts:
    both = {"prompt": json.dumps(comfy_graph(size)), "workflow": {"nodes": []}}
    return {"comment": json.dumps(both)}


def swarmui(size: Size) -> Texts:
    params = {"prompt": "a lighthouse at noon", "model": "base", "seed": SEED, "steps": 20,
              "cfgscale": 7.0, "sampler": "euler", "width": size[0], "height": size[1],
              "swarm_version": "0.9.3.1"}  # fmt: skip
    models = [{"name": "base.safetensors", "param": "model", "hash": f"0x{DIGEST}"}]
    return {"parameters": json.dumps({"sui_image_params": params, "sui_models": models})}


def novelai_comment(size: Size) -> dict[str, Any]:
    return {"prompt": "a lighthouse at noon", "steps": 28, "height": size[1], "width": size[0],
            "scale": 5.0, "uncond_scale": 1.0, "seed": SEED, "noise_schedule": "karras",
            "sampler": "k_euler_ancestral", "uc": "blurry", "request_type":
            "PromptGenerateRequest"}  # fmt: skip


def novelai(size: Size) -> Texts:
    return {"Title": "NovelAI generated image", "Description": "a lighthouse at noon",
            "Software": "NovelAI", "Source": "NovelAI Diffusion V4.5 4BDE2A90",
            "Comment": json.dumps(novelai_comment(size))}  # fmt: skip


def novelai_webp(size: Size) -> Texts:
    return {"Software": "NovelAI Diffusion V4.5 4BDE2A90", "DocumentName": "NovelAI",
            "UserComment": json.dumps(novelai_comment(size))}  # fmt: skip


def invokeai(size: Size) -> Texts:
    digest = f"blake3:{DIGEST}"
    meta = {"app_version": "5.4.0", "generation_mode": "txt2img", "seed": SEED, "steps": 30,
            "positive_prompt": "a lighthouse at noon", "negative_prompt": "", "cfg_scale": 7.5,
            "scheduler": "euler", "width": size[0], "height": size[1],
            "model": {"name": "base", "hash": digest, "type": "main"},
            "loras": [{"model": {"name": "calm", "hash": digest}, "weight": 0.8}]}  # fmt: skip
    graph = {"nodes": {"a": {"type": "l2i"}, "b": {"type": "noise"}}, "edges": []}
    return {"invokeai_metadata": json.dumps(meta), "invokeai_graph": json.dumps(graph)}


def invokeai_graph(size: Size) -> Texts:
    return {"invokeai_graph": invokeai(size)["invokeai_graph"]}


def invokeai_2(size: Size) -> Texts:
    image = {"prompt": [{"prompt": "a lighthouse at noon", "weight": 1}], "seed": SEED,
             "steps": 50, "sampler": "k_lms", "cfg_scale": 7.5, "width": size[0],
             "height": size[1], "type": "txt2img"}  # fmt: skip
    whole = {"model_weights": "stable-diffusion-1.5", "app_version": "2.3.0", "image": image}
    return {"sd-metadata": json.dumps(whole)}


def invokeai_1(size: Size) -> Texts:
    return {"Dream": f'"a lighthouse at noon" -s50 -S{SEED} -W{size[0]} -H{size[1]} -C7.5 -A k_lms'}


def invokeai_0(size: Size) -> Texts:
    node = {"id": "1", "type": "t2l", "prompt": "a lighthouse at noon", "seed": SEED, "steps": 10,
            "width": size[0], "height": size[1], "scheduler": "euler", "model": "base"}  # fmt: skip
    return {"invokeai": json.dumps({"session_id": "x", "node": node})}


def fooocus(size: Size) -> Texts:
    params = {"base_model": "jugg.safetensors", "base_model_hash": DIGEST[:10],
              "prompt": "a lighthouse at noon", "negative_prompt": "", "seed": str(SEED),
              "sampler": "dpmpp_2m_sde_gpu", "scheduler": "karras", "steps": 30,
              "guidance_scale": 4, "resolution": str(size), "version": "Fooocus v2.5.5",
              "metadata_scheme": "fooocus",
              "loras": [["offset.safetensors", 0.1, "4852686128"]]}  # fmt: skip
    return {"parameters": json.dumps(params), "fooocus_scheme": "fooocus"}


def ruinedfooocus(size: Size) -> Texts:
    params = {"Prompt": "a lighthouse at noon", "Negative": "blurry", "steps": 30, "cfg": 8,
              "width": size[0], "height": size[1], "seed": SEED, "sampler_name": "dpmpp_2m",
              "scheduler": "karras", "base_model_name": "base.safetensors",
              "base_model_hash": DIGEST, "loras": "<calm:0.5>,<warm:1>", "start_step": 0,
              "denoise": None, "software": "RuinedFooocus"}  # fmt: skip
    return {"parameters": json.dumps(params)}


def civitai(size: Size) -> Texts:
    extra = {"prompt": "a lighthouse at noon", "negativePrompt": "", "steps": 20, "cfgScale": 7,
             "sampler": "Euler a", "workflowId": "txt2img",
             "resources": [{"modelVersionId": 128078, "strength": 1}]}  # fmt: skip
    air = "urn:air:sdxl:checkpoint:civitai:101055@128078"
    graph = comfy_graph(size) | {"extra": {"airs": [air]}, "extraMetadata": json.dumps(extra)}
    return {"UserComment": json.dumps(graph)}


def tensorart(size: Size) -> Texts:
    base = {"label": "Base", "type": "BASE_MODEL", "modelFileName": "base", "hash": DIGEST}
    calm = {"label": "Calm", "type": "LORA", "modelFileName": "calm", "hash": DIGEST[:12]}
    data = {"models": [base, calm], "prompt": "a lighthouse at noon", "negativePrompt": "",
            "width": size[0], "height": size[1], "samplerName": "Euler a", "steps": 25,
            "cfgScale": 7, "seed": str(SEED), "baseModel": base}  # fmt: skip
    graph = comfy_graph(size)
    graph["1"]["class_type"] = "ECHOCheckpointLoaderSimple"
    return {"generation_data": json.dumps(data) + "\0" * 40, "prompt": json.dumps(graph)}


def stability_params(size: Size) -> str:
    return json.dumps({"PositivePrompt": "a lighthouse at noon", "NegativePrompt": "blurry",
                       "Steps": 20, "Sampler": "Euler", "CfgScale": 7.5, "Seed": SEED,
                       "Height": size[1], "Width": size[0], "ModelHash": DIGEST,
                       "ModelName": "base"})  # fmt: skip


PROJECT = json.dumps({"Version": 4, "ProjectType": "TextToImage", "State": {}})


def stability_matrix(size: Size) -> Texts:
    return {"parameters-json": stability_params(size), "smproj": PROJECT,
            **a1111(size), "prompt": json.dumps(comfy_graph(size))}  # fmt: skip


def stability_matrix_json(size: Size) -> Texts:
    return {"parameters-json": stability_params(size)}


def stability_matrix_webp(size: Size) -> Texts:
    return {"ImageDescription": stability_params(size), "Software": PROJECT}


def hf_space(size: Size) -> Texts:
    params = {"prompt": "a lighthouse at noon", "negative_prompt": "blurry",
              "resolution": f"{size[0]} x {size[1]}", "guidance_scale": 7,
              "num_inference_steps": 28, "seed": SEED, "sampler": "Euler a", "use_upscaler": None,
              "Model": "Animagine XL 3.1", "Model hash": DIGEST[:10]}  # fmt: skip
    return {"parameters": json.dumps(params)}


def drawthings(size: Size) -> Texts:
    params = {"c": "a lighthouse at noon", "uc": "blurry", "model": "base_f16.ckpt",
              "sampler": "DPM++ 2M Karras", "scale": 7.5, "seed": SEED, "steps": 20,
              "strength": 1, "size": f"{size[0]}x{size[1]}", "mask_blur": 1.5,
              "lora": [{"model": "calm_lora_f16.ckpt", "weight": 0.8}],
              "v2": {"controls": [], "maskBlur": 1.5, "upscaler": ""}}  # fmt: skip
    return {"xmp:CreatorTool": "Draw Things", "exif:UserComment": json.dumps(params)}


def easydiffusion(size: Size) -> Texts:
    return {"prompt": "a lighthouse at noon", "negative_prompt": "blurry", "seed": str(SEED),
            "use_stable_diffusion_model": "sd\\base.safetensors", "clip_skip": "False",
            "use_vae_model": "None", "sampler_name": "euler_a", "width": str(size[0]),
            "height": str(size[1]), "num_inference_steps": "25", "guidance_scale": "7.5",
            "use_lora_model": "['calm', 'warm']", "lora_alpha": "[0.5, 1]",
            "use_controlnet_model": "None", "use_upscale": "None"}  # fmt: skip


def easydiffusion_json(size: Size) -> Texts:
    params = {"Prompt": "a lighthouse at noon", "Seed": SEED, "Stable Diffusion model": "base",
              "Sampler": "euler_a", "Width": size[0], "Height": size[1], "Steps": 25,
              "Guidance Scale": 7.5}  # fmt: skip
    return {"UserComment": json.dumps(params)}


def horde(size: Size) -> Texts:
    params = {"sampler_name": "k_euler_a", "cfg_scale": 7, "seed": str(SEED), "steps": 25,
              "width": size[0], "height": size[1], "karras": True}  # fmt: skip
    whole = {"prompt": "a lighthouse at noon ### blurry", "params": params,
             "models": ["Deliberate"], "source_processing": "txt2img"}  # fmt: skip
    return {"UserComment": json.dumps(whole)}


JOB = "Job ID: 0b8c4a5e-1111-2222-3333-444455556666"


def midjourney(_size: Size) -> Texts:
    return {"Description": f"a lighthouse at noon --ar 3:2 --v 6.1 --seed {SEED} {JOB}",
            "Author": "someone"}  # fmt: skip


def midjourney_xmp(_size: Size) -> Texts:
    return {"dc:description": f"a lighthouse at noon --ar 3:2 --style raw --v 7 {JOB}"}


def unknown(size: Size) -> Texts:
    inner = {"positivePrompt": "a lighthouse at noon", "seed": SEED, "inference_steps": 20,
             "guidanceScale": 7.5, "width": size[0], "height": size[1]}  # fmt: skip
    return {"UserComment": json.dumps({"request": inner})}


def unknown_keys(_size: Size) -> Texts:
    return {"prompt": "a lighthouse at noon", "seed": str(SEED), "steps": "20", "model": "base"}


def unknown_lines(_size: Size) -> Texts:
    return {"UserComment": f"a lighthouse at noon | seed: {SEED} | steps: 20 | model: base"}


def dreamina(_size: Size) -> Texts:
    value = {"aigc_info": {"aigc_label_type": 0, "source_info": "dreamina"},
             "data": {"os": "web", "product": "dreamina", "exportType": "generation"}}  # fmt: skip
    return {"UserComment": json.dumps(value)}


def capcut(_size: Size) -> Texts:
    data = {"editType": "edit", "exportType": "export", "product": "vicut", "os": "ios"}
    return {"UserComment": json.dumps({"data": data, "source_type": "vicut"})}


def tc260(_size: Size) -> Texts:
    return {"AIGC": json.dumps({"Label": "1", "ContentProducer": "ExampleGen"})}


def grok(_size: Size) -> Texts:
    return {"ImageDescription": "Signature: YWJj", "Artist": JOB.rsplit(maxsplit=1)[-1]}


def source_type(_size: Size) -> Texts:
    where = "http://cv.iptc.org/newscodes/digitalsourcetype/"
    return {"Iptc4xmpExt:DigitalSourceType": f"{where}trainedAlgorithmicMedia"}


def firefly_producer(_size: Size) -> Texts:
    return {"Producer": "Adobe Firefly", "Title": "a lighthouse"}
