import type { Config } from '../config';

export type Scope = 'read' | 'write' | 'admin';

export interface Claims {
  sub?: string;
  username?: string;
  scopes: ReadonlySet<Scope>;
}

const adminGroup = 'admins';

/**
 * What an access token allows, as the API will see it: calls/admin counts for members
 * of the group admins only. It decides what is shown; the API decides what is done.
 */
export function claimsOf(accessToken: string, config: Pick<Config, 'groups_claim'>): Claims {
  const claims = payloadOf(accessToken);
  const granted = words(claims.scope ?? claims.scp);
  const groups = words(claims[config.groups_claim || 'cognito:groups']);
  const scopes = new Set<Scope>();
  if (granted.includes('calls/read')) scopes.add('read');
  if (granted.includes('calls/write')) scopes.add('write');
  if (granted.includes('calls/admin') && groups.includes(adminGroup)) scopes.add('admin');
  return {
    sub: text(claims.sub),
    username: text(claims.username ?? claims.preferred_username ?? claims.email),
    scopes,
  };
}

function payloadOf(token: string): Record<string, unknown> {
  try {
    const base64 = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch {
    return {}; // not a token that can be read: nothing is shown
  }
}

const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);

function words(value: unknown): string[] {
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string');
  return typeof value === 'string' ? value.split(' ') : [];
}
