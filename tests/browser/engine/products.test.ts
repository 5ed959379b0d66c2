import { expect, test } from 'vitest';
import { Graph } from '../../../src/engine/graph/graph.ts';
import { residentWasm } from '../../../src/engine/resident/wasm.ts';
import { ortFiles } from '../../../src/engine/runtime/ort-files.ts';
import { seededRandom } from '../../../src/engine/training/random.ts';

/** Half an ulp of 1 in float32: what one rounding can be off, relatively. */
const UNIT = 2 ** -24;

interface Product {
  m: number;
  k: number;
  n: number;
  transA: number;
  transB: number;
}

test('Chromium gets the wasm with relaxed SIMD', () => {
  expect(ortFiles('ort-wasm-simd-threaded').wasm).toMatch(/\/ort\/ort-wasm-simd-threaded\.relaxed\.wasm$/);
});

test('products of all sizes around those of the tiles agree with float64', async () => {
  const random = seededRandom(7);
  const upTo = (most: number) => 1 + Math.floor(random() * most);
  // Every number of rows and of columns that is left over by tiles of 6 by 8 in panels of 16; K beyond 128 is summed in pieces.
  const products: Product[] = [];
  for (let m = 1; m <= 13; m++) products.push({ m, k: upTo(20), n: upTo(40), transA: 0, transB: 0 });
  for (let n = 1; n <= 33; n++) {
    const [transA, transB] = [n & 1, (n >> 1) & 1];
    products.push({ m: upTo(13), k: n % 4 === 0 ? 128 + upTo(150) : upTo(40), n, transA, transB });
  }
  products.push({ m: 67, k: 300, n: 150, transA: 0, transB: 1 });
  for (const product of products) await agrees(product, random);
});

/** Each sum of K products may be off by K + 1 roundings of the sum of their sizes (Higham, chapter 3). */
async function agrees({ m, k, n, transA, transB }: Product, random: () => number): Promise<void> {
  const runtime = await residentWasm({ threads: 2 });
  const graph = new Graph('product');
  const shapes = { a: transA ? [k, m] : [m, k], b: transB ? [n, k] : [k, n] };
  const a = graph.input('a', 'float32', shapes.a);
  const b = graph.input('b', 'float32', shapes.b);
  graph.output(graph.emit('Gemm', [a, b], 'float32', [m, n], { attributes: { transA, transB } }), 'y');
  const numbers = (count: number) => Float32Array.from({ length: count }, () => random() * 2 - 1);
  const [left, right] = [numbers(m * k), numbers(k * n)];
  const session = await runtime.createSession(graph.build(), new Map(), 'product');
  const tensors = {
    a: runtime.tensor('float32', shapes.a, left),
    b: runtime.tensor('float32', shapes.b, right),
    y: runtime.tensor('float32', [m, n]),
  };
  await session.run(new Map(Object.entries({ a: tensors.a, b: tensors.b })), new Map([['y', tensors.y]]));
  const y = await tensors.y.read();
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      let exact = 0;
      let size = 0;
      for (let i = 0; i < k; i++) {
        const term = left[transA ? i * m + row : row * k + i]! * right[transB ? column * k + i : i * n + column]!;
        exact += term;
        size += Math.abs(term);
      }
      const off = Math.abs(y[row * n + column]! - exact);
      const place = `[${row}, ${column}] of ${m}x${k}x${n}`;
      expect(off, place).toBeLessThanOrEqual((k + 1) * UNIT * size);
    }
  }
  await session.dispose();
  for (const tensor of Object.values(tensors)) tensor.dispose();
}
