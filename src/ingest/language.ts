/** Fewer letters than this say too little; a wrong language would stem words wrongly. */
const leastLetters = 120;
/** More letters tell no more, and the detector takes four microseconds for each. */
const sampleLetters = 1_200;
/**
 * Klingon, Volapük, Esperanto, Berber, Kirundi, Latin: one rare sequence of letters (an identifier, a name) is enough for
 * the detector to find them in English. One in seven English pages was taken for Berber.
 */
const mistaken = new Set(['tlh', 'vol', 'epo', 'ber', 'run', 'lat']);

/** Language of a text (ISO 639-1) by its n-grams, or undefined when there is too little of it. */
export async function detectLanguage(text: string): Promise<string | undefined> {
  const sample = sampleOf(text);
  if (sample.length < leastLetters) return undefined;
  const { detect, supportedLanguages } = await import('tinyld');
  return detect(sample, { only: supportedLanguages.filter((code) => !mistaken.has(code)) }) || undefined;
}

/**
 * Language of a document: by its letters where there are enough of them, else the first of its reader's languages that
 * its few words may be in. A note of a line is then found by the stems of its words, as the pages beside it are.
 *
 * @param readers languages that the reader wants, as in `navigator.languages`, the first one first
 */
export async function documentLanguage(text: string, readers = browserLanguages()): Promise<string | undefined> {
  const detected = await detectLanguage(text);
  if (detected) return detected;
  const likely = await likelyLanguages(text);
  return readers.map((tag) => tag.split('-')[0]!).find((language) => likely.includes(language));
}

/** None in Node. */
function browserLanguages(): readonly string[] {
  return typeof navigator === 'undefined' ? [] : navigator.languages;
}

/** Words from three places: beginnings of files are often headers and legal notes in another language. */
function sampleOf(text: string): string {
  const third = Math.floor(sampleLetters / 3);
  const places = text.length <= sampleLetters ? [0] : [0, 0.4, 0.8].map((share) => Math.floor(text.length * share));
  const length = places.length === 1 ? sampleLetters : third;
  return places
    .map((start) => text.slice(start, start + length))
    .join(' ')
    .replace(/https?:\S+|[^\p{L}\s'’]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** A few words may be of several languages; fewer letters than this are of any. */
const leastLettersOfShort = 40;

/** Languages (ISO 639-1) that a short text may be in, the likeliest first; none when it is too short to tell. */
export async function likelyLanguages(text: string): Promise<string[]> {
  const sample = sampleOf(text);
  if (sample.length < leastLettersOfShort) return [];
  const { detectAll } = await import('tinyld');
  const likely = detectAll(sample).filter(({ lang }) => !mistaken.has(lang));
  // A longer text has one language; in a short one names and terms speak for others.
  return likely.slice(0, sample.length < leastLetters ? 3 : 1).map(({ lang }) => lang);
}
