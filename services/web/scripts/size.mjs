// Fails when the first load, that is all script that the start page needs, is more
// than 200 kB (1,000 bytes each) as gzip -9.
import { readFileSync, rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const limit = 200_000;
const startPage = 'src/pages/calls/index.tsx';

const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('manifest.json', dist), 'utf8'));

/** The files of a chunk and of all that it imports at once. */
function filesOf(chunk, files = new Set()) {
  const entry = manifest[chunk];
  if (!entry) throw new Error(`the manifest of the build has no ${chunk}`);
  if (files.has(entry.file)) return files;
  files.add(entry.file);
  for (const imported of entry.imports ?? []) filesOf(imported, files);
  return files;
}

const size = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

const first = filesOf(startPage, filesOf('index.html'));
first.add('theme.js');
let total = 0;
for (const file of first) {
  total += size(file);
  console.log(`${kB(size(file)).padStart(9)}  ${file}`);
}
console.log(`${kB(total).padStart(9)}  first load, of at most ${kB(limit)}`);
for (const chunk of Object.values(manifest)) {
  if (chunk.file.endsWith('.js') && !first.has(chunk.file))
    console.log(`${kB(size(chunk.file)).padStart(9)}  later: ${chunk.file}`);
}
rmSync(new URL('manifest.json', dist)); // nobody else needs it
if (total > limit) {
  console.error(
    `The first load is ${kB(total)} and may be ${kB(limit)}: load less at once, by import() in the page that needs it.`,
  );
  process.exit(1);
}
