import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBfloat16, fromFloat16, toFloat16 } from '../../../src/engine/formats/float16.ts';
import { SafetensorsFile } from '../../../src/engine/formats/safetensors.ts';

type Entry = { dtype: string; shape: number[]; data_offsets: [number, number] };

/** The format written down a second time, straight from its specification. */
function file(header: object | string, data: Uint8Array): Blob {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const bytes = new TextEncoder().encode(text);
  const length = new Uint8Array(new BigUint64Array([BigInt(bytes.length)]).buffer);
  return new Blob([length, bytes, data as Uint8Array<ArrayBuffer>]);
}

test('whatever floats are stored come back, by name and shape', async () => {
  const tensor = fc.record({
    name: fc.string({ minLength: 1 }).filter((name) => name !== '__metadata__' && name !== '__proto__'),
    values: fc.array(fc.float({ noNaN: true }), { maxLength: 12 }),
  });
  const tensors = fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(tensors, async (list) => {
      const header: Record<string, Entry> = Object.create(null) as Record<string, Entry>;
      let at = 0;
      for (const { name, values } of list) {
        header[name] = { dtype: 'F32', shape: [values.length, 1], data_offsets: [at, (at += values.length * 4)] };
      }
      const data = new Uint8Array(Float32Array.from(list.flatMap(({ values }) => values)).buffer);
      const opened = await SafetensorsFile.open(file(header, data), 'made.safetensors');
      expect([...opened.tensors.keys()].sort()).toEqual(list.map(({ name }) => name).sort());
      for (const { name, values } of list) {
        expect(opened.entry(name).shape).toEqual([values.length, 1]);
        expect(await opened.float32(name)).toEqual(Float32Array.from(values));
      }
    }),
    { numRuns: 60 },
  );
});

test('halves and bfloat16 are decoded', async () => {
  const data = new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x3f80, 0xc000).buffer);
  const header = {
    __metadata__: { format: 'pt' },
    half: { dtype: 'F16', shape: [2], data_offsets: [0, 4] },
    brain: { dtype: 'BF16', shape: [2], data_offsets: [4, 8] },
  };
  const opened = await SafetensorsFile.open(file(header, data), 'x');
  expect([...(await opened.float32('half'))]).toEqual([1, -2]);
  expect([...(await opened.float32('brain'))]).toEqual([1, -2]);
  expect(opened.metadata).toEqual({ format: 'pt' });
});

const entry = (change: Partial<Entry>): object => ({
  w: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...change },
});
const eight = new Uint8Array(8);

test.each<[string, Blob, RegExp]>([
  ['an empty file', new Blob([]), /shorter than its own length field/],
  ['a text file', new Blob(['this is not a model at all']), /header would be \d+ bytes/],
  ['a file cut in its header', file(entry({}), eight).slice(0, 20), /ends inside its header/],
  ['a header that is not JSON', file('{', eight), /header is not JSON/],
  ['a header that is a list', file('[]', eight), /not an object/],
  ['a file cut in its data', file(entry({}), new Uint8Array(4)), /ends before its tensor w/],
  ['an unknown type', file(entry({ dtype: 'F7' }), eight), /element type F7/],
  ['a negative size', file(entry({ shape: [-2] }), eight), /shape of its tensor w/],
  ['offsets that do not fit the shape', file(entry({ shape: [3] }), eight), /takes 8 bytes where its shape needs 12/],
  [
    'overlapping tensors',
    file({ ...entry({}), v: { dtype: 'U8', shape: [4], data_offsets: [4, 8] } }, eight),
    /overlaps/,
  ],
])('%s is refused with the reason', async (_, blob, reason) => {
  await expect(SafetensorsFile.open(blob, 'bad.safetensors')).rejects.toMatchObject({
    code: 'models/bad-safetensors',
    message: expect.stringMatching(reason) as string,
  });
});

test('a missing tensor is named', async () => {
  const opened = await SafetensorsFile.open(file(entry({}), eight), 'some.safetensors');
  expect(() => opened.entry('absent')).toThrow('some.safetensors has no tensor absent');
});

test('every half survives decoding and encoding', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const floats = fromFloat16(all);
  all.forEach((bits) => {
    const value = floats[bits]!;
    if (Number.isNaN(value)) expect(toFloat16(value) & 0x7fff).toBeGreaterThan(0x7c00);
    else expect(toFloat16(value)).toBe(bits);
  });
});

test('a float becomes the nearest half', () => {
  const finite = fromFloat16(Uint16Array.from({ length: 0x7c00 }, (_, bits) => bits));
  fc.assert(
    fc.property(fc.float({ min: 0, max: 65504, noNaN: true }), (value) => {
      const bits = toFloat16(value);
      const error = Math.abs(finite[bits]! - value);
      for (const neighbour of [bits - 1, bits + 1]) {
        if (neighbour >= 0 && neighbour < 0x7c00)
          expect(error).toBeLessThanOrEqual(Math.abs(finite[neighbour]! - value));
      }
    }),
  );
  expect([...fromBfloat16(Uint16Array.of(0x4049))]).toEqual([3.140625]);
});
