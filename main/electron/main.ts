/** What Electron runs. Everything that can be tried without it is in the modules beside this one. */
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import electron from 'electron';
import { visible } from '../../shared/visible.ts';
import { findRoot } from '../lab/engine-location.ts';
import { ownArguments } from './files.ts';
import { displayObstacle } from './obstacles.ts';
import { startShell } from './shell.ts';

const root = findRoot();
const { app } = electron;

const place = {
  uid: process.getuid?.(),
  env: process.env,
  hasSwitch: (name: string): boolean => app.commandLine.hasSwitch(name),
};
// Plain Node, by which the bundle can be tried, has neither sandbox nor window.
const obstacle = 'electron' in process.versions ? displayObstacle(place) : undefined;
if (obstacle !== undefined) {
  console.error(obstacle);
  process.exit(1);
}

/** Keeps compiled modules beside those of the page. Node has it from 22.8 on, and Electron from 35; what cannot be kept is compiled anew. */
function keepCompiled(): void {
  const { enableCompileCache } = nodeModule as { readonly enableCompileCache?: (folder: string) => unknown };
  enableCompileCache?.(join(app.getPath('userData'), 'Code Cache', 'main'));
}

void startShell(electron, {
  loadServices: async () => {
    keepCompiled();
    return new (await import('./services.ts')).Services();
  },
  root,
  args: ownArguments(process.argv, app.isPackaged ? undefined : root),
  folder: process.cwd(),
  complain: (sentence) => console.error(visible(sentence)),
});
