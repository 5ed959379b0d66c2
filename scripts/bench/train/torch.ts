import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';

const FOLDER = '.cache/bench/torch';
const HERE = 'scripts/bench/train';

/** PyTorch in a process of its own; asked for single steps, so that they can take turns with ours. */
export class TorchSteps {
  #process;
  #lines: AsyncIterator<string>;

  /** Installs PyTorch and PEFT into `.cache/bench/torch` the first time, unless `ATTUNE_PYTHON` has them. */
  constructor(threads: number) {
    this.#process = spawn(python(), [`${HERE}/torch_steps.py`, 'public/models/all-MiniLM-L6-v2', String(threads)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** @param command `embedder` or `generator <tokens> <of the answer>`. @returns its seconds */
  async step(command: string): Promise<number> {
    this.#process.stdin.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`PyTorch ended during ${command}; its message stands above.`);
    return JSON.parse(value) as number;
  }

  quit(): void {
    this.#process.stdin.end('quit\n');
  }
}

/** The interpreter that has PyTorch and PEFT; installs them the first time. */
export function python(): string {
  const given = process.env['ATTUNE_PYTHON'];
  if (given) return given;
  const own = `${FOLDER}/bin/python`;
  if (!existsSync(own)) {
    console.log(`  installing PyTorch and PEFT into ${FOLDER} (once, and large)`);
    execFileSync('python3', ['-m', 'venv', FOLDER], { stdio: 'inherit' });
    execFileSync(own, ['-m', 'pip', 'install', '--quiet', '-r', `${HERE}/requirements.txt`], { stdio: 'inherit' });
  }
  return own;
}
