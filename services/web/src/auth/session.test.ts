import { User } from 'oidc-client-ts';
import { describe, expect, it, vi } from 'vitest';

import { Session } from './session';

const config = { api: '/v1', issuer: 'https://issuer.example', client_id: 'console', scopes: 'openid' };

const person = (sub: string, access_token: string) =>
  new User({
    access_token,
    token_type: 'Bearer',
    profile: { sub, iss: config.issuer, aud: config.client_id, exp: 0, iat: 0 },
  });

/** Ada's page, whose reload is refused; in the window `who` signs in. */
async function signInAgainAs(who: User) {
  const reload = vi.fn();
  vi.stubGlobal('location', { origin: 'https://console.example', reload });
  const session = new Session(config);
  await session.manager.storeUser(person('ada', 'old'));
  vi.spyOn(session.manager, 'signinPopup').mockImplementation(async () => {
    await session.manager.storeUser(who);
    return who;
  });
  await session.signInAgain();
  return { reload, token: await session.token() };
}

describe('a sign-in beside the page', () => {
  it('goes on with the same person’s new token', async () => {
    const { reload, token } = await signInAgainAs(person('ada', 'new'));
    expect(reload).not.toHaveBeenCalled();
    expect(token).toBe('new');
  });

  it('gives another person nothing of the first one’s page, even where that stays', async () => {
    const { reload, token } = await signInAgainAs(person('ben', 'his'));
    expect(reload).toHaveBeenCalledOnce();
    expect(token).toBe('old');
  });
});
