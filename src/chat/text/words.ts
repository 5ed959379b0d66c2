// Words that say nothing about a subject. Short words are left out by length, so only longer ones stand here.
const FUNCTION_WORDS = new Set(
  (
    'about above after again against all also although always among and another any are because been before being below ' +
    'between both but can cannot could did does doing done down during each either else ever every few for from ' +
    'further had has have having her here hers him his how however into its itself just less like made make many may ' +
    'might more most much must neither nor not now off once one only onto other our ours out over own passage passages ' +
    'per please quite rather really same shall she should since some such tell than that the their theirs them then ' +
    'there these they this those though through thus too under until upon used using very was were what when where ' +
    'whether which while who whom whose why will with within without would yes yet you your yours according document ' +
    'documents mentioned say says said explain describe give know'
  ).split(' '),
);

const WORD = /[\p{L}\p{N}]+(?:['’][\p{L}]+)?(?:[.,]\p{N}+)*/gu;

/**
 * The words of a text that carry its subject, folded and stemmed lightly so that "channels" meets "Channel": case and
 * accents removed, English plural and verb endings cut, function words left out. Numbers are kept whole.
 */
export function contentWords(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(WORD)) {
    const isAcronym = /^\p{Lu}{2,}$/u.test(word);
    const plain = word
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/['’]\w*$/, '');
    if (/\p{N}/u.test(plain)) words.push(plain.replace(/,(?=\d{3})/g, ''));
    else if ((plain.length > 2 || isAcronym) && !FUNCTION_WORDS.has(plain)) words.push(stem(plain));
  }
  return words;
}

/** The numbers in a text, thousands separators removed: a claim with a number that its source lacks does not hold. */
export function numbersIn(text: string): string[] {
  return contentWords(text.replace(/\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]/g, '')).filter((word) => /^\p{N}/u.test(word));
}

/**
 * The share of `words` that occur in `inWords`, 0 to 1, each counted once and numbers twice; 0 for no words.
 * "Occur" allows one to be the beginning of the other from five letters on (inflection, compounds).
 */
export function coverage(words: readonly string[], inWords: ReadonlySet<string>): number {
  let found = 0;
  let total = 0;
  for (const word of new Set(words)) {
    const weight = /^\p{N}/u.test(word) ? 2 : 1;
    total += weight;
    if (occurs(word, inWords)) found += weight;
  }
  return total === 0 ? 0 : found / total;
}

function occurs(word: string, inWords: ReadonlySet<string>): boolean {
  if (inWords.has(word)) return true;
  if (word.length < 5) return false;
  for (const other of inWords) {
    if (other.length >= 5 && (other.startsWith(word) || word.startsWith(other))) return true;
  }
  return false;
}

function stem(word: string): string {
  if (word.length < 5) return word.length > 3 ? word.replace(/(?<=[^su])s$/, '') : word;
  return word
    .replace(/(?:ies|ied)$/, 'y')
    .replace(/(?<=[^s])s$/, '')
    .replace(/(?<=.{3})(?:ing|ed|ly)$/, '')
    .replace(/(?<=.{3})e$/, '');
}
