import { AttuneError } from '../errors/attune-error.ts';
import type { Embedder } from '../retrieval/contract.ts';
import type { EndpointSource } from '../retrieval/endpoint-source.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type { RunRow } from '../storage/schema.ts';
import { searchEndpointOf } from '../storage/workspace-search.ts';
import { fillTable, madeUpTable, VectorTable, type VectorSource } from './tasks/vector-table.ts';
import { packTable, unpackTable, type PackedTable } from './vector-memo.ts';

const MEMO = 'vectors';

/** Vectors are written down after as many texts, so that a tab that is killed has not sent them for nothing. */
const WRITTEN_AFTER = 512;

interface Remembered extends PackedTable {
  /** `Embedder.id`: model, host and dimensions. */
  model: string;
}

/**
 * Vectors of the endpoint by which a workspace searches. The run remembers them, so that it asks for none twice, and for
 * nothing at all when it goes on after they are complete. An estimate asks for none: it trains over made-up ones.
 *
 * @param open the endpoint while its texts may be sent: asked before every request
 */
export function endpointVectors(open: () => Promise<Embedder>): VectorSource {
  return async (texts, input) => {
    const { memo, probing, signal } = input;
    if (probing) return madeUpTable(texts, (await open()).dimensions);
    const known = memo?.get(MEMO) as Remembered | undefined;
    const remembered = known && unpackTable(known);
    if (remembered && remembered.lacks(texts).length === 0) return remembered;

    const embedder = await open();
    if (known && known.model !== embedder.id) throw otherVectors(known.model, embedder.id);
    const table = remembered ?? new VectorTable(embedder.dimensions);
    let unwritten = 0;
    const write = async () => {
      unwritten = 0;
      await memo?.set(MEMO, { model: embedder.id, ...packTable(table) } satisfies Remembered);
    };
    try {
      await fillTable(
        table,
        texts,
        async (part, kind) => {
          if (unwritten >= WRITTEN_AFTER) await write();
          const vectors = await (await open()).embed(part, kind, signal);
          unwritten += part.length;
          return vectors;
        },
        input,
      );
    } finally {
      // Also when it was paused or the host failed: what was sent is not sent again.
      if (unwritten > 0) await write();
    }
    return table;
  };
}

/**
 * The endpoint of a run, as long as its workspace is searched by it: that is where its texts may go.
 *
 * @throws AttuneError `training/endpoint-left`, `endpoint/off`, `endpoint/missing`, `endpoint/other-host`
 */
export async function endpointOfRun(
  database: AttuneDatabase,
  endpoints: EndpointSource,
  { workspaceId, modelId }: Pick<RunRow, 'workspaceId' | 'modelId'>,
): Promise<Embedder> {
  const choice = searchEndpointOf(await database.workspaces.get(workspaceId));
  if (choice?.endpointId === modelId) return endpoints.get(choice);
  throw new AttuneError(
    'training/endpoint-left',
    'The workspace is not searched by the endpoint of this run any more, so nothing is sent there.',
    'Use the endpoint for search again under Models, or start a new run.',
  );
}

function otherVectors(before: string, now: string): AttuneError {
  return new AttuneError(
    'training/other-vectors',
    `The run began with vectors of ${before}; the endpoint now gives those of ${now}.`,
    'Start a new run.',
  );
}
