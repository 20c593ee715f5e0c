/** A program in C that does what was done on a bench, call by call, and prints what each came to. */
import type { BenchStep } from '../step.ts';
import { cCallLines } from './c-calls.ts';
import { planOf, type Operation, type Plan } from './plan.ts';

const identifier = (name: string): string => name.replaceAll(/\W/g, '_');

const head = (hasRing: boolean): string => `#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
${hasRing ? '#include <liburing.h>\n' : ''}#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static __attribute__((unused)) char buffer[1 << 20], pattern[1 << 20];

/* Prints what a call came to, and hands it on. */
static long tell(int step, long result) {
  if (result < 0)
    printf("%d = -1 errno %d (%s)\\n", step, errno, strerror(errno));
  else
    printf("%d = %ld\\n", step, result);
  return result;
}

static __attribute__((unused)) struct sockaddr_in ipv4(const char *host, int port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &at.sin_addr);
  return at;
}

static __attribute__((unused)) struct sockaddr_in6 ipv6(const char *host, int port) {
  struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  inet_pton(AF_INET6, host, &at.sin6_addr);
  return at;
}

/* A name that is no file. */
static __attribute__((unused)) socklen_t unix_name(struct sockaddr_un *at, const char *name) {
  memset(at, 0, sizeof *at);
  at->sun_family = AF_UNIX;
  strncpy(at->sun_path + 1, name, sizeof at->sun_path - 2);
  return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
}

/* The port that the kernel has chosen. */
static __attribute__((unused)) int port_of(int fd) {
  struct sockaddr_in at;
  socklen_t size = sizeof at;
  return getsockname(fd, (struct sockaddr *)&at, &size) == 0 ? ntohs(at.sin_port) : 0;
}
`;

const stage = (steps: number, actors: number): string => `
/* Actors take turns: each waits until the steps before its own are made. One that sleeps in a call has made its step. */
static struct {
  int step, returned[${steps}];
  pid_t pid[${actors}], tid[${actors}];
} *stage;

static void await(int *word, int value) {
  while (__atomic_load_n(word, __ATOMIC_SEQ_CST) < value) usleep(500);
}
static void turn(int step) { await(&stage->step, step); }
static void next(int step) { __atomic_store_n(&stage->step, step + 1, __ATOMIC_SEQ_CST); }
static void enter(int actor) {
  stage->tid[actor] = syscall(SYS_gettid);
  __atomic_store_n(&stage->pid[actor], getpid(), __ATOMIC_SEQ_CST);
}
static void nothing(int signal) { (void)signal; }
`;

const block = (lines: readonly string[], indent: string): string =>
  lines.length === 1
    ? `${indent}${lines[0] ?? ''}\n`
    : `${indent}{\n${lines.map((line) => `${indent}  ${line}\n`).join('')}${indent}}\n`;

const comment = ({ index, actor, text }: Operation): string =>
  `/* ${index + 1}. ${actor}: ${text.replaceAll('*/', '* /').replaceAll('/*', '/ *')} */`;

function straight({ operations }: Plan): string {
  const lines = operations.map((operation) => {
    const body = operation.outside === 'wait' ? [`usleep(${operation.milliseconds * 1000});`] : cCallLines(operation);
    return `  ${comment(operation)}\n${block(body, '  ')}`;
  });
  return `\nint main(void) {\n  signal(SIGPIPE, SIG_IGN);\n  setvbuf(stdout, NULL, _IONBF, 0);\n  for (size_t i = 0; i < sizeof pattern; ++i) pattern[i] = 'a' + i % 26;\n${lines.join('')}  return 0;\n}\n`;
}

/** What an actor does in its own thread; signals and kills are the main program's. */
function stagedLines(operation: Operation, plan: Plan): string {
  const { index, made, slept, afterSleep, woke, outside } = operation;
  const place = plan.actors.findIndex(({ name }) => name === operation.actor);
  const lines = [`turn(${index});`, ...(afterSleep ? ['usleep(50000); /* the one before falls asleep */'] : [])];
  const done = [...woke.map((each) => `await(&stage->returned[${each}], 1);`), `next(${index});`];
  if (outside === 'wait') lines.push(`usleep(${operation.milliseconds * 1000});`, ...done);
  else if (outside === 'signal')
    lines.push(`syscall(SYS_tgkill, stage->pid[${place}], stage->tid[${place}], SIGUSR1);`, ...done);
  else if (outside === 'kill') lines.push(`kill(stage->pid[${place}], SIGKILL);`, 'usleep(50000);', ...done);
  else if (made?.call === 'fork') {
    const child = plan.actors.findIndex(({ name }) => name === made.arguments.child);
    lines.push(
      'pid_t child = fork();',
      'if (child == 0) {',
      `  actor_${identifier(made.arguments.child)}(NULL);`,
      '  _exit(0);',
      '}',
    );
    lines.push(`if (child > 0) await(&stage->pid[${child}], 1);`, `tell(${index + 1}, child);`, ...done);
  } else if (made?.call === 'execve') {
    lines.push(
      `printf("${index + 1} = 0\\n");`,
      `next(${index});`,
      'execl("/bin/sleep", "sleep", "5", (char *)NULL);',
      '_exit(127);',
    );
  } else if (made?.call === 'exit') {
    const isForeign = plan.operations.some((each) => each.actor === operation.actor && each.made?.call === 'execve');
    // What runs there since execve is another program: it is ended from outside.
    const end = isForeign
      ? [`kill(stage->pid[${place}], SIGKILL);`, 'usleep(50000);', ...done]
      : [...done, `_exit(${made.arguments.code});`];
    lines.push(...end);
  } else if (slept) {
    lines.push(
      `next(${index});`,
      ...cCallLines(operation),
      `__atomic_store_n(&stage->returned[${index}], 1, __ATOMIC_SEQ_CST);`,
    );
  } else lines.push(...cCallLines(operation), ...done);
  return `  ${comment(operation)}\n${block(lines, '  ')}`;
}

function staged(plan: Plan): string {
  const { operations, actors, processes } = plan;
  const hasBecomeAnother = (operation: Operation): boolean =>
    operations.some(
      ({ actor, made, index }) => actor === operation.actor && made?.call === 'execve' && index < operation.index,
    );
  const isMain = (operation: Operation): boolean => operation.outside !== undefined || hasBecomeAnother(operation);
  const all = operations.length;
  const names = actors.map(({ name }) => `static void *actor_${identifier(name)}(void *unused);\n`).join('');
  const bodies = actors.map(({ name }, place) => {
    const own = operations.filter((operation) => operation.actor === name && !isMain(operation));
    const lines = own.map((operation) => stagedLines(operation, plan)).join('');
    const end = `  turn(${all});\n  return unused;\n`;
    return `\nstatic void *actor_${identifier(name)}(void *unused) {\n  enter(${place});\n${lines}${end}}\n`;
  });
  const begins = processes.map((process, index) => {
    const threads = actors.filter((actor) => actor.process === process).map(({ name }) => identifier(name));
    const [first = '', ...others] = threads;
    const more = others.map(
      (name, i) => `    pthread_t thread_${i};\n    pthread_create(&thread_${i}, NULL, actor_${name}, NULL);\n`,
    );
    const place = actors.findIndex(({ name }) => identifier(name) === first);
    return `  /* The process "${process}". */\n  pid_t process_${index} = fork();\n  if (process_${index} == 0) {\n${more.join('')}    actor_${first}(NULL);\n    _exit(0);\n  }\n  await(&stage->pid[${place}], 1);\n`;
  });
  const outside = operations.filter(isMain).map((operation) => stagedLines(operation, plan));
  const ends = processes.map(
    (_, index) => `  kill(process_${index}, SIGKILL);\n  waitpid(process_${index}, NULL, 0);\n`,
  );
  return `${stage(all + 1, actors.length)}\n${names}${bodies.join('')}
int main(void) {
  struct sigaction action = {.sa_handler = nothing};
  sigaction(SIGUSR1, &action, NULL); /* without SA_RESTART: calls end with EINTR */
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_DFL);
  setvbuf(stdout, NULL, _IONBF, 0);
  for (size_t i = 0; i < sizeof pattern; ++i) pattern[i] = 'a' + i % 26;
  stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (stage == MAP_FAILED) return 1;
  alarm(60); /* should a turn never come */
${begins.join('')}${outside.join('')}  turn(${all});
  usleep(50000);
${ends.join('')}  return 0;
}
`;
}

export function cProgram(steps: readonly BenchStep[]): string {
  const plan = planOf(steps);
  const rings = plan.operations.flatMap(({ made, as }) =>
    made?.call === 'io_uring_setup' && as !== undefined ? [as.replace(/_fd$/, '_ring')] : [],
  );
  const compile = `cc -Wall -pthread -o program program.c${rings.length > 0 ? ' -luring' : ''}`;
  const declared = plan.variables.map((name) => `static int ${name} = -1;\n`).join('');
  const ringsDeclared = rings.map((name) => `static struct io_uring ${name};\n`).join('');
  const about = `/* What was done on the bench of fdscope, call by call.\n   ${compile} */\n`;
  return `${about}${head(rings.length > 0)}\n${declared}${ringsDeclared}${plan.isStaged ? staged(plan) : straight(plan)}`;
}
