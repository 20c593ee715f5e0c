/** What the figures of an expectation say, in a sentence. */
import type { JudgedExpectation, JudgedFigure } from '../../../shared/expectations/conclude.ts';
import { metrics, type MetricName } from '../../../shared/expectations/metrics.ts';
import { short } from '../../stores/format.ts';
import { metricTitle, unitText } from '../../stores/metric-words.ts';

interface ReadFigure {
  readonly metric: MetricName;
  /** Whose it is: the model's label and, where it has one, the variant. */
  readonly who: string;
  readonly value: number;
  readonly text: string;
}

/** Of `p99(epoll-lt, "open loop")`. */
function readFigure({ text, value, unit }: JudgedFigure): ReadFigure | undefined {
  const [, metric = '', model = '', variant] = /^(\w+)\(("[^"]+"|[^,)]+)(?:, "(.*)")?\)$/.exec(text) ?? [];
  if (!Object.hasOwn(metrics, metric)) return undefined;
  const label = model.replaceAll('"', '');
  return {
    metric: metric as MetricName,
    who: variant === undefined ? label : `${label}, ${variant}`,
    value: value ?? Infinity,
    text: unitText(value ?? Infinity, unit),
  };
}

/** "3.2 times", or undefined where it says nothing. */
function timesText(large: number, small: number): string | undefined {
  if (!(small > 0) || !Number.isFinite(large)) return undefined;
  const times = large / small;
  return times < 1.05 ? undefined : `${short(times)} times`;
}

/**
 * "CPU/request: 255 µs under poll, 9 µs under epoll-lt, which is 28 times as much." Undefined where a figure cannot be read.
 */
export function toldFigures({ figures }: Pick<JudgedExpectation, 'figures'>): string | undefined {
  const read = figures.map(readFigure);
  const known = read.filter((each) => each !== undefined);
  if (known.length === 0 || known.length < read.length) return undefined;
  const names = [...new Set(known.map(({ metric }) => metric))];
  const sentences = names.map((name) => {
    const of = known.filter(
      ({ metric }, at) =>
        metric === name && known.findIndex((each) => each.metric === name && each.who === known[at]?.who) === at,
    );
    const list = of.map(({ text, who }) => `${text} under ${who}`).join(', ');
    const [a, b] = of;
    if (of.length !== 2 || a === undefined || b === undefined) return `${metricTitle(name)}: ${list}.`;
    const times = timesText(Math.max(a.value, b.value), Math.min(a.value, b.value));
    const more = a.value >= b.value ? 'the first' : 'the second';
    return `${metricTitle(name)}: ${list}${times === undefined ? '; the two are alike' : `; ${more} is ${times} the other`}.`;
  });
  return sentences.join(' ');
}
