/** What Electron runs. Everything that can be tried without it is in the modules beside this one. */
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

void startShell(electron, {
  loadServices: async () => new (await import('./services.ts')).Services(),
  root,
  args: ownArguments(process.argv, app.isPackaged ? undefined : root),
  folder: process.cwd(),
  complain: (sentence) => console.error(visible(sentence)),
});
