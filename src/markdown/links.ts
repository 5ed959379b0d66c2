/** A picture of Markdown, for a regular expression. */
export const PICTURE = String.raw`!\[[^\]\n]*\]\([^)\n]*\)`;

/** A link of Markdown with its words as a group; its address may hold a pair of parentheses. */
export const LINK = String.raw`\[([^\]\n]+)\]\((?:[^()\n]|\([^()\n]*\))*\)`;
