/** Which CPUs the server and its clients run on, so that they do not take each other's time. */
import { readFileSync } from 'node:fs';

export interface Placement {
  /** CPU lists as taskset writes them, such as "0,1"; empty: wherever the kernel likes. */
  readonly serverCpus: string;
  readonly clientCpus: string;
}

/** "0-2,5" into [0, 1, 2, 5]. */
export function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = NaN, last = first] = part.split('-').map(Number);
      return Number.isInteger(first) && Number.isInteger(last) && last >= first
        ? Array.from({ length: last - first + 1 }, (_, i) => first + i)
        : [];
    });
}

/** CPUs that this process may use. Source: Cpus_allowed_list of /proc/self/status. */
export function allowedCpus(status = readFileSync('/proc/self/status', 'utf8')): number[] {
  return parseCpuList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '');
}

/** The first half for the server, the rest for the clients and the upstream; nothing is pinned on a single CPU. */
export function placeCores(cpus: readonly number[], pin = true): Placement {
  if (!pin || cpus.length < 2) return { serverCpus: '', clientCpus: '' };
  const half = Math.floor(cpus.length / 2);
  return { serverCpus: cpus.slice(0, half).join(','), clientCpus: cpus.slice(half).join(',') };
}
