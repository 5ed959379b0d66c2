/**
 * The matrix of base and tuned models without tuning: of a saved workspace with its adapters, or of adapters given as
 * files on documents and questions. Drives the real app in Chromium. Exits non-zero on any failure.
 */
import { evaluateArguments, EVALUATE_USAGE } from './demo/arguments.ts';
import { finish } from './demo/finish.ts';
import { readDocuments, readQuestions } from './demo/inputs.ts';
import { inApp, runProgram } from './demo/program.ts';
import { addAdapter, addDocuments, addQuestions, importWorkspace, showMe, testSet, tunedParts } from './demo/walk.ts';

const say = (line: string) => console.log(`  ${line}`);

await runProgram(EVALUATE_USAGE, async (argv) => {
  const args = evaluateArguments(argv);
  await inApp(args, async (page) => {
    const began = performance.now();
    let dataset: string;
    if (args.workspace !== undefined) {
      await importWorkspace(page, args.workspace);
      dataset = await testSet(page, args.dataset);
    } else {
      const documents = readDocuments(args.docs!);
      await addDocuments(page, documents.values(), say);
      // Nothing is trained here: every question may be asked.
      dataset = await addQuestions(page, readQuestions(args.questions!, documents), { ...args, testShare: 1 }, say);
    }
    for (const file of args.adapters) await addAdapter(page, file);
    const adapters = await tunedParts(page);
    const answers = args.answers || adapters.generator !== undefined ? args.maxAnswers : 0;
    const demo = await showMe(page, { ...args, tune: [], minutes: 1, answers, dataset, adapters }, say);
    await finish(page, demo, args, (performance.now() - began) / 1000);
  });
});
