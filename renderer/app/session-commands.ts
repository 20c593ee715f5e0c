/** Actions of recording, of the flight recorder and of a session that is open. */
import type { Command } from '../stores/commands.ts';
import { useLab } from '../stores/lab.ts';
import { useRecording } from '../stores/sessions-recording.ts';
import { useReplay } from '../stores/sessions-replay.ts';

export function useSessionCommands(): readonly Command[] {
  const lab = useLab();
  const recording = useRecording();
  const replay = useReplay();
  const isOpen = (): boolean => replay.isOpen;
  return [
    {
      id: 'recording.toggle',
      title: 'Record the run, or stop recording',
      group: 'Sessions',
      keys: ['Shift+R'],
      words: 'session file save',
      isEnabled: () => recording.canRecord,
      run: () => recording.toggle(),
    },
    {
      id: 'flight.toggle',
      title: 'Arm or disarm the flight recorder',
      group: 'Sessions',
      keys: ['Shift+F'],
      isEnabled: () => lab.status === 'open',
      run: () => recording.toggleArmed(),
    },
    {
      id: 'flight.keep',
      title: 'Keep the last seconds (flight recorder)',
      group: 'Sessions',
      keys: ['Shift+K'],
      isEnabled: () => recording.isArmed && lab.isRunning,
      run: () => recording.keep(),
    },
    {
      id: 'replay.toggle',
      title: 'Play or pause the session',
      group: 'Sessions',
      keys: ['K'],
      screens: ['sessions', 'scope'],
      isEnabled: isOpen,
      run: () => replay.toggle(),
    },
    {
      id: 'replay.previous',
      title: 'To the marker before',
      group: 'Sessions',
      keys: ['B'],
      screens: ['sessions', 'scope'],
      isEnabled: isOpen,
      run: () => replay.jump('previous'),
    },
    {
      id: 'replay.next',
      title: 'To the next marker',
      group: 'Sessions',
      keys: ['N'],
      screens: ['sessions', 'scope'],
      isEnabled: isOpen,
      run: () => replay.jump('next'),
    },
    {
      id: 'replay.close',
      title: 'Close the session',
      group: 'Sessions',
      words: 'leave replay',
      isEnabled: isOpen,
      run: () => replay.close(),
    },
  ];
}
