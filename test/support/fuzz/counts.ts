/** How much a fuzzer sends: a little with the other tests, all of it in `npm run test:long`, and what it took. */

/** `name` is that of the environment's variable. */
export const countOf = (name: string, usual: number): number => Number(process.env[name] ?? usual);

/** Far beyond what so many take on a busy machine. */
export const patienceFor = (count: number, eachMs: number): number => Math.max(120_000, count * eachMs);

export class Account {
  readonly #began = performance.now();
  readonly #cpu = process.cpuUsage();
  readonly #timer: NodeJS.Timeout;
  #mostBytes = 0;

  constructor() {
    const look = (): void => {
      this.#mostBytes = Math.max(this.#mostBytes, process.memoryUsage().rss);
    };
    look();
    this.#timer = setInterval(look, 100).unref();
  }

  /** Told where the count was asked for. */
  end(name: string, what: object): void {
    clearInterval(this.#timer);
    if (process.env[name] === undefined) return;
    const { user, system } = process.cpuUsage(this.#cpu);
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(0);
    const cpu = ((user + system) / 1e6).toFixed(0);
    console.log(`${seconds} s, ${cpu} s of CPU, at most ${(this.#mostBytes / 2 ** 20).toFixed(0)} MiB resident`, what);
  }
}
