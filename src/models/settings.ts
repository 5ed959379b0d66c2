/** Key in the `settings` table: true when models may be fetched from the hub. Absent means off. */
export const HUB_ACCESS_SETTING = 'models/hub-access';

export const HUB_ORIGIN = 'https://huggingface.co';

/** Every origin that the hub may send a download to; all of them have to be allowed while hub access is on. */
export const HUB_ORIGINS = [
  HUB_ORIGIN,
  'https://cdn-lfs.huggingface.co',
  'https://cdn-lfs-us-1.hf.co',
  'https://cdn-lfs-eu-1.hf.co',
  'https://cas-bridge.xethub.hf.co',
  // Where web-llm keeps the compiled libraries of its catalogue.
  'https://raw.githubusercontent.com',
];
