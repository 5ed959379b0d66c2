/** Bytes of a file under `tests/fixtures`. */
export async function readFixture(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`/tests/fixtures/${path}`);
  // The dev server answers with the page for what it does not have.
  if (!response.ok || response.headers.get('content-type')?.startsWith('text/html'))
    throw new Error(`tests/fixtures/${path} is not there.`);
  return new Uint8Array(await response.arrayBuffer());
}
