import * as stopwords from 'stopword';

/** What the analyser knows of a language: its Snowball stemmer and its stop words. */
interface LanguageData {
  stemmer: string;
  stopwords: readonly string[];
}

/** By ISO 639-1. A language that is missing here is searched by its unchanged words. */
export const languages: Readonly<Record<string, LanguageData>> = {
  ar: { stemmer: 'arabic', stopwords: stopwords.ara },
  ca: { stemmer: 'catalan', stopwords: stopwords.cat },
  cs: { stemmer: 'czech', stopwords: stopwords.ces },
  da: { stemmer: 'danish', stopwords: stopwords.dan },
  de: { stemmer: 'german', stopwords: stopwords.deu },
  // The list has "which" and "where" but not these, and a question's own words say nothing about its subject.
  en: { stemmer: 'english', stopwords: [...stopwords.eng, 'does', 'when', 'whom', 'whose', 'why'] },
  es: { stemmer: 'spanish', stopwords: stopwords.spa },
  eu: { stemmer: 'basque', stopwords: stopwords.eus },
  fi: { stemmer: 'finnish', stopwords: stopwords.fin },
  fr: { stemmer: 'french', stopwords: [...stopwords.fra, 'comment', 'pourquoi', 'quand', 'quoi'] },
  ga: { stemmer: 'irish', stopwords: stopwords.gle },
  hu: { stemmer: 'hungarian', stopwords: stopwords.hun },
  hy: { stemmer: 'armenian', stopwords: stopwords.hye },
  it: { stemmer: 'italian', stopwords: stopwords.ita },
  nl: { stemmer: 'dutch', stopwords: stopwords.nld },
  no: { stemmer: 'norwegian', stopwords: stopwords.nob },
  pt: { stemmer: 'portuguese', stopwords: stopwords.por },
  ro: { stemmer: 'romanian', stopwords: stopwords.ron },
  ru: { stemmer: 'russian', stopwords: stopwords.rus },
  sl: { stemmer: 'slovene', stopwords: stopwords.slv },
  sv: { stemmer: 'swedish', stopwords: stopwords.swe },
  tr: { stemmer: 'turkish', stopwords: stopwords.tur },
};
