/** Documents in the order of their paths; every fifth says nearly the same as the one before. */
export function sampleDocuments(count = 40): { path: string; text: string }[] {
  return Array.from({ length: count }, (_, i) => {
    const isCopy = i % 5 === 4;
    return {
      path: `folder-${i % 3}/document-${String(i).padStart(3, '0')}.md`,
      text: markdown(isCopy ? i - 1 : i) + (isCopy ? '\nA last word.\n' : ''),
    };
  }).sort((a, b) => (a.path < b.path ? -1 : 1));
}

function markdown(seed: number): string {
  const random = generator(seed);
  const words = Array.from({ length: 400 }, () => syllables(random));
  const sentence = () =>
    `${Array.from({ length: 6 + (random() % 12) }, () => words[random() % words.length]).join(' ')}.`;
  const section = (n: number) =>
    `## Section ${n}\n\n${Array.from({ length: 4 + (random() % 25) }, sentence).join(' ')}\n\n- ${sentence()}\n- ${sentence()}\n`;
  return `# Document ${seed}\n\n${Array.from({ length: 3 + (random() % 20) }, (_, n) => section(n)).join('\n')}`;
}

function syllables(random: () => number): string {
  const parts = ['ba', 'ke', 'li', 'mo', 'nu', 'ra', 'se', 'ti', 'vo', 'za'];
  return Array.from({ length: 2 + (random() % 3) }, () => parts[random() % parts.length]).join('');
}

/** Linear congruential generator (Numerical Recipes), upper bits. */
export function generator(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}
