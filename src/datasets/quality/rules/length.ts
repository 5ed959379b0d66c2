import { wordsOf } from '../../words.ts';
import { failed, passed, type Finding, type Judge } from '../rule.ts';

/** Questions and answers outside of the lengths wanted, in words. */
export const length: Judge<'length'> = (rows, { knobs }) =>
  rows.map(({ question, answer }): Finding => {
    const [asked, answered] = [lengthOf(question), lengthOf(answer)];
    if (asked < knobs.questionWordsMin) return failed(`The question has ${asked} words.`);
    if (asked > knobs.questionWordsMax) return failed(`The question has ${asked} words.`);
    if (answered > knobs.answerWordsMax) return failed(`The answer has ${answered} words.`);
    return passed(`The question has ${asked} words, the answer ${answered}.`);
  });

/** Scripts without spaces have about two letters to a word. */
function lengthOf(text: string): number {
  const unspaced = text.match(/[\u3040-\u30ff\u3400-\u9fff]/gu)?.length ?? 0;
  return Math.ceil(unspaced / 2) + wordsOf(text.replaceAll(/[\u3040-\u30ff\u3400-\u9fff]/gu, ' ')).length;
}
