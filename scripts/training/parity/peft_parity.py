"""The Python half of parity.ts: loads what Attune trained, and trains for Attune to load.

Reads <folder>/attune.json (token ids, outputs) and the adapters and merged models beside it; writes <folder>/peft.json
(differences from Attune's outputs; outputs of adapters that were trained here) and PEFT adapters.

Needs: pip install -r scripts/bench/train/requirements.txt
Run:   by parity.ts
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification

folder, models = Path(sys.argv[1]), Path(sys.argv[2])
request = json.loads((folder / "attune.json").read_text())
torch.manual_seed(3)
# One thread: a few short texts are not worth waiting for each other at every operation.
torch.set_num_threads(1)
ENCODER = models / "all-MiniLM-L6-v2"
DECODER = models / "SmolLM2-135M-Instruct-Q4_1"


def encoder_state():
    return {name: value.float() for name, value in load_file(ENCODER / "model.fp16.safetensors").items()}


def loaded(model, state):
    missing, _ = model.load_state_dict(state, strict=False)
    # The head of a new scorer is random on both sides, and comes with the adapter.
    assert all(name.startswith("classifier.") for name in missing), missing
    return model.float().eval()


def encoder():
    return loaded(AutoModel.from_config(AutoConfig.from_pretrained(ENCODER)), encoder_state())


def scorer():
    config = AutoConfig.from_pretrained(ENCODER, num_labels=1)
    state = {f"bert.{name}": value for name, value in encoder_state().items()}
    return loaded(AutoModelForSequenceClassification.from_config(config), state)


def decoder():
    return AutoModelForCausalLM.from_pretrained(
        DECODER, gguf_file="SmolLM2-135M-Instruct.Q4_1.gguf", dtype=torch.float32
    ).eval()


def embed(model, sequences):
    rows = []
    for ids in sequences:
        hidden = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
        rows.append(torch.nn.functional.normalize(hidden.mean(0), dim=0))
    return torch.stack(rows)


def logits(model, sequences):
    return torch.stack([model(input_ids=torch.tensor([ids])).logits[0, -1] for ids in sequences])


def scores(model, pairs):
    rows = [model(input_ids=torch.tensor([pair["ids"]]), token_type_ids=torch.tensor([pair["types"]])) for pair in pairs]
    return torch.cat([row.logits for row in rows])


def worst(values, expected):
    return (values - torch.tensor(expected)).abs().max().item()


def train(model, loss, steps=4):
    model.train()
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3)
    for _ in range(steps):
        value = loss(model)
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
    print(f"  PEFT trained to a loss of {value.item():.3f}")
    return model.eval()


def ranking_loss(model):
    half = len(request["encoder"]["ids"]) // 2
    vectors = embed(model, request["encoder"]["ids"])
    return torch.nn.functional.cross_entropy(20 * vectors[:half] @ vectors[half:].T, torch.arange(half))


def language_loss(model):
    losses = []
    for ids in request["decoder"]["ids"]:
        tokens = torch.tensor([ids])
        losses.append(model(input_ids=tokens, labels=tokens).loss)
    return torch.stack(losses).mean()


def score_loss(model):
    values = scores(model, request["scorer"]["pairs"])
    labels = torch.arange(len(values)).remainder(2).float()[:, None]
    return torch.nn.functional.binary_cross_entropy_with_logits(values, labels)


report, outputs = {}, {}
GGUF_NAMES = {
    "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
    "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
}


def gguf_difference(model):
    """Largest difference of an update B·A in the GGUF file from PEFT's, rows permuted as llama.cpp's converter does."""
    reader = gguf.GGUFReader(folder / "decoder-attune.gguf")
    stored = {tensor.name: torch.from_numpy(np.array(tensor.data)).float() for tensor in reader.tensors}
    alpha = float(reader.fields["adapter.lora.alpha"].parts[-1][0])
    largest = 0.0
    for path, module in model.named_modules():
        if not isinstance(module, LoraLayer):
            continue
        layer, linear = path.split(".")[2], path.split(".")[-1]
        delta = module.get_delta_weight("default")
        if linear in ("q_proj", "k_proj"):
            heads = delta.shape[0] // 64
            delta = delta.reshape(heads, 2, 32, -1).swapaxes(1, 2).reshape(delta.shape)
        a, b = (stored.pop(f"blk.{layer}.{GGUF_NAMES[linear]}.weight.lora_{part}") for part in "ab")
        largest = max(largest, (alpha / a.shape[0] * (b @ a) - delta).abs().max().item())
    assert not stored, list(stored)
    return largest


def compare(name, numbers, base, compute, auto, config, loss):
    """Both directions for one model: Attune's adapter and merged model here, then one trained here."""
    expected = request[name]
    inputs = expected["pairs"] if name == "scorer" else expected["ids"]
    with torch.no_grad():
        if name != "scorer":
            report[f"{numbers}: base"] = worst(compute(base, inputs), expected["base"])
        tuned = PeftModel.from_pretrained(base, folder / f"{name}-attune").eval()
        report[f"{numbers}: adapter of Attune in PEFT"] = worst(compute(tuned, inputs), expected["tuned"])
        if name == "decoder":
            report["updates: adapter of Attune in GGUF"] = gguf_difference(tuned.base_model.model)
        merged = auto.from_pretrained(folder / f"{name}-merged").eval()
        report[f"{numbers}: merged by Attune in Transformers"] = worst(compute(merged, inputs), expected["tuned"])
    trained = train(get_peft_model(tuned.unload(), config), loss)
    trained.save_pretrained(folder / f"{name}-peft")
    with torch.no_grad():
        outputs[name] = compute(trained, inputs).tolist()


LAYER = ["attention.self.query", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense"]
paths = [f"encoder.layer.{layer}.{name}" for layer in range(6) for name in LAYER]
compare("encoder", "embeddings", encoder(), embed, AutoModel,
        LoraConfig(r=8, lora_alpha=16, target_modules=paths), ranking_loss)
compare("scorer", "scores", scorer(), scores, AutoModelForSequenceClassification,
        LoraConfig(r=8, lora_alpha=16, task_type="SEQ_CLS", target_modules=["query", "value"]), score_loss)
compare("decoder", "logits", decoder(), logits, AutoModelForCausalLM,
        LoraConfig(r=4, lora_alpha=8, use_rslora=True, task_type="CAUSAL_LM", rank_pattern={"down_proj": 6},
                   target_modules=list(GGUF_NAMES)), language_loss)
(folder / "peft.json").write_text(json.dumps({"report": report, "outputs": outputs}))
