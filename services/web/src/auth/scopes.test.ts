import { describe, expect, it } from 'vitest';

import { claimsOf } from './scopes';

const encode = (value: unknown) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(value))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const token = (claims: object) => `${encode({ alg: 'RS256' })}.${encode(claims)}.signature`;

describe('what a token allows', () => {
  it.each([
    ['nothing', {}, {}, []],
    ['reading', { scope: 'openid calls/read' }, {}, ['read']],
    ['reading and writing', { scope: 'calls/write calls/read' }, {}, ['read', 'write']],
    ['not administration, with the scope alone', { scope: 'calls/admin' }, {}, []],
    ['administration to a member of the group', { scope: 'calls/admin', 'cognito:groups': ['admins'] }, {}, ['admin']],
    [
      'administration by another claim',
      { scope: 'calls/admin', roles: ['admins'] },
      { groups_claim: 'roles' },
      ['admin'],
    ],
    [
      'nothing by a claim that is not the one',
      { scope: 'calls/admin', 'cognito:groups': ['admins'] },
      { groups_claim: 'roles' },
      [],
    ],
    ['scopes in a list', { scp: ['calls/read'] }, {}, ['read']],
  ])('%s', (_, claims, config, scopes) => {
    expect([...claimsOf(token(claims), config).scopes].sort()).toEqual(scopes);
  });

  it('names the person, in any script', () => {
    expect(claimsOf(token({ username: 'Zoë 李' }), {}).username).toBe('Zoë 李');
  });

  it('takes what is no token for one that allows nothing', () => {
    for (const text of ['', 'a.b.c', 'opaque']) expect(claimsOf(text, {}).scopes.size).toBe(0);
  });
});
