import { configurationId } from '../evaluation/matrix/index.ts';
import type { ArchiveEntry } from '../ingest/archive/zip.ts';
import type { AttuneDatabase } from '../storage/database.ts';
import type {
  DatasetVersionRow,
  EvaluationRow,
  EvaluationScoreRow,
  ExampleRow,
  PassageSnapshot,
  PipelineConfiguration,
  PipelineModel,
} from '../storage/schema.ts';
import { rowsOf } from './archive-rows.ts';
import { inBatches } from './in-batches.ts';
import { evaluationSchema, recordingSchema, scoreSchema, versionSchema, voteSchema } from './laboratory-format.ts';
import type { NewIds } from './new-ids.ts';

export interface LaboratoryParts {
  db: AttuneDatabase;
  workspaceId: string;
  entries: ReadonlyMap<string, ArchiveEntry>;
  signal: AbortSignal;
  /** Ids of data sets, examples and adapters that came in before. */
  ids: NewIds;
  /** New ids of a passage and its document by their old ones. */
  chunkIdOf: (oldId: string) => string | undefined;
}

/** Reads versions, recordings, evaluations and votes into a new workspace; see `laboratory-format.ts`. */
export async function importLaboratory(parts: LaboratoryParts): Promise<void> {
  const { db, workspaceId, entries, signal, ids, chunkIdOf } = parts;
  const rows = (name: string) => entries.get(`${name}.jsonl`);
  for await (const row of rowsOf(rows('dataset-versions'), versionSchema, signal)) {
    const datasetId = ids.known(row.datasetId);
    const version: DatasetVersionRow = {
      ...row,
      id: `${datasetId}/${row.version}`,
      datasetId,
      workspaceId,
      examples: row.examples.map((example) => ({
        ...withNewChunks(example, chunkIdOf),
        id: ids.fresh(example.id),
        datasetId,
        workspaceId,
      })),
    };
    await db.datasetVersions.add(version);
  }
  for await (const row of rowsOf(rows('recordings'), recordingSchema, signal)) {
    const passages = row.passages.map((passage) => ({
      ...passage,
      chunkId: chunkIdOf(passage.chunkId) ?? passage.chunkId,
    }));
    const kept = passages as unknown as PassageSnapshot[];
    await db.recordings.add({ ...row, id: crypto.randomUUID(), workspaceId, passages: kept });
  }
  // A configuration is named by its models; those with an adapter have another name here.
  const configurations = new Map<string, string>();
  for await (const row of rowsOf(rows('evaluations'), evaluationSchema, signal)) {
    const own = row.configurations.map((configuration) => withNewAdapters(configuration, ids));
    row.configurations.forEach(({ id }, i) => configurations.set(id, own[i]!.id));
    const { voting, ...kept } = row;
    const { judge, machines } = kept;
    const evaluation: EvaluationRow = {
      ...kept,
      id: ids.fresh(row.id),
      workspaceId,
      datasetId: ids.known(row.datasetId),
      exampleIds: row.exampleIds.map((id) => ids.known(id)),
      configurations: own,
      ...(judge && { judge: withNewAdapter(judge, ids) }),
      ...(machines && {
        machines: Object.fromEntries(
          Object.entries(machines).map(([id, machine]) => [configurations.get(id) ?? id, machine]),
        ),
      }),
      // What was computed is there, and it goes on from that when somebody asks for it.
      ...((row.state === 'running' || row.state === 'waiting') && { state: 'paused' }),
      // What was voted on is done; the vote itself can be asked for again.
      ...(voting && { state: 'done' }),
    };
    await db.evaluations.add(evaluation);
  }
  await inBatches(
    rowsOf(rows('evaluation-scores'), scoreSchema, signal),
    (row): EvaluationScoreRow => ({
      ...row,
      workspaceId,
      evaluationId: ids.known(row.evaluationId),
      configurationId: configurations.get(row.configurationId) ?? row.configurationId,
      exampleId: ids.known(row.exampleId),
      passages: row.passages.map((passage) => ({
        ...passage,
        chunkId: chunkIdOf(passage.chunkId) ?? passage.chunkId,
      })),
    }),
    (batch) => db.evaluationScores.bulkPut(batch),
  );
  for await (const row of rowsOf(rows('votes'), voteSchema, signal)) {
    const [first, second] = row.answers.map((answer) => ({
      ...answer,
      configurationId: configurations.get(answer.configurationId) ?? answer.configurationId,
    }));
    await db.votes.add({ ...row, id: crypto.randomUUID(), workspaceId, answers: [first!, second!] });
  }
}

type ChunkNames = Pick<ExampleRow, 'chunkId' | 'morePassages'>;

/** The passages of a row under their new ids; one whose document is gone names none. */
export function withNewChunks<T extends ChunkNames>(row: T, chunkIdOf: LaboratoryParts['chunkIdOf']): T {
  const renewed = <P extends Pick<ExampleRow, 'chunkId'>>({ chunkId, ...rest }: P) => {
    const id = chunkId && chunkIdOf(chunkId);
    return { ...rest, ...(id && { chunkId: id }) } as P;
  };
  const { morePassages } = row;
  return { ...renewed(row), ...(morePassages && { morePassages: morePassages.map(renewed) }) };
}

function withNewAdapters(configuration: PipelineConfiguration, ids: NewIds): PipelineConfiguration {
  const part = (model: PipelineModel | null) => model && withNewAdapter(model, ids);
  const parts = {
    embedder: part(configuration.embedder),
    reranker: part(configuration.reranker),
    generator: part(configuration.generator),
  };
  return { ...configuration, ...parts, id: configurationId(parts) };
}

/** Starters have the same ids everywhere. */
function withNewAdapter({ adapterId, ...model }: PipelineModel, ids: NewIds): PipelineModel {
  if (adapterId === undefined) return model;
  return { ...model, adapterId: adapterId && ids.known(adapterId) };
}
