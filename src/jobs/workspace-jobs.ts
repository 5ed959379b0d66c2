import { liveQuery, type Subscription } from 'dexie';
import { isAbort, toProblem } from '../errors/attune-error.ts';
import type { AddResult, IngestService, SourceFile } from '../ingest/contract.ts';
import type { RetrievalService } from '../retrieval/contract.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { JobRow } from '../storage/schema.ts';
import { JobRecord } from './job-record.ts';
import { hasIndex, isOwn, isSame, searchInForce, type SearchInForce } from './search-in-force.ts';

export interface JobServices {
  ingest: IngestService;
  retrieval: Pick<RetrievalService, 'sync' | 'stop'>;
}

type PipelineKind = 'ingest' | 'embed';

/** One row per workspace and step; a new run takes its row over. */
export function jobId(workspaceId: string, kind: PipelineKind): string {
  return `${kind}:${workspaceId}`;
}

/**
 * Reads and then embeds a workspace's documents, in the tab that owns its writes. It follows the rows: a row that is
 * `running` is worked on, one that was paused or cancelled is stopped, whoever wrote it. That is also how unfinished
 * work goes on after a reload: its row still says `running`. An adapter of the search model or an endpoint for search
 * that is switched on, from whichever tab, gets its index built.
 */
export class WorkspaceJobs {
  readonly #workspaceId: string;
  readonly #services: JobServices;
  readonly #db: AttuneDatabase;
  #subscription: Subscription | undefined;
  #searchSubscription: Subscription | undefined;
  /** What makes the vectors now; null: not read yet. */
  #search: SearchInForce | null = null;
  #active: PipelineKind | undefined;
  #adding = 0;

  constructor(workspaceId: string, services: JobServices, db: AttuneDatabase) {
    this.#workspaceId = workspaceId;
    this.#services = services;
    this.#db = db;
  }

  /** Begins to follow the rows; work left by a closed tab starts at once. */
  follow(): void {
    const ids = [jobId(this.#workspaceId, 'ingest'), jobId(this.#workspaceId, 'embed')];
    this.#subscription ??= liveQuery(() => this.#db.jobs.bulkGet(ids)).subscribe((rows) => this.#reconcile(rows));
    this.#searchSubscription ??= liveQuery(() => searchInForce(this.#db, this.#workspaceId)).subscribe((search) => {
      void this.#follow(search);
    });
  }

  /** Stops following and working; the rows stay as they are, for the next owner. */
  async leave(): Promise<void> {
    this.#subscription?.unsubscribe();
    this.#searchSubscription?.unsubscribe();
    this.#subscription = this.#searchSubscription = undefined;
    await this.#stop();
  }

  /** Stores files and starts to read them. */
  async add(sources: SourceFile[]): Promise<AddResult> {
    this.#adding++;
    try {
      await this.#begin('ingest', sources.length);
      const record = new JobRecord(this.#db, jobId(this.#workspaceId, 'ingest'));
      const result = await this.#services.ingest.add(this.#workspaceId, sources, ({ done, total }) =>
        record.report({ done, total, title: 'Adding files' }),
      );
      await record.flush();
      return result;
    } catch (error) {
      await this.#settle('ingest', error);
      throw error;
    } finally {
      this.#adding--;
      // Also after a failure: what was stored before it can be read.
      if (this.#adding === 0) this.#reconcile(await this.#db.jobs.bulkGet([jobId(this.#workspaceId, 'ingest')]));
    }
  }

  /** Starts a step, or lets it run on when it is running. `read` also embeds what it read. */
  async begin(step: 'read' | 'embed'): Promise<void> {
    await this.#begin(step === 'read' ? 'ingest' : 'embed', 0);
  }

  async #follow(search: SearchInForce): Promise<void> {
    const before = this.#search;
    this.#search = search;
    if (before && isSame(before, search)) return;
    // At the start its index is there, or a row says that it is being built, unless the tab closed in between.
    const needed = before !== null || (isOwn(search) && !(await hasIndex(this.#db, this.#workspaceId, search)));
    const title = search.endpoint ? `Building the index by ${search.endpoint.host}` : 'Building the tuned index';
    if (needed && this.#subscription) await this.#begin('embed', 0, isOwn(search) ? title : undefined);
  }

  async #begin(kind: PipelineKind, total: number, title?: string): Promise<void> {
    const now = Date.now();
    const id = jobId(this.#workspaceId, kind);
    const running = (await this.#db.jobs.get(id))?.state === 'running';
    if (running && this.#active === kind) return;
    const row = blankRow(id, this.#workspaceId, kind);
    await this.#db.jobs.put({ ...row, total, ...(title && { title }), startedAt: now, updatedAt: now });
  }

  #reconcile(rows: (JobRow | undefined)[]): void {
    const wanted = rows.find((row) => row?.state === 'running')?.kind as PipelineKind | undefined;
    const active = this.#active && rows.find((row) => row?.kind === this.#active);
    if (active && active.state !== 'running') void this.#stop();
    if (!this.#active && this.#adding === 0 && wanted) void this.#work(wanted);
  }

  async #stop(): Promise<void> {
    if (this.#active === 'ingest') await this.#services.ingest.stop(this.#workspaceId);
    if (this.#active === 'embed') await this.#services.retrieval.stop(this.#workspaceId);
  }

  async #work(kind: PipelineKind): Promise<void> {
    this.#active = kind;
    let failure: unknown;
    const waitingBefore = await this.#waitingDocuments();
    try {
      const record = new JobRecord(this.#db, jobId(this.#workspaceId, kind));
      if (kind === 'ingest') {
        await this.#services.ingest.run(this.#workspaceId, ({ done, total, path, share, secondsLeft }) =>
          record.report({
            done,
            total,
            secondsLeft,
            title: path ? `Reading ${path.split('/').at(-1)}` : 'Reading files',
            current: path ? { path, share } : undefined,
          }),
        );
      } else {
        await this.#services.retrieval.sync(this.#workspaceId, (progress) => record.report(progress));
      }
      await record.flush();
    } catch (error) {
      failure = error;
    }
    // Settled while still active: the change of state must not look like somebody's wish to stop.
    await this.#settle(kind, failure, waitingBefore);
    this.#active = undefined;
    if (this.#subscription) {
      this.#reconcile(
        await this.#db.jobs.bulkGet([jobId(this.#workspaceId, 'ingest'), jobId(this.#workspaceId, 'embed')]),
      );
    }
  }

  /** Writes how a step ended, unless it was paused or cancelled meanwhile, and starts the next one. */
  async #settle(kind: PipelineKind, failure: unknown, waitingBefore = 0): Promise<void> {
    // Nobody follows any more: the row keeps saying `running`, and the next owner goes on.
    if (!this.#subscription) return;
    const id = jobId(this.#workspaceId, kind);
    await this.#db.transaction('rw', this.#db.jobs, this.#db.documents, async () => {
      const row = await this.#db.jobs.get(id);
      if (row?.state !== 'running') return;
      if (failure !== undefined) {
        const ended = isAbort(failure)
          ? { state: 'paused' as const }
          : { state: 'failed' as const, problem: toProblem(failure) };
        await this.#db.jobs.update(id, { ...ended, updatedAt: Date.now() });
        return;
      }
      // Files that came while the last one was being read: the row stays `running` and is taken up again, unless
      // nothing got done, which would go round for ever.
      const waiting = kind === 'ingest' ? await this.#waitingDocuments() : 0;
      if (waiting > 0 && waiting !== waitingBefore) return;
      await this.#db.jobs.update(id, {
        state: 'done',
        title: kind === 'ingest' ? 'Files read' : 'Search index ready',
        done: row.total,
        secondsLeft: undefined,
        updatedAt: Date.now(),
      });
      if (kind === 'ingest') await this.#begin('embed', 0);
    });
  }

  #waitingDocuments(): Promise<number> {
    return this.#db.documents.where('[workspaceId+status]').equals([this.#workspaceId, 'waiting']).count();
  }
}

function blankRow(id: string, workspaceId: string, kind: PipelineKind): JobRow {
  return {
    id,
    workspaceId,
    kind,
    title: kind === 'ingest' ? 'Reading files' : 'Preparing search',
    state: 'running',
    done: 0,
    total: 0,
    unit: kind === 'ingest' ? 'files' : 'passages',
    startedAt: 0,
    updatedAt: 0,
  };
}
