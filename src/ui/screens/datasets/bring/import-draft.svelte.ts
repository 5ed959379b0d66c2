import { datasets } from '../../../../datasets/client.ts';
import type { ColumnField, ColumnMapping, DatasetFiles, ImportPreview } from '../../../../datasets/contract.ts';
import { isAbort, toProblem, type Problem } from '../../../../errors/attune-error.ts';

/** A file on its way in: what it was taken for, how its columns are read, and what it would give. */
export class ImportDraft {
  readonly files: DatasetFiles;
  #preview = $state.raw<ImportPreview | null>(null);
  #mapping = $state.raw<ColumnMapping | undefined>(undefined);
  #problem = $state.raw<Problem | null>(null);
  #reading = $state(false);
  name = $state('');

  constructor(files: DatasetFiles) {
    this.files = files;
    this.name = files instanceof File ? files.name.replace(/\.[^.]+$/, '') : 'Imported folder';
  }

  get preview(): ImportPreview | null {
    return this.#preview;
  }
  /** Why it cannot be read. */
  get problem(): Problem | null {
    return this.#problem;
  }
  get reading(): boolean {
    return this.#reading;
  }
  /** Columns by field, as asked for or by their names. */
  get mapping(): ColumnMapping {
    return this.#mapping ?? this.#preview?.mapping ?? {};
  }
  /** Only what was changed by hand is asked for. */
  get wanted(): ColumnMapping | undefined {
    return this.#mapping;
  }

  /** Reads the file with the mapping as it stands; a newer reading replaces an older one. */
  async read(): Promise<void> {
    const asked = this.#mapping;
    this.#reading = true;
    try {
      const preview = await datasets.preview(this.files, asked);
      if (asked !== this.#mapping) return;
      this.#preview = preview;
      this.#problem = null;
    } catch (error) {
      if (isAbort(error) || asked !== this.#mapping) return;
      console.error(error);
      this.#problem = toProblem(error);
    } finally {
      if (asked === this.#mapping) this.#reading = false;
    }
  }

  /** Takes a column for a field; '' for none. */
  async map(field: ColumnField, column: string): Promise<void> {
    const { [field]: _, ...others } = this.mapping;
    this.#mapping = column === '' ? others : { ...others, [field]: column };
    await this.read();
  }
}
