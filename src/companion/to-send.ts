import { database } from '../storage/database.ts';
import type { LearningRun } from '../training/examples.ts';
import { trainingRows } from '../training/run.ts';
import type { CompanionShipment } from './contract.ts';
import { shipmentOf } from './rows.ts';

/** What a run on a node would send. @throws AttuneError as {@link shipmentOf} */
export async function toSend(run: LearningRun, datasetId: string): Promise<CompanionShipment> {
  return shipmentOf(run, await trainingRows(database(), datasetId));
}
