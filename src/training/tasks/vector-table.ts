import { seededRandom } from '../../engine/training/random.ts';
import type { TaskInput } from './task.ts';
import type { LinearTexts } from './linear-texts.ts';
import { joined } from './mining.ts';

export type TextKind = 'query' | 'passage';

/** Gives the vectors of all texts that a run needs, whoever computes them. */
export type VectorSource = (texts: LinearTexts, input: VectorInput) => Promise<VectorTable>;

export type VectorInput = Pick<TaskInput, 'memo' | 'onProgress' | 'probing' | 'seed' | 'signal'>;

/** Unit vectors of texts. */
export class VectorTable {
  readonly dimensions: number;
  /** What embedding its texts would take, where a probe has made the vectors up. */
  secondsToFill?: number;
  readonly vectors: Readonly<Record<TextKind, Map<string, Float32Array>>> = { query: new Map(), passage: new Map() };

  constructor(dimensions: number) {
    this.dimensions = dimensions;
  }

  /** @returns [texts, dimensions], row-major */
  of(texts: readonly string[], kind: TextKind): Float32Array<ArrayBuffer> {
    return joined(texts.map((text) => this.vectors[kind].get(text)!));
  }

  lacks({ questions, passages }: Pick<LinearTexts, 'questions' | 'passages'>): [string, TextKind][] {
    const { query, passage } = this.vectors;
    return [
      ...questions.filter((text) => !query.has(text)).map((text): [string, TextKind] => [text, 'query']),
      ...passages.filter((text) => !passage.has(text)).map((text): [string, TextKind] => [text, 'passage']),
    ];
  }
}

/** No more than a request to an endpoint takes, so that what it answered is kept when the next one fails. */
const PART = 32;

/** Embeds what a table lacks, in small parts, with progress. @param embed gives unit vectors [texts, dimensions] */
export async function fillTable(
  table: VectorTable,
  texts: LinearTexts,
  embed: (texts: string[], kind: TextKind) => Promise<Float32Array>,
  { onProgress, signal }: VectorInput,
): Promise<void> {
  const { dimensions } = table;
  const wanted = table.lacks(texts);
  for (let at = 0; at < wanted.length;) {
    signal?.throwIfAborted();
    onProgress?.({ stage: 'Embedding', done: at, total: wanted.length });
    const kind = wanted[at]![1];
    const part = wanted.slice(at, at + PART).flatMap(([text, its]) => (its === kind ? [text] : []));
    const vectors = await embed(part, kind);
    part.forEach((text, i) => table.vectors[kind].set(text, vectors.slice(i * dimensions, (i + 1) * dimensions)));
    at += part.length;
  }
}

/** For a probe: as many numbers as real ones have, and what a step costs depends on nothing else. */
export function madeUpTable({ questions, passages }: LinearTexts, dimensions: number): VectorTable {
  const table = new VectorTable(dimensions);
  const random = seededRandom(1);
  const vector = () => Float32Array.from({ length: dimensions }, () => (random() - 0.5) * Math.sqrt(12 / dimensions));
  for (const text of questions) table.vectors.query.set(text, vector());
  for (const text of passages) table.vectors.passage.set(text, vector());
  return table;
}
