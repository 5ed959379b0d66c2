import { readFile } from 'node:fs/promises';
import { residentNode } from '../../../../src/engine/resident/node.ts';
import { decoderTrainingSuite } from '../../../support/training-suites/decoder.ts';

const runtime = residentNode(1);

decoderTrainingSuite(
  async () => runtime,
  async (path) => new Uint8Array(await readFile(`tests/fixtures/${path}`)),
);
