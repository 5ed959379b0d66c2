import { database } from '../storage/database.ts';
import type { IngestService } from './contract.ts';
import { Ingest } from './ingest.ts';
import { searchModelTokens } from './token-counter.ts';

/** The ingest service over the app's database, counting in the tokens of its search model. */
export function ingestService(): IngestService {
  return new Ingest({ database: database(), tokenCounter: searchModelTokens });
}
