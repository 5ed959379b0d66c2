import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { Graph } from '../../../../src/engine/graph/graph.ts';
import { residentNode } from '../../../../src/engine/resident/node.ts';
import { COPY_STOP, isCopyStop, stopCopies } from '../../../../src/engine/resident/node-outputs.ts';
import { residentSuite } from '../../../support/engine-suites/resident.ts';

residentSuite(() => Promise.resolve(residentNode(2)), ['int4', 'uint4']);

test('onnxruntime-node still stops before it copies, when everything has been written', async () => {
  const graph = new Graph('negate');
  graph.output(graph.emit('Neg', [graph.input('x', 'float32', [2])], 'float32', [2]), 'y');
  const session = await ort.InferenceSession.create(stopCopies(graph.build().bytes));
  const x = new ort.Tensor('float32', Float32Array.of(1, 2), [2]);
  const y = new ort.Tensor('float32', new Float32Array(2), [2]);
  const error = await session.run({ x }, { [COPY_STOP]: null, y }).catch((reason: unknown) => reason);
  expect(isCopyStop(error)).toBe(true);
  expect([...(y.data as Float32Array)]).toEqual([-1, -2]);
  await session.release();
});
