// Empties dist but for dist/.keep, which is in git so that Go can embed the folder
// before the first build.
import { readdirSync, rmSync } from 'node:fs';

const dist = new URL('../dist/', import.meta.url);
for (const name of readdirSync(dist)) {
  if (name !== '.keep') rmSync(new URL(name, dist), { recursive: true });
}
