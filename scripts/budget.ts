/** `npm run budget`: fails when the first load carries more JavaScript than its budget. Needs a build. */
import { FIRST_LOAD_BUDGET_BYTES, staticFirstLoad } from './first-load.ts';

const scripts = staticFirstLoad(process.env.ATTUNE_DIST ?? 'dist');
const total = scripts.reduce((sum, script) => sum + script.gzipBytes, 0);
for (const { path, gzipBytes } of scripts) console.log(`${(gzipBytes / 1000).toFixed(1).padStart(8)} KB  ${path}`);
console.log(
  `${(total / 1000).toFixed(1).padStart(8)} KB  gzipped in all, of ${FIRST_LOAD_BUDGET_BYTES / 1000} KB allowed`,
);
if (scripts.length === 0 || total > FIRST_LOAD_BUDGET_BYTES) process.exitCode = 1;
