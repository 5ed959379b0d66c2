import type { Run, TextStyle } from './ranges.ts';

/**
 * Inline Markdown as runs over the source text. A Markdown library gives HTML without offsets, but a citation has to
 * be marked at its exact characters, so the few inline forms are read here and everything else stays as it is written.
 * Nothing becomes HTML: runs are shown as text nodes, so a document cannot inject anything.
 */
const forms =
  /(?<code>(?<tick>`+)(?!`)(?<codeText>[^`]+)\k<tick>(?!`))|!?\[(?<label>[^\]\n]*)\]\((?<target>[^)\s]*)(?:\s+"[^"\n]*")?\)|<(?<auto>https?:[^>\s]+)>|(?<html><\/?[a-zA-Z][a-zA-Z0-9-]*(?:\s[^<>]*)?\/?>|<!--[^]*?-->)|(?<strongMark>\*\*|__)(?=\S)(?<strong>(?:(?!\k<strongMark>)[^])+?)(?<=\S)\k<strongMark>|(?<![\p{L}\p{N}*_])(?<emMark>[*_])(?=[^\s*_])(?<em>(?:[^*_\n]|\n(?!\n))+?)(?<=\S)\k<emMark>(?![\p{L}\p{N}*_])|\\(?<escaped>[\\`*_{}[\]()#+\-.!|<>~])/gu;

/** Longer stretches are shown as they are: unclosed marks would make the scan quadratic. */
const LONGEST = 20_000;

/** @returns the visible runs of `text[start, end)`, in order. */
export function inlineRuns(text: string, start: number, end: number, style: TextStyle = {}): Run[] {
  if (start >= end) return [];
  if (end - start > LONGEST) return [{ start, end, ...style }];
  const source = text.slice(start, end);
  const runs: Run[] = [];
  let at = 0;
  const plain = (to: number) => {
    if (to > at) runs.push({ start: start + at, end: start + to, ...style });
  };
  for (const match of source.matchAll(forms)) {
    const groups = match.groups!;
    plain(match.index);
    const from = start + match.index;
    at = match.index + match[0].length;
    if (groups.code !== undefined) {
      const ticks = groups.tick!.length;
      runs.push({ start: from + ticks, end: start + at - ticks, ...style, code: true });
    } else if (groups.label !== undefined) {
      const labelStart = from + match[0].indexOf('[') + 1;
      const href = safeHref(groups.target ?? '');
      runs.push(...inlineRuns(text, labelStart, labelStart + groups.label.length, href ? { ...style, href } : style));
    } else if (groups.auto !== undefined) {
      runs.push({ start: from + 1, end: start + at - 1, ...style, href: groups.auto });
    } else if (groups.html !== undefined) {
      // Tags within Markdown carry no words; what stands between them is shown.
    } else if (groups.strong !== undefined) {
      runs.push(...inlineRuns(text, from + 2, start + at - 2, { ...style, strong: true }));
    } else if (groups.em !== undefined) {
      runs.push(...inlineRuns(text, from + 1, start + at - 1, { ...style, em: true }));
    } else {
      runs.push({ start: from + 1, end: start + at, ...style });
    }
  }
  plain(source.length);
  return runs;
}

/** Targets that may become a link. Everything else (javascript:, data:, relative paths into nowhere) stays text. */
function safeHref(target: string): string | undefined {
  return /^(https?:\/\/|mailto:)/i.test(target) ? target : undefined;
}
