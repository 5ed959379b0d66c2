/** The origins that the policy of this very page lets through: what it had when it was loaded. */
export function originsInForce(): string[] {
  const policy = document.querySelector<HTMLMetaElement>('meta[http-equiv="Content-Security-Policy"]')?.content ?? '';
  const connect = /connect-src ([^;]*)/.exec(policy)?.[1] ?? '';
  return connect.split(' ').filter((source) => /^https?:/.test(source));
}
