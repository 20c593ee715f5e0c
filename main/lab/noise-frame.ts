/** The machine's noise as a frame of the lab, for who looks on and for sessions. */
import type { MachineNoise } from '../../shared/machine-noise.ts';
import { encodeJson } from '../../shared/telemetry/codec.ts';
import type { Frame } from '../../shared/telemetry/frame-splitter.ts';
import { frameHeaderBytes, frameKinds } from '../../shared/telemetry/wire.ts';
import { monotonicNs } from './clock.ts';

export const noiseFrame = (noise: MachineNoise): Frame => ({
  kind: frameKinds.machine,
  payload: encodeJson(frameKinds.machine, { ...noise, timeNs: monotonicNs() }).subarray(frameHeaderBytes),
});
