/**
 * What the kernel knows of this process, told without opening anything: a server at its limit of descriptors can open no
 * file of /proc, and Node's own process.memoryUsage.rss() opens one at each call (libuv 1.46, uv_resident_set_memory).
 */
import { openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';

const kibibyte = 1024;

export class OwnProcess {
  /** Read from its begin each time: the kernel makes the text anew. */
  private readonly status = openSync('/proc/self/status', 'r');
  private readonly text = Buffer.alloc(8192);
  private readonly descriptorLimit: number;
  /** Linux 6.2 and newer tell the number of open descriptors as the size of the list; before, it has to be read. */
  private readonly isFdCountTold = statSync('/proc/self/fd').size > 0;

  constructor() {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    this.descriptorLimit = limit === undefined ? 0 : Number(limit);
  }

  /** Bytes of resident memory and the number of threads, now. */
  memoryAndThreads(): { rssBytes: number; threads: number } {
    const text = this.text.toString('latin1', 0, readSync(this.status, this.text, 0, this.text.length, 0));
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    return { rssBytes: field('VmRSS') * kibibyte, threads: field('Threads') };
  }

  /** The number of open descriptors, now. */
  openFds(): number {
    if (this.isFdCountTold) return statSync('/proc/self/fd').size;
    try {
      return readdirSync('/proc/self/fd').length - 1; // Without the one that reads the list.
    } catch (error) {
      // No descriptor is left for reading how many there are: all are in use.
      if ((error as NodeJS.ErrnoException).code === 'EMFILE') return this.descriptorLimit;
      throw error;
    }
  }
}
