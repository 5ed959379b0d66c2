import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

/** A folder of pictures of a page. They are WebP, a third of a PNG at the same looks; Chromium itself encodes them. */
export class Album {
  readonly #folder: string;
  readonly #encoder: Page;

  /** @param encoder a blank page, which does nothing else */
  constructor(folder: string, encoder: Page) {
    this.#folder = folder;
    this.#encoder = encoder;
  }

  async keep(page: Page, name: string): Promise<void> {
    await settled(page);
    const png = await page.screenshot();
    await mkdir(this.#folder, { recursive: true });
    await writeFile(join(this.#folder, `${name}.webp`), await this.#webp(png));
    console.log(`${name}.webp`);
  }

  /** In light, then in dark as `<name>-dark`. */
  async keepBoth(page: Page, name: string): Promise<void> {
    await this.keep(page, name);
    await page.emulateMedia({ colorScheme: 'dark' });
    await this.keep(page, `${name}-dark`);
    await page.emulateMedia({ colorScheme: 'light' });
  }

  async #webp(png: Buffer): Promise<Buffer> {
    const encoded = await this.#encoder.evaluate(async (base64) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
      canvas.getContext('2d')!.drawImage(bitmap, 0, 0);
      return canvas.toDataURL('image/webp', 0.92);
    }, png.toString('base64'));
    return Buffer.from(encoded.slice(encoded.indexOf(',') + 1), 'base64');
  }
}

/** What was just shown is laid out and painted, and colours that fade to another theme have arrived. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
    const fades = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    for (const fade of fades) fade.finish();
  });
}
