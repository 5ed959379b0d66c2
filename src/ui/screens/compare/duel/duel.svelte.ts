import { adapters } from '../../../../adapters/client.ts';
import {
  sideBySide,
  type Contestant,
  type Side,
  type SideAnswer,
  type SideEvent,
} from '../../../../chat/side-by-side.ts';
import { generation } from '../../../../generation/client.ts';
import type { LoadProgress, ModelChoice } from '../../../../generation/contract.ts';
import { retrieval } from '../../../../retrieval/client.ts';
import { database } from '../../../../storage/database.ts';
import type { PassageSnapshot, VoteRow } from '../../../../storage/schema.ts';
import { report } from '../../../state/errors.svelte.ts';
import type { PipelineOption } from '../pipeline-options.svelte.ts';
import { voteRow, type Winner } from './votes.ts';

/** One column while it is written and after. */
export interface Column {
  option: PipelineOption;
  state: 'waiting' | 'loading' | 'reading' | 'writing' | 'checking' | 'done';
  text: string;
  answer: SideAnswer | null;
}

/** One question to two models, from the same passages, and the choice between their answers. */
export class Duel {
  readonly #workspaceId: string;
  #busy = $state(false);
  #question = $state('');
  #passages = $state.raw<readonly PassageSnapshot[]>([]);
  #retrievalSeconds = $state(0);
  #columns = $state<[Column, Column] | null>(null);
  #load = $state.raw<LoadProgress | null>(null);
  #blind = $state(true);
  #vote = $state.raw<VoteRow | null>(null);
  #controller: AbortController | undefined;

  constructor(workspaceId: string) {
    this.#workspaceId = workspaceId;
  }

  get busy(): boolean {
    return this.#busy;
  }
  /** As it was asked; '' before the first one. */
  get question(): string {
    return this.#question;
  }
  get passages(): readonly PassageSnapshot[] {
    return this.#passages;
  }
  get retrievalSeconds(): number {
    return this.#retrievalSeconds;
  }
  get columns(): readonly [Column, Column] | null {
    return this.#columns;
  }
  get load(): LoadProgress | null {
    return this.#load;
  }
  /** What was decided; null until then. */
  get vote(): VoteRow | null {
    return this.#vote;
  }
  /** Whether names stay hidden: in a blind round until the vote. */
  get hidden(): boolean {
    return this.#blind && this.#vote === null && this.#columns !== null;
  }
  /** Both have answered something that can be chosen between. */
  get decidable(): boolean {
    return (
      !this.#busy && this.#vote === null && (this.#columns?.every(({ answer }) => answer && !answer.problem) ?? false)
    );
  }

  /** @param blind hides the names and draws the order of the columns, and with it who writes first */
  async ask(question: string, pair: readonly [PipelineOption, PipelineOption], blind: boolean): Promise<void> {
    if (this.#busy || question.trim() === '') return;
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    const [first, second] = blind && Math.random() < 0.5 ? [pair[1], pair[0]] : pair;
    const column = (option: PipelineOption): Column => ({ option, state: 'waiting', text: '', answer: null });
    this.#question = question.trim();
    this.#passages = [];
    this.#columns = [column(first), column(second)];
    this.#blind = blind;
    this.#vote = null;
    this.#busy = true;
    const services = {
      retrieval,
      load: (choice: ModelChoice) => this.#loaded(choice),
      adapters: () => adapters.list(),
    };
    const contestants = [contestant(first), contestant(second)] as const;
    const request = { workspaceId: this.#workspaceId, question: this.#question, contestants };
    try {
      for await (const event of sideBySide(request, services, signal)) this.#take(event);
    } catch (error) {
      report(error);
    } finally {
      this.#busy = false;
      this.#load = null;
    }
  }

  stop(): void {
    this.#controller?.abort();
  }

  /** Keeps the choice and shows who was who. */
  async decide(winner: Winner): Promise<void> {
    if (!this.decidable || !this.#columns) return;
    const [left, right] = $state.snapshot(this.#columns) as [Column, Column];
    const sideOf = ({ option, answer }: Column) => ({ option, answer: answer! });
    const row = voteRow({
      workspaceId: this.#workspaceId,
      question: this.#question,
      sides: [sideOf(left), sideOf(right)],
      winner,
      blind: this.#blind,
    });
    await database().votes.add(row);
    this.#vote = row;
  }

  async #loaded(choice: ModelChoice) {
    const info = await generation.load(choice, (progress) => (this.#load = progress));
    this.#load = null;
    return { info, countTokens: generation.countTokens, stream: generation.stream };
  }

  #take(event: SideEvent): void {
    switch (event.type) {
      case 'passages':
        this.#passages = event.passages;
        this.#retrievalSeconds = event.seconds;
        break;
      case 'begun':
        this.#column(event.side).state = 'loading';
        break;
      case 'writing':
        this.#follow(this.#column(event.side), event.event);
        break;
      case 'answered':
        Object.assign(this.#column(event.side), { state: 'done', text: event.answer.text, answer: event.answer });
    }
  }

  #follow(column: Column, event: Extract<SideEvent, { type: 'writing' }>['event']): void {
    if (event.type === 'text') {
      column.text += event.text;
      column.state = 'writing';
    } else if (event.type === 'stage') column.state = event.stage === 'checking' ? 'checking' : 'reading';
  }

  #column(side: Side): Column {
    return this.#columns![side];
  }
}

function contestant({ model }: PipelineOption): Contestant {
  const { modelId, adapterId = null, engine = 'local' } = model;
  return { choice: { engine, modelId }, adapterId };
}
