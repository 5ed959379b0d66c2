"""Adapters as Python's PEFT writes them, over random models of a few kB, and what each update does to a fixed vector.

Needs: pip install torch transformers peft
Run:   python scripts/goldens/peft_adapters.py tests/fixtures/peft
"""

import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, TaskType, get_peft_model
from peft.tuners.lora import LoraLayer
from transformers import BertConfig, BertForSequenceClassification, BertModel, LlamaConfig, LlamaForCausalLM

BERT = BertConfig(
    vocab_size=40, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32,
    max_position_embeddings=24, num_labels=1,
)
LLAMA = LlamaConfig(
    vocab_size=40, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1,
    intermediate_size=32, max_position_embeddings=24,
)
CASES = {
    "bert-list": (lambda: BertModel(BERT), torch.float32, LoraConfig(
        r=4, lora_alpha=8, lora_dropout=0.1, target_modules=["query", "attention.output.dense"])),
    "bert-regex-rslora": (lambda: BertModel(BERT), torch.bfloat16, LoraConfig(
        r=4, lora_alpha=8, use_rslora=True, target_modules=r"encoder\.layer\.(0|2)\.intermediate\.dense")),
    "llama-patterns": (lambda: LlamaForCausalLM(LLAMA), torch.float16, LoraConfig(
        r=4, lora_alpha=8, task_type=TaskType.CAUSAL_LM, target_modules=["q_proj", "v_proj", "down_proj"],
        layers_to_transform=[1, 2], rank_pattern={"down_proj": 2, r"layers\.2\.self_attn\.q_proj": 3},
        alpha_pattern={"v_proj": 3})),
    "bert-head": (lambda: BertForSequenceClassification(BERT), torch.float32, LoraConfig(
        r=4, lora_alpha=8, task_type=TaskType.SEQ_CLS, target_modules=["query", "value"])),
}

out = Path(sys.argv[1])
for name, (build, dtype, config) in CASES.items():
    torch.manual_seed(5)
    config.base_model_name_or_path = name
    model = get_peft_model(build(), config)
    for parameter in model.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.3)
            parameter.data = parameter.data.to(dtype)
    effects = {}
    for path, module in model.base_model.model.named_modules():
        if isinstance(module, LoraLayer):
            delta = module.get_delta_weight("default").float()
            vector = 1 / torch.arange(1, delta.shape[1] + 1)
            effects[path] = (delta @ vector).tolist()
    folder = out / name
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    config_file = folder / "adapter_config.json"
    written = json.loads(config_file.read_text())
    # Sets are written in a random order.
    if isinstance(written["target_modules"], list):
        written["target_modules"].sort()
    config_file.write_text(json.dumps(written, indent=2, sort_keys=True) + "\n")
    golden = {"effects": effects}
    if name == "bert-head":
        head = model.base_model.model.classifier.modules_to_save["default"]
        golden["classifier"] = {"weight": head.weight.flatten().tolist(), "bias": head.bias.tolist()}
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")
