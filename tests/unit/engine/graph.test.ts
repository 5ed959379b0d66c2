import { expect, test } from 'vitest';
import { Graph } from '../../../src/engine/graph/graph.ts';
import { gelu } from '../../../src/engine/graph/ops/activations.ts';
import { linear, loraInputs } from '../../../src/engine/graph/ops/linear.ts';
import { reshape } from '../../../src/engine/graph/ops/layout.ts';
import { nodeRuntime } from '../../../src/engine/runtime/node.ts';

const runtime = nodeRuntime(1);

test('a graph with external weights, adapters and symbolic axes runs', async () => {
  const graph = new Graph('feed-forward');
  const x = graph.input('x', 'float32', ['B', 'T', 64]);
  const weight = graph.weight('w', 'float32', [64, 64], identityMatrix(64));
  const flat = reshape(x, ['B*T', 64]);
  const y = linear(flat, weight, undefined, loraInputs(graph, 'ffn', 64, 64));
  graph.output(reshape(y, ['B', 'T', 64]), 'y');
  const model = graph.build();
  expect(model.externalData.map(({ path }) => path)).toEqual(['w']);
  const session = await runtime.createSession(model);
  const input = Float32Array.from({ length: 2 * 3 * 64 }, (_, i) => Math.sin(i));
  const { y: output } = await session.run({
    x: runtime.tensor('float32', input, [2, 3, 64]),
    'ffn.lora_A': runtime.tensor('float32', new Float32Array(64).fill(1), [1, 64]),
    'ffn.lora_B': runtime.tensor('float32', new Float32Array(64).fill(2), [64, 1]),
  });
  await session.dispose();
  expect(output!.dims).toEqual([2, 3, 64]);
  const row = input.subarray(64, 128);
  const update = 2 * row.reduce((sum, value) => sum + value, 0);
  const got = (output!.data as Float32Array).subarray(64, 128);
  got.forEach((value, i) => expect(value).toBeCloseTo(row[i]! + update, 4));
});

test('shapes that do not fit are refused while the graph is built', () => {
  const graph = new Graph('wrong');
  const x = graph.input('x', 'float32', ['N', 3]);
  const weight = graph.constant([1, 2, 3, 4], [2, 2]);
  expect(() => linear(gelu(x), weight)).toThrow(/do not fit: 3 is not 2/);
  expect(() => graph.input('x', 'float32', [1])).toThrow(/already has a tensor named x/);
  expect(() => graph.weight('short', 'float32', [2, 2], new Float32Array(3))).toThrow(/takes 16 bytes, not 12/);
});

function identityMatrix(size: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
}
