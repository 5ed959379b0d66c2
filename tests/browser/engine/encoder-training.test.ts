import { describe } from 'vitest';
import { encoderTrainingSuite } from '../../support/training-suites/encoder.ts';
import { readFixture, RUNTIMES } from './runtimes.ts';

describe.each(RUNTIMES)('%s', (_, open) => encoderTrainingSuite(open, readFixture));
