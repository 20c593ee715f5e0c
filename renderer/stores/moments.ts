/** What was found, noted and changed in the run, as lists for the screen; new findings become toasts. */
import { defineStore } from 'pinia';
import { computed, shallowRef } from 'vue';
import type { Mark } from '../../shared/engine-messages.ts';
import type { Finding } from '../../shared/findings.ts';
import type { TelemetryHistory } from './history.ts';
import type { Moments, TimedNotice } from './history-moments.ts';
import { useLab } from './lab.ts';
import { useNotices } from './notices.ts';
import { history as runHistory } from './telemetry.ts';
import { useTimebase } from './timebase.ts';

export interface Moment {
  readonly key: string;
  readonly kind: 'finding' | 'notice' | 'change';
  readonly level: Finding['level'];
  /** NaN where it is not known: then there is nothing to jump to. */
  readonly timeNs: number;
  /** Since when it holds, where that is known. */
  readonly sinceNs: number;
  readonly model: string;
  readonly text: string;
}

/** More than people read in a list; all of them stay in the history. */
const mostShown = 200;

const ofFinding = (finding: Finding): Moment => ({
  key: `${finding.code}.${finding.timeNs}`,
  kind: 'finding',
  level: finding.level,
  timeNs: finding.timeNs,
  sinceNs: finding.sinceNs,
  model: finding.model,
  text: finding.text,
});
const ofNotice = (notice: TimedNotice): Moment => ({
  key: `${notice.source}.${notice.code}.${notice.timeNs}.${notice.text}`,
  kind: 'notice',
  level: notice.level,
  timeNs: notice.timeNs,
  sinceNs: notice.timeNs,
  model: '',
  text: notice.text,
});
const ofMark = (mark: Mark, text: string): Moment => ({
  key: `mark.${mark.name}.${mark.timeNs}`,
  kind: 'change',
  level: 'info',
  timeNs: mark.timeNs,
  sinceNs: mark.timeNs,
  model: '',
  text,
});

export const isTimed = ({ timeNs }: Moment): boolean => Number.isFinite(timeNs);
/** What has no time is last. */
const newestFirst = (a: Moment, b: Moment): number =>
  isTimed(a) && isTimed(b) ? b.timeNs - a.timeNs : Number(isTimed(b)) - Number(isTimed(a));

export const useMoments = defineStore('moments', () => {
  const notices = useNotices();
  const timebase = useTimebase();
  const lab = useLab();
  /** Newest first. */
  const list = shallowRef<readonly Moment[]>([]);
  const originNs = shallowRef(Number.NaN);
  let epoch = -1;
  let version = -1;
  /** How many of each run's were told: it may have been put aside meanwhile. */
  const toldOf = new WeakMap<Moments, { findings: number; notices: number }>();

  /** A few times a second. */
  function sample(history: TelemetryHistory = runHistory): void {
    const { moments } = history;
    const isSame = history.epoch === epoch && moments.version === version;
    if (isSame || !history.hasData) return;
    const told = toldOf.get(moments) ?? { findings: 0, notices: 0 };
    if (moments.findings.length < told.findings) told.findings = 0;
    if (moments.notices.length < told.notices) told.notices = 0;
    ({ epoch } = history);
    ({ version } = moments);
    originNs.value = history.originNs;
    for (const finding of moments.findings.slice(told.findings)) {
      // What is only worth knowing waits in the list.
      // A replay tells what was told when it was live, and with every seek anew.
      if (finding.level !== 'info' && lab.phase !== 'replaying') tell(ofFinding(finding));
    }
    for (const notice of moments.notices.slice(told.notices)) {
      // The lab's own warnings are of what a person has asked for and no longer gets, such as a recording.
      if (notice.source === 'lab' && notice.level !== 'info' && lab.phase !== 'replaying') tell(ofNotice(notice));
    }
    toldOf.set(moments, { findings: moments.findings.length, notices: moments.notices.length });
    list.value = [
      ...moments.findings.map(ofFinding),
      ...moments.notices.map(ofNotice),
      ...moments.marks.flatMap((mark) => (mark.text === undefined ? [] : [ofMark(mark, mark.text)])),
    ]
      .sort(newestFirst)
      .slice(0, mostShown);
  }

  function tell(moment: Moment): void {
    const action = { title: 'Show the moment', run: () => timebase.showMoment(moment.timeNs) };
    notices.show(moment.level, moment.text, isTimed(moment) ? action : undefined);
  }

  const findings = computed(() => list.value.filter(({ kind }) => kind === 'finding').length);

  return { list, findings, originNs, sample };
});
