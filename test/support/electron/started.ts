/** The shell, started on the double, with a folder of its own for the page and for what it keeps. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startShell } from '../../../main/electron/shell.ts';
import { Services } from '../../../main/electron/services.ts';
import { LabService } from '../../../main/lab/lab-service.ts';
import { ElectronDouble } from './double.ts';

export const page = '<!doctype html><title>fdscope</title>';

export interface StartedShell {
  readonly electron: ElectronDouble;
  readonly lab: LabService;
  readonly folder: string;
  /** What the shell complained of so far. */
  readonly complaints: string[];
}

export interface ShellPlan {
  readonly args?: readonly string[];
  /** Changes the world before the shell sees it. */
  readonly prepare?: (electron: ElectronDouble, folder: string) => void;
  readonly hasPage?: boolean;
}

export async function startedShell(plan: ShellPlan = {}): Promise<StartedShell> {
  const { started, ...shell } = begin(plan, Promise.resolve());
  await started;
  // The page has loaded when what waits for it has run.
  await new Promise((resolve) => setImmediate(resolve));
  return shell;
}

/** One whose lab comes when `isLoaded` resolves; `started` resolves when it has, and the window is there before. */
export async function heldShell(isLoaded: Promise<unknown>): Promise<StartedShell & { started: Promise<void> }> {
  const shell = begin({}, isLoaded);
  await new Promise((resolve) => setImmediate(resolve));
  return shell;
}

function begin(
  { args = [], prepare, hasPage = true }: ShellPlan,
  isLoaded: Promise<unknown>,
): StartedShell & { started: Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-shell-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'fdscope', version: '1.2.3' }));
  if (hasPage) {
    mkdirSync(join(folder, 'out/renderer/assets'), { recursive: true });
    writeFileSync(join(folder, 'out/renderer/index.html'), page);
    writeFileSync(join(folder, 'out/renderer/assets/main.js'), 'export {};');
  }
  const electron = new ElectronDouble();
  electron.app.folders.userData = join(folder, 'user-data');
  prepare?.(electron, folder);
  const complaints: string[] = [];
  const complain = (sentence: string): unknown => complaints.push(sentence);
  const lab = new LabService();
  const loadServices = async (): Promise<Services> => {
    await isLoaded;
    return new Services(lab);
  };
  const started = startShell(electron.api, { loadServices, root: folder, args, folder, complain });
  return { electron, lab, folder, complaints, started };
}
