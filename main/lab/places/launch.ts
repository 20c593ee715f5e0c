/** How a program is started at a place: an argument list, never a line for a shell of this machine. */
import type { PlaceSettings } from '../../../shared/schemas/places.ts';
import type { Command } from '../engine-location.ts';

/** One word for a POSIX shell, whatever is in it. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/**
 * Never asks (BatchMode), and finds within seconds that a link is gone. Whether a host key is known is for the user's own
 * configuration to say.
 */
const sshOptions = [
  '-T',
  ...['BatchMode=yes', 'ConnectTimeout=10', 'ServerAliveInterval=2', 'ServerAliveCountMax=3'].flatMap((option) => [
    '-o',
    option,
  ]),
  ...['-o', 'ClearAllForwardings=yes', '-o', 'LogLevel=ERROR'],
];

const optional = (option: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [option, String(value)];

/** What starts `argv` at the place with its stdin and stdout here. A launcher would end at Ctrl-C, and its engine with it. */
export const launch = (place: PlaceSettings, argv: readonly [string, ...string[]]): Command => ({
  ...launcher(place, argv),
  isApart: place.kind !== 'local',
});

function launcher(place: PlaceSettings, argv: readonly [string, ...string[]]): Command {
  switch (place.kind) {
    case 'local': {
      const [file, ...args] = argv;
      return { file, args };
    }
    case 'ssh': {
      const where = [...optional('-F', place.config), ...optional('-p', place.port)];
      // sshd gives the command to the user's shell, in one line: each word is quoted for it.
      return { file: 'ssh', args: [...sshOptions, ...where, '--', place.host, argv.map(shellWord).join(' ')] };
    }
    case 'netns':
      return { file: 'ip', args: ['netns', 'exec', place.name, ...argv] };
    case 'docker':
      return { file: 'docker', args: ['exec', '-i', place.container, ...argv] };
    case 'slurm': {
      const where = [...optional('--nodelist', place.node), ...optional('--partition', place.partition)];
      return { file: 'srun', args: ['-N1', '-n1', '--quiet', '--unbuffered', ...where, ...argv] };
    }
    case 'kubectl': {
      const which = [...optional('--context', place.context), ...optional('--namespace', place.namespace)];
      const pod = [place.pod, ...optional('--container', place.container)];
      return { file: 'kubectl', args: [...which, 'exec', '-i', ...pod, '--', ...argv] };
    }
    case 'command': {
      const [file = '', ...args] = place.argv;
      return { file, args: [...args, ...argv] };
    }
  }
}

/** For people: "ssh lab1", "netns lab1". */
export function whereText(place: PlaceSettings): string {
  switch (place.kind) {
    case 'local':
      return 'this machine';
    case 'ssh':
      return `ssh ${place.host}${place.port === undefined ? '' : `:${place.port}`}`;
    case 'netns':
      return `network namespace ${place.name}`;
    case 'docker':
      return `container ${place.container}`;
    case 'slurm':
      return `slurm${place.partition === undefined ? '' : ` ${place.partition}`}${place.node === undefined ? '' : ` ${place.node}`}`;
    case 'kubectl':
      return `pod ${place.namespace === undefined ? '' : `${place.namespace}/`}${place.pod}`;
    case 'command':
      return place.argv.join(' ');
  }
}
