import type { LlamaConfig } from './config.ts';

/**
 * Tables of the rotary position embedding (Su et al. 2021): cos and sin of position·frequency, [positions, headSize/2].
 *
 * Scaling as in Hugging Face's `modeling_rope_utils`: linear divides every frequency by the factor; llama3 divides the
 * low ones, keeps the high ones and interpolates between.
 */
export function ropeTables(config: LlamaConfig, positions: number): { cos: Float32Array; sin: Float32Array } {
  const frequencies = ropeFrequencies(config);
  const half = frequencies.length;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * frequencies[i]!;
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

/** Radians per position, [headSize/2]. */
export function ropeFrequencies({ headSize, ropeBase, rope }: LlamaConfig): Float64Array {
  const plain = Float64Array.from({ length: headSize / 2 }, (_, i) => ropeBase ** ((-2 * i) / headSize));
  switch (rope.type) {
    case 'none':
      return plain;
    case 'linear':
      return plain.map((frequency) => frequency / rope.factor);
    case 'divisors':
      return plain.map((frequency, i) => frequency / rope.divisors[i]!);
    case 'llama3':
      return plain.map((frequency) => {
        const turns = (rope.originalContext * frequency) / (2 * Math.PI);
        if (turns < rope.lowFrequencyFactor) return frequency / rope.factor;
        if (turns > rope.highFrequencyFactor) return frequency;
        const kept = (turns - rope.lowFrequencyFactor) / (rope.highFrequencyFactor - rope.lowFrequencyFactor);
        return ((1 - kept) / rope.factor + kept) * frequency;
      });
  }
}
