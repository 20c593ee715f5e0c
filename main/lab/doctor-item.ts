/** One examined property of the machine, and what it means for what the lab does here. */

export interface DoctorItem {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly status: 'ok' | 'limited' | 'missing';
  /** One sentence, also where nothing is wrong. */
  readonly meaning: string;
  /** What cannot be done here. */
  readonly forbids?: string;
  /** A command, or else what to do. */
  readonly enable?: string;
}

export interface Remedy {
  readonly forbids: string;
  readonly enable: string;
}

export interface Examined {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly meaning: string;
}

/** `limited`, where something is. */
export const item = (examined: Examined, limited?: Remedy): DoctorItem =>
  limited ? { ...examined, status: 'limited', ...limited } : { ...examined, status: 'ok' };
