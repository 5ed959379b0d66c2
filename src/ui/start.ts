import { jobs } from '../jobs/client.ts';
import { startServiceWorker } from '../pwa/updates.ts';
import { answerModel } from './state/answer-model.svelte.ts';
import { connections } from './state/connections.svelte.ts';
import { catchStrayErrors, report } from './state/errors.svelte.ts';
import { ownership } from './state/ownership.svelte.ts';
import { samples } from './state/samples.svelte.ts';
import { toasts } from './state/toasts.svelte.ts';
import { workspaces } from './state/workspaces.svelte.ts';

/** What has to stand before the first screen: the error sink and an open workspace. The rest follows by itself. */
export async function start(): Promise<void> {
  catchStrayErrors();
  void startServiceWorker((update) =>
    toasts.show({
      icon: 'refresh',
      message: 'A new version of Attune is ready.',
      detail: 'It takes a reload; running jobs go on after it.',
      action: { label: 'Reload', run: () => update.apply() },
      lasts: null,
    }),
  );
  await workspaces.open();
  await ownership.claim(workspaces.id);
  jobs.start().catch(report);
  answerModel.refresh().catch(report);
  samples.describe().catch(report);
  connections.follow();
}
