import { readFile } from 'node:fs/promises';
import { residentNode } from '../../../../src/engine/resident/node.ts';
import { crossEncoderTrainingSuite } from '../../../support/training-suites/cross-encoder.ts';
import { encoderTrainingSuite } from '../../../support/training-suites/encoder.ts';

const runtime = residentNode(1);
const open = async () => runtime;
const read = async (path: string) => new Uint8Array(await readFile(`tests/fixtures/${path}`));

encoderTrainingSuite(open, read);
crossEncoderTrainingSuite(open, read);
