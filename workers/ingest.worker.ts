import { expose } from '../src/bridge/expose.ts';
import { ingestService } from '../src/ingest/service.ts';

expose(ingestService());
