import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { AttuneError } from '../../errors/attune-error.ts';
import { SafetensorsFile } from '../formats/safetensors.ts';
import { writeSafetensors } from '../formats/safetensors-writer.ts';
import { countParameters } from './adamw.ts';
import type { Checkpoint } from './train-options.ts';
import type { Parameter } from './trainable.ts';

/** All parameters one after another. */
export function joinParameters(parameters: readonly Parameter[]): Float32Array<ArrayBuffer> {
  const joined = new Float32Array(countParameters(parameters));
  let at = 0;
  for (const { data } of parameters) {
    joined.set(data, at);
    at += data.length;
  }
  return joined;
}

/** The way back. @throws AttuneError `training/other-checkpoint` when the sizes differ */
export function restoreParameters(parameters: readonly Parameter[], joined: Float32Array): void {
  const size = countParameters(parameters);
  if (joined.length !== size) {
    throw new AttuneError(
      'training/other-checkpoint',
      `The checkpoint holds ${joined.length} numbers, the adapter has ${size}: it belongs to another run.`,
      'Start the run anew.',
    );
  }
  let at = 0;
  for (const { data } of parameters) {
    data.set(joined.subarray(at, at + data.length));
    at += data.length;
  }
}

const ARRAYS = ['parameters', 'firstMoments', 'secondMoments'] as const;

/** What is no array, as JSON in the file's metadata. */
interface State {
  version: 1;
  step: number;
  validations: Checkpoint['validations'];
  best?: { step: number; score: number };
}

/** A safetensors file with a SHA-256 over its contents, so that a torn write is noticed. */
export function writeCheckpoint(checkpoint: Checkpoint): Blob {
  const { step, validations, best } = checkpoint;
  const state: State = { version: 1, step, validations, best: best && { step: best.step, score: best.score } };
  const text = JSON.stringify(state);
  const arrays = ARRAYS.map((name) => [name, checkpoint[name]] as const);
  const all = best ? [...arrays, ['best', best.parameters] as const] : arrays;
  const tensors = all.map(([name, data]) => ({ name, dtype: 'F32' as const, shape: [data.length], data }));
  const hash = hashOf(
    text,
    all.map(([name, { buffer, byteOffset, byteLength }]) => [name, new Uint8Array(buffer, byteOffset, byteLength)]),
  );
  return writeSafetensors(tensors, { state: text, sha256: hash });
}

/** @throws AttuneError `training/bad-checkpoint` when the file is torn, damaged or no checkpoint */
export async function readCheckpoint(blob: Blob, name: string): Promise<Checkpoint> {
  const file = await SafetensorsFile.open(blob, name).catch((cause: unknown) => {
    throw bad(name, cause);
  });
  const { state: text = '', sha256: expected } = file.metadata;
  const parts = await Promise.all(
    [...file.tensors.keys()].map(async (tensor) => [tensor, await file.bytes(tensor)] as const),
  );
  if (hashOf(text, parts) !== expected) throw bad(name);
  const arrays = new Map(parts.map(([tensor, { buffer }]) => [tensor, new Float32Array(buffer)]));
  const array = (tensor: string) => arrays.get(tensor)!;
  // A figure that is no number is null in JSON.
  const state = JSON.parse(text, (_, value: unknown) => (value === null ? NaN : value)) as State;
  return {
    step: state.step,
    validations: state.validations,
    parameters: array('parameters'),
    firstMoments: array('firstMoments'),
    secondMoments: array('secondMoments'),
    best: state.best && { ...state.best, parameters: array('best') },
  };
}

function hashOf(text: string, parts: readonly (readonly [string, Uint8Array])[]): string {
  const hash = sha256.create().update(utf8ToBytes(text));
  for (const [name, bytes] of parts) hash.update(utf8ToBytes(name)).update(bytes);
  return bytesToHex(hash.digest());
}

function bad(name: string, cause?: unknown): AttuneError {
  return new AttuneError(
    'training/bad-checkpoint',
    `${name} is damaged or was not written to its end.`,
    'Go on from the checkpoint before it.',
    { cause },
  );
}
