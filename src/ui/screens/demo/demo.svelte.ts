import { demoServices } from '../../../demo/client.ts';
import type { DemoOptions, DemoState } from '../../../demo/contract.ts';
import { runDemo } from '../../../demo/loop.ts';
import { clearDemo, newDemo, readDemo, writeDemo } from '../../../demo/state.ts';
import { database } from '../../../storage/database.ts';
import { jobList } from '../../state/jobs.svelte.ts';
import { LiveQuery } from '../../state/live-query.svelte.ts';

/** Demonstrations that this page is going through, by workspace: a screen may come and go meanwhile. */
const going = new Map<string, AbortController>();

/** The demonstration of a workspace: its row as it stands, and what can be done with it. */
export class Demo {
  readonly #workspaceId: string;
  readonly #row: LiveQuery<DemoState | null>;

  constructor(workspaceId: string) {
    this.#workspaceId = workspaceId;
    this.#row = new LiveQuery(async () => (await readDemo(database(), workspaceId)) ?? null, null);
  }

  get loaded(): boolean {
    return this.#row.loaded;
  }
  get row(): DemoState | null {
    return this.#row.current;
  }
  /** The job that is being waited for. */
  readonly job = $derived.by(() =>
    jobList.running.find(({ workspaceId }) => workspaceId !== null && workspaceId === this.#workspaceId),
  );

  async start(options: DemoOptions): Promise<void> {
    await this.#go(newDemo(this.#workspaceId, options));
  }

  /** Goes on where it stopped, failed, or was left by a reload. */
  async resume(): Promise<void> {
    const row = await readDemo(database(), this.#workspaceId);
    if (row && row.state !== 'done') await this.#go(row);
  }

  /** Goes on by itself after a reload. */
  async resumeIfRunning(): Promise<void> {
    if (going.has(this.#workspaceId)) return;
    const row = await readDemo(database(), this.#workspaceId);
    if (row?.state === 'running') await this.#go(row);
  }

  /** Stops waiting and pauses the job in progress; all that is done is kept. */
  stop(): void {
    if (this.job) jobList.pause(this.job.id);
    going.get(this.#workspaceId)?.abort(new DOMException('The demonstration was stopped.', 'AbortError'));
  }

  /** Back to the beginning; documents, questions, adapters and scores stay where they are. */
  async clear(): Promise<void> {
    this.stop();
    await clearDemo(database(), this.#workspaceId);
  }

  async #go(state: DemoState): Promise<void> {
    const controller = new AbortController();
    going.set(this.#workspaceId, controller);
    try {
      await writeDemo(database(), state);
      await this.#resumePaused();
      await runDemo(state, demoServices(), controller.signal);
    } finally {
      going.delete(this.#workspaceId);
    }
  }

  /** What `stop` paused. */
  async #resumePaused(): Promise<void> {
    const paused = await database().jobs.where('state').equals('paused').toArray();
    for (const { id, workspaceId } of paused) if (workspaceId === this.#workspaceId) jobList.resume(id);
  }
}
