import { expose } from '../src/bridge/expose.ts';
import { Ingest } from '../src/ingest/service.ts';
import { searchModelTokens } from '../src/ingest/token-counter.ts';
import { database } from '../src/storage/database.ts';

expose(new Ingest({ database: database(), tokenCounter: searchModelTokens }));
