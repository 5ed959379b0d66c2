/** The package ships no types; only the lists are used. */
declare module 'stopword' {
  type List = string[];
  export const ara: List, cat: List, ces: List, dan: List, deu: List, eng: List, eus: List, fin: List, fra: List;
  export const gle: List, hun: List, hye: List, ita: List, nld: List, nob: List, por: List, ron: List, rus: List;
  export const slv: List, spa: List, swe: List, tur: List;
}

declare module 'snowball-stemmers' {
  export function newStemmer(algorithm: string): { stem(word: string): string };
  export function algorithms(): string[];
}
