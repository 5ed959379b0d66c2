import { describe, expect, test } from 'vitest';
import { LlamaDecoder, type DecoderOptions } from '../../../src/engine/models/llama/decoder.ts';
import type { WeightLayout } from '../../../src/engine/models/llama/linear-group.ts';
import { loadLlamaFolder, loadLlamaGguf, type LoadedLlama } from '../../../src/engine/models/llama/weights.ts';
import type { ResidentRuntime } from '../../../src/engine/resident/resident.ts';

/** Bytes of a file under `tests/fixtures`. */
export type ReadFixture = (path: string) => Promise<Uint8Array<ArrayBuffer>>;

interface Golden {
  ids: number[];
  logits: number[];
  argmax: number[];
}

/**
 * Serving of tiny models against Transformers, on whatever runtime is opened.
 *
 * @param models folders under `tests/fixtures/llama/tiny`
 * @param tolerance of logits, which are a few units large
 */
export function llamaDecoderSuite(
  open: () => Promise<ResidentRuntime>,
  read: ReadFixture,
  load: (name: string) => Promise<LoadedLlama>,
  models: readonly string[],
  kinds: readonly (readonly [WeightLayout, NonNullable<DecoderOptions['kernels']>])[],
  tolerance: number,
): void {
  describe.each(models)('%s', (name) => {
    test.each(kinds)(
      'gives the logits of Transformers with weights as %s and %s attention',
      async (layout, kernels) => {
        const runtime = await open();
        const before = { ...runtime.usage };
        const golden = json<Golden>(await read(`llama/tiny/${name}/golden.json`));
        const decoder = await LlamaDecoder.create(await load(name), runtime, { layout, kernels, name });
        expect(worst(await decoder.append(golden.ids), golden.logits)).toBeLessThan(tolerance);

        // Token by token through the cache: the same logits, and Transformers' choice after every prefix.
        decoder.truncate(0);
        const choices: number[] = [];
        let logits = new Float32Array();
        for (const id of golden.ids) {
          logits = await decoder.append([id]);
          choices.push(logits.indexOf(Math.max(...logits)));
        }
        expect(choices).toEqual(golden.argmax);
        expect(worst(logits, golden.logits)).toBeLessThan(tolerance);

        // A cache cut back and filled again, in uneven pieces.
        decoder.truncate(3);
        await decoder.append(golden.ids.slice(3, 8));
        expect(worst(await decoder.append(golden.ids.slice(8)), golden.logits)).toBeLessThan(tolerance);
        await decoder.dispose();
        expect(runtime.usage).toMatchObject({ tensors: before.tensors, tensorBytes: before.tensorBytes });
        expect(runtime.usage.sessions).toBe(before.sessions);
      },
    );
  });
}

/** Reads the models that are one file. */
export function loadTinyLlama(read: ReadFixture): (name: string) => Promise<LoadedLlama> {
  return async (name) => {
    const folder = `llama/tiny/${name}`;
    if (!name.startsWith('mistral')) return loadLlamaGguf(new Blob([await read(`${folder}/model.gguf`)]), name);
    const weights = new Blob([await read(`${folder}/model.safetensors`)]);
    return loadLlamaFolder(json(await read(`${folder}/config.json`)), new Map([['model.safetensors', weights]]));
  };
}

function json<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}

function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((max, value, i) => Math.max(max, Math.abs(value - b[i]!)), 0);
}
