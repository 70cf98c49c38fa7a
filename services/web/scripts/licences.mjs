// Fails when a package of package-lock.json has a licence that isn't on the list.
// MPL-2.0, which asks for changed files of its own to be published, may be only on
// what builds and tests the pages.
import { existsSync, readFileSync } from 'node:fs';

const allowed = [
  'MIT',
  'MIT-0',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Unlicense',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
];
const allowedInDevelopment = [...allowed, 'MPL-2.0'];

// Of packages that only build and test, and that nobody is handed.
const exceptions = {
  argparse: 'Python-2.0', // permissive
  'caniuse-lite': 'CC-BY-4.0', // data
};

/** Whether an SPDX expression can be kept by licences of the list: one of an OR, all of an AND. */
function isAllowed(expression, list) {
  const text = expression.replaceAll(/[()]/g, ' ');
  return text.split(/\sOR\s/).some((choice) => choice.split(/\sAND\s/).every((each) => list.includes(each.trim())));
}

/** The licence of a package, by the lockfile or its own package.json, which may have it in an older form. */
function licenceOf(place, locked) {
  if (locked.license) return locked.license;
  const file = new URL(`../${place}/package.json`, import.meta.url);
  if (!existsSync(file)) return undefined; // of another platform, so it isn't installed here
  const { license, licenses } = JSON.parse(readFileSync(file, 'utf8'));
  const said = license ?? licenses?.map(({ type }) => type).join(' OR ');
  return typeof said === 'object' ? said.type : said;
}

/** The sentences about what is wrong; none when all is well. */
function mistakes(packages) {
  const found = [];
  for (const [place, locked] of Object.entries(packages)) {
    if (place === '') continue; // this project
    const name = place.split('node_modules/').at(-1);
    const said = licenceOf(place, locked);
    const list = locked.dev ? allowedInDevelopment : allowed;
    if (!said) found.push(`${name} ${locked.version} doesn't say its licence`);
    else if (!isAllowed(said, list) && !(locked.dev && exceptions[name] === said)) {
      found.push(`${name} ${locked.version} is under ${said}${locked.dev ? '' : ', and is part of the pages'}`);
    }
  }
  return found;
}

const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const found = mistakes(packages);
for (const mistake of found) console.error(mistake);
if (found.length > 0) process.exit(1);
console.log(`${Object.keys(packages).length - 1} packages, all under licences of the list`);
