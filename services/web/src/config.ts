import { Problem, networkProblem } from './api/problem';

/** What differs between stacks: /config.json, as services/web/web.go writes it. */
export interface Config {
  /** Base URL of the API with its /v1; a path means this origin. */
  api: string;
  issuer: string;
  client_id: string;
  scopes: string;
  /** The access token's claim with the person's groups. */
  groups_claim?: string;
  /** Cognito's own sign-out address. */
  logout?: string;
  /** No real phone rings. */
  simulated?: boolean;
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch('/config.json', { cache: 'no-cache' }).catch((cause: unknown) => {
    throw networkProblem(cause);
  });
  const config = (await response.json().catch(() => undefined)) as Partial<Config> | undefined;
  const missing = (['api', 'issuer', 'client_id', 'scopes'] as const).filter((field) => !config?.[field]);
  if (!response.ok || missing.length > 0) {
    throw new Problem({
      code: 'config_invalid',
      detail: response.ok
        ? `/config.json says nothing of ${missing.join(', ')}. Whoever runs this console has to mend it.`
        : `/config.json can't be read: the server answers ${response.status}.`,
    });
  }
  return config as Config;
}
