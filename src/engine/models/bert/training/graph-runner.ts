import type { GraphModel } from '../../../graph/graph.ts';
import type { ResidentRuntime, ResidentSession, ResidentTensor } from '../../../resident/resident.ts';

export type Tensors = ReadonlyMap<string, ResidentTensor>;

/** Sessions of graphs, made when a graph runs for the first time. */
export class GraphRunner {
  readonly #runtime: ResidentRuntime;
  readonly #sessions = new Map<GraphModel, Promise<ResidentSession>>();

  constructor(runtime: ResidentRuntime) {
    this.#runtime = runtime;
  }

  /**
   * @param inputs looked through in order for each input of the graph
   * @throws AttuneError `engine/out-of-memory`, `engine/device-lost`, `engine/load-failed`
   */
  async run(model: GraphModel, name: string, inputs: readonly Tensors[], outputs: Tensors): Promise<void> {
    const needed = new Map<string, ResidentTensor>();
    for (const { name: input } of model.inputs) {
      const tensor = inputs.find((map) => map.has(input))?.get(input);
      if (!tensor) throw new TypeError(`The graph ${name} is not fed ${input}.`);
      needed.set(input, tensor);
    }
    await (await this.#session(model, name)).run(needed, outputs);
  }

  async dispose(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) await session.then((made) => made.dispose()).catch(() => undefined);
  }

  #session(model: GraphModel, name: string): Promise<ResidentSession> {
    const known = this.#sessions.get(model);
    if (known) return known;
    const session = this.#runtime.createSession(model, new Map(), name);
    this.#sessions.set(model, session);
    // A failure is never kept: after other tabs were closed, the next try may have the memory it needs.
    session.catch(() => this.#sessions.delete(model));
    return session;
  }
}
