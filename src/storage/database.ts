import { Dexie, type EntityTable, type Table } from 'dexie';
import type {
  AdapterRow,
  CachedResultRow,
  ChatRow,
  ChunkRow,
  ChunkSignatureRow,
  DatasetRow,
  DatasetVersionRow,
  DocumentRow,
  DocumentTextRow,
  EndpointRow,
  EvaluationRow,
  EvaluationScoreRow,
  ExampleRow,
  GenerationRow,
  JobRow,
  MessageRow,
  ModelRow,
  NodeRow,
  OriginalRow,
  RecordingRow,
  RunPointRow,
  RunRow,
  SecretRow,
  SettingRow,
  VectorIndexRow,
  VoteRow,
  WorkspaceRow,
} from './schema.ts';

/**
 * The database behind every screen and worker. Workers open their own connection; Dexie's `liveQuery` sees writes of
 * all of them.
 *
 * The version only ever grows. A change of shape adds `this.version(n + 1)` with an upgrade; old versions stay.
 */
export class AttuneDatabase extends Dexie {
  workspaces!: EntityTable<WorkspaceRow, 'id'>;
  documents!: EntityTable<DocumentRow, 'id'>;
  originals!: EntityTable<OriginalRow, 'documentId'>;
  documentTexts!: EntityTable<DocumentTextRow, 'documentId'>;
  chunks!: EntityTable<ChunkRow, 'id'>;
  signatures!: EntityTable<ChunkSignatureRow, 'documentId'>;
  vectorIndexes!: EntityTable<VectorIndexRow, 'id'>;
  jobs!: EntityTable<JobRow, 'id'>;
  chats!: EntityTable<ChatRow, 'id'>;
  messages!: EntityTable<MessageRow, 'id'>;
  settings!: EntityTable<SettingRow, 'key'>;
  models!: EntityTable<ModelRow, 'id'>;
  endpoints!: EntityTable<EndpointRow, 'id'>;
  secrets!: EntityTable<SecretRow, 'id'>;
  nodes!: EntityTable<NodeRow, 'id'>;
  datasets!: EntityTable<DatasetRow, 'id'>;
  examples!: EntityTable<ExampleRow, 'id'>;
  runs!: EntityTable<RunRow, 'id'>;
  runPoints!: Table<RunPointRow, [string, number, string]>;
  adapters!: EntityTable<AdapterRow, 'id'>;
  datasetVersions!: EntityTable<DatasetVersionRow, 'id'>;
  generations!: EntityTable<GenerationRow, 'id'>;
  recordings!: EntityTable<RecordingRow, 'id'>;
  evaluations!: EntityTable<EvaluationRow, 'id'>;
  evaluationScores!: Table<EvaluationScoreRow, [string, string, string]>;
  cachedResults!: EntityTable<CachedResultRow, 'key'>;
  votes!: EntityTable<VoteRow, 'id'>;

  constructor(name = 'attune') {
    super(name);
    this.version(1).stores({
      workspaces: 'id, name, updatedAt',
      documents:
        'id, workspaceId, [workspaceId+path], [workspaceId+status], [workspaceId+folder], [workspaceId+updatedAt]',
      originals: 'documentId, workspaceId',
      documentTexts: 'documentId, workspaceId',
      chunks: 'id, workspaceId, documentId, [documentId+ordinal], [workspaceId+nearDuplicateOf]',
      signatures: 'documentId, workspaceId',
      vectorIndexes: 'id, workspaceId',
      jobs: 'id, workspaceId, state, updatedAt',
      chats: 'id, workspaceId, updatedAt',
      messages: 'id, chatId, workspaceId, [chatId+createdAt]',
      settings: 'key',
      models: 'id, role',
      endpoints: 'id',
      secrets: 'id',
    });
    this.version(2).stores({
      datasets: 'id, workspaceId, updatedAt',
      examples: 'id, workspaceId, datasetId, [datasetId+ordinal], [datasetId+split]',
      runs: 'id, workspaceId, state, sweepId, createdAt',
      runPoints: '[runId+step+kind], runId',
      adapters: 'id, task, createdAt',
    });
    this.version(3).stores({
      datasetVersions: 'id, workspaceId, datasetId',
      generations: 'id, workspaceId, datasetId, state',
      recordings: 'id, workspaceId, createdAt',
      evaluations: 'id, workspaceId, createdAt',
      evaluationScores: '[evaluationId+configurationId+exampleId], workspaceId, evaluationId, [evaluationId+exampleId]',
      cachedResults: 'key, workspaceId, usedAt',
      votes: 'id, workspaceId, createdAt',
    });
    this.version(4).stores({ nodes: 'id' });
  }
}

let shared: AttuneDatabase | undefined;

/** The one connection of this thread. */
export function database(): AttuneDatabase {
  shared ??= new AttuneDatabase();
  return shared;
}
