// Writes each text file of dist as .br and .gz too, at the highest level: it is done
// once here, and never again for a request.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  const file = join(dist, name);
  if (!statSync(file).isFile() || !/\.(html|js|css|svg|json|txt)$/.test(name)) continue;
  const content = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  const smaller = [
    ['.br', brotliCompressSync(content, { params })],
    ['.gz', gzipSync(content, { level: 9 })],
  ];
  for (const [ending, packed] of smaller) {
    if (packed.length < content.length) writeFileSync(file + ending, packed);
  }
}
