import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useSyncExternalStore,
  type ReactNode,
} from 'react';
import { AuthProvider, hasAuthParams, useAuth } from 'react-oidc-context';

import { Button } from '../ui/button';
import { Plain } from '../ui/plain';
import { Loading } from '../ui/skeleton';
import type { Config } from '../config';
import { claimsOf, type Claims, type Scope } from './scopes';
import { isSignedOutPage, Session } from './session';

interface Auth {
  config: Config;
  session: Session;
}

const AuthContext = createContext<Auth | undefined>(undefined);

function useOwnAuth(): Auth {
  const auth = useContext(AuthContext);
  if (!auth) throw new Error('this needs a SignIn around it');
  return auth;
}

export const useConfig = (): Config => useOwnAuth().config;
export const useSession = (): Session => useOwnAuth().session;

/** Whether requests wait because the sign-in ran out. */
export function useExpired(): boolean {
  const session = useSession();
  return useSyncExternalStore(session.subscribe, session.expired);
}

/** Who is signed in, and what the token allows. */
export function usePerson(): Claims {
  const { config } = useOwnAuth();
  const token = useAuth().user?.access_token ?? '';
  return useMemo(() => claimsOf(token, config), [token, config]);
}

/** What the token allows: `const may = useScopes(); may('write')`. */
export function useScopes(): (scope: Scope) => boolean {
  const { scopes } = usePerson();
  return (scope) => scopes.has(scope);
}

/** Shows its children to a person who is signed in, and signs in everybody else. */
export function SignIn({ config, session, children }: { config: Config; session: Session; children: ReactNode }) {
  const auth = useMemo(() => ({ config, session }), [config, session]);
  // Takes code and state out of the address bar, and shows what was shown before sign-in.
  const comeBack = () => window.history.replaceState(null, '', session.takePlace());
  return (
    <AuthContext value={auth}>
      <AuthProvider userManager={session.manager} onSigninCallback={comeBack}>
        {isSignedOutPage() ? <SignedOut /> : <Gate>{children}</Gate>}
      </AuthProvider>
    </AuthContext>
  );
}

/** Signs in by way of the issuer's page, which comes back to where the person is now. */
function useSignIn(): () => void {
  const { signinRedirect } = useAuth();
  const session = useSession();
  return useCallback(() => {
    session.keepPlace();
    void signinRedirect();
  }, [session, signinRedirect]);
}

function Gate({ children }: { children: ReactNode }) {
  const { isAuthenticated, isLoading, activeNavigator, error, user } = useAuth();
  const session = useSession();
  const signIn = useSignIn();
  const toIssuer = !user && !isLoading && !activeNavigator && !error && !hasAuthParams() && !session.leaving;
  useEffect(() => {
    if (toIssuer) signIn();
  }, [toIssuer, signIn]);

  if (isAuthenticated || user) return children; // an expired token is renewed by the first request
  if (!error) return <Loading what={session.leaving ? 'Signing out' : 'Signing in'} />;
  return (
    <Plain title="Sign-in did not work">
      <p>{sentenceOf(error.message)}</p>
      <Button kind="primary" onClick={signIn}>
        Sign in
      </Button>
    </Plain>
  );
}

function sentenceOf(message: string): string {
  if (/No matching state/.test(message)) return 'This sign-in was begun in another window, or long ago. Begin again.';
  if (/fetch|network|timed out/i.test(message)) return 'The server that signs people in can’t be reached.';
  return `The server that signs people in says: ${message}`;
}

function SignedOut() {
  const signIn = useSignIn();
  return (
    <Plain title="You are signed out">
      <p>Calls that were accepted go on.</p>
      <Button kind="primary" onClick={signIn}>
        Sign in
      </Button>
    </Plain>
  );
}
