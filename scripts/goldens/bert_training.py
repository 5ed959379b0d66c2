"""Makes the reference losses and gradients that the training of encoders is compared with.

    pip install torch transformers peft safetensors
    python scripts/goldens/bert_training.py tests/fixtures/embedder tests/fixtures/training public/models/all-MiniLM-L6-v2

Takes the tiny encoders with random weights of scripts/goldens/embedder.py, adds low-rank matrices drawn from a formula
(see `matrix`, which the tests repeat), and writes for each: the losses and the gradients of all low-rank matrices at
step 0, and the losses of ten steps of AdamW. All in double, so that what differs is our rounding.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import BertConfig, BertForSequenceClassification, BertModel, RobertaConfig, RobertaModel

SOURCE, TARGET, MINILM = map(Path, sys.argv[1:4])
TARGETS = ["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"]
RANK, ALPHA, SCALE = 4, 8, 20.0

QUERIES = [[2, 7, 11, 3], [2, 30, 3], [2, 5, 6, 7, 8, 9, 10, 3]]
POSITIVES = [[2, 12, 13, 14, 15, 16, 17, 18, 19, 20, 3], [2, 40, 41, 3], [2, 21, 22, 23, 24, 3]]
NEGATIVES = [[2, 33, 34, 35, 3], [2, 44, 45, 46, 47, 48, 49, 3], [2, 25, 3]]
TEACHER = [[9.0, 2.0], [7.5, 7.0], [8.0, -1.0]]


def matrix(shape, seed: int, amplitude: float) -> torch.Tensor:
    """amplitude * sin(12.9898 (i + 1) + 78.233 seed), row by row, in double: the same everywhere."""
    i = np.arange(1, np.prod(shape) + 1, dtype=np.float64)
    return torch.tensor((amplitude * np.sin(12.9898 * i + 78.233 * seed)).reshape(shape), dtype=torch.float32)


def encode(tensor: torch.Tensor) -> str:
    return base64.b64encode(tensor.detach().to(torch.float32).contiguous().numpy().tobytes()).decode()


def set_lora(model, amplitude: float = 0.25) -> list[tuple[str, torch.nn.Parameter]]:
    trained = [(n.removeprefix("base_model.model.").replace(".default", "").replace(".modules_to_save", ""), p) for n, p in model.named_parameters() if p.requires_grad]
    trained.sort()
    with torch.no_grad():
        for seed, (_, parameter) in enumerate(trained):
            parameter.copy_(matrix(tuple(parameter.shape), seed + 1, amplitude))
    return trained


def vectors(model, texts, pooling: str, pad: int) -> torch.Tensor:
    length = max(map(len, texts))
    ids = torch.full((len(texts), length), pad)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor(text)
    mask = (torch.arange(length)[None] < torch.tensor([len(t) for t in texts])[:, None]).long()
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
    if pooling == "cls":
        return hidden[:, 0]
    weights = mask[..., None].double()
    return (hidden * weights).sum(1) / weights.sum(1)


def unit(x: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(x, dim=-1)


def contrastive(q, p, n, symmetric=False, dimensions=None) -> torch.Tensor:
    total = 0
    for size in dimensions or [q.shape[-1]]:
        cut = [unit(x[..., :size]) for x in (q, p, n)]
        scores = SCALE * cut[0] @ torch.cat(cut[1:]).T
        labels = torch.arange(len(q))
        loss = torch.nn.functional.cross_entropy(scores, labels)
        if symmetric:
            loss = (loss + torch.nn.functional.cross_entropy(scores[:, : len(q)].T, labels)) / 2
        total = total + loss
    return total / len(dimensions or [1])


def own(q, p, n) -> torch.Tensor:
    """Cosines of every query with its own positive and hard negative, scaled: [queries, 2]."""
    q, p, n = unit(q), unit(p), unit(n)
    return SCALE * torch.stack([(q * p).sum(-1), (q * n).sum(-1)], 1)


def margin_mse(q, p, n) -> torch.Tensor:
    student, teacher = own(q, p, n), torch.tensor(TEACHER, dtype=torch.float64)
    return torch.nn.functional.mse_loss(student[:, :1] - student[:, 1:], teacher[:, :1] - teacher[:, 1:])


def kl(q, p, n) -> torch.Tensor:
    student = torch.log_softmax(own(q, p, n), -1)
    return torch.nn.functional.kl_div(student, torch.softmax(torch.tensor(TEACHER, dtype=torch.float64), -1), reduction="batchmean")


LOSSES = {
    "plain": contrastive,
    "symmetric": lambda q, p, n: contrastive(q, p, n, symmetric=True),
    "matryoshka": lambda q, p, n: contrastive(q, p, n, dimensions=[8, 32]),
    "margin-mse": margin_mse,
    "kl": kl,
}


def load(name: str, kind, config):
    model = kind(config, add_pooling_layer=False)
    model.load_state_dict({k: v.float() for k, v in load_file(SOURCE / f"{name}.safetensors").items()}, strict=False)
    return model


def ten_steps(model, trained, loss_of) -> list[float]:
    optimiser = torch.optim.AdamW([p for _, p in trained], lr=2e-3, weight_decay=0.01)
    losses = []
    for _ in range(10):
        optimiser.zero_grad()
        loss = loss_of()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for _, p in trained], 1.0)
        optimiser.step()
        losses.append(loss.item())
    return losses


def embedder(name: str, model, pooling: str, pad: int) -> None:
    model = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=TARGETS, lora_dropout=0.0))
    model.double().train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    golden = {"rank": RANK, "alpha": ALPHA, "queries": QUERIES, "positives": POSITIVES, "negatives": NEGATIVES, "teacher": TEACHER, "losses": {}}
    trained = set_lora(model)
    pooled = lambda: [vectors(model, texts, pooling, pad) for texts in (QUERIES, POSITIVES, NEGATIVES)]
    for kind, loss_of in LOSSES.items():
        model.zero_grad()
        loss = loss_of(*pooled())
        loss.backward()
        golden["losses"][kind] = loss.item()
        if kind == "plain":
            golden["gradients"] = {n: encode(p.grad) for n, p in trained}
        else:
            # One number for each further loss: they differ in the gradient by the vectors only.
            golden["losses"][f"{kind}, norm"] = torch.sqrt(sum((p.grad.double() ** 2).sum() for _, p in trained)).item()
    golden["tenSteps"] = ten_steps(model, trained, lambda: contrastive(*pooled()))
    (TARGET / f"{name}.json").write_text(json.dumps(golden) + "\n")


GROUPS = [
    {"pairs": [[2, 7, 11, 3, 12, 13, 14, 3], [2, 7, 11, 3, 40, 3], [2, 7, 11, 3, 21, 22, 23, 24, 25, 26, 3]], "labels": [1, 0, 0], "teacher": [4.0, -2.0, 0.5]},
    {"pairs": [[2, 30, 3, 33, 34, 35, 36, 3], [2, 30, 3, 9, 8, 3]], "labels": [0, 1], "teacher": [-1.0, 3.0]},
]


def types_of(tokens: list[int]) -> list[int]:
    first = tokens.index(3)
    return [int(i > first) for i in range(len(tokens))]


def ranking_losses(scores: torch.Tensor) -> dict[str, torch.Tensor]:
    labels = torch.tensor([float(label) for group in GROUPS for label in group["labels"]], dtype=torch.float64)
    teacher = torch.tensor([score for group in GROUPS for score in group["teacher"]], dtype=torch.float64)
    sizes = [len(group["pairs"]) for group in GROUPS]
    split = lambda values: torch.split(values, sizes)
    listwise = [-(y / y.sum() * torch.log_softmax(s, -1)).sum() for s, y in zip(split(scores), split(labels))]
    kl = [
        torch.nn.functional.kl_div(torch.log_softmax(s, -1), torch.softmax(t, -1), reduction="sum")
        for s, t in zip(split(scores), split(teacher))
    ]
    return {
        "bce": torch.nn.functional.binary_cross_entropy_with_logits(scores, labels),
        "listwise": torch.stack(listwise).mean(),
        "mse": torch.nn.functional.mse_loss(scores, teacher),
        "kl": torch.stack(kl).mean(),
    }


def reranker(config) -> None:
    config.num_labels = 1
    base = BertForSequenceClassification(config)
    state = {f"bert.{k}": v.float() for k, v in load_file(SOURCE / "tiny-bert.safetensors").items()}
    torch.manual_seed(7)
    pooler = {"weight": torch.randn(32, 32) * 0.5, "bias": torch.randn(32) * 0.3}
    state |= {f"bert.pooler.dense.{part}": value for part, value in pooler.items()}
    base.load_state_dict(state, strict=False)
    settings = LoraConfig(task_type="SEQ_CLS", r=RANK, lora_alpha=ALPHA, target_modules=TARGETS, lora_dropout=0.0)
    model = get_peft_model(base, settings).double().train()
    trained = set_lora(model)
    pairs = [pair for group in GROUPS for pair in group["pairs"]]
    length = max(map(len, pairs))
    padded = lambda rows: torch.tensor([row + [0] * (length - len(row)) for row in rows])

    def scores() -> torch.Tensor:
        mask = padded([[1] * len(pair) for pair in pairs])
        return model(input_ids=padded(pairs), attention_mask=mask, token_type_ids=padded(list(map(types_of, pairs)))).logits[:, 0]

    golden = {"rank": RANK, "alpha": ALPHA, "scores": scores().tolist(), "losses": {}}
    golden["pooler"] = {part: encode(value) for part, value in pooler.items()}
    golden["groups"] = [{**group, "types": list(map(types_of, group["pairs"]))} for group in GROUPS]
    for kind in ("bce", "listwise", "mse", "kl"):
        model.zero_grad()
        loss = ranking_losses(scores())[kind]
        loss.backward()
        golden["losses"][kind] = loss.item()
        golden["losses"][f"{kind}, norm"] = torch.sqrt(sum((p.grad**2).sum() for _, p in trained)).item()
        if kind == "bce":
            golden["gradients"] = {n: encode(p.grad) for n, p in trained}
    golden["tenSteps"] = ten_steps(model, trained, lambda: ranking_losses(scores())["bce"])
    (TARGET / "tiny-cross-encoder.json").write_text(json.dumps(golden) + "\n")


def minilm() -> None:
    """The real model: a few numbers of every gradient, for the whole would be megabytes."""
    base = BertModel(BertConfig.from_json_file(MINILM / "config.json"), add_pooling_layer=False)
    base.load_state_dict({k: v.float() for k, v in load_file(MINILM / "model.fp16.safetensors").items()}, strict=False)
    settings = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=TARGETS, lora_dropout=0.0)
    model = get_peft_model(base, settings).double().eval()
    trained = set_lora(model, amplitude=0.02)
    rows = [row["ids"][:24] for row in json.loads((SOURCE / "minilm.json").read_text())["rows"]]
    q, p = vectors(model, rows[:6], "mean", 0), vectors(model, rows[6:], "mean", 0)
    loss = contrastive(q, p, p[:0])
    loss.backward()
    gradients = {n: {"norm": g.norm().item(), "first": g.flatten()[:4].tolist()} for n, g in ((n, p.grad) for n, p in trained)}
    golden = {"rank": RANK, "alpha": ALPHA, "amplitude": 0.02, "loss": loss.item(), "gradients": gradients}
    (TARGET / "minilm.json").write_text(json.dumps(golden) + "\n")


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    minilm()
    for name, pooling in (("tiny-bert", "cls"), ("tiny-roberta", "mean")):
        settings = json.loads((SOURCE / f"{name}.json").read_text())["config"]
        kind, config = (BertModel, BertConfig) if name == "tiny-bert" else (RobertaModel, RobertaConfig)
        for key in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
            settings[key] = 0.0
        if name == "tiny-bert":
            reranker(config.from_dict(settings))
        embedder(name, load(name, kind, config.from_dict(settings)), pooling, settings["pad_token_id"])


main()
