import { residentWasm } from '../../../src/engine/resident/wasm.ts';
import { residentSuite } from '../../support/engine-suites/resident.ts';

residentSuite(() => residentWasm({ threads: 2 }), []);
