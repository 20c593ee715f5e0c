/** Files that the user opens: from the command line, the desktop, or a dialog. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OpenedFile } from '../../shared/contract/shell.ts';
import type { BrowserWindow, ElectronApi } from './api.ts';

export const sessionEndings: readonly string[] = ['.fdscope'];
export const scenarioEndings: readonly string[] = ['.yaml', '.yml'];

/** What a desktop entry hands over for `%U`; that of another machine stays an address, which is no file here. */
function pathOf(arg: string): string {
  if (!/^file:/i.test(arg)) return arg;
  try {
    return fileURLToPath(arg);
  } catch {
    return arg;
  }
}

/** What a start was given, without the program, and without the checkout that Electron was told to run (`electron CHECKOUT …`). */
export function ownArguments(argv: readonly string[], checkout: string | undefined): string[] {
  const args = argv.slice(1);
  const at = args.findIndex((arg) => checkout !== undefined && resolve(arg) === resolve(checkout));
  return args.filter((_arg, index) => index !== at);
}

/**
 * Absolute paths of the files among the arguments of a start, which are paths or `file:` addresses. Chromium takes arguments
 * with dashes, in any order.
 */
export const fileArguments = (args: readonly string[], folder: string): string[] =>
  args.filter((arg) => arg !== '' && !arg.startsWith('-')).map((arg) => resolve(folder, pathOf(arg)));

/** Asks for a file. Undefined where the user chose none. */
export async function chooseFile(
  { dialog }: Pick<ElectronApi, 'dialog'>,
  window: BrowserWindow,
): Promise<string | undefined> {
  const extensions = (endings: readonly string[]): string[] => endings.map((ending) => ending.slice(1));
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: 'Open a session or a scenario',
    properties: ['openFile'],
    filters: [
      { name: 'Sessions and scenarios', extensions: extensions([...sessionEndings, ...scenarioEndings]) },
      { name: 'Sessions', extensions: extensions(sessionEndings) },
      { name: 'Scenarios', extensions: extensions(scenarioEndings) },
    ],
  });
  return filePaths[0];
}

/** Opened files wait here until a page takes them: while it starts, and while it loads again. */
export class OpenedFiles {
  #waiting: OpenedFile[] = [];
  #take: ((file: OpenedFile) => void) | undefined;

  push(file: OpenedFile): void {
    if (this.#take) this.#take(file);
    else this.#waiting.push(file);
  }

  /** From here on `take` gets them. */
  flow(take: (file: OpenedFile) => void): void {
    this.#take = take;
    for (const file of this.#waiting.splice(0)) take(file);
  }

  /** The page that took them is gone. */
  wait(): void {
    this.#take = undefined;
  }
}
