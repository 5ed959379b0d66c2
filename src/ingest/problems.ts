import { AttuneError } from '../errors/attune-error.ts';

/**
 * Every way in which a file can be refused, with one wording each. `name` is the file's name as people know it.
 * The codes are stable; tests and screens rely on them.
 */
export const documentProblem = {
  empty: (name: string) =>
    new AttuneError(
      'document/empty',
      `“${name}” is empty (0 bytes).`,
      'Check that the file was copied or downloaded completely.',
    ),

  tooLarge: (name: string, megabytes: number, limit: number) =>
    new AttuneError(
      'document/too-large',
      `“${name}” has ${Math.ceil(megabytes)} MB; files of this kind are read up to ${limit} MB.`,
      'Split it into smaller files and add those.',
    ),

  unsupported: (name: string, what: string, wayOut: string) =>
    new AttuneError('document/unsupported', `“${name}” is ${what}, which cannot be read.`, wayOut),

  encrypted: (name: string) =>
    new AttuneError(
      'document/encrypted',
      `“${name}” is protected with a password.`,
      'Save a copy without the password and add that one.',
    ),

  corrupt: (name: string, detail: string, cause?: unknown) =>
    new AttuneError(
      'document/corrupt',
      `“${name}” is damaged: ${detail}.`,
      'Open it in the program it came from, save it again, and add the new file.',
      { cause },
    ),

  noText: (name: string) =>
    new AttuneError(
      'document/no-text',
      `“${name}” holds no text, only pictures of pages.`,
      'Run text recognition (OCR) on it, for example with OCRmyPDF, and add the result.',
    ),

  blank: (name: string) =>
    new AttuneError('document/blank', `“${name}” holds no text.`, 'Nothing can be searched in it; it can be deleted.'),

  zipBomb: (name: string, detail: string) =>
    new AttuneError(
      'archive/bomb',
      `“${name}” was not opened: ${detail}.`,
      'If you trust it, unpack it yourself and add the files you need.',
    ),
};
