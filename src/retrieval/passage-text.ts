/** What is embedded and indexed of a chunk: its headings say what the text alone often does not. */
export function passageText({ headings, text }: { headings: readonly string[]; text: string }): string {
  return headings.length > 0 ? `${headings.join(' > ')}\n${text}` : text;
}
