import { AttuneError } from '../errors/attune-error.ts';

const PATH = 'samples/handbook-questions.jsonl';

/** Of the sample questions and the pages that they quote: `public/samples/LICENCE.md`. */
export const SAMPLE_LICENCE = 'CC BY-SA 4.0';

/** The questions on the sample documents. @throws AttuneError `samples/missing` when the app was copied without them */
export async function sampleQuestions(): Promise<File> {
  const url = new URL(`${import.meta.env.BASE_URL}${PATH}`, globalThis.location.href);
  const response = await fetch(url).catch(() => undefined);
  // A server that answers unknown paths with the app itself says 200 and HTML.
  const isPage = response?.headers.get('content-type')?.includes('html') ?? false;
  if (response?.ok && !isPage) return new File([await response.blob()], PATH.split('/').at(-1)!);
  throw new AttuneError(
    'samples/missing',
    'The questions on the sample documents could not be loaded.',
    'Reload the page, or import a data set of your own.',
  );
}
