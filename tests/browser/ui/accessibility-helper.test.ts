import { expect, test } from 'vitest';
import { axeFindings } from './screen-support.ts';

test('colours that change in what is folded away do not hold axe up', { timeout: 20_000 }, async () => {
  document.body.innerHTML = `<main id="app"><h1>Form</h1><details><summary>More</summary>
    <p id="folded" style="transition: background-color 200ms">Text</p></details></main>`;
  const folded = document.getElementById('folded')!;
  // Asking for its style makes the browser work out that of what is folded away, and with it begin the change.
  const colour = () => getComputedStyle(folded).backgroundColor;
  colour();
  folded.style.backgroundColor = 'rgb(255, 255, 255)';
  colour();
  expect(document.getAnimations()).toHaveLength(1);

  expect(await axeFindings()).toEqual([]);
});
