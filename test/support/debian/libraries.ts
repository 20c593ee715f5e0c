/** What the programs of an installed package are linked with, as the clean system itself says. */
import type { CleanDebian } from './clean-debian.ts';

/** Lines of ldd about what the loader would not find. */
export async function missingLibraries(debian: CleanDebian, programs: readonly string[]): Promise<string[]> {
  const said = await debian.asRoot('ldd', ...programs);
  return said.split('\n').filter((line) => line.includes('not found'));
}

/** Absolute paths of the libraries that the loader takes from the system for these programs, without those that come along. */
export async function libraryPaths(debian: CleanDebian, programs: readonly string[]): Promise<string[]> {
  const own = await ownNames(debian, programs);
  const said = await debian.asRoot('ldd', ...programs);
  const found = new Map([...said.matchAll(/^\s+(\S+) => (\/\S+)/gm)].map(([, name = '', path = '']) => [name, path]));
  return own.flatMap((name) => found.get(name) ?? []).filter((path) => !path.startsWith('/opt/'));
}

/** What the programs themselves ask for: the dynamic section's names lie in its string table, each ended by a zero. */
async function ownNames(debian: CleanDebian, programs: readonly string[]): Promise<string[]> {
  const names = new Set<string>();
  for (const program of programs) {
    // A clean system has nothing that reads programs, but its loader tells what asks for what.
    const said = await debian.tryAsRoot(
      'env',
      'LD_TRACE_LOADED_OBJECTS=1',
      'LD_VERBOSE=',
      'LD_DEBUG=files',
      '/lib64/ld-linux-x86-64.so.2',
      program,
    );
    const asked = `${said.stdout}${said.stderr}`.matchAll(/file=(\S+) \[0\];\s+needed by (\S+) \[0\]/g);
    for (const [, name = '', by = ''] of asked) if (by === program) names.add(name);
  }
  return [...names].sort();
}

/** Names of the packages that these files are of. */
export async function packagesOf(debian: CleanDebian, paths: readonly string[]): Promise<string[]> {
  const names = new Set<string>();
  for (const path of paths) {
    // Since / and /usr are one, dpkg knows a file by the name that its package has for it.
    for (const known of [path, `/usr${path}`, path.replace(/^\/usr/, '')]) {
      const { code, stdout } = await debian.tryAsRoot('dpkg', '-S', known);
      if (code !== 0) continue;
      names.add(stdout.split(':')[0] ?? '');
      break;
    }
  }
  return [...names].sort();
}
