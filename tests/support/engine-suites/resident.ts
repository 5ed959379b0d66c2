import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Graph, type GraphModel } from '../../../src/engine/graph/graph.ts';
import { TensorPool } from '../../../src/engine/resident/pool.ts';
import type { ResidentRuntime, ResidentSession, ResidentType } from '../../../src/engine/resident/resident.ts';

/** What every resident runtime promises. `refused`: element types that it cannot be fed. */
export function residentSuite(open: () => Promise<ResidentRuntime>, refused: readonly ResidentType[]): void {
  let runtime: ResidentRuntime;
  beforeAll(async () => {
    runtime = await open();
  });

  describe('tensors', () => {
    const NUMBERS = {
      float32: Float32Array.of(1, -2, 3.5, 4, 5, 6, 7, 8),
      float16: Uint16Array.of(0x3c00, 0xc000, 0x4300, 0, 1, 2, 3, 4),
      int64: BigInt64Array.from([1n, -2n, 1n << 40n, 4n, 5n, 6n, 7n, 8n]),
      int32: Int32Array.of(1, -2, 3, 4, 5, 6, 7, 8),
      uint8: Uint8Array.of(1, 254, 3, 4, 5, 6, 7, 8),
      int8: Int8Array.of(1, -2, 3, 4, 5, 6, 7, 8),
      bool: Uint8Array.of(1, 0, 1, 1, 0, 0, 1, 0),
    } as const;

    for (const [dataType, numbers] of Object.entries(NUMBERS)) {
      test(`${dataType} comes back as it was written, whole and in part`, async () => {
        const tensor = runtime.tensor(dataType as 'float32', [2, 4], numbers as Float32Array<ArrayBuffer>);
        expect(await tensor.read()).toEqual(numbers);
        expect(await tensor.read(3, 6)).toEqual(numbers.slice(3, 6));
        tensor.write(numbers.subarray(0, 4) as Float32Array<ArrayBuffer>, 4);
        expect(await tensor.read(4)).toEqual(numbers.slice(0, 4));
        expect(() => tensor.write(numbers.subarray(0, 8) as Float32Array<ArrayBuffer>, 4)).toThrow(RangeError);
        tensor.dispose();
      });
    }

    test('a tensor without numbers is zero', async () => {
      const tensor = runtime.tensor('float32', [3, 100]);
      expect((await tensor.read()).every((value) => value === 0)).toBe(true);
      tensor.dispose();
    });

    test('4-bit integers are packed two to a byte, or refused by name', async () => {
      for (const dataType of ['uint4', 'int4'] as const) {
        const make = () => runtime.tensor(dataType, [2, 32], new Uint8Array(32).fill(0x21));
        if (refused.includes(dataType)) {
          expect(make).toThrow(dataType);
          continue;
        }
        const tensor = make();
        expect(await tensor.read(8, 12)).toEqual(Uint8Array.of(0x21, 0x21));
        await expect(tensor.read(1, 3)).rejects.toThrow(RangeError);
        tensor.dispose();
      }
    });

    test('a view is the same memory in another shape, and outgrows nothing', async () => {
      const tensor = runtime.tensor('float32', [4, 6]);
      const view = tensor.view([2, 3]);
      view.write(Float32Array.of(1, 2, 3, 4, 5, 6));
      expect([...(await tensor.read(0, 7))]).toEqual([1, 2, 3, 4, 5, 6, 0]);
      expect(() => tensor.view([5, 5])).toThrow('cannot be seen');
      view.dispose();
      tensor.dispose();
    });

    test('what is alive is counted, once', () => {
      const before = { ...runtime.usage };
      const tensor = runtime.tensor('float32', [1000]);
      const view = tensor.view([10]);
      expect(runtime.usage).toMatchObject({ tensors: before.tensors + 1, tensorBytes: before.tensorBytes + 4000 });
      view.dispose();
      tensor.dispose();
      tensor.dispose();
      expect(runtime.usage).toMatchObject({ tensors: before.tensors, tensorBytes: before.tensorBytes });
    });
  });

  describe('sessions', () => {
    let session: ResidentSession;
    beforeAll(async () => {
      session = await runtime.createSession(productAndSum(), new Map(), 'product and sum');
    });
    afterAll(() => session.dispose());

    test('a run reads and writes the tensors that it is given, chained without a copy', async () => {
      const x = runtime.tensor('float32', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
      const y = runtime.tensor('float32', [2, 3]);
      const z = runtime.tensor('float32', [2, 3]);
      await session.run(new Map([['x', x]]), new Map([['product', y]]));
      await session.run(new Map([['x', y]]), new Map([['product', z]]));
      expect([...(await z.read())]).toEqual([4, 8, 12, 16, 20, 24]);
      for (const tensor of [x, y, z]) tensor.dispose();
    });

    test('outputs that nobody asks for are left out, in any combination', async () => {
      const x = runtime.tensor('float32', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
      const sum = runtime.tensor('float32', [2]);
      const product = runtime.tensor('float32', [2, 3]);
      await session.run(new Map([['x', x]]), new Map([['sum', sum]]));
      expect([...(await sum.read())]).toEqual([6, 15]);
      x.write(Float32Array.of(0, 0, 0, 1, 1, 1));
      await session.run(
        new Map([['x', x]]),
        new Map([
          ['sum', sum],
          ['product', product],
        ]),
      );
      expect([...(await sum.read())]).toEqual([0, 3]);
      expect([...(await product.read())]).toEqual([0, 0, 0, 2, 2, 2]);
      for (const tensor of [x, sum, product]) tensor.dispose();
    });

    test('a view is run over as a tensor of its shape', async () => {
      const memory = runtime.tensor('float32', [100], new Float32Array(100).fill(3));
      const out = runtime.tensor('float32', [100]);
      const [x, product] = [memory.view([4, 3]), out.view([4, 3])];
      await session.run(new Map([['x', x]]), new Map([['product', product]]));
      expect([...(await out.read(0, 14))]).toEqual([...new Array<number>(12).fill(6), 0, 0]);
      for (const tensor of [x, product, memory, out]) tensor.dispose();
    });

    test('a wrong input fails with the name of the session', async () => {
      const x = runtime.tensor('float32', [4], Float32Array.of(1, 2, 3, 4));
      const sum = runtime.tensor('float32', [2]);
      await expect(session.run(new Map([['x', x]]), new Map([['sum', sum]]))).rejects.toThrow('product and sum');
      x.dispose();
      sum.dispose();
    });

    test('weights that are only declared are asked for once each', async () => {
      const graph = new Graph('declared');
      const x = graph.input('x', 'float32', ['N', 2000]);
      const weight = graph.declaredWeight('weight', 'float32', [2000]);
      graph.output(graph.emit('Mul', [x, weight], 'float32', ['N', 2000]), 'y');
      let asked = 0;
      const read = () => (asked++, new Uint8Array(Float32Array.from({ length: 2000 }, (_, i) => i).buffer));
      const declared = await runtime.createSession(graph.build(), new Map([['weight', read]]), 'declared');
      const tensor = runtime.tensor('float32', [1, 2000], new Float32Array(2000).fill(2));
      const y = runtime.tensor('float32', [1, 2000]);
      await declared.run(new Map([['x', tensor]]), new Map([['y', y]]));
      expect([...(await y.read(1997))]).toEqual([3994, 3996, 3998]);
      expect(asked).toBe(1);
      await declared.dispose();
      tensor.dispose();
      y.dispose();
    });

    test('sessions are counted, and free what they hold', async () => {
      const before = { ...runtime.usage };
      // Warm: the heap grows to what one session takes.
      await (await runtime.createSession(heavy(), new Map(), 'heavy')).dispose();
      const { heapBytes } = runtime.usage;
      for (let i = 0; i < 5; i++) {
        const another = await runtime.createSession(heavy(), new Map(), 'heavy');
        expect(runtime.usage.sessions).toBe(before.sessions + 1);
        await another.dispose();
        await another.dispose();
      }
      expect(runtime.usage).toEqual({ ...before, ...(heapBytes === undefined ? {} : { heapBytes }) });
    });
  });

  test('numbers that do not fit are refused, and nothing stays of the tensor they were for', () => {
    const before = { ...runtime.usage };
    expect(() => runtime.tensor('float32', [2], Float32Array.of(1, 2, 3))).toThrow();
    expect(runtime.usage).toEqual(before);
  });

  describe('the pool', () => {
    test('keeps a tensor that cannot be handed out in the shape asked for', () => {
      const before = { ...runtime.usage };
      const pool = new TensorPool(runtime);
      const tensor = pool.take('float32', [8, 16]);
      pool.give(tensor);
      tensor.view = () => {
        throw new Error('No room.');
      };
      expect(() => pool.take('float32', [16, 7])).toThrow('No room.');
      expect(pool.bytes).toBe(8 * 16 * 4);
      pool.dispose();
      expect(runtime.usage).toMatchObject({ tensors: before.tensors, tensorBytes: before.tensorBytes });
    });

    test('gives back what was returned, in the shape asked for, and frees everything', () => {
      const before = { ...runtime.usage };
      const pool = new TensorPool(runtime);
      const first = pool.take('float32', [8, 16]);
      pool.give(first);
      const second = pool.take('float32', [16, 7]);
      expect(second.shape).toEqual([16, 7]);
      expect(runtime.usage.tensors).toBe(before.tensors + 1);
      const small = pool.take('float32', [4]);
      expect(pool.bytes).toBe(8 * 16 * 4 + 16);
      expect(runtime.usage.tensorBytes).toBe(before.tensorBytes + pool.bytes);
      pool.give(small, second);
      expect(() => pool.give(small)).toThrow('was not taken');
      pool.take('float32', [8, 16]);
      pool.dispose();
      expect(runtime.usage).toMatchObject({ tensors: before.tensors, tensorBytes: before.tensorBytes });
    });
  });
}

/** x [N, M] -> product = 2x, sum = row sums. */
function productAndSum(): GraphModel {
  const graph = new Graph('product and sum');
  const x = graph.input('x', 'float32', ['N', 'M']);
  graph.output(graph.emit('Mul', [x, graph.scalar(2)], 'float32', ['N', 'M']), 'product');
  const axes = graph.ints([1]);
  graph.output(graph.emit('ReduceSum', [x, axes], 'float32', ['N'], { attributes: { keepdims: 0 } }), 'sum');
  return graph.build();
}

/** 8 MB of weights. */
function heavy(): GraphModel {
  const graph = new Graph('heavy');
  const x = graph.input('x', 'float32', ['N', 1024]);
  const weight = graph.weight('weight', 'float32', [1024, 2048], new Float32Array(2 << 20));
  graph.output(graph.emit('MatMul', [x, weight], 'float32', ['N', 2048]), 'y');
  return graph.build();
}
