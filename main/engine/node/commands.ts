/** The lab's commands on stdin, one JSON object a line, and their replies. */
import { createInterface } from 'node:readline';
import { frameKinds } from '../../../shared/telemetry/wire.ts';
import { BadInput, readRequestCost, type RequestCost } from './settings.ts';
import type { Telemetry } from './telemetry.ts';

/** Calls `stop('stopped')` on the command, `stop('eof')` when stdin ends: the lab has gone then. `change` changes what requests cost. */
export function listenForCommands(
  telemetry: Telemetry,
  stop: (reason: 'stopped' | 'eof') => void,
  change: (cost: RequestCost) => void,
): void {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const { id, command } = parse(line);
    const answer = (error?: string): void =>
      telemetry.json(frameKinds.reply, error === undefined ? { id, ok: true } : { id, ok: false, error });
    switch (command.cmd) {
      case 'stop':
        answer();
        stop('stopped');
        break;
      case 'snapshot':
        answer();
        telemetry.report(id);
        break;
      case 'level':
        if (command.level === 'counters') answer();
        else answer('The node model knows the detail level "counters" only.');
        break;
      case 'handler':
        answer(attempt(() => change(readRequestCost(command))));
        break;
      case 'switch':
        answer(
          'The model node is a process of its own and cannot hand over its connections: start a server under the other ' +
            'model and let the clients connect anew.',
        );
        break;
      default:
        answer(`There is no command "${String(command.cmd)}".`);
    }
  });
  lines.on('close', () => stop('eof'));
}

/** The sentence of a refusal, or undefined where it was done. */
function attempt(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof BadInput) return error.message;
    throw error;
  }
}

function parse(line: string): { id: number; command: Record<string, unknown> } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  const command = typeof value === 'object' && value !== null ? { ...value } : {};
  const id = 'id' in command && typeof command.id === 'number' ? command.id : 0;
  return { id, command };
}
