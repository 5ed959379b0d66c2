import { openAsBlob } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LlamaDecoder } from '../../../../src/engine/models/llama/decoder.ts';
import { loadLlamaGguf } from '../../../../src/engine/models/llama/weights.ts';
import { residentNode } from '../../../../src/engine/resident/node.ts';
import { starterModelFiles } from '../../../../src/models/node.ts';
import golden from '../../../fixtures/llama/smollm2.json' with { type: 'json' };

/**
 * The starter generator against Transformers on the same file. Both compute in float32 on the same dequantised weights;
 * over 30 blocks the order of summation moves logits of about 20 by some 1e-5, and 1e-3 leaves room for other kernels
 * (wasm, AVX-512) without hiding a mistake, which is of the order of 1.
 */
const TOLERANCE = 1e-3;

describe('SmolLM2-135M from its Q4_1 file', () => {
  let decoder: LlamaDecoder;

  beforeAll(async () => {
    const files = await starterModelFiles('SmolLM2-135M-Instruct-Q4_1');
    const { name } = files.description.files[0]!;
    const loaded = await loadLlamaGguf(await files.blob(name), name);
    expect(loaded.config).toMatchObject({
      layers: 30,
      hidden: 576,
      heads: 9,
      keyValueHeads: 3,
      headSize: 64,
      vocabulary: 49152,
      tied: true,
    });
    decoder = await LlamaDecoder.create(loaded, residentNode(2), { layout: 'float32' });
  }, 60_000);
  afterAll(() => decoder.dispose());

  test.each(golden.prompts.map((prompt, i) => [i, prompt] as const))(
    'prompt %i: logits and greedy continuation',
    async (_, prompt) => {
      decoder.truncate(0);
      let logits = await decoder.append(prompt.ids);
      for (const [token, value] of prompt.top) expect(Math.abs(logits[token!]! - value!)).toBeLessThan(TOLERANCE);
      prompt.every.logits.forEach((value, i) =>
        expect(Math.abs(logits[i * prompt.every.stride]! - value)).toBeLessThan(TOLERANCE),
      );
      const said: number[] = [];
      for (const [i, token] of prompt.greedy.entries()) {
        // Where the two best logits are closer than the tolerance, either choice is right.
        const best = logits.indexOf(logits.reduce((max, value) => Math.max(max, value), -Infinity));
        said.push(prompt.margins[i]! < TOLERANCE ? token : best);
        if (i + 1 < prompt.greedy.length) logits = await decoder.append([token]);
      }
      expect(said).toEqual(prompt.greedy);
    },
  );
});

test('a file of another kind is refused by name', async () => {
  await expect(loadLlamaGguf(new Blob(['not a model at all, only text']), 'notes.gguf')).rejects.toMatchObject({
    code: 'model/not-gguf',
    message: expect.stringContaining('notes.gguf'),
  });
});

test('a file that was cut off says so', async () => {
  const blob = await openAsBlob('tests/fixtures/llama/tiny/llama-q4_0/model.gguf');
  await expect(loadLlamaGguf(blob.slice(0, blob.size - 1000), 'cut.gguf')).rejects.toMatchObject({
    code: 'model/not-gguf',
  });
});
