import { failed, passed, type Finding, type Judge } from '../rule.ts';

const NOUN = '(passage|text|paragraph|document|section|excerpt|article|context|snippet|chapter|page)s?';

/** How questions speak of a text that nobody sees who searches; English, German, French, Spanish. */
const POINTERS = [
  new RegExp(`\\b(this|these|that|above|following|given|provided|preceding|previous)\\s+${NOUN}\\b`, 'iu'),
  /\bthe\s+(passage|text|excerpt|paragraph|context|snippet)s?\b/iu,
  new RegExp(`\\b(according to|based on|in|from|as per)\\s+the\\s+(above|${NOUN})(?=\\s*[,?.]|\\s*$)`, 'iu'),
  new RegExp(`\\b${NOUN}\\s+(above|below|provided|given)\\b`, 'iu'),
  /\b(mentioned|described|stated|listed|shown|discussed|given|provided)\s+(above|below|here)\b/iu,
  /\bthe\s+author(s)?\s+(say|says|mention|mentions|argue|argues|describe|describes|state|states)\b/iu,
  /^(what|how|why|when|where|who|which)\s+(is|are|was|were|does|did|do|has|have)\s+(it|they|this|that|these|those|he|she)\b(?!\s+\p{L}+ed\s+by)/iu,
  /\b(dies(er|em|en|es)?|im|dem|der|den|des)\s+(obigen\s+|folgenden\s+|vorliegenden\s+)?(Text(es|s)?|Textabschnitt|Abschnitt|Absatz|Passage|Auszug)\b/u,
  /\b(ce|cet|le)\s+(texte|passage|paragraphe|extrait)\b/iu,
  /\b(este|el)\s+(texto|pasaje|párrafo|fragmento)\b/iu,
];

/** Questions that can be understood beside their passage only. */
export const selfContained: Judge<'selfContained'> = (rows) =>
  rows.map(({ question }): Finding => {
    const words = POINTERS.map((pointer) => pointer.exec(question)?.[0]).find((match) => match !== undefined);
    return words === undefined
      ? passed('It can be understood without its passage.')
      : failed(`“${words.trim()}” points at a text that nobody sees who searches.`);
  });
