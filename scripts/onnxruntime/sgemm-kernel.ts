/**
 * The innermost loop of float32 matrix products, as WebAssembly text, in place of onnxruntime's (`MlasSgemmKernel` of
 * mlas/lib/wasm_simd/SgemmKernelWasmSimd.cpp). It differs in two ways: products are added by `f32x4.relaxed_madd`, one
 * instruction instead of two, and a tile of up to 6 rows by 8 columns lies in registers, not 2 by 16: that takes 8
 * loads for 12 products instead of 6 for 8, and gives 12 independent sums to hide the latency of one behind. Twelve sums,
 * two vectors of B and one element of A are 15 registers, all that V8 has on x64.
 *
 *   C[rows, N] = alpha · A[rows, K] · B[K, N], or `+=`
 *
 * B comes packed: panels of 16 columns, each [K, 16], the last one filled up with zeros. The sum over K runs in order,
 * as in the original.
 *
 * @returns a module whose one function takes (A, B, C, K, rows, N, lda, ldc, alpha), pointers in bytes and strides in
 *   elements, and returns how many rows it has done, at least 1 and at most `rows`
 */
export function sgemmKernel(options: { accumulate: boolean }): string {
  const most = TILES.length;
  const tiles = TILES.map((vectors, i) => ({ rows: i + 1, vectors })).reverse();
  return `(module
    (memory 0)
    (func (export "kernel")
      (param $A i32) (param $B i32) (param $C i32) (param $K i32) (param $rows i32) (param $N i32)
      (param $lda i32) (param $ldc i32) (param $alpha f32) (result i32)
      (local $n i32) (local $k i32) (local $panel i32) (local $half i32) (local $b i32) (local $c i32) (local $p i32)
      (local $scale v128) (local $x v128)
      ${locals(most, (row) => `$a${row} i32`)}
      ${locals(4, (vector) => `$b${vector} v128`)}
      ${locals(most, (row) => [0, 1, 2, 3].map((vector) => `${sum(row, vector)} v128`).join(') (local '))}
      (local.set $lda (i32.shl (local.get $lda) (i32.const 2)))
      (local.set $ldc (i32.shl (local.get $ldc) (i32.const 2)))
      (local.set $scale (f32x4.splat (local.get $alpha)))
      (local.set $n (local.get $N))
      (local.set $panel (local.get $B))
      (local.set $c (local.get $C))
      ${tiles
        .map(
          (tile) => `(if (i32.ge_u (local.get $rows) (i32.const ${tile.rows}))
            (then ${columns(tile, options.accumulate)} (return (i32.const ${tile.rows}))))`,
        )
        .join('\n')}
      (unreachable)))`;
}

/** Vectors of 4 columns in a tile of 1, 2, … rows. Few rows need more columns to have sums enough. */
const TILES = [4, 4, 2, 2, 2, 2];
/** Steps along K in one turn of the loop. */
const UNROLL = 2;
const PANEL_BYTES = 64;

interface Tile {
  rows: number;
  vectors: number;
}

/** All columns, a tile's width at a time. */
function columns({ rows, vectors }: Tile, accumulate: boolean): string {
  const tile = { rows, vectors };
  const width = vectors * 4;
  return `(loop $columns
    (local.set $b (i32.add (local.get $panel) (local.get $half)))
    (local.set $a0 (local.get $A))
    ${repeat(rows - 1, (row) => `(local.set $a${row + 1} (i32.add (local.get $a${row}) (local.get $lda)))`)}
    ${repeat(rows, (row) => repeat(vectors, (v) => `(local.set ${sum(row, v)} (v128.const i32x4 0 0 0 0))`))}
    (local.set $k (local.get $K))
    (if (i32.ge_u (local.get $k) (i32.const ${UNROLL})) (then ${alongK(tile, UNROLL)}))
    (if (local.get $k) (then ${alongK(tile, 1)}))
    (local.set $p (local.get $c))
    (if (i32.ge_s (local.get $n) (i32.const ${width}))
      (then ${repeat(rows, (row) => repeat(vectors, (v) => store(row, v, v * 16, accumulate)) + NEXT_ROW)})
      (else ${repeat(rows, (row) => storeSome(row, vectors, accumulate))}))
    ${
      vectors === 4
        ? NEXT_PANEL
        : `(local.set $half (i32.xor (local.get $half) (i32.const 32)))
           (if (i32.eqz (local.get $half)) (then ${NEXT_PANEL}))`
    }
    (local.set $c (i32.add (local.get $c) (i32.const ${width * 4})))
    (local.set $n (i32.sub (local.get $n) (i32.const ${width})))
    (br_if $columns (i32.gt_s (local.get $n) (i32.const 0))))`;
}

const NEXT_PANEL = `(local.set $panel
  (i32.add (local.get $panel) (i32.mul (local.get $K) (i32.const ${PANEL_BYTES}))))`;
const NEXT_ROW = '(local.set $p (i32.add (local.get $p) (local.get $ldc)))';

/** Runs while `steps` or more are left of K. */
function alongK({ rows, vectors }: Tile, steps: number): string {
  const step = (at: number) => `
    ${repeat(vectors, (v) => `(local.set $b${v} (v128.load offset=${at * PANEL_BYTES + v * 16} (local.get $b)))`)}
    ${repeat(
      rows,
      (row) => `(local.set $x (v128.load32_splat offset=${at * 4} (local.get $a${row})))
        ${repeat(
          vectors,
          (v) => `(local.set ${sum(row, v)}
            (f32x4.relaxed_madd (local.get $x) (local.get $b${v}) (local.get ${sum(row, v)})))`,
        )}`,
    )}`;
  return `(loop $along
    ${repeat(steps, step)}
    ${repeat(rows, (row) => `(local.set $a${row} (i32.add (local.get $a${row}) (i32.const ${steps * 4})))`)}
    (local.set $b (i32.add (local.get $b) (i32.const ${steps * PANEL_BYTES})))
    (local.set $k (i32.sub (local.get $k) (i32.const ${steps})))
    (br_if $along (i32.ge_u (local.get $k) (i32.const ${steps}))))`;
}

/**
 * Scales a sum and puts it at `$p`.
 *
 * @param bits of the sum that count, from the front: 128, 64, 32
 */
function store(row: number, vector: number, offset: number, accumulate: boolean, bits = 128): string {
  const [load, put] = bits === 128 ? ['load', 'store'] : [`load${bits}_zero`, `store${bits}_lane`];
  const lane = bits === 128 ? '' : '0';
  const scaled = `(f32x4.mul (local.get $scale) (local.get ${sum(row, vector)}))`;
  const value = accumulate ? `(f32x4.add (v128.${load} offset=${offset} (local.get $p)) ${scaled})` : scaled;
  return `(v128.${put} offset=${offset} ${lane} (local.get $p) ${value})`;
}

/** Fewer columns than the tile has: 8, 4, 2 and 1 of them, moving what is left to the front. */
function storeSome(row: number, vectors: number, accumulate: boolean): string {
  const first = sum(row, 0);
  const moved = (bytes: number) => `(local.set $p (i32.add (local.get $p) (i32.const ${bytes})))`;
  const some = (count: number, body: string) =>
    `(if (i32.and (local.get $n) (i32.const ${count})) (then ${body} ${moved(count * 4)}))`;
  return `(local.set $b (local.get $p))
    ${
      vectors === 4
        ? some(
            8,
            `${store(row, 0, 0, accumulate)} ${store(row, 1, 16, accumulate)}
            (local.set ${first} (local.get ${sum(row, 2)})) (local.set ${sum(row, 1)} (local.get ${sum(row, 3)}))`,
          )
        : ''
    }
    ${some(4, `${store(row, 0, 0, accumulate)} (local.set ${first} (local.get ${sum(row, 1)}))`)}
    ${some(
      2,
      `${store(row, 0, 0, accumulate, 64)}
      (local.set ${first} (i64x2.splat (i64x2.extract_lane 1 (local.get ${first}))))`,
    )}
    ${some(1, store(row, 0, 0, accumulate, 32))}
    (local.set $p (i32.add (local.get $b) (local.get $ldc)))`;
}

function sum(row: number, vector: number): string {
  return `$c${row}_${vector}`;
}

function locals(count: number, name: (i: number) => string): string {
  return repeat(count, (i) => `(local ${name(i)})`);
}

function repeat(count: number, text: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => text(i)).join('\n');
}
