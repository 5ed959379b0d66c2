/** The words of a heading as it stands in Markdown: marks, links, emphasis and `{#anchor}` taken away. */
export function headingTitle(source: string): string {
  return source
    .replace(/^\s*#{1,6}\s+/, '')
    .replace(/\n\s*(?:=+|-+)\s*$/, '')
    .replace(/\s+#+\s*$/, '')
    .replace(/\s*\{[#.:][^}]*\}\s*$/, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<[^>]+>/g, '')
    .replace(/(\*\*|__|\*|`)(.+?)\1/g, '$2')
    .replace(/\s+/g, ' ')
    .trim();
}
