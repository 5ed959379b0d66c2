const isTerminal = process.stdout.isTTY === true;

/** @param {number} bytes */
export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/**
 * One line that counts up in a terminal; in a log file one line per quarter, so that it stays readable.
 *
 * @param {string} title
 * @param {number} total bytes
 * @returns {{ at: (done: number) => void, end: () => void }}
 */
export function progressLine(title, total) {
  let lastQuarter = -1;
  return {
    at(done) {
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const text = `  ${title}: ${megabytes(done)} of ${megabytes(total)} (${Math.floor(share * 100)}%)`;
      if (isTerminal) process.stdout.write(`\r${text}\x1b[K`);
      else if (Math.floor(share * 4) > lastQuarter) console.log(text);
      lastQuarter = Math.max(lastQuarter, Math.floor(share * 4));
    },
    end() {
      if (isTerminal) process.stdout.write('\r\x1b[K');
    },
  };
}
