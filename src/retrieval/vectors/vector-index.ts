import { writeAll, type FileSpace, type RandomAccessFile } from '../files/random-access.ts';
import { exactTop, type ScoredSlot } from './exact-search.ts';
import { HASH_BYTES, hashBytes, hashOf, quantise, recordBytes } from './record.ts';
import { ScanMemory } from './scan-memory.ts';

/** Codes are read into memory whole; vectors stay on disk and are read one by one, to score candidates exactly. */
const FILES = ['codes.bin', 'vectors.bin'] as const;

/**
 * The vectors of one embedder for one workspace, each filed under the hash of the chunk it stands for.
 *
 * Slot s is record s of `codes.bin` (see record.ts) and row s of `vectors.bin` (f32). A slot counts once its hash is not
 * zero, and the hash is written only when everything else of the slot is on disk: a process killed at any point leaves
 * slots that are either whole or free. Free slots are used again.
 */
export class VectorIndex {
  readonly dimensions: number;
  #files: FileSpace;
  #folder: string;
  #memory: ScanMemory;
  #slots = new Map<string, number>();
  #free: number[] = [];
  #count = 0;
  #revision = 0;

  private constructor(files: FileSpace, folder: string, dimensions: number) {
    this.#files = files;
    this.#folder = folder;
    this.dimensions = dimensions;
    this.#memory = new ScanMemory(dimensions);
  }

  /** Reads the codes of an index, which is empty when its files are not there. */
  static async open(files: FileSpace, folder: string, dimensions: number): Promise<VectorIndex> {
    const index = new VectorIndex(files, folder, dimensions);
    await index.reload();
    return index;
  }

  /** Reads the files again, after another tab has written them. */
  async reload(): Promise<void> {
    await this.#files.withFiles(this.#folder, FILES, (codes, vectors) => this.#read(codes!, vectors!));
  }

  /** Grows when slots change their meaning. */
  get revision(): number {
    return this.#revision;
  }

  /** Vectors filed. */
  get size(): number {
    return this.#slots.size;
  }

  /** Slots, free ones included: the length of a mask for `search`. */
  get slotCount(): number {
    return this.#count;
  }

  /** Bytes of memory held. */
  get bytes(): number {
    return this.#memory.bytes;
  }

  slotOf(hash: string): number | undefined {
    return this.#slots.get(hash);
  }

  hashes(): IterableIterator<string> {
    return this.#slots.keys();
  }

  /**
   * Files vectors; those whose hash is already there are left as they are.
   *
   * @param vectors row-major [hashes.length, dimensions], rows of unit length.
   */
  async add(hashes: readonly string[], vectors: Float32Array): Promise<void> {
    const fresh = [...new Map(hashes.map((hash, row) => [hash, row]))].filter(([hash]) => !this.#slots.has(hash));
    if (fresh.length === 0) return;
    const stride = recordBytes(this.dimensions);
    const free = [...this.#free];
    let count = this.#count;
    const added = fresh.map(([hash, row]) => {
      const record = new Uint8Array(stride);
      const vector = vectors.subarray(row * this.dimensions, (row + 1) * this.dimensions);
      quantise(vector, record);
      return { hash, slot: free.pop() ?? count++, record, vector };
    });
    await this.#files.withFiles(this.#folder, FILES, (codes, rows) => {
      for (const { slot, record, vector } of added) {
        writeAll(codes!, record, slot * stride);
        writeAll(rows!, bytesOf(vector), slot * vector.byteLength);
      }
      codes!.flush();
      rows!.flush();
      for (const { hash, slot, record } of added) {
        record.set(hashBytes(hash));
        writeAll(codes!, record.subarray(0, HASH_BYTES), slot * stride);
      }
      codes!.flush();
    });
    this.#memory.reserve(count);
    for (const { hash, slot, record } of added) {
      this.#memory.records(slot, slot + 1).set(record);
      this.#slots.set(hash, slot);
    }
    this.#free = free;
    this.#count = count;
    this.#revision++;
  }

  /** Erases vectors, in memory and on disk: of a deleted document nothing stays behind. */
  async erase(hashes: readonly string[]): Promise<void> {
    const slots = hashes.flatMap((hash) => this.#slots.get(hash) ?? []);
    if (slots.length === 0) return;
    const stride = recordBytes(this.dimensions);
    const empty = new Uint8Array(Math.max(stride, 4 * this.dimensions));
    await this.#files.withFiles(this.#folder, FILES, (codes, rows) => {
      for (const slot of slots) writeAll(codes!, empty.subarray(0, HASH_BYTES), slot * stride);
      codes!.flush();
      for (const slot of slots) {
        writeAll(codes!, empty.subarray(0, stride), slot * stride);
        writeAll(rows!, empty.subarray(0, 4 * this.dimensions), slot * 4 * this.dimensions);
      }
      rows!.flush();
      codes!.flush();
      this.#read(codes!, rows!);
      codes!.truncate(this.#count * stride);
      rows!.truncate(this.#count * 4 * this.dimensions);
    });
  }

  /**
   * The `limit` vectors with the largest dot product with `query`: what brute force over the f32 rows gives.
   *
   * @param query [dimensions]
   * @param allowed [slotCount], 0 excludes a slot.
   */
  async search(query: Float32Array, limit: number, allowed: Uint8Array): Promise<ScoredSlot[]> {
    return this.#withExactScores(query, (exactScore) => {
      const { lower, upper } = this.#memory.scan(query, allowed);
      return exactTop(lower, upper, limit, exactScore);
    });
  }

  /** Dot products of `query` with the vectors in these slots. */
  async scores(query: Float32Array, slots: readonly number[]): Promise<number[]> {
    return slots.length === 0 ? [] : this.#withExactScores(query, (exactScore) => slots.map(exactScore));
  }

  /** The vectors themselves, by hash; what is not filed is missing. */
  vectors(hashes: readonly string[]): Promise<Map<string, Float32Array>> {
    const filed = hashes.filter((hash) => this.#slots.has(hash));
    return this.#files.withFiles(this.#folder, ['vectors.bin'], (file) => {
      const read = (hash: string) => {
        const row = new Float32Array(this.dimensions);
        file!.read(bytesOf(row), { at: this.#slots.get(hash)! * row.byteLength });
        return row;
      };
      return new Map(filed.map((hash) => [hash, read(hash)]));
    });
  }

  #withExactScores<T>(query: Float32Array, use: (exactScore: (slot: number) => number) => T): Promise<T> {
    const row = new Float32Array(this.dimensions);
    const bytes = bytesOf(row);
    return this.#files.withFiles(this.#folder, ['vectors.bin'], (vectors) =>
      use((slot) => {
        vectors!.read(bytes, { at: slot * bytes.byteLength });
        return dot(query, row);
      }),
    );
  }

  #read(codes: RandomAccessFile, vectors: RandomAccessFile): void {
    const stride = recordBytes(this.dimensions);
    const whole = Math.min(codes.getSize() / stride, vectors.getSize() / (4 * this.dimensions));
    const count = Math.floor(whole);
    this.#memory.reserve(count);
    const records = this.#memory.records(0, count);
    codes.read(records, { at: 0 });
    this.#slots.clear();
    this.#free = [];
    for (let slot = 0; slot < count; slot++) {
      const hash = hashOf(records.subarray(slot * stride, slot * stride + HASH_BYTES));
      if (hash === undefined) this.#free.push(slot);
      else this.#slots.set(hash, slot);
    }
    // Free slots at the end are not slots at all: the next vector is appended there.
    this.#count = count;
    while (this.#free.at(-1) === this.#count - 1 && this.#count > 0) {
      this.#free.pop();
      this.#count--;
    }
    this.#revision++;
  }
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** In float64, so that the order of equal-looking scores does not hang on rounding. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
