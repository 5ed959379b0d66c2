/**
 * The demonstration from the command line: drives the real app in Chromium from documents to the matrix of base and
 * tuned models, and prints it. `npm run demo -- --help` says with which options. Exits non-zero on any failure.
 */
import { demoArguments, USAGE } from './demo/arguments.ts';
import { finish } from './demo/finish.ts';
import { askedIds, readDocuments, readQuestions, sampleDocuments } from './demo/inputs.ts';
import { inApp, runProgram } from './demo/program.ts';
import { addDocuments, addQuestions, exportWorkspace, showMe } from './demo/walk.ts';

const say = (line: string) => console.log(`  ${line}`);

await runProgram(USAGE, async (argv) => {
  const args = demoArguments(argv);
  const known = args.docs === undefined ? undefined : readDocuments(args.docs);
  const asked = args.questions === undefined ? new Set<string>() : askedIds(args.questions);
  const documents = known && sampleDocuments(known, asked, args.maxDocuments, args.seed);
  const questions = args.questions !== undefined && documents ? readQuestions(args.questions, documents) : undefined;

  await inApp(args, async (page) => {
    const began = performance.now();
    if (documents) {
      console.log(`${documents.size} documents`);
      await addDocuments(page, documents.values(), say);
    }
    const dataset = questions && (await addQuestions(page, questions, args, say));
    const answers = args.tune.includes('generator') ? args.maxAnswers : 0;
    const demo = await showMe(page, { ...args, answers, dataset, adapters: {} }, say);
    await finish(page, demo, args, (performance.now() - began) / 1000);
    if (args.save !== undefined) await exportWorkspace(page, args.save);
  });
});
