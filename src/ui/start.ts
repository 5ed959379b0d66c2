import { onEndpointsChanged } from '../generation/endpoint/client.ts';
import { jobs } from '../jobs/client.ts';
import { setAllowedOrigins } from '../pwa/allowed-origins.ts';
import { startServiceWorker } from '../pwa/updates.ts';
import { answerModel } from './state/answer-model.svelte.ts';
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
  onEndpointsChanged((origins) => void allow(origins).catch(report));
}

/** The page's policy is fixed when it loads, so a newly enabled endpoint can be reached after a reload. */
async function allow(origins: string[]): Promise<void> {
  if (!(await setAllowedOrigins(origins))) return;
  toasts.show({
    icon: 'globe',
    message: 'What this page may connect to has changed.',
    detail: 'It takes effect after a reload.',
    action: { label: 'Reload', run: () => location.reload() },
    lasts: null,
  });
}
