import { AttuneError } from '../errors/attune-error.ts';
import type { SourceFile } from '../ingest/contract.ts';

/** `public/samples/index.json`. */
export interface SampleIndex {
  /** Paths below `public/samples/`, which are also the paths in the library. */
  files: string[];
  licence: string;
  /** Questions that the files answer. */
  questions: string[];
}

const sampleUrl = (path: string) =>
  new URL(`${import.meta.env.BASE_URL}samples/${path}`, globalThis.location.href).href;

/** @throws AttuneError `samples/missing` when the app was built or copied without them. */
export async function sampleIndex(): Promise<SampleIndex> {
  return (await get('index.json')).json() as Promise<SampleIndex>;
}

/** The built-in sample documents, ready for `ingest.add`. */
export async function loadSamples(): Promise<SourceFile[]> {
  const { files } = await sampleIndex();
  return Promise.all(files.map(async (path) => ({ path, blob: await (await get(path)).blob() })));
}

async function get(path: string): Promise<Response> {
  const response = await fetch(sampleUrl(path)).catch(() => undefined);
  // A server that answers unknown paths with the app itself says 200 and HTML.
  const isPage = response?.headers.get('content-type')?.includes('html') ?? false;
  if (response?.ok && !isPage) return response;
  throw new AttuneError(
    'samples/missing',
    `The sample document ${path} could not be loaded.`,
    'Reload the page, or add documents of your own.',
  );
}
