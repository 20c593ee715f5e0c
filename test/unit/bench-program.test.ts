/** Programs of a bench: from steps of a file that somebody sent nothing comes into them but calls. */
import { describe, expect, it } from 'vitest';
import { programOf } from '../../shared/bench/source/program.ts';
import type { BenchStep } from '../../shared/bench/step.ts';

const step = (more: Partial<BenchStep>): BenchStep => ({
  ...{ index: 0, actor: 'server', process: 'bench', call: 'socket', arguments: { family: 'inet', type: 'stream' } },
  ...{ text: 'socket()', result: 3, errno: null, refused: false, blocked: false, startedNs: 0, durationNs: 1 },
  ...{ woke: [], expectations: [], crossed: [] },
  state: { timeNs: 1, processes: [], sockets: [], epollSets: [], notices: [] },
  ...more,
});
const languages = ['c', 'python'] as const;
/** What would stand in the program if it were taken as it is. */
const theirs = 'THEIRS';

describe('a program of steps that somebody sent', () => {
  const connect = (address: string): Partial<BenchStep> => ({ call: 'connect', arguments: { fd: 3, address } });
  it.each<[string, Partial<BenchStep>]>([
    ['the name of an actor', { actor: `a */ ${theirs}` }],
    ['the name of an actor on two lines', { actor: `a\n${theirs}` }],
    ['the name of a process', { process: `a */ ${theirs}` }],
    ['the name of a descriptor', { as: `a = ${theirs}; //` }],
    ['a call', { call: theirs }],
    ['a number that is none', { call: 'listen', arguments: { fd: 3, backlog: theirs } }],
    ['a flag', { call: 'fcntl', arguments: { fd: 3, command: 'F_SETFL', flags: [theirs] } }],
    ['an option', { call: 'setsockopt', arguments: { fd: 3, option: theirs, value: 1 } }],
    ['the child of a fork', { call: 'fork', arguments: { child: `a(){} ${theirs}` } }],
    ['the host of an address', connect(`127.0.0.1", 0); ${theirs}("a:80`)],
    ['the port of an address', connect(`127.0.0.1:${theirs}`)],
    ['the name of a UNIX socket', connect(`unix:@a", ${theirs}, "`)],
    ['the second line of an address', connect(`127.0.0.1:80\n${theirs}`)],
  ])('is not written where %s is code', (_what, odd) => {
    for (const language of languages) {
      const steps = [step({}), step({ index: 1, ...odd })];
      expect(() => programOf(language, steps)).toThrow('Step 2 has names or arguments that no program can have');
    }
  });

  it.each(['a */ THEIRS /*', 'a\nTHEIRS', 'a\rTHEIRS', 'a\u2028THEIRS', 'a */\r\nTHEIRS'])(
    'has the text of a step within its comment: %j',
    (text) => {
      const [c, python] = languages.map((language) => programOf(language, [step({ text })]));
      const line = /^.*THEIRS.*$/m;
      expect(line.exec(c ?? '')?.[0].trim()).toMatch(/^\/\* 1\. server: (?:(?!\*\/).)*THEIRS(?:(?!\*\/).)* \*\/$/);
      expect(line.exec(python ?? '')?.[0].trim()).toMatch(/^# 1\. server: .*THEIRS/);
      expect(python).not.toMatch(/\r/);
    },
  );

  it('has what is sent as a text of the language', () => {
    const data = '"); THEIRS("\\\n';
    const steps = [
      step({}),
      step({ index: 1, call: 'write', arguments: { fd: 3, data }, result: 14, text: 'write(3)' }),
    ];
    expect(programOf('c', steps)).toContain('"\\042); THEIRS(\\042\\134\\012"');
    expect(programOf('python', steps)).toContain('b"\\x22); THEIRS(\\x22\\x5c\\x0a"');
  });
});
