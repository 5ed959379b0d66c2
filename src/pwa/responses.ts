import { contentSecurityPolicy, securityHeaders } from '../../scripts/security-headers.mjs';

/** Matches the policy in index.html, which the build puts there for hosts that send no headers. */
const META_POLICY = /(<meta http-equiv="Content-Security-Policy" content=")[^"]*(")/;

/**
 * The response as the app sends it: with the security headers, and with the policy that lets the allowed origins
 * through. A page's own meta policy is rewritten with it, since two policies hold both and the stricter one wins.
 */
export async function secured(response: Response, allowedOrigins: string[]): Promise<Response> {
  // Redirects and cross-origin bodies have no readable headers; a 304 has no body to give on.
  if (response.type === 'opaque' || response.type === 'opaqueredirect' || response.type === 'error') return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(securityHeaders(allowedOrigins))) headers.set(name, value);
  const { status, statusText } = response;
  if (!headers.get('Content-Type')?.startsWith('text/html')) {
    return new Response(response.body, { status, statusText, headers });
  }
  const page = await response.text();
  headers.delete('Content-Length');
  const policy = contentSecurityPolicy(allowedOrigins);
  return new Response(
    page.replace(META_POLICY, (_, before: string, after: string) => before + policy + after),
    { status, statusText, headers },
  );
}
