/** What the verbs of sessions, recording, replay and the flight recorder do. */
import type { Allowance } from '../../../shared/contract/allowance.ts';
import type { sessionRequests } from '../../../shared/contract/sessions.ts';
import { sessionsReport } from '../report/sessions-report.ts';
import { mayReadFiles } from '../experiments/allowance.ts';
import type { LabService } from '../lab-service.ts';
import type { Verbs } from '../../../shared/contract/contract.ts';

/** The parts of the service that these verbs need. */
export type SessionService = Pick<LabService, 'live' | 'sessions' | 'exports' | 'recordingSettings' | 'experiments'>;

export const sessionVerbsOf = (
  { live, sessions, exports, recordingSettings, experiments }: SessionService,
  allowance: Allowance,
): Pick<Verbs, keyof typeof sessionRequests> => ({
  'sessions.list': () => sessions.list(),
  'sessions.details': ({ file }) => sessions.details(file),
  'sessions.change': ({ file, ...changes }) => sessions.change(file, changes),
  'sessions.annotate': ({ file, annotation }) => sessions.annotate(file, annotation),
  'sessions.removeAnnotation': ({ file, id }) => sessions.removeAnnotation(file, id),
  'sessions.delete': ({ files }) => sessions.delete(files),
  'sessions.restore': ({ keys }) => sessions.restore(keys),
  'sessions.trash': () => sessions.trash(),
  'sessions.emptyTrash': async () => {
    await sessions.emptyTrash();
    return undefined;
  },
  'sessions.import': ({ path }) => {
    mayReadFiles(allowance);
    return sessions.import(path);
  },
  'sessions.upload': async (piece) => {
    const card = await sessions.upload(piece);
    return card ? { card } : {};
  },
  'sessions.export': ({ out, ...request }) => {
    if (out !== undefined) mayReadFiles(allowance);
    return exports.run({ ...request, out });
  },
  'sessions.cancelExport': ({ job }) => exports.cancel(job),
  'sessions.compare': ({ a, b }) => sessions.compare(a, b),
  'sessions.report': async ({ a, b }) => sessionsReport(await sessions.details(a), await sessions.details(b)),

  'recording.start': ({ name }) => live.record(name),
  'recording.stop': () => live.stopRecording(),
  'recording.settings': () => recordingSettings.settings,
  'recording.configure': (settings) => recordingSettings.set(settings),

  'replay.open': ({ file }) => {
    experiments.refuseIfRunning();
    return live.openReplay(file);
  },
  'replay.state': () => live.replay.state,
  'replay.seek': ({ timeNs }) => live.replay.seek(timeNs),
  'replay.play': ({ speed }) => live.replay.play(speed),
  'replay.speed': ({ speed }) => live.replay.setSpeed(speed),
  'replay.pause': () => live.replay.pause(),
  'replay.jump': (jump) => live.replay.jump(jump),
  'replay.close': async () => {
    await live.closeReplay();
    return undefined;
  },

  'flight.state': () => live.flight.state,
  'flight.arm': async (settings) => {
    await live.armFlight(settings);
    return live.flight.state;
  },
  'flight.disarm': async () => {
    await live.disarmFlight();
    return live.flight.state;
  },
  'flight.keep': async () => {
    await live.flight.keep();
    return undefined;
  },
});
