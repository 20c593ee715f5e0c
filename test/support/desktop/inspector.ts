/**
 * The desktop app by the inspector of its main process alone. Playwright's debugger of the page would be in the way of what
 * becomes of a page that hangs: Chromium takes one that is debugged for stopped on purpose. Nothing here waits without end.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { LiveSettingsInput } from '../../../shared/contract/live.ts';
import { root } from '../engines.ts';
import { displayName, electronProgram } from './app.ts';
import { UserHome } from './user.ts';

const answerSchema = z.looseObject({
  id: z.number().optional(),
  result: z
    .looseObject({
      result: z.looseObject({ value: z.unknown().optional(), description: z.string().optional() }).optional(),
      exceptionDetails: z.unknown().optional(),
    })
    .optional(),
});

const startLimitMs = 180_000;
/** The main process may be busy with others, or not be there any more. */
const answerLimitMs = 30_000;
const quitLimitMs = 60_000;

/** Electron's modules for the debugger, which in a program of modules has no `require`; by `electron -r`. */
const handOverElectron = `globalThis.electronOfTests = require('electron');\n`;

export interface InspectedPlan {
  /** Of Chromium, such as "--disable-gpu". */
  readonly switches?: readonly string[];
  /** Whose app it is; a new one, which ends with the app, where none is named. */
  readonly home?: UserHome;
  readonly env?: Readonly<Record<string, string>>;
}

export class InspectedDesktop {
  readonly home: UserHome;
  readonly #removeHome: boolean;
  readonly #app: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, (answer: z.infer<typeof answerSchema>) => void>();
  #output = '';
  #asked = 0;
  #inspector: WebSocket | undefined;

  private constructor({ switches = [], home, env = {} }: InspectedPlan) {
    this.home = home ?? new UserHome();
    this.#removeHome = home === undefined;
    const handOver = this.home.write('hand-over.cjs', handOverElectron);
    const all = [
      '--inspect=127.0.0.1:0',
      `--user-data-dir=${this.home.path('profile')}`,
      ...switches,
      '-r',
      handOver,
      root,
    ];
    this.#app = spawn(this.home.starterOf(electronProgram), all, {
      cwd: this.home.folder,
      env: this.home.environment(displayName(), env),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#app.stderr?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.#ended = new Promise((resolve) => this.#app.once('close', () => resolve()));
  }

  static async start(plan: InspectedPlan = {}): Promise<InspectedDesktop> {
    const desktop = new InspectedDesktop(plan);
    await desktop.#connect();
    return desktop;
  }

  async #connect(): Promise<void> {
    let address: string | undefined;
    const deadline = performance.now() + startLimitMs;
    while (address === undefined) {
      if (performance.now() > deadline)
        throw new Error(`The app has no debugger after ${startLimitMs / 1000} s: ${this.#output}`);
      if (this.#app.exitCode !== null) throw new Error(`The app ended before its debugger listened: ${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      address = /^Debugger listening on (ws:\S+)$/m.exec(this.#output)?.[1];
    }
    const inspector = new WebSocket(address);
    await new Promise<void>((resolve, reject) => {
      inspector.once('open', () => resolve());
      inspector.once('error', reject);
    });
    inspector.on('message', (data: Buffer) => {
      const answer = answerSchema.parse(JSON.parse(data.toString()));
      const { id } = answer;
      if (id === undefined) return;
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
    this.#inspector = inspector;
  }

  /**
   * Runs a function body in the main process, with `electron` and, where there is one, `window` and its `contents`. What is
   * not answered within ten seconds, such as by a page that goes meanwhile, is undefined. Rejects with what it throws.
   */
  async inMain(body: string): Promise<unknown> {
    const id = ++this.#asked;
    const expression = `(() => {
      const electron = globalThis.electronOfTests;
      const window = electron.BrowserWindow.getAllWindows().find((each) => each.isVisible());
      const contents = window?.webContents;
      const answer = (async () => { ${body} })();
      return Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 10_000))]);
    })()`;
    const params = { expression, awaitPromise: true, returnByValue: true };
    const answered = new Promise<z.infer<typeof answerSchema>>((resolve) => this.#waiting.set(id, resolve));
    this.#inspector?.send(JSON.stringify({ id, method: 'Runtime.evaluate', params }));
    const unanswered = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), answerLimitMs).unref());
    const answer = await Promise.race([answered, unanswered]);
    this.#waiting.delete(id);
    if (answer === undefined) return undefined;
    const { result } = answer;
    if (result?.exceptionDetails !== undefined) throw new Error(result.result?.description ?? 'It threw.');
    return result?.result?.value;
  }

  /** Code in the page; as `inMain`, undefined where it is not answered. */
  inPage(code: string): Promise<unknown> {
    return this.inMain(`return contents.executeJavaScript(${JSON.stringify(code)})`);
  }

  /** Chooses an entry of the menu, as a person does. */
  async choose(menu: string, label: string): Promise<void> {
    await this.inMain(`
      const menu = electron.Menu.getApplicationMenu().items.find(({ label }) => label.replace('&', '') === ${JSON.stringify(menu)});
      menu.submenu.items.find(({ label }) => label === ${JSON.stringify(label)}).click();`);
  }

  /** Runs a lab with these settings, which are kept in the page as if somebody had chosen them. Within a test. */
  async runLab(settings: LiveSettingsInput): Promise<void> {
    const footer = (): Promise<unknown> => this.inPage(`document.querySelector('footer.status')?.innerText ?? ''`);
    await expect.poll(footer).toContain('Ready');
    await this.inPage(`localStorage.setItem('fdscope.setup', ${JSON.stringify(JSON.stringify(settings))})`);
    await this.inMain('contents.reload()');
    await expect.poll(() => this.inPage(`performance.getEntriesByType('navigation')[0].type`)).toBe('reload');
    await expect.poll(footer).toContain('Ready');
    await this.choose('Lab', 'Run, or stop');
    await expect.poll(footer).toContain('Running');
  }

  /** What the app itself said, without Chromium's own lines and those of the debugger. */
  ownOutput(): string[] {
    return this.#output.split('\n').filter((line) => /^(The window's page|A message) /.test(line));
  }

  /** Asks it to quit; a page that hangs does not let it, so that it is ended in the end whatever it does. */
  async close(): Promise<void> {
    await this.inMain('setTimeout(() => electron.app.quit(), 100)').catch(() => undefined);
    // A program whose debugger is still there waits for it before it ends.
    this.#inspector?.close();
    const limit = setTimeout(() => this.#app.kill('SIGKILL'), quitLimitMs);
    await this.#ended;
    clearTimeout(limit);
    if (this.#removeHome) this.home.remove();
  }

  get pid(): number {
    return this.#app.pid ?? 0;
  }

  /** Resolves when it is there no more, whatever ended it. */
  get ended(): Promise<void> {
    return this.#ended;
  }
}
