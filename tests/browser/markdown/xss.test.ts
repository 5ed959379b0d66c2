import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { renderAnswer, renderDocument } from '../../../src/markdown/render.ts';
import { PAYLOADS } from './payloads.ts';

const RENDERERS = {
  'model output': (text: string) =>
    renderAnswer(text, { passages: [1, 2], sentences: [{ start: 0, end: text.length, label: 'none' }] }),
  'model output while it streams': (text: string) => renderAnswer(text, { passages: [] }),
  documents: renderDocument,
};

let ran = 0;
let stage: HTMLElement;

beforeEach(() => {
  ran = 0;
  Object.assign(window, { __ran: () => void ran++ });
  stage = document.createElement('main');
  document.body.append(stage);
});

afterEach(() => stage.remove());

describe.each(Object.entries(RENDERERS))('hostile %s', (_, render) => {
  test.each(PAYLOADS)('%s', (payload) => {
    stage.innerHTML = render(payload);
    expectHarmless(stage);
    // What is inert now must stay so when it is serialised and parsed again (mutation XSS).
    stage.innerHTML = String(stage.innerHTML);
    expectHarmless(stage);
  });

  test('all of them in one page run nothing and request nothing', async () => {
    performance.clearResourceTimings();
    // An address that failed before is not requested again, so these are new.
    const fresh = `https://attack.invalid/${crypto.randomUUID()}`;
    // Each by itself: an unclosed element of one would swallow those after it.
    stage.innerHTML = PAYLOADS.map((text) => render(text.replaceAll('https://attack.invalid/x', fresh))).join('\n');
    for (const element of stage.querySelectorAll<HTMLElement>('*')) {
      for (const type of ['mouseover', 'focus', 'pointerenter', 'toggle', 'animationstart', 'error', 'load']) {
        element.dispatchEvent(new Event(type));
      }
    }
    // A load of our own, started last: when it has failed, those before it would have been noted too.
    const control = new Image();
    const failed = new Promise((resolve) => (control.onerror = resolve));
    control.src = 'https://attack.invalid/control.png';
    await failed;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    expect(ran).toBe(0);
    const requested = performance.getEntriesByType('resource').map((entry) => entry.name);
    expect(requested.filter((name) => name.includes('attack.invalid'))).toEqual([control.src]);
  });
});

test('the payloads do run when nothing sanitises them, so this test can fail', async () => {
  const failed = new Promise<void>((resolve) => Object.assign(window, { __ran: () => (ran++, resolve()) }));
  stage.innerHTML = '<img src=x onerror=window.__ran(1)>';
  await failed;
  expect(ran).toBe(1);
});

const ALLOWED_ATTRIBUTES = new Set([
  ...['href', 'title', 'start', 'align', 'colspan', 'rowspan', 'class', 'type', 'aria-label', 'target', 'rel'],
  ...['data-passage', 'data-support', 'data-sentence'],
]);
const FORBIDDEN =
  'script,img,svg,math,style,iframe,object,embed,link,meta,base,form,input,select,textarea,video,audio,source,template,dialog,frameset';

function expectHarmless(root: HTMLElement): void {
  expect([...root.querySelectorAll(FORBIDDEN)].map((element) => element.outerHTML)).toEqual([]);
  for (const element of root.querySelectorAll('*')) {
    const names = [...element.attributes].map((attribute) => attribute.name);
    expect(names.filter((name) => !ALLOWED_ATTRIBUTES.has(name))).toEqual([]);
    const address = element.getAttribute('href');
    if (address !== null) expect(address).toMatch(/^(https?:\/\/|mailto:)/i);
  }
  expect(ran).toBe(0);
}
