/** Moments that are marked across all tracks: who served from when, what was changed, what was found. */
import { externalId } from '../../shared/catalogue.ts';
import type { TelemetryHistory } from '../stores/history.ts';
import type { Palette } from '../theme/palette.ts';
import { pxOf, type TimeScale } from './time-scale.ts';

export const markerKinds = ['model', 'change', 'finding', 'annotation'] as const;
export type MarkerKind = (typeof markerKinds)[number];

export interface Marker {
  readonly kind: MarkerKind;
  readonly timeNs: number;
  /** Where it holds over a range. */
  readonly toNs?: number;
  readonly label: string;
  readonly text: string;
}

export interface PlacedMarker {
  readonly px: number;
  /** The most telling one of those that share a place. */
  readonly marker: Marker;
  readonly all: readonly Marker[];
}

/** In the order of time; made anew only when a moment was added. */
export class Markers {
  readonly #history: TelemetryHistory;
  #version = -1;
  #epoch = -1;
  #all: readonly Marker[] = [];

  constructor(history: TelemetryHistory) {
    this.#history = history;
  }

  get all(): readonly Marker[] {
    const { moments, epoch } = this.#history;
    if (this.#version === moments.version && this.#epoch === epoch) return this.#all;
    this.#version = moments.version;
    this.#epoch = epoch;
    const models = moments.models.map((model) => ({
      kind: 'model' as const,
      timeNs: model.timeNs,
      label: model.model,
      text: switchText(model),
    }));
    const changes = moments.marks.map((mark) => ({
      kind: 'change' as const,
      timeNs: mark.timeNs,
      label: mark.name,
      text: mark.text ?? `${mark.source}: ${mark.name}`,
    }));
    const findings = moments.findings.map((finding) => ({
      kind: 'finding' as const,
      timeNs: finding.timeNs,
      label: finding.code,
      text: finding.text,
    }));
    const annotations = moments.annotations.map((annotation) => ({
      kind: 'annotation' as const,
      timeNs: annotation.fromNs,
      ...(annotation.toNs !== undefined && { toNs: annotation.toNs }),
      label: 'annotation',
      text: annotation.text,
    }));
    this.#all = [...models, ...changes, ...findings, ...annotations].sort((a, b) => a.timeNs - b.timeNs);
    return this.#all;
  }

  /** Those of a window up to `untilNs`, with the ones that lie closer than `nearPx` put together. */
  placed(scale: TimeScale, nearPx: number, untilNs = Number.POSITIVE_INFINITY): PlacedMarker[] {
    const groups: Marker[][] = [];
    let lastPx = Number.NEGATIVE_INFINITY;
    for (const marker of this.all) {
      if (marker.timeNs < scale.fromNs || marker.timeNs > Math.min(scale.toNs, untilNs)) continue;
      const px = pxOf(scale, marker.timeNs);
      if (px - lastPx < nearPx) groups.at(-1)?.push(marker);
      else {
        groups.push([marker]);
        lastPx = px;
      }
    }
    return groups.map((all) => {
      const marker = all.reduce((most, one) => (weight(one) < weight(most) ? one : most));
      return { px: pxOf(scale, marker.timeNs), marker, all };
    });
  }
}

const weight = (marker: Marker): number => ['annotation', 'model', 'finding', 'change'].indexOf(marker.kind);

function switchText(model: {
  model: string;
  previous?: string | undefined;
  keptConnections?: number | undefined;
}): string {
  if (model.model === externalId) return 'Your own server, watched from outside from here on';
  if (model.previous === undefined) return `${model.model} begins to serve`;
  const kept = model.keptConnections === undefined ? '' : `, ${model.keptConnections} connections stayed open`;
  return `${model.previous} → ${model.model}${kept}`;
}

export const markerColour = (kind: MarkerKind, palette: Palette): string =>
  ({ model: palette.accent, change: palette.muted, finding: palette.series.orange, annotation: palette.series.purple })[
    kind
  ];
