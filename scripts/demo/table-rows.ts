import type { Page } from 'playwright-core';

/** All rows of a table of the app's database, read past the app: what is really on disk. Blobs come back empty. */
export async function rowsOf<Row>(page: Page, table: string): Promise<Row[]> {
  return page.evaluate(
    (name) =>
      new Promise<Row[]>((resolve, reject) => {
        const opening = indexedDB.open('attune');
        opening.onerror = () => reject(opening.error as DOMException);
        opening.onsuccess = () => {
          const request = opening.result.transaction(name).objectStore(name).getAll();
          request.onerror = () => reject(request.error as DOMException);
          request.onsuccess = () => {
            opening.result.close();
            resolve(request.result as Row[]);
          };
        };
      }),
    table,
  );
}
