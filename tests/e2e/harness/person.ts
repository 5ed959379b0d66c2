import type { Locator, Page } from 'playwright-core';

/** What a person does in the app, in the words of the screens. */

export interface FileToAdd {
  name: string;
  text: string;
}

const MINUTES = 60_000;

/** Adds files through the picker of an empty chat and waits until they can be asked about. */
export async function addFilesInChat(page: Page, files: FileToAdd[]): Promise<void> {
  const choosing = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose files' }).click();
  await (
    await choosing
  ).setFiles(files.map(({ name, text }) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })));
  await page.getByRole('textbox', { name: 'Your question' }).and(page.locator(':enabled')).waitFor();
  await page.getByTestId('first-run').waitFor({ state: 'detached' });
  await page.getByTestId('preparing').waitFor({ state: 'detached', timeout: 3 * MINUTES });
}

/** Asks and waits for the end of the answer. */
export async function ask(page: Page, question: string): Promise<Locator> {
  const field = page.getByRole('textbox', { name: 'Your question' });
  await field.fill(question);
  await field.press('Enter');
  // The one below this question: an older chat may still be on its way to the screen.
  const asked = page.getByTestId('question').filter({ hasText: question }).last();
  const answer = asked.locator('xpath=following-sibling::*[@data-testid="answer"][1]');
  await answer.waitFor({ timeout: 4 * MINUTES });
  return answer;
}

/** Handbook of a company that does not exist: no model knows the answers without reading it. */
export const HANDBOOK: FileToAdd[] = [
  {
    name: 'travel.md',
    text: `# Travel policy of Marlow & Finch

## Daily allowance

Employees who travel within the country receive a daily allowance of 47 euros. Abroad the allowance is 62 euros per day.

## Trains and planes

Trips under 600 kilometres are made by train. A flight has to be approved by the head of the department beforehand.
`,
  },
  {
    name: 'equipment.md',
    text: `# Equipment

## Laptops

Every employee gets a laptop on the first day. A laptop is replaced after four years. Broken laptops are brought to the
service desk in room 214, which is open from nine to four.

## Phones

Company phones are given to people on call only.
`,
  },
  {
    name: 'holidays.txt',
    text: `Holidays at Marlow & Finch

Every employee has 29 days of paid holiday per year. Up to five unused days may be carried over until the end of March.
Requests go to the team lead at least two weeks ahead.
`,
  },
];
