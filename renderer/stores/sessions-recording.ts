/** Recording the live run, and the flight recorder. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import { flightSettingsSchema, type FlightSettings, type FlightState } from '../../shared/contract/flight.ts';
import type { LabLink } from '../app/link.ts';
import { useLab } from './lab.ts';
import { useNotices } from './notices.ts';
import { useSessions } from './sessions.ts';
import { useUi } from './ui.ts';

const disarmed: FlightState = { heldSeconds: 0, heldBytes: 0, isKeeping: false, kept: 0 };

export const useRecording = defineStore('recording', () => {
  const lab = useLab();
  const notices = useNotices();
  const sessions = useSessions();
  const ui = useUi();
  const flight = shallowRef<FlightState>(disarmed);
  /** What it will be armed with. */
  const draft = ref<FlightSettings>(flightSettingsSchema.parse({}));

  const isRecording = computed(() => lab.state.recording !== undefined);
  const canRecord = computed(() => lab.isRunning);
  const isArmed = computed(() => flight.value.armed !== undefined);

  async function connect(link: LabLink): Promise<void> {
    link.onEvent('flight.state', (state) => (flight.value = state));
    link.onEvent('flight.kept', ({ file, sentence }) => {
      notices.show('good', `The flight recorder kept a session: ${sentence}`, showing(file));
    });
    takeFlight(await lab.attempt((open) => open.request('flight.state')));
  }

  const showing = (file: string): { title: string; run: () => void } => ({
    title: 'Show it in Sessions',
    run: () => {
      sessions.chosenFile = file;
      ui.screen = 'sessions';
    },
  });

  // However a recording ends, by its button, with its run or by a fault, what is there is a session now.
  watch(
    () => lab.state.recording,
    (now, before) => {
      if (!before || now?.id === before.id) return;
      const file = before.path.split('/').at(-1) ?? '';
      notices.show('good', 'The recording is in Sessions.', showing(file));
    },
    { flush: 'sync' },
  );

  async function toggle(): Promise<void> {
    if (isRecording.value) await lab.attempt((open) => open.request('recording.stop'));
    else await lab.attempt((open) => open.request('recording.start', {}));
  }

  function takeFlight(state: FlightState | undefined): void {
    if (!state) return;
    flight.value = state;
    if (state.armed) draft.value = { ...state.armed };
  }

  const arm = async (): Promise<void> =>
    takeFlight(await lab.attempt((open) => open.request('flight.arm', { ...draft.value })));
  const disarm = async (): Promise<void> => takeFlight(await lab.attempt((open) => open.request('flight.disarm')));
  const toggleArmed = (): Promise<void> => (isArmed.value ? disarm() : arm());

  async function keep(): Promise<void> {
    await lab.attempt((open) => open.request('flight.keep'));
  }

  return { flight, draft, isRecording, canRecord, isArmed, connect, toggle, arm, disarm, toggleArmed, keep };
});
