import type { LlamaConfig } from './config.ts';

/** The linear layers of a block by the input that they share; the serving graph computes each group as one product. */
export const LLAMA_GROUPS = {
  qkv: ['q_proj', 'k_proj', 'v_proj'],
  o: ['o_proj'],
  gate_up: ['gate_proj', 'up_proj'],
  down: ['down_proj'],
} as const;

export type LlamaGroup = keyof typeof LLAMA_GROUPS;
/** A linear layer that can be adapted, by its name in Hugging Face's and PEFT's files. */
export type LlamaLinear = (typeof LLAMA_GROUPS)[LlamaGroup][number];

export const LLAMA_LINEARS: readonly LlamaLinear[] = Object.values(LLAMA_GROUPS).flat();

/** Rows and columns of a linear layer. */
export function linearShape(config: LlamaConfig, linear: LlamaLinear): [outFeatures: number, inFeatures: number] {
  const { hidden, feedForward, heads, keyValueHeads, headSize } = config;
  switch (linear) {
    case 'q_proj':
      return [heads * headSize, hidden];
    case 'k_proj':
    case 'v_proj':
      return [keyValueHeads * headSize, hidden];
    case 'o_proj':
      return [hidden, heads * headSize];
    case 'gate_proj':
    case 'up_proj':
      return [feedForward, hidden];
    case 'down_proj':
      return [hidden, feedForward];
  }
}
