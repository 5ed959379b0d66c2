import { benchRow, type BenchRow } from './bench-row.ts';
import type { MatrixTask, MatrixTimes } from './evaluate/matrix-task.ts';
import { inChromium } from './in-chromium.ts';

const TASK: MatrixTask = { passages: 2_500, questions: 200 };

/**
 * A matrix of 8 configurations from the cache, in Chromium with its own database. The models compute nothing worth
 * mentioning, so the first run is the least that any computing of it can take.
 */
export async function run(): Promise<BenchRow[]> {
  const { first, cached, rows, loads } = await inChromium<MatrixTimes>(
    'scripts/bench/evaluate/page.ts',
    'measure',
    TASK,
  );
  if (rows !== 8 * TASK.questions || loads !== 0) throw new Error('The second matrix was not that of the cache.');
  return [
    benchRow({
      name: `8 configurations on ${TASK.questions} questions, ${TASK.passages} passages, from the cache`,
      ours: cached,
      peer: first,
      peerName: 'computed by models that take no time',
      unit: 's',
      better: 'lower',
    }),
  ];
}
