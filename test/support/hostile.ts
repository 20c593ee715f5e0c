/** Texts and files that try to write on somebody's terminal: harmless here, and each easy to find in what is shown. */
import { writeFileSync } from 'node:fs';
import { SessionRecorder } from '../../main/lab/sessions/recorder.ts';
import { manifestOf, smallRun } from '../unit/session-frames.ts';

export const forged = 'verified: forged';
/** Clears the screen, sets a title, turns the direction, begins lines of its own. */
export const hostile = `owned\x1b[2J\x1b]0;t\x07\x9b31m\x7f\u202eb\u2028c\n${forged}\rd`;

/** Characters that no terminal may be given but by the program itself. */
export const orders = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

export async function hostileSession(path: string): Promise<void> {
  const scenario = { name: hostile, title: hostile, question: hostile, text: hostile };
  const manifest = manifestOf({ name: hostile, notes: hostile, tags: [hostile], scenario });
  const machine = { ...manifest.machine, cpuModel: hostile, kernel: hostile };
  const recorder = await SessionRecorder.start({ path, manifest: { ...manifest, machine } });
  for (const { source, kind, payload, receivedNs } of smallRun().frames) {
    recorder.frame(source, kind, payload, receivedNs);
  }
  await recorder.stop();
}

const yaml = JSON.stringify(hostile);

export const hostileScenario = `version: 1
title: ${yaml}
question: ${yaml}
watch: [${yaml}]
durationSeconds: 0.3
warmupSeconds: 0
connections: 2
clients:
  - profile: closed
models:
  - { model: poll, label: ${yaml} }
expectations:
  - expect: throughput(poll) > 0
    because: ${yaml}
    otherwise: ${yaml}
`;

export const hostileMistakes = `version: 1\n${yaml}: 1\ntitle: ${yaml}\nclients:\n  - profile: ${yaml}\n`;

export const hostileWalk = `version: 1
title: ${yaml}
question: ${yaml}
steps:
  - actor: server
    call: socket
    arguments: { family: inet, type: stream }
    as: s
    notice: ${yaml}
    expect:
      - expect: result >= 0
        because: ${yaml}
  - actor: server
    call: write
    arguments: { fd: s, data: ${yaml} }
    notice: ${yaml}
`;

/** An engine whose every word is hostile. */
export function hostileEngine(path: string): void {
  const says = JSON.stringify(hostile).replaceAll("'", "'\\''");
  const model =
    `{"id":"poll","summary":${says},"family":"multiplexing","execution":"event-loop","sourceFile":"f","options":[],` +
    `"available":true}`;
  const missing = `{"id":"x","label":${says},"available":false,"reason":${says}}`;
  writeFileSync(
    path,
    `#!/bin/sh
# Not echo, which takes the text's own words for orders.
case "$1" in
  models) printf '%s\n' '[${model}]' ;;
  doctor) printf '%s\n' '{"perfSwitchRecords":{"available":false,"reason":${says},"enable":${says}}}' ;;
  switch-cost) printf '%s\n' '{"rounds":1,"cpus":[0],"switches":[${missing}]}' ;;
  *) printf 'owned \\033[2J\\033]0;t\\007\\n' >&2; exit 3 ;;
esac
`,
    { mode: 0o755 },
  );
}
