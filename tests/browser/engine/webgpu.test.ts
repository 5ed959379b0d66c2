import { expect, test, vi } from 'vitest';
import { Graph, type GraphModel } from '../../../src/engine/graph/graph.ts';
import type { ResidentRuntime, ResidentSession } from '../../../src/engine/resident/resident.ts';
import { reshape } from '../../../src/engine/graph/ops/layout.ts';
import { residentWebgpu } from '../../../src/engine/resident/webgpu.ts';
import { usableGpu } from '../../../src/engine/runtime/web.ts';
import { PlacementWatch } from '../../support/engine-suites/placement.ts';
import { residentSuite } from '../../support/engine-suites/resident.ts';

const placement = new PlacementWatch();
const opened = vi.spyOn(GPUAdapter.prototype, 'requestDevice');

residentSuite(() => residentWebgpu(), []);

test('a software adapter is no GPU for the app', async () => {
  expect(await usableGpu()).toBeUndefined();
});

test('says before the first run of a session that it compiles', async () => {
  const runtime = await residentWebgpu();
  const compiled: string[] = [];
  runtime.onCompile = (name) => void compiled.push(name);
  const session = await runtime.createSession(unary('Neg'), new Map(), 'negate');
  expect(compiled).toEqual([]);
  for (let i = 0; i < 2; i++) expect(await run(session)).toEqual([-1, -2, -3, -4]);
  expect(compiled).toEqual(['negate']);
  runtime.onCompile = undefined;
  await session.dispose();
});

test('an operator that WebGPU lacks is found out, the arithmetic of shapes is left alone', async () => {
  const runtime = await residentWebgpu();
  const recording = placement.recording(runtime);
  for (const name of ['Neg', 'Det', 'mixed', 'shapes'])
    await (await recording.createSession(modelOf(name), new Map(), name)).dispose();
  const found = await placement.fallbacks(runtime);
  expect(found).toEqual(['Det: all nodes', expect.stringMatching(/^mixed: Det \(/)]);
});

test('a tensor beyond what the device allows is out of memory at once', async () => {
  const runtime = await residentWebgpu();
  const before = { ...runtime.usage };
  expect(() => runtime.tensor('float32', [2 ** 40])).toThrow(expect.objectContaining({ code: 'engine/out-of-memory' }));
  expect(runtime.usage).toEqual(before);
});

test('a lost device is said by its code, lets everything be disposed of, and the next call opens another', async () => {
  const runtime = await residentWebgpu();
  const session = await runtime.createSession(unary('Neg'), new Map(), 'negate');
  const tensor = runtime.tensor('float32', [2, 2]);
  const device = (await opened.mock.results.at(-1)!.value) as GPUDevice;
  device.destroy();
  await device.lost;
  const lost = expect.objectContaining({ code: 'engine/device-lost' });
  await expect(session.run(new Map([['x', tensor]]), new Map([['y', tensor]]))).rejects.toEqual(lost);
  await expect(tensor.read()).rejects.toEqual(lost);
  await expect(runtime.createSession(unary('Neg'), new Map(), 'another')).rejects.toEqual(lost);
  tensor.dispose();
  await session.dispose();
  expect(runtime.usage.sessions).toBe(0);

  const next = await residentWebgpu();
  expect(next).not.toBe(runtime);
  const again = await next.createSession(unary('Neg'), new Map(), 'negate');
  expect(await run(again, next)).toEqual([-1, -2, -3, -4]);
  await again.dispose();
});

/** A graph of one operator; one that goes to the CPU in the middle; one that reshapes by its input's size. */
function modelOf(name: string): GraphModel {
  if (name !== 'mixed' && name !== 'shapes') return unary(name);
  const graph = new Graph(name);
  const x = graph.input('x', 'float32', ['N', 2, 2]);
  const middle =
    name === 'mixed'
      ? graph.emit('Det', [graph.emit('Neg', [x], 'float32', x.shape)], 'float32', ['N'])
      : reshape(graph.emit('Neg', [x], 'float32', x.shape), [2, 'N', 2]);
  graph.output(graph.emit('Neg', [middle], 'float32', middle.shape), 'y');
  return graph.build();
}

/** One operator on x [2, 2] -> y; Det gives a scalar. */
function unary(op: string): GraphModel {
  const graph = new Graph(op);
  const x = graph.input('x', 'float32', [2, 2]);
  graph.output(graph.emit(op, [x], 'float32', op === 'Det' ? [] : [2, 2]), 'y');
  return graph.build();
}

async function run(session: ResidentSession, runtime?: ResidentRuntime): Promise<number[]> {
  const { tensor } = runtime ?? (await residentWebgpu());
  const x = tensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4));
  const y = tensor('float32', [2, 2]);
  await session.run(new Map([['x', x]]), new Map([['y', y]]));
  const numbers = [...(await y.read())];
  x.dispose();
  y.dispose();
  return numbers;
}
