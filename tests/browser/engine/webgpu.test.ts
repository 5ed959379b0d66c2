import { residentWebgpu } from '../../../src/engine/resident/webgpu.ts';
import { residentSuite } from '../../support/engine-suites/resident.ts';

residentSuite(() => residentWebgpu(), []);
