import { readFile } from 'node:fs/promises';
import { residentNode } from '../../../../src/engine/resident/node.ts';
import { encoderTrainingSuite } from '../../../support/training-suites/encoder.ts';

const runtime = residentNode(1);

encoderTrainingSuite(
  async () => runtime,
  async (path) => new Uint8Array(await readFile(`tests/fixtures/${path}`)),
);
