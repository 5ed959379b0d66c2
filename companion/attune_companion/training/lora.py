"""LoRA by the app's knobs, as a PEFT configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file

BERT = {
    "all": [
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
        "intermediate.dense",
        "output.dense",
    ],
    "attention": ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"],
    "query-value": ["attention.self.query", "attention.self.value"],
}
LLAMA = {
    "all": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
    "attention": ["q_proj", "k_proj", "v_proj", "o_proj"],
    "query-value": ["q_proj", "v_proj"],
}
FAMILIES = {"bert": (BERT, "layer"), "roberta": (BERT, "layer"), "xlm-roberta": (BERT, "layer")}
WEIGHTS = "adapter_model.safetensors"


def lora_config(model: Any, settings: dict[str, Any], task: str, head: list[str] | None = None) -> LoraConfig:
    """`task`: FEATURE_EXTRACTION, SEQ_CLS or CAUSAL_LM. `head`: modules that are trained and saved whole."""
    names, blocks_name = FAMILIES.get(model.config.model_type, (LLAMA, "layers"))
    top, blocks = settings["topBlocks"], model.config.num_hidden_layers
    some = 0 < top < blocks
    return LoraConfig(
        task_type=task,
        r=settings["rank"],
        lora_alpha=settings["alpha"],
        lora_dropout=settings["dropout"],
        use_rslora=settings["rankStabilised"],
        target_modules=names[settings["targets"]],
        layers_to_transform=list(range(blocks - top, blocks)) if some else None,
        layers_pattern=blocks_name if some else None,
        modules_to_save=head,
        bias="none",
    )


def adapt(model: Any, config: LoraConfig, base: str) -> PeftModel:
    """The model with a new adapter, whose files will name `base` and not a path of this machine."""
    adapted = get_peft_model(model, config)
    adapted.peft_config["default"].base_model_name_or_path = base
    return adapted


def save_weights(model: PeftModel, path: Path) -> None:
    """The adapter's tensors alone."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in get_peft_model_state_dict(model).items()}
    save_file(tensors, path)


def load_weights(model: PeftModel, path: Path) -> None:
    """Puts saved tensors in the place of the adapter's. Raises a KeyError when one is missing."""
    result: Any = set_peft_model_state_dict(model, load_file(path))
    if result.unexpected_keys:
        raise KeyError(f"{path} does not fit its model: {result.unexpected_keys[0]}")


def save_adapter(model: PeftModel, folder: Path) -> None:
    """A PEFT folder: configuration and tensors."""
    folder.mkdir(parents=True, exist_ok=True)
    config = model.peft_config["default"]
    was = config.inference_mode
    config.inference_mode = True
    config.save_pretrained(str(folder))
    config.inference_mode = was
    save_weights(model, folder / WEIGHTS)
