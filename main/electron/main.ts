/** What Electron runs. Everything that can be tried without it is in the modules beside this one. */
import electron from 'electron';
import { visible } from '../../shared/visible.ts';
import { findRoot } from '../lab/engine-location.ts';
import { LabService } from '../lab/lab-service.ts';
import { startShell } from './shell.ts';

// A checkout is run as `electron FOLDER ...`, a packaged app by its own name.
const ownArguments = electron.app.isPackaged ? 1 : 2;

void startShell(electron, {
  lab: new LabService(),
  root: findRoot(),
  args: process.argv.slice(ownArguments),
  folder: process.cwd(),
  complain: (sentence) => console.error(visible(sentence)),
});
