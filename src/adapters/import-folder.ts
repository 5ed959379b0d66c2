import { PEFT_CONFIG, PEFT_WEIGHTS } from '../engine/adapters/peft-config.ts';
import { LINEAR_CONFIG } from '../engine/adapters/linear-adapter.ts';
import { AttuneError } from '../errors/attune-error.ts';
import { readArchive } from '../ingest/archive/zip.ts';
import type { SourceFile } from '../ingest/contract.ts';

/** Adapters are small; what is larger is a whole model. */
const MAX_BYTES = 2e9;
/** What PyTorch saves where it is not told otherwise: reading it would run what is in it. */
const PICKLED = 'adapter_model.bin';

/** The files of one adapter, by their names without folders. */
export interface AdapterFolder {
  /** Of the zip or the folder. */
  name: string;
  files: ReadonlyMap<string, Blob>;
}

/**
 * The adapter among files that a person chose: in the zip or folder itself, or in the one folder of it that holds one.
 * A trainer's checkpoints, which lie in folders below, do not get among its files.
 *
 * @throws AttuneError `adapters/too-large`, `adapters/incomplete`, `adapters/several`, `adapters/pickle`
 */
export async function filesOfAdapter(sources: readonly SourceFile[]): Promise<AdapterFolder> {
  const { entries, name } = await unpacked(sources);
  const folders = new Map<string, Map<string, Blob>>();
  for (const { path, blob } of entries) {
    const at = path.lastIndexOf('/');
    const folder = path.slice(0, Math.max(at, 0));
    if (!folders.has(folder)) folders.set(folder, new Map());
    folders.get(folder)!.set(path.slice(at + 1), blob);
  }
  const holding = [...folders].filter(([, files]) => files.has(PEFT_CONFIG) || files.has(LINEAR_CONFIG));
  const depth = Math.min(...holding.map(([folder]) => depthOf(folder)));
  const [first, ...others] = holding.filter(([folder]) => depthOf(folder) === depth);
  if (!first) {
    throw new AttuneError(
      'adapters/incomplete',
      `${name} holds no ${PEFT_CONFIG}.`,
      `Choose the folder or zip of a PEFT adapter, with ${PEFT_CONFIG} and ${PEFT_WEIGHTS}.`,
    );
  }
  if (others.length > 0) {
    const names = [first, ...others].map(([folder]) => folder);
    throw new AttuneError(
      'adapters/several',
      `${name} holds several adapters: ${names.join(', ')}.`,
      'Choose the folder of one of them.',
    );
  }
  const files = first[1];
  if (files.has(PICKLED) && ![...files.keys()].some((file) => file.endsWith('.safetensors'))) {
    throw new AttuneError(
      'adapters/pickle',
      `The weights are in ${PICKLED}, a pickle, which runs what is in it when it is read.`,
      'Save the adapter again with save_pretrained(…, safe_serialization=True).',
    );
  }
  return { name, files };
}

function depthOf(folder: string): number {
  return folder === '' ? 0 : folder.split('/').length;
}

async function unpacked(sources: readonly SourceFile[]): Promise<{ entries: SourceFile[]; name: string }> {
  const entries: SourceFile[] = [];
  let name = 'Adapter';
  for (const { path, blob } of sources) {
    if (blob.size > MAX_BYTES) {
      throw new AttuneError(
        'adapters/too-large',
        `${path} has ${Math.round(blob.size / 1e9)} GB, far more than an adapter.`,
        'A whole model is added in Models.',
      );
    }
    const [top, ...below] = path.split('/');
    if (/\.zip$/i.test(path)) {
      name = path
        .split('/')
        .at(-1)!
        .replace(/\.zip$/i, '');
      for await (const entry of readArchive(blob, path)) {
        if (/\.(json|safetensors|bin)$/.test(entry.path)) entries.push({ path: entry.path, blob: await entry.blob() });
      }
    } else {
      if (below.length > 0) name = top!;
      entries.push({ path, blob });
    }
  }
  return { entries, name };
}
