import { fromBinary } from '@bufbuild/protobuf';
import type { GraphModel } from '../../../src/engine/graph/graph.ts';
import { ModelProtoSchema } from '../../../src/engine/onnx/onnx_pb.ts';
import type { ResidentRuntime } from '../../../src/engine/resident/resident.ts';

/**
 * Finds out which nodes of graphs run on the CPU though their session is on the GPU: each one would bring its inputs
 * back and wait. Make it before onnxruntime is loaded, which keeps the console's functions of that moment.
 */
export class PlacementWatch {
  readonly #models: { name: string; model: GraphModel; readers: ReadonlyMap<string, () => Uint8Array> }[] = [];
  #heard: string[] | undefined;

  constructor() {
    for (const kind of ['log', 'error'] as const) {
      const print = console[kind].bind(console);
      console[kind] = (...words: unknown[]) => {
        if (this.#heard) this.#heard.push(words.join(' '));
        else print(...words);
      };
    }
  }

  /** The same runtime; the graphs of its sessions are remembered, each once. */
  recording(runtime: ResidentRuntime): ResidentRuntime {
    const createSession: ResidentRuntime['createSession'] = (model, readers, name, options) => {
      // Names are shared: the same block with its weights in another form is another graph.
      const isKnown = this.#models.some((known) => known.name === name && sameBytes(known.model.bytes, model.bytes));
      if (!isKnown) this.#models.push({ name, model, readers });
      return runtime.createSession(model, readers, name, options);
    };
    return Object.create(runtime, { createSession: { value: createSession } }) as ResidentRuntime;
  }

  get names(): string[] {
    return this.#models.map(({ name }) => name);
  }

  /** "block, forward: Cast (Cast_26)" for every node on the CPU but those that compute shapes, where they belong. */
  async fallbacks(runtime: ResidentRuntime): Promise<string[]> {
    const found: string[] = [];
    for (const { name, model, readers } of this.#models) {
      const heard = (this.#heard = []);
      const session = await runtime.createSession(model, readers, name, { verbose: true }).finally(() => {
        this.#heard = undefined;
      });
      await session.dispose();
      const shapes = shapeNodes(model);
      found.push(...onCpu(heard, name).flatMap((node) => (shapes.has(node.name) ? [] : [`${name}: ${node.text}`])));
    }
    return found;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function onCpu(lines: readonly string[], session: string): { name: string; text: string }[] {
  const from = lines.findIndex((line) => line.includes('Node placements'));
  if (from < 0) throw new Error(`onnxruntime said nothing about where the nodes of ${session} run.`);
  const found: { name: string; text: string }[] = [];
  let cpu = false;
  for (const line of lines.slice(from)) {
    if (line.includes('laced on [')) cpu = line.includes('[CPUExecutionProvider]') && !line.includes('All nodes');
    if (line.includes('All nodes placed on [CPUExecutionProvider]')) return [{ name: '', text: 'all nodes' }];
    const [, text, name] = /\] +(\w+ \((.*)\))/.exec(line) ?? [];
    if (cpu && text && name !== undefined) found.push({ name, text });
  }
  return found;
}

/** Names of the nodes that depend on nothing but the shapes of inputs and on constants. */
function shapeNodes(model: GraphModel): Set<string> {
  const { node = [], initializer = [] } = fromBinary(ModelProtoSchema, model.bytes).graph!;
  const known = new Set(initializer.map(({ name }) => name));
  const shapes = new Set<string>();
  for (const { name, opType, input, output } of node) {
    if (opType !== 'Shape' && !input.every((value) => value === '' || known.has(value))) continue;
    shapes.add(name);
    for (const value of output) known.add(value);
  }
  return shapes;
}
