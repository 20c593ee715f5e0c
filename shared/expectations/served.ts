/** Comparisons of latencies that say nothing: whoever serves fewer of its clients is faster to those that it serves. */
import { shareDiffers } from '../statistics/served.ts';
import { figuresOf, type Expression } from './expression.ts';
import { isLatency } from './metrics.ts';

/** One that would be called the faster of two, and served fewer of its clients. Shares are 0 to 1. */
export interface Unlike<Ref> {
  readonly faster: Ref & { readonly share: number };
  readonly slower: Ref & { readonly share: number };
}

/** Of a latency, the part of its clients that its run served; undefined for other figures, and where no run says. */
export type SharesOf<Ref> = (figure: Ref) => number | undefined;

/** For a `lookup` of figures by metric: `named` is the same figure with another metric. */
export const sharesBy =
  <Ref>(
    lookup: (figure: Ref) => number | undefined,
    metricOf: (figure: Ref) => string,
    named: (figure: Ref, metric: string) => Ref,
  ) =>
  (figure: Ref): number | undefined =>
    isLatency(metricOf(figure)) ? lookup(named(figure, 'servedShare')) : undefined;

interface Sides<Ref> {
  /** The larger it is, the larger is the side that it stands on. */
  readonly rising: readonly Ref[];
  readonly falling: readonly Ref[];
}

function sidesOf<Ref extends object>(expression: Expression<Ref>): Sides<Ref> {
  if (expression.kind === 'function' && expression.name === 'abs') {
    const all = expression.of.flatMap((each) => figuresOf(each));
    return { rising: all, falling: all };
  }
  if (expression.kind === 'function') {
    const sides = expression.of.map((each) => sidesOf(each));
    return {
      rising: sides.flatMap(({ rising }) => rising),
      falling: sides.flatMap(({ falling }) => falling),
    };
  }
  if (expression.kind === 'arithmetic') {
    const [left, right] = [sidesOf(expression.left), sidesOf(expression.right)];
    const turns = expression.operator === '-' || expression.operator === '/';
    return {
      rising: [...left.rising, ...(turns ? right.falling : right.rising)],
      falling: [...left.falling, ...(turns ? right.rising : right.falling)],
    };
  }
  return { rising: figuresOf(expression), falling: [] };
}

/**
 * Where the side that came out smaller has the latency of one that served fewer. The other way round there is none: those
 * that were not served would only have been slower.
 */
export function unlikeIn<Ref extends object>(
  smaller: Expression<Ref>,
  larger: Expression<Ref>,
  sharesOf: SharesOf<Ref>,
): Unlike<Ref>[] {
  const withShare = (figures: readonly Ref[]): (Ref & { readonly share: number })[] =>
    figures.flatMap((figure) => {
      const share = sharesOf(figure);
      return share === undefined ? [] : [{ ...figure, share }];
    });
  const [small, large] = [sidesOf(smaller), sidesOf(larger)];
  const fast = withShare([...small.rising, ...large.falling]);
  const slow = withShare([...large.rising, ...small.falling]);
  return fast.flatMap((faster) =>
    slow
      .filter((slower) => faster.share < slower.share && shareDiffers(faster.share, slower.share))
      .map((slower) => ({ faster, slower })),
  );
}

const percent = (share: number): string => `${Math.round(share * 1000) / 10}%`;

/** Why an expectation is not judged, in a sentence; undefined where nothing forbids it. */
export function unlikeSentence<Ref>(
  unlike: readonly Unlike<Ref>[],
  figureText: (figure: Ref) => string,
): string | undefined {
  const [first] = unlike;
  if (!first) return undefined;
  const { faster, slower } = first;
  return `${figureText(faster)} is of ${percent(faster.share)} of the clients, ${figureText(slower)} of ${percent(slower.share)}: who serves fewer is faster to them, so these are not compared.`;
}
