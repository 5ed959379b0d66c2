/**
 * Bytes to text with '\n' line ends. A byte order mark decides; else UTF-16 is told by its zero bytes, then strict
 * UTF-8 is tried, then `fallback` (windows-1252, what old Western files are).
 */
export function decodeText(bytes: Uint8Array, fallback = 'windows-1252'): string {
  return tidy(new TextDecoder(encodingOf(bytes, fallback)).decode(bytes));
}

/** Line ends to '\n'; zero characters, which some tools pad with, are dropped. */
function tidy(text: string): string {
  const unixLines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  return unixLines.includes('\0') ? unixLines.replaceAll('\0', '') : unixLines;
}

function encodingOf(bytes: Uint8Array, fallback: string): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return utf16WithoutMark(bytes) ?? (isUtf8(bytes) ? 'utf-8' : fallback);
}

/** Latin text in UTF-16 has a zero in nearly every second byte, always on the same side. */
export function utf16WithoutMark(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const sample = bytes.subarray(0, 4096);
  let even = 0;
  let odd = 0;
  for (let i = 0; i + 1 < sample.length; i += 2) {
    if (sample[i] === 0) even++;
    if (sample[i + 1] === 0) odd++;
  }
  const pairs = sample.length >> 1;
  if (pairs < 2) return undefined;
  if (odd > pairs * 0.6 && even < pairs * 0.05) return 'utf-16le';
  if (even > pairs * 0.6 && odd < pairs * 0.05) return 'utf-16be';
  return undefined;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
