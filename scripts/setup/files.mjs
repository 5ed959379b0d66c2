import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SetupProblem } from './problem.mjs';
import { megabytes } from './progress.mjs';

/**
 * @param {string} path
 * @returns {Promise<string>} hex
 */
export async function sha256OfFile(path) {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part);
  return hash.digest('hex');
}

/**
 * Writes through a temporary name, so that a file is either old or whole, never half.
 *
 * @param {string} path
 * @param {string} text
 */
export async function writeAtomically(path, text) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.part`, text);
  await rename(`${path}.part`, path);
}

/**
 * @param {string} path
 * @returns {Promise<any>} parsed JSON, or null when there is no such file or it is broken
 */
export async function readJson(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

/**
 * @param {string} folder that exists
 * @param {number} bytes
 * @throws SetupProblem when the disk has less room
 */
export async function requireFreeSpace(folder, bytes) {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new SetupProblem(
    `The disk has ${megabytes(free)} free, set-up needs ${megabytes(bytes)}.`,
    'Free some space and run the command again: it goes on where it stopped.',
  );
}

/**
 * Remembers which files were verified, by size and time of change, so that the next start need not read 145 MB again.
 */
export class VerifiedFiles {
  /** @type {Record<string, { bytes: number, mtimeMs: number, sha256: string }>} */
  #known = {};
  #path;

  /** @param {string} path of the JSON file that keeps the list */
  constructor(path) {
    this.#path = path;
  }

  async load() {
    this.#known = (await readJson(this.#path)) ?? {};
  }

  /**
   * @param {string} path
   * @param {{ bytes: number, sha256: string }} pinned
   * @returns {Promise<boolean>} true when the file is there and has exactly the pinned content
   */
  async matches(path, pinned) {
    const info = await stat(path).catch(() => null);
    if (!info || info.size !== pinned.bytes) return false;
    const seen = this.#known[path];
    const unchanged = seen?.bytes === info.size && seen.mtimeMs === info.mtimeMs && seen.sha256 === pinned.sha256;
    if (unchanged) return true;
    if ((await sha256OfFile(path)) !== pinned.sha256) return false;
    this.#known[path] = { bytes: info.size, mtimeMs: info.mtimeMs, sha256: pinned.sha256 };
    await writeAtomically(this.#path, JSON.stringify(this.#known, null, 2));
    return true;
  }
}
