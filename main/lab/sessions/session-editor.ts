/** Appends a person's changes to a session that is not being recorded any more. */
import type { Edit } from '../../../shared/session/edits.ts';
import { buildJsonChunk } from './chunk-codec.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { fileFault } from './faults.ts';
import { SessionFile } from './session-file.ts';
import { appendSink } from './session-sink.ts';

/** One edit at a time for each file: two appends at once would overwrite each other. */
const underWay = new Map<string, Promise<unknown>>();

async function append(path: string, edits: readonly Edit[]): Promise<void> {
  const session = await SessionFile.open(path);
  const { tail, endedNs, wasClosedWell } = session;
  await session.close();
  try {
    const sink = await appendSink(path, tail.wholeBytes);
    try {
      const writer = ChunkWriter.continue(sink, tail);
      // A recording that was cut off ends in half a chunk: what is appended must follow a whole one.
      if (!wasClosedWell) await writer.truncate();
      try {
        for (const edit of edits)
          await writer.append(await buildJsonChunk('edit', edit, { fromNs: endedNs, toNs: endedNs }));
        await writer.finish();
        await writer.sync();
      } catch (error) {
        await sink.truncate(tail.wholeBytes);
        throw error;
      }
    } finally {
      await sink.close();
    }
  } catch (error) {
    throw fileFault(`The change could not be written to ${path}`, error);
  }
}

/** Throws LabError; then the file is as it was. */
export async function appendEdits(path: string, edits: readonly Edit[]): Promise<void> {
  const before = underWay.get(path) ?? Promise.resolve();
  const work = before.catch(() => {}).then(() => append(path, edits));
  underWay.set(path, work);
  try {
    await work;
  } finally {
    if (underWay.get(path) === work) underWay.delete(path);
  }
}
