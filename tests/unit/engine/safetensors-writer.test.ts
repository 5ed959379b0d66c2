import fc from 'fast-check';
import { expect, test } from 'vitest';
import { streamSafetensors, writeSafetensors } from '../../../src/engine/formats/safetensors-writer.ts';
import { SafetensorsFile } from '../../../src/engine/formats/safetensors.ts';

const tensor = fc
  .record({
    name: fc.string({ minLength: 1 }).filter((name) => name !== '__metadata__' && name !== '__proto__'),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
  })
  .chain(({ name, shape }) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return fc
      .array(fc.float({ noNaN: true }), { minLength: length, maxLength: length })
      .map((numbers) => ({ name, dtype: 'F32' as const, shape, data: Float32Array.from(numbers) }));
  });
const tensors = fc.uniqueArray(tensor, { selector: ({ name }) => name });

test('what is written is read back; streamed bytes are the same', async () => {
  await fc.assert(
    fc.asyncProperty(tensors, fc.dictionary(fc.constantFrom('a', 'é'), fc.string()), async (written, metadata) => {
      const blob = writeSafetensors(written, metadata);
      const file = await SafetensorsFile.open(blob, 'test');
      expect(file.metadata).toEqual({ format: 'pt', ...metadata });
      expect([...file.tensors.keys()].sort()).toEqual(written.map(({ name }) => name).sort());
      for (const { name, shape, data } of written) {
        expect(file.entry(name).shape).toEqual(shape);
        expect(await file.float32(name)).toEqual(data);
      }
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      const lazy = written.map((each) => ({ ...each, data: () => Promise.resolve(each.data) }));
      for await (const piece of streamSafetensors(lazy, metadata)) pieces.push(piece);
      expect(await new Blob(pieces).bytes()).toEqual(await blob.bytes());
    }),
    { numRuns: 50 },
  );
});

test('a tensor whose bytes do not fit its shape is refused by name', () => {
  const wrong = { name: 'w', dtype: 'F16' as const, shape: [2, 3], data: new Uint16Array(5) };
  expect(() => writeSafetensors([wrong])).toThrow('The tensor w has 10 bytes where its shape needs 12');
});
