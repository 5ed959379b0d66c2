import type { LlamaLinear } from '../linears.ts';

/** Names of a linear layer's rows and of the masks for its width among the inputs of a block. */
export function rowsInput(linear: LlamaLinear): string {
  return `${linear}.mask rows`;
}
export function masksInput(width: number): string {
  return `masks ${width}`;
}
