/** The thread that opens session files: a program of its own, see session-reader.ts. */
import { parentPort } from 'node:worker_threads';
import { faultOf } from '../errors.ts';
import { detailsOf } from './card.ts';
import type { ReadAnswer, ReadRequest } from './session-reader.ts';

parentPort?.on('message', ({ path, isRecording, wants }: ReadRequest) => {
  const tell = (answer: ReadAnswer): void => parentPort?.postMessage(answer);
  detailsOf(path, isRecording).then(
    (details) => tell({ details: wants === 'card' ? { card: details.card } : details }),
    (error: unknown) => tell({ fault: faultOf(error) }),
  );
});
