/** What a sweep varies, and how a value of it changes a run. */
import { externalId, type ModelInfo } from '../../../shared/catalogue.ts';
import { problemsIn } from '../../../shared/schemas/problems.ts';
import { runSettingsSchema, type RunSettings } from '../../../shared/schemas/settings.ts';
import { clientsAtRate, clientsWithIdle } from '../../../shared/schemas/sweep-axes.ts';
import { parseQuantity, quantityForms, type Quantity } from '../../../shared/quantities.ts';
import { sweepAxes, type SweepAxis } from '../../../shared/sweep-result.ts';
import { didYouMean } from '../../../shared/schemas/suggest.ts';
import { LabError } from '../errors.ts';
import { resolveOptions, threadsOption } from '../models.ts';

/** Throws Refusal where this model has nothing that the axis could vary. */
type Apply = (settings: RunSettings, value: number, model: ModelInfo | undefined) => unknown;

/** The value does not go with this model: its point is shown as refused. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

function withRate(settings: RunSettings, rate: number): unknown {
  const clients = clientsAtRate(settings.clients, rate);
  if (!clients) {
    throw new LabError('bad-input', 'A sweep over the rate needs one client of the profile closed or rate.');
  }
  return { ...settings, clients };
}

function withSize(settings: RunSettings, bytes: number): unknown {
  const { server, load, upstream } = settings;
  if (server.handler === 'echo') return { ...settings, load: { ...load, requestBytes: bytes } };
  if (server.model === externalId) throw new Refusal('The size of its replies is up to the external server.');
  if (server.handler === 'forward') return { ...settings, upstream: { ...upstream, responseBytes: bytes } };
  return { ...settings, server: { ...server, responseBytes: bytes } };
}

function withThreads(settings: RunSettings, threads: number, model: ModelInfo | undefined): unknown {
  const { server } = settings;
  const name = model && threadsOption(model);
  if (name === undefined) throw new Refusal(`The threads of ${server.model} are given by what it is.`);
  return { ...settings, server: { ...server, options: { ...server.options, [name]: threads } } };
}

function withIdle(settings: RunSettings, share: number): unknown {
  if (share < 0 || share >= 1) {
    throw new LabError('bad-input', `The idle part must be at least 0 and less than 1, not ${share}.`);
  }
  const changes = clientsWithIdle(settings, share);
  if (changes.connections === 0) {
    throw new Refusal(
      `Of ${settings.connections} connections none would be left to ask; sweep with more --connections.`,
    );
  }
  return { ...settings, ...changes };
}

const appliers: Readonly<Record<SweepAxis, Apply>> = {
  clients: (settings, connections) => ({ ...settings, connections }),
  rate: withRate,
  size: withSize,
  threads: withThreads,
  idle: withIdle,
};

/** Units that the values of an axis may have. */
const axisQuantities: Readonly<Record<SweepAxis, Quantity>> = {
  ...{ clients: 'count', rate: 'rate', size: 'bytes', threads: 'count', idle: 'number' },
};

/** `clients=1,10,1k`. Throws LabError. */
export function parseAxis(text: string): { axis: SweepAxis; values: number[] } {
  const [name = '', list = ''] = text.split('=');
  const names = Object.keys(sweepAxes);
  if (!names.includes(name)) {
    const hint = didYouMean(name, names) || `; there are ${names.join(', ')}.`;
    throw new LabError('bad-input', `A sweep cannot go over "${name}"${hint}`);
  }
  const axis = name as SweepAxis;
  const quantity = axisQuantities[axis];
  const values = list.split(',').map((value) => {
    if (value.trim() === '') throw new LabError('bad-input', `A sweep is written like clients=1,10,1k, not "${text}".`);
    const parsed = parseQuantity(value, quantity);
    if (parsed !== undefined) return parsed;
    throw new LabError('bad-input', `A sweep over ${axis} takes ${quantityForms[quantity]}, not "${value}".`);
  });
  return { axis, values: [...new Set(values)].sort((a, b) => a - b) };
}

/** Throws LabError('bad-input') where the value can be for no model, and Refusal where it cannot be for this one. */
export function applyAxis(
  axis: SweepAxis,
  value: number,
  settings: RunSettings,
  model: ModelInfo | undefined,
): RunSettings {
  const changed = appliers[axis](settings, value, model);
  const parsed = runSettingsSchema.safeParse(changed);
  if (!parsed.success) {
    const [problem] = problemsIn(runSettingsSchema, changed, parsed.error, () => `A value of ${axis}`);
    throw new LabError('bad-input', problem?.sentence ?? `${value} is no value of ${axis}.`);
  }
  if (model?.available) {
    try {
      resolveOptions(model, parsed.data.server.options);
    } catch (error) {
      // Of threads, each model has its own range.
      if (axis === 'threads' && error instanceof LabError) throw new Refusal(error.message);
      throw error;
    }
  }
  return parsed.data;
}
