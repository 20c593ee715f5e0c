/** A scenario's plan and phases in words. */
import type { ScenarioReading } from '../../shared/contract/scenarios.ts';
import type { Phase } from '../../shared/schemas/settings.ts';
import { mixWords } from './profiles.ts';

/** "45 s", "3 min 10 s". */
export function secondsWords(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  const rest = whole % 60;
  return rest === 0 ? `${Math.floor(whole / 60)} min` : `${Math.floor(whole / 60)} min ${rest} s`;
}

/** "5 runs, 18 s of measuring"; starting the engines comes on top. */
export function planWords(plan: ScenarioReading['plan']): string {
  if (!plan) return '';
  return `${plan.runs} ${plan.runs === 1 ? 'run' : 'runs'}, ${secondsWords(plan.seconds)}`;
}

/** What changes at a phase: its label, or the changes themselves. */
export function phaseWords(phase: Phase): string {
  if (phase.label !== undefined) return phase.label;
  const { switch: to, connections, clients, paused, workUs, waitMs, chunks } = phase;
  const parts = [
    to !== undefined && `switch to ${typeof to === 'string' ? to : to.model}`,
    connections !== undefined && `${connections.toLocaleString('en')} connections`,
    clients !== undefined && mixWords(clients),
    paused !== undefined && (paused ? 'clients pause' : 'clients go on'),
    workUs !== undefined && `${workUs} µs of CPU work`,
    waitMs !== undefined && `${waitMs} ms of upstream wait`,
    chunks !== undefined && `replies in ${chunks} pieces`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}
