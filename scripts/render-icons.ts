/** Renders the PNG icons from the SVG ones with Chromium: `npx tsx scripts/render-icons.ts`, after a change of the SVGs. */
import { readFile, writeFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import { chromiumPath } from './chromium.mjs';

const FOLDER = 'public/icons';
const ICONS = [
  { from: 'icon.svg', to: 'icon-192.png', size: 192 },
  { from: 'icon.svg', to: 'icon-512.png', size: 512 },
  { from: 'icon.svg', to: 'apple-touch-icon.png', size: 180 },
  { from: 'icon-maskable.svg', to: 'icon-maskable-512.png', size: 512 },
];

const browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] });
for (const { from, to, size } of ICONS) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const svg = await readFile(`${FOLDER}/${from}`, 'utf8');
  await page.setContent(`<style>body { margin: 0 } svg { display: block }</style>${svg}`);
  await writeFile(`${FOLDER}/${to}`, await page.screenshot({ omitBackground: true }));
  await page.close();
}
await browser.close();
