import { EventSourceParserStream } from 'eventsource-parser/stream';
import { AttuneError } from '../errors/attune-error.ts';
import { hashFile } from '../ingest/hashing.ts';
import type {
  CompanionConnection,
  CompanionEstimate,
  CompanionEvent,
  CompanionFile,
  CompanionJob,
  CompanionModel,
  CompanionRequest,
  CompanionRowsShape,
  CompanionShipment,
  CompanionSystem,
} from './contract.ts';
import { bodyOf, connectionProblem, request, requestJson } from './http.ts';
import { pause } from './pause.ts';

const METHODS = { embedder: 'embedder', reranker: 'reranker', generator: 'supervised' } as const;
/** For a stream that breaks; whoever waits longer for a node asks again (`reaching.ts`). */
const RETRY_MS = [500, 1000, 2000, 5000];

/** What a client of a node does, whoever does it. */
export type NodeClient = Pick<CompanionClient, keyof CompanionClient>;

/**
 * A companion node, as its protocol has it (`companion/README.md`). Nothing is kept here: identifiers of files and jobs
 * are all that a caller needs to catch up after the tab was closed.
 */
export class CompanionClient {
  readonly #connection: CompanionConnection;

  constructor(connection: CompanionConnection) {
    this.#connection = connection;
  }

  system(signal?: AbortSignal): Promise<CompanionSystem> {
    return requestJson(this.#connection, '/v1/system', { signal: signal ?? null });
  }

  /** Bases and adapters. */
  async models(signal?: AbortSignal): Promise<CompanionModel[]> {
    return (await requestJson<{ data: CompanionModel[] }>(this.#connection, '/v1/models', { signal: signal ?? null }))
      .data;
  }

  /**
   * Sends rows. Whoever sends them has shown them before.
   *
   * @param name by which they are found again; @returns the file's id on the node
   * @throws AttuneError `companion/damaged` when other bytes arrived than were sent
   */
  async send({ file }: CompanionShipment, name: string, signal?: AbortSignal): Promise<string> {
    const form = new FormData();
    form.set('purpose', 'fine-tune');
    form.set('file', file, name);
    const response = await request(this.#connection, '/v1/files', {
      method: 'POST',
      body: form,
      signal: signal ?? null,
    });
    const { id, sha256 } = (await bodyOf(response, 'json', this.#connection)) as { id: string; sha256: string };
    if (sha256 === (await hashFile(file))) return id;
    await this.removeFile(id);
    throw new AttuneError('companion/damaged', 'The rows arrived damaged at the node.', 'Send them again.');
  }

  /** Files of rows that lie on the node, whoever sent them. */
  async files(signal?: AbortSignal): Promise<CompanionFile[]> {
    const path = '/v1/files?purpose=fine-tune&limit=1000';
    return (await requestJson<{ data: CompanionFile[] }>(this.#connection, path, { signal: signal ?? null })).data;
  }

  /** Deletes rows there. @throws AttuneError `companion/not-deleted` */
  async removeFile(id: string): Promise<void> {
    await this.#remove(`/v1/files/${encodeURIComponent(id)}`, 'the rows');
  }

  /**
   * Queues a job on rows that were sent.
   *
   * @param runId by which it is found again when the answer is lost
   * @throws AttuneError `companion/refused` naming the row and the reason
   */
  start(wanted: CompanionRequest, fileId: string, runId: string): Promise<CompanionJob> {
    return requestJson(this.#connection, '/v1/fine_tuning/jobs', {
      json: { ...jobOf(wanted), training_file: fileId, metadata: { run: runId } },
    });
  }

  /** The latest jobs of the node, whoever began them. */
  async jobs(signal?: AbortSignal): Promise<CompanionJob[]> {
    const path = '/v1/fine_tuning/jobs?limit=1000';
    return (await requestJson<{ data: CompanionJob[] }>(this.#connection, path, { signal: signal ?? null })).data;
  }

  /**
   * What such a job would take, measured there with a real step on words of its own; no row is sent.
   *
   * @throws AttuneError `companion/busy` while the node has jobs, `companion/too-slow`
   */
  estimate(wanted: CompanionRequest, shape: CompanionRowsShape, signal?: AbortSignal): Promise<CompanionEstimate> {
    return requestJson(this.#connection, '/v1/estimates', {
      json: { ...jobOf(wanted), ...shape },
      signal: signal ?? null,
    });
  }

  job(id: string, signal?: AbortSignal): Promise<CompanionJob> {
    return requestJson(this.#connection, jobPath(id), { signal: signal ?? null });
  }

  /** A job that runs stops after its step; a paused one keeps its checkpoint. */
  control(id: string, how: 'cancel' | 'pause' | 'resume'): Promise<CompanionJob> {
    return requestJson(this.#connection, `${jobPath(id)}/${how}`, { method: 'POST' });
  }

  /**
   * What happens to a job, from the event after `after` on, until it is over or paused. A connection that breaks is taken
   * up again where it was.
   *
   * @throws AttuneError `companion/unreachable` when it breaks again and again
   */
  async *follow(id: string, after?: string, signal?: AbortSignal): AsyncGenerator<CompanionEvent> {
    let seen = after;
    for (let tries = 0; ; tries++) {
      try {
        const response = await request(this.#connection, `${jobPath(id)}/events?stream=true`, {
          headers: seen ? { 'Last-Event-ID': seen } : {},
          signal: signal ?? null,
        });
        const events = response.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
        for await (const { id: eventId, data } of iterate(events)) {
          if (data === '[DONE]') return;
          seen = eventId;
          tries = 0;
          yield JSON.parse(data) as CompanionEvent;
        }
      } catch (error) {
        signal?.throwIfAborted();
        const problem = connectionProblem(error, this.#connection.url);
        if (!isCode(problem, 'companion/unreachable') || tries >= RETRY_MS.length) throw problem;
      }
      await pause(RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]!, signal);
    }
  }

  /**
   * The finished adapter as a zip of a PEFT folder, checked against the base that it is to be used with.
   *
   * @param sha256 of the base model's weights here
   * @throws AttuneError `companion/other-base`
   */
  async adapter(name: string, sha256: string): Promise<File> {
    const path = `/v1/models/${encodeURIComponent(name)}`;
    const { base_sha256: trainedOn, base } = await requestJson<CompanionModel>(this.#connection, path);
    if (trainedOn !== sha256) {
      throw new AttuneError(
        'companion/other-base',
        `The adapter was trained on other weights of ${base ?? 'its base model'} than those here.`,
        'Give the node the same model files as this app, and tune again.',
      );
    }
    const zip = await bodyOf(await request(this.#connection, `${path}/adapter`), 'blob', this.#connection);
    return new File([zip], `${name.replaceAll(/[^\w.-]+/g, '-')}.zip`, { type: 'application/zip' });
  }

  /** Deletes a tuned model with its checkpoints there. @throws AttuneError `companion/not-deleted` */
  async removeModel(name: string): Promise<void> {
    await this.#remove(`/v1/models/${encodeURIComponent(name)}`, `the model ${name}`);
  }

  /** Deletes and asks again, until the node itself says that it is gone. */
  async #remove(path: string, what: string): Promise<void> {
    await request(this.#connection, path, { method: 'DELETE' }).catch(ignoreMissing);
    const left = await request(this.#connection, path).catch(ignoreMissing);
    if (left) throw new AttuneError('companion/not-deleted', `The node still has ${what}.`, 'Delete it again.');
  }
}

/** A job as the protocol writes it. */
function jobOf({ task, model, settings, seed, suffix }: CompanionRequest): Record<string, unknown> {
  const type = METHODS[task];
  return {
    model,
    method: { type, [type]: { hyperparameters: settings } },
    ...(seed !== undefined && { seed }),
    ...(suffix && { suffix }),
  };
}

function jobPath(id: string): string {
  return `/v1/fine_tuning/jobs/${encodeURIComponent(id)}`;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof AttuneError && error.code === code;
}

/** What the node has no more is absent; every other failure stays one. */
export function ignoreMissing(error: unknown): undefined {
  if (!isCode(error, 'companion/not-found')) throw error;
}

/** Safari's streams cannot be looped over. Leaving the loop closes the connection. */
async function* iterate<T>(stream: ReadableStream<T>): AsyncGenerator<T> {
  const reader = stream.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
