import { ErrorResponse, InMemoryWebStorage, UserManager, WebStorageStateStore, type User } from 'oidc-client-ts';

import type { Tokens } from '../api/client';
import { Problem } from '../api/problem';
import type { Config } from '../config';

const signedInPath = '/signed-in';
const signedOutPath = '/signed-out';
const placeKey = 'outdial.place';

/**
 * The person's sign-in. Tokens are in memory only: a reload signs in again by a
 * redirect, which the issuer's own session answers at once.
 */
export class Session implements Tokens {
  readonly manager: UserManager;
  private readonly config: Config;
  private readonly listeners = new Set<() => void>();
  private renewal: Promise<void> | undefined;
  private signedInAgain: (() => void) | undefined;
  /** The person is signing out: nobody is to sign in meanwhile. */
  leaving = false;

  constructor(config: Config) {
    this.config = config;
    const origin = window.location.origin;
    this.manager = new UserManager({
      authority: config.issuer,
      client_id: config.client_id,
      redirect_uri: origin + signedInPath,
      scope: config.scopes,
      userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
      // State and PKCE verifier have to outlive the redirect, and nothing else.
      stateStore: new WebStorageStateStore({ store: window.sessionStorage }),
      // We renew ourselves, by refresh token only: the other way is a frame, which the page's policy blocks.
      automaticSilentRenew: false,
    });
    this.manager.events.addAccessTokenExpiring(() => {
      void this.manager.getUser().then((user) => user && this.renewed(user.access_token).catch(() => undefined));
    });
  }

  /** Begins a sign-in that leaves this page: remembers where the person is, or wanted to be when an earlier one failed. */
  keepPlace(): void {
    const { pathname, search, hash } = window.location;
    if (pathname === signedOutPath) sessionStorage.removeItem(placeKey);
    else if (pathname !== signedInPath) sessionStorage.setItem(placeKey, pathname + search + hash);
  }

  /** Where the person goes on after sign-in: the kept place, once. It never leads to another site. */
  takePlace(): string {
    const place = sessionStorage.getItem(placeKey) ?? '/';
    sessionStorage.removeItem(placeKey);
    return place.startsWith('/') && !place.startsWith('//') ? place : '/';
  }

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Whether requests wait for the person to sign in again. */
  expired = () => this.signedInAgain !== undefined;

  async token(): Promise<string> {
    const user = await this.manager.getUser();
    if (!user) throw new Problem({ code: 'signed_out', detail: 'You are signed out. Sign in again.', status: 401 });
    return user.expired ? this.renewed(user.access_token) : user.access_token;
  }

  async renewed(rejected: string, signal?: AbortSignal): Promise<string> {
    const user = await this.manager.getUser();
    if (user && user.access_token !== rejected && !user.expired) return user.access_token; // another request renewed it
    this.renewal ??= this.renew(user).finally(() => {
      this.renewal = undefined;
    });
    await (signal ? untilAborted(this.renewal, signal) : this.renewal);
    return (await this.manager.getUser())?.access_token ?? '';
  }

  private async renew(user: User | null): Promise<void> {
    if (user?.refresh_token) {
      try {
        await this.manager.signinSilent();
        return;
      } catch (thrown) {
        if (!isRefusal(thrown)) throw thrown; // the issuer is away: the next request tries again
      }
    }
    await new Promise<void>((resolve) => {
      this.signedInAgain = resolve;
      this.tell();
    });
  }

  /** Signs in again beside the page, whose forms stay as they are. Call it from a click. */
  async signInAgain(): Promise<void> {
    const before = await this.manager.getUser();
    const user = await this.manager.signinPopup({ popupWindowFeatures: { width: 480, height: 640 } });
    if (before && before.profile.sub !== user.profile.sub) {
      // Another person: nothing of the first may go out in the second's name, not even if the reload is refused.
      await this.manager.storeUser(before);
      window.location.reload();
      return;
    }
    this.signedInAgain?.();
    this.signedInAgain = undefined;
    this.tell();
  }

  /** Leaves for the issuer, which comes back to /signed-out. */
  async signOut(): Promise<void> {
    this.leaving = true;
    const back = window.location.origin + signedOutPath;
    const end =
      this.config.logout ?? (await this.manager.metadataService.getEndSessionEndpoint().catch(() => undefined));
    await this.manager.revokeTokens(['refresh_token']).catch(() => undefined); // it ends by itself otherwise
    await this.manager.removeUser();
    // The browser's Back button may bring this page back as it was.
    window.addEventListener('pageshow', (event) => event.persisted && window.location.reload());
    if (!end) {
      window.location.assign(back);
      return;
    }
    const address = new URL(end);
    address.searchParams.set('client_id', this.config.client_id);
    // Cognito's own parameter, or the standard's. No id_token_hint: a token has no place in a URL.
    address.searchParams.set(this.config.logout ? 'logout_uri' : 'post_logout_redirect_uri', back);
    window.location.assign(address);
  }

  private tell() {
    for (const listener of this.listeners) listener();
  }
}

/** Whether the issuer itself says that the refresh token is no good any more. */
function isRefusal(thrown: unknown): boolean {
  return (
    thrown instanceof ErrorResponse && thrown.error !== 'server_error' && thrown.error !== 'temporarily_unavailable'
  );
}

function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

export const isSignedOutPage = () => window.location.pathname === signedOutPath;

/** Whether this window is the popup in which somebody has just signed in again. */
export const isPopupReturn = () => window.opener !== null && window.location.pathname === signedInPath;
