import { describe, expect, test } from 'vitest';
import { Sampler } from '../../../../src/generation/local/sampler.ts';
import { StreamDecoder } from '../../../../src/generation/local/stream-decoder.ts';

const OPTIONS = { maxNewTokens: 1, temperature: 1, topP: 1, topK: 0, repetitionPenalty: 1, seed: 7 };
const LOGITS = [Math.log(0.5), Math.log(0.3), Math.log(0.15), Math.log(0.05)];

function frequencies(options: Partial<typeof OPTIONS>, draws = 4000): number[] {
  const sampler = new Sampler({ ...OPTIONS, ...options });
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < draws; i++) counts[sampler.next(Float32Array.from(LOGITS), [])]!++;
  return counts.map((count) => count / draws);
}

describe('the sampler', () => {
  // 4,000 draws: the standard deviation of a frequency is at most 0.008.
  test('draws with the probabilities of the softmax', () => {
    const seen = frequencies({});
    [0.5, 0.3, 0.15, 0.05].forEach((probability, i) => expect(Math.abs(seen[i]! - probability)).toBeLessThan(0.04));
  });

  test('a temperature flattens or sharpens them', () => {
    const weights = [0.5, 0.3, 0.15, 0.05].map((p) => p ** 2);
    const total = weights.reduce((a, b) => a + b);
    const seen = frequencies({ temperature: 0.5 });
    weights.forEach((weight, i) => expect(Math.abs(seen[i]! - weight / total)).toBeLessThan(0.04));
  });

  test('top-k keeps the likeliest tokens only', () => {
    const seen = frequencies({ topK: 2 });
    expect(seen.slice(2)).toEqual([0, 0]);
    expect(Math.abs(seen[0]! - 0.625)).toBeLessThan(0.04);
  });

  test('top-p keeps the smallest set that reaches the probability', () => {
    expect(frequencies({ topP: 0.79 }).slice(2)).toEqual([0, 0]);
    const seen = frequencies({ topP: 0.81 });
    expect(seen[2]).toBeGreaterThan(0);
    expect(seen[3]).toBe(0);
  });

  test('temperature 0 takes the likeliest token, and a penalty moves on from what was said', () => {
    const sampler = new Sampler({ ...OPTIONS, temperature: 0, repetitionPenalty: 2 });
    expect(sampler.next(Float32Array.of(3, 2, -1), [])).toBe(0);
    expect(sampler.next(Float32Array.of(3, 2, -1), [0])).toBe(1);
    expect(sampler.next(Float32Array.of(-1, -1.5, -9), [0])).toBe(1);
  });

  test('the same seed repeats the same draws, another one does not', () => {
    const draw = (seed: number) => {
      const sampler = new Sampler({ ...OPTIONS, seed });
      return Array.from({ length: 30 }, () => sampler.next(Float32Array.from(LOGITS), [])).join('');
    };
    expect(draw(1)).toBe(draw(1));
    expect(draw(1)).not.toBe(draw(2));
  });
});

test('a character that is spread over tokens comes out whole', () => {
  const bytes = [...new TextEncoder().encode('a€b')];
  const decoder = new StreamDecoder((tokens) => new TextDecoder().decode(Uint8Array.from(tokens)));
  expect(bytes.map((byte) => decoder.push(byte))).toEqual(['a', '', '', '€', 'b']);
  expect(decoder.end()).toBe('');
});
