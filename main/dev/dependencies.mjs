// Packages of others: licences, sizes, install scripts, and what reaches for the network when it runs. Each is named in
// dependencies.json; whatever is new fails here until somebody names it. `node main/dev/dependencies.mjs` prints them all,
// with `--name` it writes the list of packages anew, for a review to look at what changed in it.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const namedFile = fileURLToPath(new URL('dependencies.json', import.meta.url));

/** Code that can reach other machines by itself. */
const reaches = /(?:require\(\s*|from\s*|import\(\s*)['"](?:node:)?(?:https?|http2|dns|undici)['"]|(?<![\w.$])fetch\(/;

/** `node_modules/a/node_modules/@b/c` is the package `@b/c`. */
const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Packages by name with their licences, as the lock file has them; `isProduct`: what is installed without --include=dev. */
export function packagesOf(lock) {
  const packages = new Map();
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '') continue;
    const name = nameOf(path);
    const before = packages.get(name);
    packages.set(name, {
      name,
      paths: [...(before?.paths ?? []), path],
      licences: [...new Set([...(before?.licences ?? []), entry.license ?? 'none given'])].sort(),
      isProduct: (before?.isProduct ?? false) || !(entry.dev || entry.devOptional),
      hasInstallScript: (before?.hasInstallScript ?? false) || entry.hasInstallScript === true,
    });
  }
  return [...packages.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Files of a package itself; none where it is for another system and is not installed. */
function filesOf(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.slice(folder.length).includes('/node_modules/'));
}

/** Bytes of a package on this disk, and whether its code can reach other machines. */
function inspect({ paths }, folder) {
  const files = paths.flatMap((path) => filesOf(join(folder, path)));
  return {
    bytes: files.reduce((sum, file) => sum + statSync(file).size, 0),
    isReaching: files.some((file) => /\.[cm]?js$/.test(file) && reaches.test(readFileSync(file, 'utf8'))),
  };
}

/**
 * What nobody has named, and what is named and not there any more, as sentences; and the packages of the product, with
 * their bytes. `folder` has the node_modules.
 */
export function lookAt(lock, named, folder) {
  const packages = packagesOf(lock);
  const problems = [];
  const known = new Map(
    Object.entries(named.packages).flatMap(([licence, names]) => names.map((name) => [name, licence])),
  );
  for (const { name, licences, hasInstallScript } of packages) {
    const licence = licences.join(' and ');
    if (!known.has(name))
      problems.push(`${name} (${licence}) is new: name it with \`node main/dev/dependencies.mjs --name\`.`);
    else if (known.get(name) !== licence) {
      problems.push(`${name} has another licence than it had: ${licence}, not ${known.get(name)}.`);
    }
    if (!(licence in named.licences)) problems.push(`${name} has a licence that nobody has agreed to: ${licence}.`);
    if (hasInstallScript && !(name in named.installScripts)) {
      problems.push(
        `${name} has an install script that nobody has named: say in installScripts why we need none of it.`,
      );
    }
  }
  const names = new Set(packages.map(({ name }) => name));
  const lists = {
    packages: [...known.keys()],
    installScripts: Object.keys(named.installScripts),
    fetches: Object.keys(named.fetches),
  };
  for (const [list, entries] of Object.entries(lists)) {
    for (const name of entries) if (!names.has(name)) problems.push(`${name} is named in ${list} and is not there.`);
  }
  const product = packages.filter(({ isProduct }) => isProduct).map((each) => ({ ...each, ...inspect(each, folder) }));
  for (const { name, isReaching } of product) {
    if (isReaching && !(name in named.fetches)) {
      problems.push(
        `${name} can reach other machines when it runs: say in fetches what it does, or that we do not call it.`,
      );
    }
  }
  const mebibytes = product.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20;
  if (mebibytes > named.mostProductMiB) {
    problems.push(
      `The product's packages are ${mebibytes.toFixed(1)} MiB, more than mostProductMiB (${named.mostProductMiB}).`,
    );
  }
  return { problems, packages, product, mebibytes };
}

const json = (path) => JSON.parse(readFileSync(path, 'utf8'));

function write(named, packages) {
  const byLicence = {};
  for (const { name, licences } of packages) (byLicence[licences.join(' and ')] ??= []).push(name);
  const sorted = Object.fromEntries(Object.entries(byLicence).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(namedFile, `${JSON.stringify({ ...named, packages: sorted }, null, 2)}\n`);
}

function main(args) {
  const lock = json(join(root, 'package-lock.json'));
  if (args.includes('--name')) write(json(namedFile), packagesOf(lock));
  const named = json(namedFile);
  const { problems, packages, product, mebibytes } = lookAt(lock, named, root);
  const told = (names) => names.map((name) => `  ${name}\n`).join('');
  const size = (bytes) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
  const licences = Object.entries(named.packages).map(([licence, names]) => `${licence} ${names.length}`);
  process.stdout.write(
    `${packages.length} packages; licences: ${licences.join(', ')}\n` +
      `of the product (${mebibytes.toFixed(1)} MiB installed here):\n` +
      told(
        product.map(
          ({ name, licences: has, bytes }) => `${name.padEnd(36)}${has.join().padEnd(16)}${size(bytes).padStart(10)}`,
        ),
      ) +
      `install scripts, none of which is run:\n${told(Object.entries(named.installScripts).map((each) => each.join(': ')))}` +
      `what can be fetched when it runs:\n${told(Object.entries(named.fetches).map((each) => each.join(': ')))}`,
  );
  for (const problem of problems) console.error(problem);
  return problems.length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));
