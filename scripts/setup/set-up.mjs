import { installDependencies } from './dependencies.mjs';
import { SetupProblem } from './problem.mjs';
import { fetchStarterModels, pinnedStarterModels } from './starter-models.mjs';

const OLDEST_NODE = [20, 19];

/**
 * Everything between a clone and a build: dependencies, starter models. Does nothing that is done already, and then
 * needs no network. Built on Node alone, because it runs before any dependency exists.
 *
 * @param {string} root of the repository
 * @returns {Promise<string[]>} lines that say what is ready and what is not
 * @throws SetupProblem when the app cannot be built at all
 */
export async function setUp(root) {
  requireNode();
  await installDependencies({ root });
  const { ready, missing } = await fetchStarterModels({ root, models: await pinnedStarterModels(root) });
  return [
    ...ready.map((model) => `  ready: ${model.name} (${model.licence})`),
    ...missing.flatMap(({ model, problem }) => [
      `  missing: ${model.name}. ${problem.message}`,
      `           Without it ${model.without}. ${problem.wayOut}`,
    ]),
  ];
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = OLDEST_NODE;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  throw new SetupProblem(
    `This is Node.js ${process.versions.node}.`,
    `Install Node.js ${OLDEST_NODE.join('.')} or newer.`,
  );
}

/**
 * Runs a command's main function; a problem that a person can solve is told without a stack trace.
 *
 * @param {() => Promise<void>} main
 */
export async function runCommand(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupProblem)) throw error;
    console.error(`\n${error.message}\n${error.wayOut}`);
    process.exitCode = 1;
  }
}
