"""Ten steps of torch.optim.AdamW with clip_grad_norm_ and the learning rates of Transformers' shape of schedule.

Needs: pip install torch
Run:   python scripts/goldens/adamw.py tests/fixtures/training/adamw.json
"""

import json
import sys

import torch

torch.manual_seed(7)
STEPS = 10
shapes = [(3, 4), (5,)]
parameters = [torch.nn.Parameter(torch.randn(shape)) for shape in shapes]
optimizer = torch.optim.AdamW(parameters, lr=1.0, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
golden = {
    "weightDecay": 0.01,
    "maxGradientNorm": 1.5,
    "start": [p.detach().flatten().tolist() for p in parameters],
    "steps": [],
}
for step in range(STEPS):
    rate = 0.05 * min(1, (step + 1) / 3) * max(0.1, 1 - step / STEPS)
    optimizer.param_groups[0]["lr"] = rate
    gradients = [torch.randn(shape) * (0.2 if step % 2 else 1.0) for shape in shapes]
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = gradient.clone()
    norm = torch.nn.utils.clip_grad_norm_(parameters, golden["maxGradientNorm"])
    optimizer.step()
    golden["steps"].append(
        {
            "learningRate": rate,
            "gradients": [g.flatten().tolist() for g in gradients],
            "norm": norm.item(),
            "parameters": [p.detach().flatten().tolist() for p in parameters],
        }
    )
with open(sys.argv[1], "w") as file:
    json.dump(golden, file)
