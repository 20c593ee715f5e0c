/** The arguments of a call as fields of a form, made of its schema, and what is typed in them as arguments again. */
import { z } from 'zod';
import { callSchemas, type CallName } from '../../shared/bench/calls.ts';

export type FieldKind = 'fd' | 'fds' | 'polls' | 'number' | 'text' | 'choice' | 'choices' | 'flag';

export interface CallField {
  readonly key: string;
  readonly kind: FieldKind;
  readonly isOptional: boolean;
  readonly options: readonly string[];
  readonly hint?: string;
}

/** What stands in a form: texts, ticks, and lists of what is ticked. */
export type FieldValue = string | boolean | readonly string[];
export type FieldValues = Readonly<Record<string, FieldValue>>;

const hints: Readonly<Record<string, string>> = {
  address: '127.0.0.1:8080, [::1]:8080 or unix:@name; port 0: the kernel chooses',
  fds: 'such as 4:POLLIN, 5:POLLIN|POLLOUT',
  timeoutMs: 'ms; empty: for ever',
  read: 'descriptors, such as 4, 5',
  write: 'descriptors, such as 4, 5',
  except: 'descriptors, such as 4, 5',
  bytes: 'so many bytes of a pattern, in place of a text',
  to: 'dup2: this very number',
};

const shapeOf = (call: CallName): Readonly<Record<string, z.ZodType>> => callSchemas[call].shape;

function unwrapped(schema: z.ZodType): { inner: z.ZodType; isOptional: boolean } {
  if (!(schema instanceof z.ZodOptional)) return { inner: schema, isOptional: false };
  const inner: unknown = schema.unwrap();
  if (!(inner instanceof z.ZodType)) throw new Error('An optional schema holds no schema.');
  return { inner, isOptional: true };
}

function kindOf(key: string, inner: z.ZodType): { kind: FieldKind; options: readonly string[] } {
  if (['fd', 'epfd', 'ring'].includes(key)) return { kind: 'fd', options: [] };
  if (inner instanceof z.ZodEnum) return { kind: 'choice', options: inner.options.map(String) };
  if (inner instanceof z.ZodBoolean) return { kind: 'flag', options: [] };
  if (inner instanceof z.ZodNumber) return { kind: 'number', options: [] };
  if (inner instanceof z.ZodArray) {
    if (key === 'fds') return { kind: 'polls', options: [] };
    const { element } = inner;
    if (element instanceof z.ZodEnum) return { kind: 'choices', options: element.options.map(String) };
    return { kind: 'fds', options: [] };
  }
  return { kind: 'text', options: [] };
}

export function fieldsOf(call: CallName): CallField[] {
  return Object.entries(shapeOf(call)).map(([key, schema]) => {
    const { inner, isOptional } = unwrapped(schema);
    const hint = hints[key];
    return { key, isOptional, ...kindOf(key, inner), ...(hint !== undefined && { hint }) };
  });
}

/** What a form begins with; a descriptor is the newest one. */
export function startValues(call: CallName, fd: number | undefined, address: string): Record<string, FieldValue> {
  const known: Readonly<Record<string, FieldValue>> = {
    ...{ fd: String(fd ?? 3), epfd: String(fd ?? 3), ring: String(fd ?? 3), address },
    ...{ backlog: '2', count: '100', maxEvents: '8', data: 'hello', fds: `${fd ?? 3}:POLLIN`, read: String(fd ?? 3) },
    ...{
      timeoutMs: '',
      value: '1',
      initial: '0',
      descriptors: '32',
      code: '0',
      entries: '8',
      tag: '1',
      child: 'child',
    },
    ...{ write: '', except: '', bytes: '', to: '' },
  };
  const first: Readonly<Record<string, readonly string[]>> = {
    events: call === 'epoll_ctl' ? ['EPOLLIN'] : [],
    flags: ['O_NONBLOCK'],
    signals: ['SIGIO'],
  };
  return Object.fromEntries(
    fieldsOf(call).map((field): [string, FieldValue] => {
      if (field.kind === 'flag') return [field.key, false];
      if (field.kind === 'choices') return [field.key, first[field.key] ?? []];
      if (field.kind === 'choice') return [field.key, field.options[0] ?? ''];
      return [field.key, known[field.key] ?? ''];
    }),
  );
}

const numberOrText = (text: string): number | string => (/^-?\d+$/.test(text.trim()) ? Number(text) : text.trim());
const parts = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

function argumentOf({ kind, isOptional }: CallField, value: FieldValue): unknown {
  if (typeof value === 'boolean') return value ? true : isOptional ? undefined : false;
  if (typeof value !== 'string') return isOptional && value.length === 0 ? undefined : [...value];
  if (value.trim() === '' && isOptional) return undefined;
  switch (kind) {
    case 'fd':
    case 'number':
      return numberOrText(value);
    case 'fds':
      return parts(value).map(numberOrText);
    case 'polls':
      return parts(value).map((part) => {
        const [fd = '', events = ''] = part.split(':');
        return { fd: numberOrText(fd), events: events.split('|').filter((each) => each !== '') };
      });
    default:
      return value;
  }
}

/** The arguments, or one sentence for each field that is not as the call takes it. */
export function argumentsOf(
  call: CallName,
  values: FieldValues,
): { arguments: Record<string, unknown> } | { mistakes: Readonly<Record<string, string>> } {
  const given = Object.fromEntries(
    fieldsOf(call).flatMap((field): [string, unknown][] => {
      const value = values[field.key];
      const made = value === undefined ? undefined : argumentOf(field, value);
      return made === undefined ? [] : [[field.key, made]];
    }),
  );
  const checked = callSchemas[call].safeParse(given);
  if (checked.success) return { arguments: checked.data };
  return {
    mistakes: Object.fromEntries(checked.error.issues.map(({ path, message }) => [String(path[0] ?? ''), message])),
  };
}

/** Calls in the order in which books bring them; all others of the schemas stand behind. */
export const callGroups: readonly { readonly title: string; readonly calls: readonly CallName[] }[] = [
  { title: 'Begin', calls: ['socket', 'bind', 'listen', 'accept4', 'connect'] },
  { title: 'Move bytes', calls: ['read', 'write', 'recv', 'send', 'recvfrom', 'sendto'] },
  { title: 'End', calls: ['shutdown', 'close', 'exit'] },
  { title: 'Wait for many', calls: ['select', 'poll', 'epoll_create1', 'epoll_ctl', 'epoll_wait', 'eventfd'] },
  { title: 'Look and set', calls: ['fcntl', 'setsockopt', 'getsockopt', 'getsockname', 'getpeername', 'setrlimit'] },
  { title: 'Share', calls: ['dup', 'fork', 'execve'] },
  { title: 'Signals', calls: ['sigprocmask', 'sigtimedwait'] },
  { title: 'io_uring', calls: ['io_uring_setup', 'io_uring_prep', 'io_uring_submit', 'io_uring_wait'] },
];
