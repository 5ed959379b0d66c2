import { database } from '../storage/database.ts';
import type { TuningTask } from '../storage/schema.ts';
import { trainingRows } from '../training/run.ts';
import type { CompanionShipment } from './contract.ts';
import { shipmentOf } from './rows.ts';

/** What a run on a node would send. @throws AttuneError as {@link shipmentOf} */
export async function toSend(task: TuningTask, datasetId: string): Promise<CompanionShipment> {
  return shipmentOf(task, await trainingRows(database(), datasetId));
}
