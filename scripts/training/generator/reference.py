"""PyTorch + PEFT on the examples of prepare.ts: the run that Attune's trainer is held against.

Settings of both: rank 16, alpha 32, no dropout, all seven linears, AdamW without weight decay, learning rate 5e-4 with
10 warm-up steps and linear decay to 5 %, four examples a step, the loss on the answer only (mean per example), clipping
at 1. The weights are the dequantised ones of the same GGUF file.

Needs: pip install torch transformers peft gguf
Run:   python scripts/training/generator/reference.py public/models/SmolLM2-135M-Instruct-Q4_1 .cache/generator
Out:   <folder>/reference/ (PEFT adapter), <folder>/reference.json (losses, seconds)
"""
import json, sys, time
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

model_folder, folder = sys.argv[1:3]
limit = int(sys.argv[3]) if len(sys.argv) > 3 else None
torch.set_num_threads(2)
torch.manual_seed(1)
model = AutoModelForCausalLM.from_pretrained(
    model_folder, gguf_file="SmolLM2-135M-Instruct.Q4_1.gguf", dtype=torch.float32
)
targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules=targets, task_type="CAUSAL_LM"))
parameters = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(parameters, lr=5e-4, weight_decay=0.0)

examples = json.load(open(f"{folder}/train.json"))
batch, peak, warm_up = 4, 5e-4, 10
steps = min(limit or 10**9, len(examples) // batch)
losses, seconds, tokens = [], [], 0
model.train()
for step in range(steps):
    started = time.time()
    rate = peak * min(1, (step + 1) / warm_up) * max(0.05, 1 - step / steps)
    for group in optimizer.param_groups:
        group["lr"] = rate
    total = 0.0
    for example in examples[step * batch : (step + 1) * batch]:
        prompt, completion = example["prompt"], example["completion"]
        ids = torch.tensor([prompt + completion])
        labels = torch.tensor([[-100] * len(prompt) + completion])
        loss = model(input_ids=ids, labels=labels).loss / batch
        loss.backward()
        total += loss.item()
        tokens += ids.numel()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    optimizer.zero_grad()
    losses.append(total)
    seconds.append(time.time() - started)
    if step % 10 == 9:
        print(f"step {step + 1}: loss {sum(losses[-10:]) / 10:.3f}, {sum(seconds) / len(seconds):.2f} s a step", flush=True)
model.save_pretrained(f"{folder}/reference")
with open(f"{folder}/reference.json", "w") as file:
    json.dump({"steps": steps, "losses": losses, "seconds": sum(seconds), "tokens": tokens}, file)
print(f"{steps} steps in {sum(seconds):.0f} s")
