import { corpus } from './quality/synthetic/corpora.ts';
import { passagesToRead, writeDrafts } from './quality/synthetic/write-drafts.ts';
const [name, seconds, limit] = process.argv.slice(2);
const c = await corpus(name!);
const read = passagesToRead(c.passages, 1, Number(limit));
console.log(name, c.passages.length, 'passages', read.length, 'worth', c.test.length, 'test');
await writeDrafts(read, `.cache/synthetic/${name}-1.jsonl`, {}, 1, Number(seconds));
